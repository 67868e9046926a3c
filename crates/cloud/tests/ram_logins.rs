//! Passwords, MFA devices, access keys, and what an account sets for all its users.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::{Product, Settings};
use coffer_crypto::{TOTP_STEP_S, digest, totp};
use coffer_store::Record as _;
use coffer_store::logins::MfaDevice;
use serde_json::{Value, json};
use support::{ALLOW_ALL, Pairs, World, other, root, text};

const USER: (&str, &str) = ("UserName", "alice");

fn ram(world: &World, action: &str, parameters: &[(&str, &str)]) -> Value {
    world.root(Product::Ram, action, parameters)
}

fn code(world: &World, action: &str, parameters: &[(&str, &str)]) -> String {
    text(&world.call(&root(), Product::Ram, action, parameters).1, "Code")
}

fn borrowed(pairs: &Pairs) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn world() -> World {
    let world = World::new();
    ram(&world, "CreateUser", &[USER]);
    world
}

#[test]
fn a_user_logs_on_in_one_way_until_it_may_no_longer() {
    let world = world();
    assert_eq!(code(&world, "GetLoginProfile", &[USER]), "EntityNotExist.User.LoginProfile");
    let password = ("Password", "a-good-password");
    let made = ram(&world, "CreateLoginProfile", &[USER, password, ("PasswordResetRequired", "true")]);
    let flags = |reply: &Value| {
        let profile = &reply["LoginProfile"];
        (profile["PasswordResetRequired"].as_bool().unwrap(), profile["MFABindRequired"].as_bool().unwrap())
    };
    assert_eq!(flags(&made), (true, false));
    assert_eq!(code(&world, "CreateLoginProfile", &[USER, password]), "EntityAlreadyExists.User.LoginProfile");
    ram(&world, "UpdateLoginProfile", &[USER, ("MFABindRequired", "true")]);
    assert_eq!(flags(&ram(&world, "GetLoginProfile", &[USER])), (true, true));
    assert_eq!(code(&world, "DeleteUser", &[USER]), "DeleteConflict.User.LoginProfile");
    ram(&world, "DeleteLoginProfile", &[USER]);
    assert_eq!(code(&world, "DeleteLoginProfile", &[USER]), "EntityNotExist.User.LoginProfile");
    ram(&world, "DeleteUser", &[USER]);
}

#[test]
fn a_password_is_what_the_policy_asks_for() {
    let world = world();
    let weak = |password| code(&world, "CreateLoginProfile", &[USER, ("Password", password)]);
    assert_eq!(weak("short"), "InvalidParameter.Password.TooWeak");
    let policy = [
        ("MinimumPasswordLength", "10"),
        ("RequireLowercaseCharacters", "true"),
        ("RequireUppercaseCharacters", "true"),
        ("RequireNumbers", "true"),
        ("RequireSymbols", "true"),
    ];
    let set = ram(&world, "SetPasswordPolicy", &policy);
    assert_eq!(set["PasswordPolicy"], ram(&world, "GetPasswordPolicy", &[])["PasswordPolicy"]);
    for password in ["Aa1-Aa1-A", "AA1-AA1-AA1", "aa1-aa1-aa1", "Aaa-Aaa-Aaa", "Aa1Aa1Aa1Aa1"] {
        assert_eq!(weak(password), "InvalidParameter.Password.TooWeak", "{password}");
    }
    ram(&world, "CreateLoginProfile", &[USER, ("Password", "Aa1-Aa1-Aa1")]);
    assert_eq!(
        code(&world, "SetPasswordPolicy", &[("MinimumPasswordLength", "7")]),
        "InvalidParameter.MinimumPasswordLength.Range"
    );
    assert_eq!(code(&world, "SetPasswordPolicy", &[("MaxPasswordAge", "1096")]), "InvalidParameter.MaxPasswordAge");
}

