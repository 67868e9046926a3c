package e2e

import "testing"

func TestASessionOfARoleEndsWithTheRole(t *testing.T) {
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		server := serve(t)
		owner := connect(server, root)
		must(t, owner.CreateRole("operator", trust("RAM", "acs:ram::"+account+":root")))
		must(t, owner.AttachPolicyToRole("AliyunECSFullAccess", "operator"))
		user := connect(server, makeUser(t, owner, "alice", "AliyunSTSAssumeRoleAccess"))
		expectCode(t, user.EnableDiskEncryptionByDefault(region), 403, "Forbidden.RAM")

		session := connect(server, assume(t, user, "operator"))
		must(t, session.EnableDiskEncryptionByDefault(region))
		equal(t, ok[bool](t)(session.DescribeDiskEncryptionByDefaultStatus(region)), true)
		expectRefusal(t, session.ModifyDiskDefaultKMSKeyId(region, "any"), Refusal{
			403, "Forbidden.SubUser", "The specified action is not available for you.",
		})
		_, err := session.CreateKey()
		expectCode(t, err, 403, "Forbidden.NoPermission")

		call(t, owner, "ram", "DetachPolicyFromRole", map[string]string{
			"PolicyType": "System", "PolicyName": "AliyunECSFullAccess", "RoleName": "operator",
		})
		_, err = session.DescribeDiskEncryptionByDefaultStatus(region)
		expectCode(t, err, 403, "Forbidden.RAM")
		call(t, owner, "ram", "DeleteRole", map[string]string{"RoleName": "operator"})
		_, err = session.DescribeDiskEncryptionByDefaultStatus(region)
		expectRefusal(t, err, Refusal{400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."})
	})
}

func TestARetryWithAClientTokenMakesNoSecondDisk(t *testing.T) {
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		cloud := connect(serve(t), root)
		first := ok[string](t)(cloud.CreateDisk(diskGiB, "once"))
		equal(t, ok[string](t)(cloud.CreateDisk(diskGiB, "once")), first)
		_, err := cloud.CreateDisk(diskGiB+1, "once")
		expectCode(t, err, 400, "IdempotentParameterMismatch")
		equal(t, len(ok[[]Disk](t)(cloud.DescribeDisks())), 1)
	})
}

// call is a call that must succeed.
func call(t *testing.T, cloud Cloud, product, action string, parameters map[string]string) Reply {
	t.Helper()
	return ok[Reply](t)(cloud.Call(product, action, parameters))
}

// makeUser makes a user with one of the vendor's policies, and gives the user's access key.
func makeUser(t *testing.T, cloud Cloud, name, policy string) Key {
	t.Helper()
	call(t, cloud, "ram", "CreateUser", map[string]string{"UserName": name})
	call(t, cloud, "ram", "AttachPolicyToUser", map[string]string{
		"PolicyType": "System", "PolicyName": policy, "UserName": name,
	})
	made := call(t, cloud, "ram", "CreateAccessKey", map[string]string{"UserName": name})
	return Key{ID: made.Text("AccessKey", "AccessKeyId"), Secret: made.Text("AccessKey", "AccessKeySecret")}
}

// assume gives a session of a role.
func assume(t *testing.T, cloud Cloud, role string) Key {
	t.Helper()
	made := call(t, cloud, "sts", "AssumeRole", map[string]string{
		"RoleArn": "acs:ram::" + account + ":role/" + role, "RoleSessionName": "go",
	})
	return Key{
		made.Text("Credentials", "AccessKeyId"),
		made.Text("Credentials", "AccessKeySecret"),
		made.Text("Credentials", "SecurityToken"),
	}
}
