package coffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The feature from end to end, and the nine errors of ModifyDiskDefaultKMSKeyId, with each of Java's clients. */
class DefaultEncryptionTest extends WithServer {
    private static final String UNKNOWN_KEY = "0e478b7a-4262-4802-b8cb-00d3fb40826X";

    @ParameterizedTest
    @EnumSource
    void plays_the_whole_story(Kind kind) throws Exception {
        Cloud cloud = kind.connect(serve("--kms", "unopened"));
        assertEquals(Server.ACCOUNT, cloud.sts("GetCallerIdentity").text("AccountId"));
        cloud.kms("OpenKmsService");
        assertFalse(cloud.isEnabled());
        String plain = cloud.makeDisk();
        cloud.enable();
        assertTrue(cloud.isEnabled());
        String serviceKey = cloud.defaultKey();

        String ownKey = cloud.makeKey();
        assertNotEquals(serviceKey, ownKey);
        cloud.makeRole();
        cloud.modify(ownKey);
        assertEquals(ownKey, cloud.defaultKey());
        String secret = cloud.makeDisk("DiskName", "secret", "Tag", List.of(Map.of("Key", "env", "Value", "a b*~!")));
        Reply shown = cloud.disks("DiskIds", "[\"%s\"]".formatted(secret)).get(0);
        assertEquals("secret", shown.text("DiskName"));
        assertTrue(shown.flag("Encrypted"));
        assertEquals(ownKey, shown.text("KMSKeyId"));
        assertEquals(20, shown.number("Size"));
        Reply tag = shown.list("Tags", "Tag").get(0);
        assertEquals(List.of("env", "a b*~!"), List.of(tag.text("TagKey"), tag.text("TagValue")));
        assertFalse(cloud.disks("DiskIds", "[\"%s\"]".formatted(plain)).get(0).flag("Encrypted"));

        cloud.kms("DisableKey", "KeyId", ownKey);
        refused(
                () -> cloud.makeDisk(),
                403,
                "InvalidParameter.KMSKeyId.CMKNotEnabled",
                "The CMK (Customer Master Key) must be in an active state.");
        assertEquals(2, cloud.disks().size());
        cloud.kms("EnableKey", "KeyId", ownKey);
        cloud.kms("ScheduleKeyDeletion", "KeyId", ownKey, "PendingWindowInDays", 7);
        refused(() -> cloud.makeDisk(), 403, "InvalidParameter.KMSKeyId.CMKNotEnabled");
        cloud.kms("CancelKeyDeletion", "KeyId", ownKey);
        cloud.makeDisk();

        cloud.ecs("ResetDiskDefaultKMSKeyId", "RegionId", Server.REGION);
        assertEquals(serviceKey, cloud.defaultKey());
        cloud.ecs("DisableDiskEncryptionByDefault", "RegionId", Server.REGION);
        assertFalse(cloud.isEnabled());
        for (Reply disk : cloud.disks()) {
            cloud.ecs("DeleteDisk", "DiskId", disk.text("DiskId"));
        }
        assertEquals(List.of(), cloud.disks());
    }

    @ParameterizedTest
    @EnumSource
    void is_told_that_the_key_is_disabled(Kind kind) throws Exception {
        Cloud cloud = kind.connect(serve());
        cloud.enable();
        cloud.makeRole();
        String key = cloud.makeKey();
        cloud.kms("DisableKey", "KeyId", key);
        refused(
                () -> cloud.modify(key),
                400,
                "InvalidParameter.KMSKeyId.CMKNotEnabled",
                "The CMK needs to be enabled.");
        cloud.kms("EnableKey", "KeyId", key);
        cloud.modify(key);
    }

    @ParameterizedTest
    @EnumSource
    void is_told_that_KMS_was_never_opened(Kind kind) throws Exception {
        refusedUntilKmsIsOpened(
                kind,
                "unopened",
                400,
                "InvalidParameter.Encrypted.KmsNotEnabled",
                "KMS must be enabled for encrypted disks.");
    }

    @ParameterizedTest
    @EnumSource
    void is_told_that_KMS_is_closed(Kind kind) throws Exception {
        refusedUntilKmsIsOpened(
                kind, "suspended", 403, "InvalidOperation.KMSServiceNotOpen", "KMS service is currently not open.");
    }

    private void refusedUntilKmsIsOpened(Kind kind, String state, int status, String code, String text)
            throws Exception {
        Cloud before = kind.connect(serve());
        before.enable();
        before.makeRole();
        String key = before.makeKey();
        Cloud cloud = kind.connect(serve("--kms", state));
        refused(() -> cloud.modify(key), status, code, text);
        cloud.kms("OpenKmsService");
        cloud.modify(key);
    }

