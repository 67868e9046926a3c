//! Whether something new is encrypted, and with which key: the vendor's rules ("Encrypt cloud disks", "Account-level EBS default
//! encryption", the pages of the operations), with docs/choices.md where they are silent, as one pure function. Nothing here calls the
//! product.

/// The account's default in the region where something is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Default {
    Off,
    /// On, with the service key.
    Service,
    /// On, with a customer's key.
    Customer,
    /// The same, and that key was disabled since.
    Broken,
}

impl Default {
    pub(crate) const ALL: [Self; 4] = [Self::Off, Self::Service, Self::Customer, Self::Broken];
}

/// `Encrypted`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Encrypted {
    Absent,
    True,
    False,
}

impl Encrypted {
    pub(crate) const ALL: [Self; 3] = [Self::Absent, Self::True, Self::False];
}

/// What `KMSKeyId` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KeyId {
    Absent,
    /// An enabled symmetric key of the account in the region.
    Good,
    Disabled,
    PendingDeletion,
    /// No key.
    Missing,
    /// An asymmetric key.
    WrongSpec,
    OtherRegion,
    OtherAccount,
}

impl KeyId {
    pub(crate) const ALL: [Self; 8] = [
        Self::Absent,
        Self::Good,
        Self::Disabled,
        Self::PendingDeletion,
        Self::Missing,
        Self::WrongSpec,
        Self::OtherRegion,
        Self::OtherAccount,
    ];
}

/// What it is made of. An image of the account's counts as the snapshot it has of its system disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    Blank,
    /// An image that the vendor offers to everyone.
    Public,
    Plain,
    /// Encrypted, the account's own.
    Encrypted,
    /// Encrypted, of an account that shares it.
    Shared,
}

impl Source {
    pub(crate) const ALL: [Self; 5] = [Self::Blank, Self::Public, Self::Plain, Self::Encrypted, Self::Shared];
}

/// The category of a new disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Category {
    /// Of the ESSD series.
    Essd,
    /// An older one.
    Older,
}

impl Category {
    pub(crate) const ALL: [Self; 2] = [Self::Essd, Self::Older];
}

/// Operations that obey the same rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rules {
    NewDisk,
    /// CopySnapshot inside a region.
    CopySnapshot,
    /// CopySnapshot to another region, whose default counts.
    CopySnapshotAway,
    /// CopyImage inside a region.
    CopyImage,
    /// CopyImage to another region.
    CopyImageAway,
}

impl Rules {
    pub(crate) const ALL: [Self; 5] =
        [Self::NewDisk, Self::CopySnapshot, Self::CopySnapshotAway, Self::CopyImage, Self::CopyImageAway];

    const fn is_away(self) -> bool {
        matches!(self, Self::CopySnapshotAway | Self::CopyImageAway)
    }

    /// What it can be made of.
    pub(crate) const fn sources(self) -> &'static [Source] {
        match self {
            Self::NewDisk => &Source::ALL,
            Self::CopySnapshot | Self::CopySnapshotAway => &[Source::Plain, Source::Encrypted, Source::Shared],
            Self::CopyImage | Self::CopyImageAway => &[Source::Plain, Source::Encrypted],
        }
    }

    /// Of which categories; a copy is of none, which counts as the first.
    pub(crate) const fn categories(self) -> &'static [Category] {
        match self {
            Self::NewDisk => &Category::ALL,
            _ => &[Category::Essd],
        }
    }
}

/// A case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Case {
    pub(crate) default: Default,
    pub(crate) encrypted: Encrypted,
    pub(crate) key_id: KeyId,
    pub(crate) source: Source,
    pub(crate) category: Category,
}

/// What comes of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// It is not encrypted.
    Plain,
    /// It is encrypted with that key.
    With(Key),
    /// HTTP status and code.
    Refused(u16, &'static str),
}

/// A key that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// The one that `KMSKeyId` names.
    Asked,
    /// The source's.
    Source,
    /// The default's.
    Default,
    /// The region's service key.
    Service,
}

