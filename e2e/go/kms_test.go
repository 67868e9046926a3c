package e2e

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"testing"
)

func TestWhatKMSSignsOthersVerify(t *testing.T) {
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		cloud := connect(serve(t), root)
		made := call(t, cloud, "kms", "CreateKey", map[string]string{"KeySpec": "RSA_2048", "KeyUsage": "SIGN/VERIFY"})
		key := made.Text("KeyMetadata", "KeyId")
		version := call(t, cloud, "kms", "ListKeyVersions", map[string]string{"KeyId": key}).List("KeyVersions", "KeyVersion")[0].Text("KeyVersionId")
		pair := map[string]string{"KeyId": key, "KeyVersionId": version}
		block, _ := pem.Decode([]byte(call(t, cloud, "kms", "GetPublicKey", pair).Text("PublicKey")))
		public := ok[interface{}](t)(x509.ParsePKIXPublicKey(block.Bytes)).(*rsa.PublicKey)

		digest := sha256.Sum256([]byte("what is signed"))
		sign := with(pair, "Algorithm", "RSA_PKCS1_SHA_256", "Digest", base64.StdEncoding.EncodeToString(digest[:]))
		value := call(t, cloud, "kms", "AsymmetricSign", sign).Text("Value")
		signature := ok[[]byte](t)(base64.StdEncoding.DecodeString(value))
		must(t, rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature))
		verify := with(sign, "Value", value)
		equal(t, call(t, cloud, "kms", "AsymmetricVerify", verify).At("Value") == true, true)
		other := sha256.Sum256([]byte("something else"))
		verify["Digest"] = base64.StdEncoding.EncodeToString(other[:])
		equal(t, call(t, cloud, "kms", "AsymmetricVerify", verify).At("Value") == false, true)
	})
}

func TestMaterialIsImportedAndTakenAway(t *testing.T) {
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		cloud := connect(serve(t), root)
		key := call(t, cloud, "kms", "CreateKey", map[string]string{"Origin": "EXTERNAL"}).Text("KeyMetadata", "KeyId")
		given := call(t, cloud, "kms", "GetParametersForImport", map[string]string{
			"KeyId": key, "WrappingAlgorithm": "RSAES_OAEP_SHA_1", "WrappingKeySpec": "RSA_2048",
		})
		der := ok[[]byte](t)(base64.StdEncoding.DecodeString(given.Text("PublicKey")))
		public := ok[interface{}](t)(x509.ParsePKIXPublicKey(der)).(*rsa.PublicKey)
		material := make([]byte, 32)
		ok[int](t)(rand.Read(material))
		wrapped := ok[[]byte](t)(rsa.EncryptOAEP(sha1.New(), rand.Reader, public, material, nil))
		call(t, cloud, "kms", "ImportKeyMaterial", map[string]string{
			"KeyId": key, "EncryptedKeyMaterial": base64.StdEncoding.EncodeToString(wrapped),
			"ImportToken": given.Text("ImportToken"), "KeyMaterialExpireUnix": "0",
		})
		blob := call(t, cloud, "kms", "Encrypt", map[string]string{"KeyId": key, "Plaintext": "text"}).Text("CiphertextBlob")
		open := map[string]string{"CiphertextBlob": blob}
		equal(t, call(t, cloud, "kms", "Decrypt", open).Text("Plaintext"), "text")
		call(t, cloud, "kms", "DeleteKeyMaterial", map[string]string{"KeyId": key})
		_, err := cloud.Call("kms", "Decrypt", open)
		expectCode(t, err, 409, "Rejected.PendingImport")
	})
}

func TestASecretHasVersionsAndStages(t *testing.T) {
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		cloud := connect(serve(t), root)
		name := map[string]string{"SecretName": "database"}
		call(t, cloud, "kms", "CreateSecret", with(name, "SecretData", "first", "VersionId", "v1"))
		call(t, cloud, "kms", "PutSecretValue", with(name, "SecretData", "second", "VersionId", "v2"))
		equal(t, call(t, cloud, "kms", "GetSecretValue", name).Text("SecretData"), "second")
		before := with(name, "VersionStage", "ACSPrevious")
		equal(t, call(t, cloud, "kms", "GetSecretValue", before).Text("SecretData"), "first")
		call(t, cloud, "kms", "DeleteSecret", name)
		_, err := cloud.Call("kms", "GetSecretValue", name)
		expectCode(t, err, 409, "Rejected.ResourceInDeleteWindow")
		call(t, cloud, "kms", "RestoreSecret", name)
		call(t, cloud, "kms", "DeleteSecret", with(name, "ForceDeleteWithoutRecovery", "true"))
		equal(t, len(call(t, cloud, "kms", "ListSecrets", nil).List("SecretList", "Secret")), 0)
	})
}
