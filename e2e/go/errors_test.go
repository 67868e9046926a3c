package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

const unknownKey = "0e478b7a-4262-4802-b8cb-00d3fb40826X"

// refusals are calls that the server refuses: what was done before, the call, and how it is refused.
var refusals = []struct {
	of      string
	before  func(*testing.T, Cloud)
	call    func(*testing.T, Cloud) error
	refusal Refusal
}{
	{"an_unknown_key", enabledWithRole, modifyTo(region, unknownKey), Refusal{
		403, "InvalidOperation.KMSKeyIdNotFound", "The specified KMSKeyId not found, " + unknownKey + ".",
	}},
	{"a_disabled_key", enabledWithRole, modifyToDisabledKey, Refusal{
		400, "InvalidParameter.KMSKeyId.CMKNotEnabled", "The CMK needs to be enabled.",
	}},
	{"a_key_that_ECS_may_not_use", enabled, modifyToNewKey, Refusal{
		403, "InvalidParameter.KMSKeyId.KMSUnauthorized", "ECS service have no right to access your KMS.",
	}},
	{"a_default_that_is_off", nothing, modifyToNewKey, Refusal{
		403, "InvalidDefaultEncryption.NotFound", "You have not configured default encryption setting in this region.",
	}},
	{"a_region_that_does_not_exist", nothing, modifyTo("cn-atlantis", unknownKey), Refusal{
		403, "InvalidParameter.RegionIdNotExists", "The specified region does not exists.",
	}},
	{"a_region_without_the_feature", nothing, modifyTo("cn-nanjing", unknownKey), Refusal{
		403, "Abs.InvalidAction.RegionNotSupport", "This region does not support this action.",
	}},
	{"a_look_at_an_unknown_key", nothing, describeUnknownKey, Refusal{
		404, "Forbidden.KeyNotFound", "The specified Key is not found.",
	}},
	{"a_policy_for_a_role_that_does_not_exist", nothing, attachToUnknownRole, Refusal{
		404, "EntityNotExist.Role", "The role not exists: " + role + ".",
	}},
}

func TestRefusedWithStatusCodeAndMessage(t *testing.T) {
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		for _, refused := range refusals {
			refused := refused
			t.Run(refused.of, func(t *testing.T) {
				cloud := connect(serve(t), root)
				refused.before(t, cloud)
				expectRefusal(t, refused.call(t, cloud), refused.refusal)
			})
		}
	})
}

func TestRefusedWhileKMSIsNotOpen(t *testing.T) {
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		cloud := connect(serve(t, "--kms", "unopened"), root)
		expectRefusal(t, cloud.EnableDiskEncryptionByDefault(region), Refusal{
			400, "InvalidParameter.Encrypted.KmsNotEnabled", "KMS must be enabled for encrypted disks.",
		})
		equal(t, ok[bool](t)(cloud.DescribeDiskEncryptionByDefaultStatus(region)), false)
	})
}

func TestRefusedToModifyTheDefaultUntilKMSIsOpenedAgain(t *testing.T) {
	for state, refusal := range map[string]Refusal{
		"unopened":  {400, "InvalidParameter.Encrypted.KmsNotEnabled", "KMS must be enabled for encrypted disks."},
		"suspended": {403, "InvalidOperation.KMSServiceNotOpen", "KMS service is currently not open."},
	} {
		state, refusal := state, refusal
		t.Run(state, func(t *testing.T) {
			withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
				server := serve(t)
				cloud := connect(server, root)
				enabledWithRole(t, cloud)
				key := ok[string](t)(cloud.CreateKey())
				server.Restart(t, "--kms", state)
				cloud = connect(server, root)
				expectRefusal(t, cloud.ModifyDiskDefaultKMSKeyId(region, key), refusal)
				must(t, cloud.OpenKmsService())
				must(t, cloud.ModifyDiskDefaultKMSKeyId(region, key))
			})
		})
	}
}

func TestRefusedToAnAccountThatIsNotOnTheWhiteList(t *testing.T) {
	config := filepath.Join(t.TempDir(), "coffer.toml")
	must(t, os.WriteFile(config, []byte("[default_encryption]\nwhite_list = [\"1111222233334444\"]\n"), 0o600))
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		cloud := connect(serve(t, "--config", config), root)
		expectRefusal(t, cloud.ModifyDiskDefaultKMSKeyId(region, "any"), Refusal{
			403, "UserNotInTheWhiteList", "The user is not in disk white list.",
		})
	})
}

func TestRefusedWithAWrongSecret(t *testing.T) {
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		server := serve(t)
		forger := connect(server, Key{ID: root.ID, Secret: "wrong-secret"})
		expectCode(t, forger.EnableDiskEncryptionByDefault(region), 400, "SignatureDoesNotMatch")
		equal(t, ok[bool](t)(connect(server, root).DescribeDiskEncryptionByDefaultStatus(region)), false)
	})
}

func TestRefusedWithAnUnknownAccessKey(t *testing.T) {
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		stranger := connect(serve(t), Key{ID: "LTAI5tUnknownUnknown0000", Secret: "secret"})
		expectRefusal(t, stranger.EnableDiskEncryptionByDefault(region), Refusal{
			404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.",
		})
	})
}

func nothing(*testing.T, Cloud) {}

func enabled(t *testing.T, cloud Cloud) {
	t.Helper()
	must(t, cloud.EnableDiskEncryptionByDefault(region))
}

func enabledWithRole(t *testing.T, cloud Cloud) {
	t.Helper()
	enabled(t, cloud)
	makeRole(t, cloud)
}

func modifyTo(region, key string) func(*testing.T, Cloud) error {
	return func(_ *testing.T, cloud Cloud) error { return cloud.ModifyDiskDefaultKMSKeyId(region, key) }
}

func modifyToNewKey(t *testing.T, cloud Cloud) error {
	return cloud.ModifyDiskDefaultKMSKeyId(region, ok[string](t)(cloud.CreateKey()))
}

func modifyToDisabledKey(t *testing.T, cloud Cloud) error {
	key := ok[string](t)(cloud.CreateKey())
	must(t, cloud.DisableKey(key))
	equal(t, ok[string](t)(cloud.DescribeKey(key)), "Disabled")
	return cloud.ModifyDiskDefaultKMSKeyId(region, key)
}

func describeUnknownKey(_ *testing.T, cloud Cloud) error {
	_, err := cloud.DescribeKey(unknownKey)
	return err
}

func attachToUnknownRole(_ *testing.T, cloud Cloud) error {
	return cloud.AttachPolicyToRole(rolePolicy, role)
}