#[test]
fn a_user_changes_its_own_password_and_to_none_of_the_latest() {
    let world = World::new();
    let key = world.user("alice", Some(ALLOW_ALL));
    ram(&world, "CreateLoginProfile", &[USER, ("Password", "password-0")]);
    ram(&world, "SetPasswordPolicy", &[("PasswordReusePrevention", "3")]);
    let change =
        |old, new| world.call(&key, Product::Ram, "ChangePassword", &[("OldPassword", old), ("NewPassword", new)]);
    assert_eq!(change("password-x", "password-1").1["Code"], "InvalidParameter.OldPassword");
    assert_eq!(change("password-0", "password-1").0, 200);
    assert_eq!(change("password-0", "password-2").1["Code"], "InvalidParameter.OldPassword");
    assert_eq!(change("password-1", "password-1").1["Code"], "InvalidParameter.NewPassword.TooWeak");
    assert_eq!(change("password-1", "password-0").1["Code"], "InvalidParameter.NewPassword.TooWeak");
    assert_eq!(change("password-1", "password-2").0, 200);
    assert_eq!(change("password-2", "password-0").1["Code"], "InvalidParameter.NewPassword.TooWeak");
    assert_eq!(change("password-2", "password-3").0, 200);
    // Three are remembered: this one is no longer among them.
    assert_eq!(change("password-3", "password-0").0, 200);
    ram(&world, "SetSecurityPreference", &[("AllowUserToChangePassword", "false")]);
    assert_eq!(change("password-0", "password-9").1["Code"], "NoPermission");
    let passwords = [("OldPassword", "password-0"), ("NewPassword", "password-9")];
    assert_eq!(code(&world, "ChangePassword", &passwords), "EntityNotExist.User", "accounts have none");
}

#[test]
fn no_password_is_stored_as_it_is() {
    let world = world();
    ram(&world, "CreateLoginProfile", &[USER, ("Password", "a-password-to-look-for")]);
    let (_, seed) = world.mfa_device("phone");
    let state = format!("{:?}", world.db.read(coffer_store::dump::all).unwrap());
    let hex = |bytes: &[u8]| digest::hex(bytes).to_uppercase();
    assert!(!state.contains("a-password-to-look-for") && !state.contains(&hex(b"a-password-to-look-for")));
    assert!(!state.contains(&hex(&seed)));
}

#[test]
fn a_device_is_bound_by_two_codes_in_a_row() {
    let world = world();
    let (serial, seed) = world.mfa_device("phone");
    let step = world.clock.now().unix_ms() / 1000 / TOTP_STEP_S;
    let bind = |user, first: i64, second: i64| {
        let codes = [totp(&seed, step + first), totp(&seed, step + second)];
        let codes = [("AuthenticationCode1", &*codes[0]), ("AuthenticationCode2", &*codes[1])];
        let parameters = [&codes[..], &[("SerialNumber", &serial), ("UserName", user)]].concat();
        world.call(&root(), Product::Ram, "BindMFADevice", &parameters)
    };
    assert_eq!(code(&world, "GetUserMFAInfo", &[USER]), "EntityNotExist.User.MFADevice");
    for (first, second) in [(0, 0), (0, -1), (-1, 1), (-9, -8), (5, 6)] {
        let (status, body) = bind("alice", first, second);
        assert_eq!((status, &body["Code"]), (403, &json!("CheckAuthenticationCodeFail")), "{first} {second}");
    }
    assert_eq!(bind("alice", -1, 0).0, 200);
    let info = ram(&world, "GetUserMFAInfo", &[USER]);
    assert_eq!(info["MFADevice"], json!({"SerialNumber": serial, "Type": "VMFA"}));
    let listed = ram(&world, "ListVirtualMFADevices", &[]);
    let device = &listed["VirtualMFADevices"]["VirtualMFADevice"][0];
    assert_eq!((&device["SerialNumber"], &device["User"]["UserName"]), (&json!(serial), &json!("alice")));
    assert!(device["ActivateDate"].is_string());
    ram(&world, "CreateUser", &[("UserName", "bob")]);
    assert_eq!(bind("bob", 0, 1).1["Code"], "EntityAlreadyExists.VirtualMFADevice.User");
    let second = world.binding("tablet", "alice");
    assert_eq!(code(&world, "BindMFADevice", &borrowed(&second)), "EntityAlreadyExists.User.MFADevice");
    assert_eq!(
        code(&world, "DeleteVirtualMFADevice", &[("SerialNumber", &serial)]),
        "DeleteConflict.VirtualMFADevice.User"
    );
    assert_eq!(code(&world, "DeleteUser", &[USER]), "DeleteConflict.User.MFADevice");
    assert_eq!(ram(&world, "UnbindMFADevice", &[USER])["MFADevice"]["SerialNumber"], serial);
    assert_eq!(code(&world, "UnbindMFADevice", &[USER]), "EntityNotExist.User.MFADevice");
    // Codes that were taken are not taken again.
    assert_eq!(bind("bob", -1, 0).1["Code"], "CheckAuthenticationCodeFail");
    world.advance(60_000);
    assert_eq!(bind("bob", 1, 2).0, 200);
}

