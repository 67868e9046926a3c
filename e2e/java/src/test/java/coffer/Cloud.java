package coffer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The official clients behind one way to call: {@code cloud.ecs("CreateDisk", "RegionId", REGION, "Size", 20)} gives the reply. Names of
 * actions, parameters and members are the vendor's. Nothing of the clients is changed; they are only told the endpoint.
 */
abstract class Cloud {
    static final String ROLE = "AliyunECSDiskEncryptDefaultRole";
    private static final String ROLE_POLICY = "AliyunECSDiskEncryptRolePolicy";
    private static final String TRUST =
            "{\"Version\":\"1\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\",\"Principal\":{\"%s\":[\"%s\"]}}]}";

    /** Calls an action; throws a {@link Refusal} where the server answers an error. */
    abstract Reply call(Product product, String action, Map<String, Object> parameters);

    /** Calls an action of ECS with names and values in turn. */
    final Reply ecs(String action, Object... parameters) {
        return call(Product.ECS, action, named(parameters));
    }

    final Reply kms(String action, Object... parameters) {
        return call(Product.KMS, action, named(parameters));
    }

    final Reply ram(String action, Object... parameters) {
        return call(Product.RAM, action, named(parameters));
    }

    final Reply sts(String action, Object... parameters) {
        return call(Product.STS, action, named(parameters));
    }

    static Map<String, Object> named(Object... parameters) {
        Map<String, Object> named = new LinkedHashMap<>();
        for (int i = 0; i < parameters.length; i += 2) {
            named.put((String) parameters[i], parameters[i + 1]);
        }
        return named;
    }

    // Steps that many tests share, each done as a user would.

    final void enable() {
        ecs("EnableDiskEncryptionByDefault", "RegionId", Server.REGION);
    }

    final boolean isEnabled() {
        return ecs("DescribeDiskEncryptionByDefaultStatus", "RegionId", Server.REGION).flag("Encrypted");
    }

    final void modify(String key) {
        modify(Server.REGION, key);
    }

    final void modify(String region, String key) {
        ecs("ModifyDiskDefaultKMSKeyId", "RegionId", region, "KMSKeyId", key);
    }

    final String defaultKey() {
        return ecs("DescribeDiskDefaultKMSKeyId", "RegionId", Server.REGION).text("KMSKeyId");
    }

    final String makeKey() {
        return kms("CreateKey").text("KeyMetadata", "KeyId");
    }

    /** The role through which ECS reaches a customer's keys. */
    final void makeRole() {
        makeRole(ROLE, ROLE_POLICY, "Service", "ecs.aliyuncs.com");
    }

    /** A role that the principal may assume, with one of the vendor's policies. */
    final void makeRole(String name, String policy, String kind, String principal) {
        ram("CreateRole", "RoleName", name, "AssumeRolePolicyDocument", TRUST.formatted(kind, principal));
        ram("AttachPolicyToRole", "PolicyType", "System", "PolicyName", policy, "RoleName", name);
    }

    /** A user with one of the vendor's policies; the user's access key. */
    final Key makeUser(String name, String policy) {
        ram("CreateUser", "UserName", name);
        ram("AttachPolicyToUser", "PolicyType", "System", "PolicyName", policy, "UserName", name);
        Reply made = ram("CreateAccessKey", "UserName", name);
        return new Key(made.text("AccessKey", "AccessKeyId"), made.text("AccessKey", "AccessKeySecret"));
    }

    /** A session of a role. */
    final Key assume(String role) {
        Reply made = sts(
                "AssumeRole",
                "RoleArn", "acs:ram::%s:role/%s".formatted(Server.ACCOUNT, role),
                "RoleSessionName", "java");
        return new Key(
                made.text("Credentials", "AccessKeyId"),
                made.text("Credentials", "AccessKeySecret"),
                made.text("Credentials", "SecurityToken"));
    }

    /** The id of a new disk of 20 GiB, unless the parameters say otherwise. */
    final String makeDisk(Object... parameters) {
        return makeDisk(named(parameters));
    }

    final String makeDisk(Map<String, Object> parameters) {
        Map<String, Object> given = named(
                "RegionId", Server.REGION, "ZoneId", Server.ZONE, "DiskCategory", "cloud_essd", "Size", 20);
        given.putAll(parameters);
        return call(Product.ECS, "CreateDisk", given).text("DiskId");
    }

    final List<Reply> disks(Object... parameters) {
        Map<String, Object> given = named("RegionId", Server.REGION);
        given.putAll(named(parameters));
        return call(Product.ECS, "DescribeDisks", given).list("Disks", "Disk");
    }
}
