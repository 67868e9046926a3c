package e2e

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const provider = "acs:ram::" + account + ":oidc-provider/forge"

func TestARoleAssumesARoleAndKeepsWhoStandsBehindIt(t *testing.T) {
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		server := serve(t)
		owner := connect(server, root)
		must(t, owner.CreateRole("first", trust("RAM", "acs:ram::"+account+":root")))
		must(t, owner.AttachPolicyToRole("AliyunSTSAssumeRoleAccess", "first"))
		must(t, owner.CreateRole("second", trust("RAM", "acs:ram::"+account+":role/first")))
		must(t, owner.AttachPolicyToRole("AliyunRAMReadOnlyAccess", "second"))
		user := connect(server, makeUser(t, owner, "alice", "AliyunSTSAssumeRoleAccess"))
		into := map[string]string{"RoleArn": roleArn("second"), "RoleSessionName": "straight"}
		_, err := user.Call("sts", "AssumeRole", into)
		expectCode(t, err, 403, "NoPermission")

		first := connect(server, assume(t, user, "first"))
		_, err = first.Call("ram", "ListUsers", nil)
		expectCode(t, err, 403, "NoPermission")
		second := connect(server, assume(t, first, "second"))
		equal(t, len(call(t, second, "ram", "ListUsers", nil).List("Users", "User")), 1)
		_, err = second.Call("ram", "CreateUser", map[string]string{"UserName": "bob"})
		expectCode(t, err, 403, "NoPermission")
		equal(t, call(t, second, "sts", "GetCallerIdentity", nil).Text("IdentityType"), "AssumedRoleUser")
	})
}

func TestATokenOfAProviderOpensASession(t *testing.T) {
	key := ok[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	config := configured(t, key)
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		server := serve(t, "--config", config)
		owner := connect(server, root)
		must(t, owner.CreateRole("builder", trust("Federated", provider)))
		must(t, owner.AttachPolicyToRole("AliyunRAMReadOnlyAccess", "builder"))
		given := map[string]string{
			"RoleArn": roleArn("builder"), "RoleSessionName": "build", "OIDCProviderArn": provider,
			"OIDCToken": token(t, key, time.Now().Add(time.Minute)),
		}
		made := call(t, owner, "sts", "AssumeRoleWithOIDC", given)
		equal(t, made.Text("OIDCTokenInfo", "Subject"), "repo:coffer")
		session := connect(server, Key{
			made.Text("Credentials", "AccessKeyId"),
			made.Text("Credentials", "AccessKeySecret"),
			made.Text("Credentials", "SecurityToken"),
		})
		equal(t, len(call(t, session, "ram", "ListRoles", nil).List("Roles", "Role")), 1)
		given["OIDCToken"] = token(t, key, time.Now().Add(-time.Minute))
		_, err := owner.Call("sts", "AssumeRoleWithOIDC", given)
		expectCode(t, err, 400, "AuthenticationFail.OIDCToken.Expired")
		given["OIDCToken"] = token(t, ok[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048)), time.Now().Add(time.Minute))
		_, err = owner.Call("sts", "AssumeRoleWithOIDC", given)
		expectCode(t, err, 400, "AuthenticationFail.OIDCToken.Invalid")
	})
}

func TestWhatAGroupMayItsUsersMay(t *testing.T) {
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		server := serve(t)
		owner := connect(server, root)
		user := connect(server, makeUser(t, owner, "alice", "AliyunSTSAssumeRoleAccess"))
		call(t, owner, "ram", "CreateGroup", map[string]string{"GroupName": "readers"})
		call(t, owner, "ram", "AttachPolicyToGroup", map[string]string{
			"PolicyType": "System", "PolicyName": "AliyunRAMReadOnlyAccess", "GroupName": "readers",
		})
		_, err := user.Call("ram", "ListUsers", nil)
		expectCode(t, err, 403, "NoPermission")
		member := map[string]string{"UserName": "alice", "GroupName": "readers"}
		call(t, owner, "ram", "AddUserToGroup", member)
		equal(t, call(t, user, "ram", "ListUsers", nil).List("Users", "User")[0].Text("UserName"), "alice")
		_, err = owner.Call("ram", "DeleteGroup", map[string]string{"GroupName": "readers"})
		expectCode(t, err, 409, "DeleteConflict.Group.User")
		call(t, owner, "ram", "RemoveUserFromGroup", member)
		_, err = user.Call("ram", "ListUsers", nil)
		expectCode(t, err, 403, "NoPermission")
	})
}

