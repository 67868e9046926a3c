//! The vendor's names as they are written in Rust.

/// `DescribeDiskDefaultKMSKeyId` as a file or a field is called: `describe_disk_default_kms_key_id`.
pub(crate) fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (place, letter) in letters.iter().enumerate() {
        let after_lower = place > 0 && letters[place - 1].is_lowercase();
        let before_lower = place > 0 && letters.get(place + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (after_lower || before_lower) && !out.ends_with('_') {
            out.push('_');
        }
        out.push(if letter.is_alphanumeric() { letter.to_ascii_lowercase() } else { '_' });
    }
    out
}

/// A member's name as a type is called: `disk-ids` and `DiskIds` become `DiskIds`.
pub(crate) fn type_name(name: &str) -> String {
    let mut out = String::new();
    for word in name.split(|letter: char| !letter.is_alphanumeric()) {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_become_file_names() {
        for (name, file) in [
            ("CreateDisk", "create_disk"),
            ("DescribeDiskDefaultKMSKeyId", "describe_disk_default_kms_key_id"),
            ("ModifyDiskDefaultKMSKeyId", "modify_disk_default_kms_key_id"),
            ("OpenKmsService", "open_kms_service"),
            ("SystemDisk.Size", "system_disk_size"),
        ] {
            assert_eq!(snake_case(name), file);
        }
    }

    #[test]
    fn members_become_type_names() {
        for (name, kind) in [("Disk", "Disk"), ("policy-list", "PolicyList"), ("Filter.1", "Filter1"), ("arn", "Arn")] {
            assert_eq!(type_name(name), kind);
        }
    }
}
