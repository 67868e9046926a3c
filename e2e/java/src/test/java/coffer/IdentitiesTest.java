package coffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Instant;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

/** Roles, groups, logons, and what others verify and wrap for KMS, by the V2 SDKs. */
class IdentitiesTest extends WithServer {
    private static final String PROVIDER = "acs:ram::%s:oidc-provider/forge".formatted(Server.ACCOUNT);
    private static final String READ = "AliyunRAMReadOnlyAccess";

    private Cloud connect(Key key) throws Exception {
        return Kind.V2_SDKS.connect(server, key);
    }

    private static KeyPair rsa() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        return generator.generateKeyPair();
    }

    private static PublicKey parsed(String base64) throws Exception {
        byte[] der = Base64.getMimeDecoder().decode(base64.replaceAll("-----[A-Z ]+-----", ""));
        return KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(der));
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    @Test
    void a_role_assumes_a_role() throws Exception {
        serve();
        Cloud root = connect(Key.ROOT);
        root.makeRole("first", "AliyunSTSAssumeRoleAccess", "RAM", "acs:ram::%s:root".formatted(Server.ACCOUNT));
        root.makeRole("second", READ, "RAM", "acs:ram::%s:role/first".formatted(Server.ACCOUNT));
        Cloud user = connect(root.makeUser("alice", "AliyunSTSAssumeRoleAccess"));
        refused(() -> user.assume("second"), 403, "NoPermission");
        Cloud second = connect(connect(user.assume("first")).assume("second"));
        assertEquals(1, second.ram("ListUsers").list("Users", "User").size());
        refused(() -> second.ram("CreateUser", "UserName", "bob"), 403, "NoPermission");
        assertEquals("AssumedRoleUser", second.sts("GetCallerIdentity").text("IdentityType"));
    }

    @Test
    void a_token_of_a_provider_opens_a_session() throws Exception {
        KeyPair key = rsa();
        Path pem = directory.resolve("forge.pem");
        String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getPublic().getEncoded());
        Files.writeString(pem, "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n".formatted(lines));
        serveConfigured("""
                [[oidc]]
                arn = "%s"
                issuer = "https://forge.example.com"
                client_ids = ["builds"]
                keys = { one = "%s" }
                """.formatted(PROVIDER, pem));
        Cloud root = connect(Key.ROOT);
        root.makeRole("builder", READ, "Federated", PROVIDER);
        Reply made = byToken(root, token(key, 60));
        assertEquals("repo:coffer", made.text("OIDCTokenInfo", "Subject"));
        Cloud session = connect(new Key(
                made.text("Credentials", "AccessKeyId"),
                made.text("Credentials", "AccessKeySecret"),
                made.text("Credentials", "SecurityToken")));
        assertEquals(1, session.ram("ListRoles").list("Roles", "Role").size());
        refused(() -> byToken(root, token(key, -60)), 400, "AuthenticationFail.OIDCToken.Expired");
        refused(() -> byToken(root, token(rsa(), 60)), 400, "AuthenticationFail.OIDCToken.Invalid");
    }

    private static Reply byToken(Cloud cloud, String token) {
        return cloud.sts(
                "AssumeRoleWithOIDC",
                "RoleArn", "acs:ram::%s:role/builder".formatted(Server.ACCOUNT),
                "RoleSessionName", "build",
                "OIDCProviderArn", PROVIDER,
                "OIDCToken", token);
    }

    private static String token(KeyPair key, long lastsS) throws Exception {
        Base64.Encoder encoder = Base64.getUrlEncoder().withoutPadding();
        long end = Instant.now().getEpochSecond() + lastsS;
        String claims = "{\"iss\":\"https://forge.example.com\",\"sub\":\"repo:coffer\",\"aud\":\"builds\",\"iat\":%d,\"exp\":%d}"
                .formatted(end - 120, end);
        String signed = encoder.encodeToString("{\"alg\":\"RS256\",\"kid\":\"one\"}".getBytes()) + "."
                + encoder.encodeToString(claims.getBytes());
        Signature signature = Signature.getInstance("SHA256withRSA");
        signature.initSign(key.getPrivate());
        signature.update(signed.getBytes());
        return signed + "." + encoder.encodeToString(signature.sign());
    }

    @Test
    void what_a_group_may_its_users_may() throws Exception {
        serve();
        Cloud root = connect(Key.ROOT);
        Cloud user = connect(root.makeUser("alice", "AliyunSTSAssumeRoleAccess"));
        root.ram("CreateGroup", "GroupName", "readers");
        root.ram("AttachPolicyToGroup", "PolicyType", "System", "PolicyName", READ, "GroupName", "readers");
        refused(() -> user.ram("ListUsers"), 403, "NoPermission");
        root.ram("AddUserToGroup", "UserName", "alice", "GroupName", "readers");
        assertEquals("alice", user.ram("ListUsers").list("Users", "User").get(0).text("UserName"));
        refused(() -> root.ram("DeleteGroup", "GroupName", "readers"), 409, "DeleteConflict.Group.User");
    }

    @Test
    void a_user_logs_on_with_a_password_and_a_device() throws Exception {
        serve();
        Cloud root = connect(Key.ROOT);
        root.ram("CreateUser", "UserName", "alice");
        root.ram("CreateLoginProfile", "UserName", "alice", "Password", "long-enough-1", "MFABindRequired", true);
        assertTrue(root.ram("GetLoginProfile", "UserName", "alice").flag("LoginProfile", "MFABindRequired"));
        Reply made = root.ram("CreateVirtualMFADevice", "VirtualMFADeviceName", "phone");
        String serial = made.text("VirtualMFADevice", "SerialNumber");
        String seed = made.text("VirtualMFADevice", "Base32StringSeed");
        refused(() -> bind(root, serial, "000000", "000000"), 403, "CheckAuthenticationCodeFail");
        long step = Instant.now().getEpochSecond() / 30;
        bind(root, serial, totp(seed, step - 1), totp(seed, step));
        assertEquals(serial, root.ram("GetUserMFAInfo", "UserName", "alice").text("MFADevice", "SerialNumber"));
    }

    private static void bind(Cloud cloud, String serial, String first, String second) {
        cloud.ram(
                "BindMFADevice",
                "UserName", "alice",
                "SerialNumber", serial,
                "AuthenticationCode1", first,
                "AuthenticationCode2", second);
    }

    /** The code that a device with that seed shows at a step (RFC 6238). */
    private static String totp(String seed, long step) throws Exception {
        ByteBuffer secret = ByteBuffer.allocate(seed.length() * 5 / 8);
        int bits = 0;
        int held = 0;
        for (char c : seed.replace("=", "").toCharArray()) {
            held = held << 5 | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c);
            bits += 5;
            if (bits >= 8) {
                bits -= 8;
                secret.put((byte) (held >> bits));
            }
        }
        Mac mac = Mac.getInstance("HmacSHA1");
        mac.init(new SecretKeySpec(secret.array(), 0, secret.position(), "HmacSHA1"));
        ByteBuffer tag = ByteBuffer.wrap(mac.doFinal(ByteBuffer.allocate(8).putLong(step).array()));
        return "%06d".formatted((tag.getInt(tag.get(19) & 15) & 0x7fffffff) % 1_000_000);
    }

    @Test
    void what_KMS_signs_others_verify() throws Exception {
        serve();
        Cloud root = connect(Key.ROOT);
        String key = root.kms("CreateKey", "KeySpec", "RSA_2048", "KeyUsage", "SIGN/VERIFY").text("KeyMetadata", "KeyId");
        String version = root.kms("ListKeyVersions", "KeyId", key).list("KeyVersions", "KeyVersion").get(0).text("KeyVersionId");
        PublicKey pub = parsed(root.kms("GetPublicKey", "KeyId", key, "KeyVersionId", version).text("PublicKey"));
        byte[] message = "what is signed".getBytes();
        String digest = base64(MessageDigest.getInstance("SHA-256").digest(message));
        String value = root.kms(
                        "AsymmetricSign",
                        "KeyId", key, "KeyVersionId", version, "Algorithm", "RSA_PKCS1_SHA_256", "Digest", digest)
                .text("Value");
        Signature signature = Signature.getInstance("SHA256withRSA");
        signature.initVerify(pub);
        signature.update(message);
        assertTrue(signature.verify(Base64.getDecoder().decode(value)));
        assertTrue(verifies(root, key, version, digest, value));
        assertFalse(verifies(root, key, version, base64(MessageDigest.getInstance("SHA-256").digest()), value));
    }

    private static boolean verifies(Cloud cloud, String key, String version, String digest, String value) {
        return cloud.kms(
                        "AsymmetricVerify",
                        "KeyId", key, "KeyVersionId", version, "Algorithm", "RSA_PKCS1_SHA_256", "Digest", digest, "Value", value)
                .flag("Value");
    }

    @Test
    void material_is_imported_and_taken_away() throws Exception {
        serve();
        Cloud root = connect(Key.ROOT);
        String key = root.kms("CreateKey", "Origin", "EXTERNAL").text("KeyMetadata", "KeyId");
        Reply given = root.kms(
                "GetParametersForImport",
                "KeyId", key, "WrappingAlgorithm", "RSAES_OAEP_SHA_1", "WrappingKeySpec", "RSA_2048");
        Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPWithSHA-1AndMGF1Padding");
        cipher.init(Cipher.ENCRYPT_MODE, parsed(given.text("PublicKey")));
        root.kms(
                "ImportKeyMaterial",
                "KeyId", key,
                "EncryptedKeyMaterial", base64(cipher.doFinal(new byte[32])),
                "ImportToken", given.text("ImportToken"),
                "KeyMaterialExpireUnix", 0L);
        String blob = root.kms("Encrypt", "KeyId", key, "Plaintext", "text").text("CiphertextBlob");
        assertEquals("text", root.kms("Decrypt", "CiphertextBlob", blob).text("Plaintext"));
        root.kms("DeleteKeyMaterial", "KeyId", key);
        refused(() -> root.kms("Decrypt", "CiphertextBlob", blob), 409, "Rejected.PendingImport");
    }

    @Test
    void a_secret_has_versions_and_stages() throws Exception {
        serve();
        Cloud root = connect(Key.ROOT);
        root.kms("CreateSecret", "SecretName", "database", "SecretData", "first", "VersionId", "v1");
        root.kms("PutSecretValue", "SecretName", "database", "SecretData", "second", "VersionId", "v2");
        assertEquals("second", root.kms("GetSecretValue", "SecretName", "database").text("SecretData"));
        Reply before = root.kms("GetSecretValue", "SecretName", "database", "VersionStage", "ACSPrevious");
        assertEquals("first", before.text("SecretData"));
        root.kms("DeleteSecret", "SecretName", "database");
        refused(() -> root.kms("GetSecretValue", "SecretName", "database"), 409, "Rejected.ResourceInDeleteWindow");
        root.kms("RestoreSecret", "SecretName", "database");
        assertEquals("second", root.kms("GetSecretValue", "SecretName", "database").text("SecretData"));
    }
}