#[test]
fn a_device_is_its_accounts_and_its_picture_is_one() {
    let world = World::new();
    let made = ram(&world, "CreateVirtualMFADevice", &[("VirtualMFADeviceName", "phone")]);
    let serial = text(&made["VirtualMFADevice"], "SerialNumber");
    assert_eq!(serial, format!("acs:ram::{}:mfa/phone", world.account));
    assert!(text(&made["VirtualMFADevice"], "QRCodePNG").starts_with("iVBORw0KGgo"));
    assert_eq!(
        code(&world, "CreateVirtualMFADevice", &[("VirtualMFADeviceName", "phone")]),
        "EntityAlreadyExists.VirtualMFADevice"
    );
    let named = [("SerialNumber", &*serial)];
    let foreign = world.call(&other(), Product::Ram, "DeleteVirtualMFADevice", &named);
    assert_eq!(foreign.1["Code"], "EntityNotExist.VirtualMFADevice");
    ram(&world, "DeleteVirtualMFADevice", &named);
    assert_eq!(code(&world, "DeleteVirtualMFADevice", &named), "EntityNotExist.VirtualMFADevice");
}

#[test]
fn keys_tell_when_they_were_last_used() {
    let world = World::new();
    let key = world.user("alice", Some(ALLOW_ALL));
    let used = || {
        let reply = ram(&world, "GetAccessKeyLastUsed", &[USER, ("UserAccessKeyId", &key.0)]);
        reply["AccessKeyLastUsed"].get("LastUsedDate").map(|date| date.as_str().unwrap().to_owned())
    };
    assert_eq!(used(), None);
    world.succeed(&key, Product::Sts, "GetCallerIdentity", &[]);
    let first = world.clock.now().to_iso8601();
    assert_eq!(used(), Some(first.clone()));
    world.advance(10_000);
    // A signature that is wrong is no use of the key.
    world.call(&(key.0.clone(), "wrong".to_owned()), Product::Sts, "GetCallerIdentity", &[]);
    assert_eq!(used(), Some(first));
    world.succeed(&key, Product::Ram, "CreateGroup", &[("GroupName", "g")]);
    assert_eq!(used(), Some(world.clock.now().to_iso8601()));
    // A key of one's own needs no name.
    let own = world.succeed(&key, Product::Ram, "ListAccessKeys", &[]);
    assert_eq!(own["AccessKeys"]["AccessKey"][0]["AccessKeyId"], key.0);
    assert_eq!(
        code(&world, "GetAccessKeyLastUsed", &[USER, ("UserAccessKeyId", "LTAInone")]),
        "EntityNotExist.User.AccessKey"
    );
}