func TestAUserLogsOnWithAPasswordAndADevice(t *testing.T) {
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		owner := connect(serve(t), root)
		alice := map[string]string{"UserName": "alice"}
		call(t, owner, "ram", "CreateUser", alice)
		call(t, owner, "ram", "CreateLoginProfile", with(alice, "Password", "long-enough-1", "MFABindRequired", "true"))
		equal(t, call(t, owner, "ram", "GetLoginProfile", alice).At("LoginProfile", "MFABindRequired") == true, true)
		made := call(t, owner, "ram", "CreateVirtualMFADevice", map[string]string{"VirtualMFADeviceName": "phone"})
		serial, seed := made.Text("VirtualMFADevice", "SerialNumber"), made.Text("VirtualMFADevice", "Base32StringSeed")
		bind := with(alice, "SerialNumber", serial, "AuthenticationCode1", "000000", "AuthenticationCode2", "000000")
		_, err := owner.Call("ram", "BindMFADevice", bind)
		expectCode(t, err, 403, "CheckAuthenticationCodeFail")
		step := time.Now().Unix() / 30
		bind["AuthenticationCode1"], bind["AuthenticationCode2"] = totp(t, seed, step-1), totp(t, seed, step)
		call(t, owner, "ram", "BindMFADevice", bind)
		equal(t, call(t, owner, "ram", "GetUserMFAInfo", alice).Text("MFADevice", "SerialNumber"), serial)
		_, err = owner.Call("ram", "DeleteUser", alice)
		expectCode(t, err, 409, "DeleteConflict.User.LoginProfile")
	})
}

// with is a copy of parameters with more of them.
func with(parameters map[string]string, more ...string) map[string]string {
	all := map[string]string{}
	for name, value := range parameters {
		all[name] = value
	}
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

func roleArn(name string) string { return "acs:ram::" + account + ":role/" + name }

// totp is the code that a device with that seed shows at a step (RFC 6238).
func totp(t *testing.T, seed string, step int64) string {
	t.Helper()
	secret := ok[[]byte](t)(base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(seed))
	mac := hmac.New(sha1.New, secret)
	must(t, binary.Write(mac, binary.BigEndian, step))
	tag := mac.Sum(nil)
	at := tag[len(tag)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(tag[at:])&0x7fffffff%1000000)
}

// configured is a configuration file with a provider that signs with the key.
func configured(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	folder := t.TempDir()
	der := ok[[]byte](t)(x509.MarshalPKIXPublicKey(&key.PublicKey))
	public := filepath.Join(folder, "forge.pem")
	must(t, os.WriteFile(public, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600))
	config := filepath.Join(folder, "coffer.toml")
	text := fmt.Sprintf(
		"[[oidc]]\narn = %q\nissuer = \"https://forge.example.com\"\nclient_ids = [\"builds\"]\nkeys = { one = %q }\n", provider, public,
	)
	must(t, os.WriteFile(config, []byte(text), 0o600))
	return config
}

// token is one that the key signed, as providers do.
func token(t *testing.T, key *rsa.PrivateKey, ends time.Time) string {
	t.Helper()
	part := func(members Members) string {
		return base64.RawURLEncoding.EncodeToString(ok[[]byte](t)(json.Marshal(members)))
	}
	claims := Members{
		"iss": "https://forge.example.com", "sub": "repo:coffer", "aud": "builds",
		"iat": ends.Add(-2 * time.Minute).Unix(), "exp": ends.Unix(),
	}
	signed := part(Members{"alg": "RS256", "kid": "one"}) + "." + part(claims)
	digest := sha256.Sum256([]byte(signed))
	signature := ok[[]byte](t)(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:]))
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}