const OLD_CATEGORY: Outcome = Outcome::Refused(403, "NotSupportSnapshotEncrypted.DiskCategory");
const NOT_ENABLED: Outcome = Outcome::Refused(403, "InvalidParameter.KMSKeyId.CMKNotEnabled");

/// What comes of a case by the rules.
pub(crate) fn outcome(rules: Rules, case: Case) -> Outcome {
    if case.key_id != KeyId::Absent && case.encrypted != Encrypted::True {
        return key_without_encryption(rules);
    }
    let by_default = case.default != Default::Off;
    let of_encrypted = matches!(case.source, Source::Encrypted | Source::Shared);
    if case.encrypted == Encrypted::False
        && let Some(refusal) = explicit_no(rules, by_default, of_encrypted)
    {
        return refusal;
    }
    if case.encrypted == Encrypted::True || by_default || of_encrypted {
        // Only blank data disks can be encrypted in every category.
        let possible = case.category == Category::Essd || case.source == Source::Blank;
        return if possible { with_key(rules, case) } else { OLD_CATEGORY };
    }
    match rules {
        Rules::CopySnapshot => Outcome::Refused(403, "InvalidOperation.NotSupportCopyInSameRegion"),
        Rules::CopyImage => Outcome::Refused(403, "IncorrectDestinationRegion"),
        _ => Outcome::Plain,
    }
}

fn key_without_encryption(rules: Rules) -> Outcome {
    match rules {
        Rules::CopySnapshot | Rules::CopySnapshotAway => Outcome::Refused(403, "InvalidEncrypted.NotMatchKmsKeyId"),
        _ => Outcome::Refused(400, "InvalidParameter.EncryptedIllegal"),
    }
}

/// `Encrypted=false` where it can't be had. CopySnapshot knows no refusal because of the default: the copy is encrypted all the same.
fn explicit_no(rules: Rules, by_default: bool, of_encrypted: bool) -> Option<Outcome> {
    const BY_DEFAULT: Outcome = Outcome::Refused(403, "InvalidEncrypted.NotMatchDiskDefaultEncryption");
    match rules {
        Rules::NewDisk if by_default => Some(BY_DEFAULT),
        Rules::NewDisk if of_encrypted => Some(Outcome::Refused(403, "InvalidEncrypted.NotMatchSnapshot")),
        Rules::CopySnapshot | Rules::CopySnapshotAway if of_encrypted => {
            Some(Outcome::Refused(403, "InvalidEncrypted.NotSupportDecrypt"))
        }
        Rules::CopyImage | Rules::CopyImageAway if of_encrypted => {
            Some(Outcome::Refused(403, "OperationDeined.EncryptedSnapshot"))
        }
        Rules::CopyImage | Rules::CopyImageAway if by_default => Some(BY_DEFAULT),
        _ => None,
    }
}

/// The key by precedence: the one that is asked for; the source's own, or for another account's the service key; the default's; the
/// service key. What goes to another region can't keep its source's key.
fn with_key(rules: Rules, case: Case) -> Outcome {
    let copies_snapshot = matches!(rules, Rules::CopySnapshot | Rules::CopySnapshotAway);
    match case.key_id {
        KeyId::Good => Outcome::With(Key::Asked),
        KeyId::Disabled | KeyId::PendingDeletion => NOT_ENABLED,
        KeyId::WrongSpec => Outcome::Refused(if copies_snapshot { 403 } else { 400 }, "InvalidKMSKeyId.NotSymmetric"),
        KeyId::Missing | KeyId::OtherRegion | KeyId::OtherAccount => {
            Outcome::Refused(if copies_snapshot { 403 } else { 404 }, "InvalidParameter.KMSKeyId.NotFound")
        }
        KeyId::Absent => match (case.source, case.default) {
            (Source::Encrypted, _) if !rules.is_away() => Outcome::With(Key::Source),
            (Source::Shared, _) if !rules.is_away() => Outcome::With(Key::Service),
            (_, Default::Off | Default::Service) => Outcome::With(Key::Service),
            (_, Default::Customer) => Outcome::With(Key::Default),
            (_, Default::Broken) => NOT_ENABLED,
        },
    }
}