#[test]
fn an_alias_is_one_accounts() {
    let world = World::new();
    let alias = |key: &support::Key| world.succeed(key, Product::Ram, "GetAccountAlias", &[])["AccountAlias"].clone();
    assert_eq!(alias(&root()), world.account.as_str());
    ram(&world, "SetAccountAlias", &[("AccountAlias", "our-company")]);
    ram(&world, "SetAccountAlias", &[("AccountAlias", "our-company")]);
    assert_eq!(alias(&root()), "our-company");
    let taken = world.call(&other(), Product::Ram, "SetAccountAlias", &[("AccountAlias", "our-company")]);
    assert_eq!((taken.0, &taken.1["Code"]), (409, &json!("EntityAlreadyExists.AccountAlias")));
    ram(&world, "ClearAccountAlias", &[]);
    assert_eq!(alias(&root()), world.account.as_str());
    world.succeed(&other(), Product::Ram, "SetAccountAlias", &[("AccountAlias", "our-company")]);
    for (text, expected) in [
        ("ab", "InvalidParameter.AccountAlias.Length"),
        ("-ab", "InvalidParameter.AccountAlias.Format"),
        ("ab-", "InvalidParameter.AccountAlias.Format"),
        ("a--b", "InvalidParameter.AccountAlias.Format"),
        ("Company", "InvalidParameter.AccountAlias.Format"),
    ] {
        assert_eq!(code(&world, "SetAccountAlias", &[("AccountAlias", text)]), expected);
    }
}

#[test]
fn preferences_are_as_the_vendor_begins_until_they_are_set() {
    let world = World::new();
    let shown = |world: &World| ram(world, "GetSecurityPreference", &[])["SecurityPreference"].clone();
    let beginning = shown(&world);
    assert_eq!(beginning["LoginProfilePreference"]["LoginSessionDuration"], 6);
    assert_eq!(beginning["LoginProfilePreference"]["AllowUserToChangePassword"], true);
    assert_eq!(beginning["AccessKeyPreference"]["AllowUserToManageAccessKeys"], false);
    let masks = ("LoginNetworkMasks", "10.0.0.0/8;2001:db8::/32;192.0.2.1");
    let set = ram(&world, "SetSecurityPreference", &[masks, ("LoginSessionDuration", "24")]);
    assert_eq!(set["SecurityPreference"], shown(&world));
    assert_eq!(shown(&world)["LoginProfilePreference"]["LoginNetworkMasks"], masks.1);
    for bad in ["10.0.0.0/33", "here", "10.0.0.1;", "::/129"] {
        assert_eq!(
            code(&world, "SetSecurityPreference", &[("LoginNetworkMasks", bad)]),
            "InvalidParameter.LoginNetworkMasks"
        );
    }
    assert_eq!(
        code(&world, "SetSecurityPreference", &[("LoginSessionDuration", "25")]),
        "InvalidParameter.LoginSessionDuration"
    );
}

#[test]
fn an_account_has_a_thousand_devices_at_most() {
    let world = World::new();
    let (account, now) = (world.account.clone(), world.clock.now());
    world.store(move |tx| {
        for number in 0..1000 {
            let device = MfaDevice {
                serial_number: format!("acs:ram::{account}:mfa/d{number}"),
                account: account.clone(),
                sealed_seed: Vec::new(),
                user_id: None,
                activated_at: None,
                last_step: 0,
                created_at: now,
            };
            device.insert(tx)?;
        }
        Ok(())
    });
    assert_eq!(
        code(&world, "CreateVirtualMFADevice", &[("VirtualMFADeviceName", "more")]),
        "LimitExceeded.VirtualMFADevice"
    );
    ram(&world, "DeleteVirtualMFADevice", &[("SerialNumber", &format!("acs:ram::{}:mfa/d7", world.account))]);
    ram(&world, "CreateVirtualMFADevice", &[("VirtualMFADeviceName", "more")]);
}

#[test]
fn who_guesses_passwords_or_codes_is_made_to_wait() {
    let world = World::with(Settings { most_failures: Some(3), ..World::settings() });
    let key = world.user("guesser", Some(ALLOW_ALL));
    world.root(Product::Ram, "CreateLoginProfile", &[("UserName", "guesser"), ("Password", "password-0")]);
    let guess = |old| {
        let passwords = [("OldPassword", old), ("NewPassword", "password-1")];
        world.call(&key, Product::Ram, "ChangePassword", &passwords).1["Code"].clone()
    };
    for old in ["password-1", "password-2", "password-3"] {
        assert_eq!(guess(old), "InvalidParameter.OldPassword");
    }
    assert_eq!(guess("password-0"), "Throttling", "the right one too: the guesser can't tell");
    world.advance(60_000);
    assert_eq!(guess("password-0"), Value::Null);
}