    @ParameterizedTest
    @EnumSource
    void is_told_that_the_region_lacks_the_feature(Kind kind) throws Exception {
        Cloud cloud = kind.connect(serve());
        refused(
                () -> cloud.modify("cn-nanjing", "any"),
                403,
                "Abs.InvalidAction.RegionNotSupport",
                "This region does not support this action.");
    }

    @ParameterizedTest
    @EnumSource
    void is_told_that_the_region_does_not_exist(Kind kind) throws Exception {
        Cloud cloud = kind.connect(serve());
        refused(
                () -> cloud.modify("cn-atlantis", "any"),
                403,
                "InvalidParameter.RegionIdNotExists",
                "The specified region does not exists.");
    }

    @ParameterizedTest
    @EnumSource
    void is_told_that_ECS_may_not_use_the_key(Kind kind) throws Exception {
        Cloud cloud = kind.connect(serve());
        cloud.enable();
        String key = cloud.makeKey();
        refused(
                () -> cloud.modify(key),
                403,
                "InvalidParameter.KMSKeyId.KMSUnauthorized",
                "ECS service have no right to access your KMS.");
        cloud.makeRole();
        cloud.modify(key);
    }

    @ParameterizedTest
    @EnumSource
    void is_told_that_the_key_does_not_exist(Kind kind) throws Exception {
        Cloud cloud = kind.connect(serve());
        cloud.enable();
        refused(
                () -> cloud.modify(UNKNOWN_KEY),
                403,
                "InvalidOperation.KMSKeyIdNotFound",
                "The specified KMSKeyId not found, %s.".formatted(UNKNOWN_KEY));
    }

    @ParameterizedTest
    @EnumSource
    void is_told_that_the_account_is_not_on_the_white_list(Kind kind) throws Exception {
        Cloud cloud = kind.connect(serveConfigured("[default_encryption]\nwhite_list = [\"1111222233334444\"]\n"));
        refused(() -> cloud.modify("any"), 403, "UserNotInTheWhiteList", "The user is not in disk white list.");
    }

    @ParameterizedTest
    @EnumSource
    void is_told_that_the_default_is_off(Kind kind) throws Exception {
        Cloud cloud = kind.connect(serve());
        String key = cloud.makeKey();
        refused(
                () -> cloud.modify(key),
                403,
                "InvalidDefaultEncryption.NotFound",
                "You have not configured default encryption setting in this region.");
    }

    @ParameterizedTest
    @EnumSource
    void uses_a_session_of_a_role_which_ends_with_it(Kind kind) throws Exception {
        serve();
        Cloud root = kind.connect(server);
        root.makeRole("operator", "AliyunECSFullAccess", "RAM", "acs:ram::%s:root".formatted(Server.ACCOUNT));
        Cloud user = kind.connect(server, root.makeUser("alice", "AliyunSTSAssumeRoleAccess"));
        refused(user::enable, 403, "Forbidden.RAM");
        Cloud session = kind.connect(server, user.assume("operator"));
        session.enable();
        assertTrue(session.isEnabled());
        refused(
                () -> session.modify("any"),
                403,
                "Forbidden.SubUser",
                "The specified action is not available for you.");
        refused(session::makeKey, 403, "Forbidden.NoPermission");
        root.ram(
                "DetachPolicyFromRole",
                "PolicyType", "System",
                "PolicyName", "AliyunECSFullAccess",
                "RoleName", "operator");
        refused(session::isEnabled, 403, "Forbidden.RAM");
        root.ram("DeleteRole", "RoleName", "operator");
        refused(session::isEnabled, 400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.");
    }

    @ParameterizedTest
    @EnumSource
    void is_refused_with_an_unknown_key_or_a_wrong_secret(Kind kind) throws Exception {
        serve();
        Cloud stranger = kind.connect(server, new Key("LTAI5tUnknownUnknown0000", "secret"));
        refused(
                stranger::enable, 404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.");
        Cloud forger = kind.connect(server, new Key(Key.ROOT.id(), "wrong-secret"));
        refused(forger::enable, 400, "SignatureDoesNotMatch");
        assertFalse(kind.connect(server).isEnabled());
    }

    @ParameterizedTest
    @EnumSource
    void is_not_harmed_by_a_retry_with_a_client_token(Kind kind) throws Exception {
        Cloud cloud = kind.connect(serve());
        String first = cloud.makeDisk("ClientToken", "once");
        assertEquals(first, cloud.makeDisk("ClientToken", "once"));
        refused(() -> cloud.makeDisk("ClientToken", "once", "Size", 21), 400, "IdempotentParameterMismatch");
        assertEquals(1, cloud.disks().size());
    }
}
