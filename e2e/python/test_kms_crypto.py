"""What KMS does with keys, checked by others: `cryptography` and the openssl program for RSA and ECDSA, gmalg and openssl for SM2 and SM3,
the official client in between."""

import base64
import hashlib
import json
import subprocess

import gmalg
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from clients import refused

SHA256, SHA1 = hashes.SHA256(), hashes.SHA1()
MESSAGE = b"what is signed, and what is encrypted"
DIGEST = hashlib.sha256(MESSAGE).digest()
SM2_ID = b"1234567812345678"
SM2_CURVE = (
    "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc"
    "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93"
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)


def b64(data):
    return base64.b64encode(data).decode()


def un64(text):
    return base64.b64decode(text)


def pair(client, spec, usage):
    """A key pair: its id, its version, its public key in PEM."""
    key = client.kms("CreateKey", KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
    version = client.kms("ListKeyVersions", KeyId=key)["KeyVersions"]["KeyVersion"][0]["KeyVersionId"]
    return key, version, client.kms("GetPublicKey", KeyId=key, KeyVersionId=version)["PublicKey"]


def sign(client, key, version, algorithm, digest):
    answer = client.kms("AsymmetricSign", KeyId=key, KeyVersionId=version, Algorithm=algorithm, Digest=b64(digest))
    return un64(answer["Value"])


def verify(client, key, version, algorithm, digest, signature):
    parameters = {"KeyId": key, "KeyVersionId": version, "Algorithm": algorithm}
    return client.kms("AsymmetricVerify", Digest=b64(digest), Value=b64(signature), **parameters)["Value"]


def openssl(*arguments):
    """Runs openssl; what it says."""
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=False)
    return done.returncode, done.stdout


def files(folder, **contents):
    """Writes files; their paths by name."""
    for name, content in contents.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return [folder / name for name in contents]


def oaep(algorithm):
    return padding.OAEP(mgf=padding.MGF1(algorithm), algorithm=algorithm, label=None)


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
def test_others_verify_rsa_signatures_and_kms_verifies_theirs(root, tmp_path, spec):
    key, version, pem = pair(root, spec, "SIGN/VERIFY")
    public = serialization.load_pem_public_key(pem.encode())
    assert (public.key_size, public.public_numbers().e) == (int(spec[4:]), 65537)
    pss = padding.PSS(mgf=padding.MGF1(SHA256), salt_length=32)
    for algorithm, form, options in [
        ("RSA_PSS_SHA_256", pss, ["rsa_padding_mode:pss", "rsa_pss_saltlen:-1"]),
        ("RSA_PKCS1_SHA_256", padding.PKCS1v15(), ["rsa_padding_mode:pkcs1"]),
    ]:
        signature = sign(root, key, version, algorithm, DIGEST)
        public.verify(signature, MESSAGE, form, SHA256)
        with pytest.raises(InvalidSignature):
            public.verify(signature, MESSAGE + b".", form, SHA256)
        pub, sig, msg = files(tmp_path, pub=pem, sig=signature, msg=MESSAGE)
        sigopts = [word for option in options for word in ("-sigopt", option)]
        code, said = openssl("dgst", "-sha256", "-verify", pub, "-signature", sig, *sigopts, msg)
        assert code == 0, said
        assert verify(root, key, version, algorithm, DIGEST, signature) is True
        assert verify(root, key, version, algorithm, bytes(32), signature) is False


@pytest.mark.parametrize("spec, curve", [("EC_P256", "secp256r1"), ("EC_P256K", "secp256k1")])
def test_others_verify_ecdsa_signatures(root, tmp_path, spec, curve):
    key, version, pem = pair(root, spec, "SIGN/VERIFY")
    public = serialization.load_pem_public_key(pem.encode())
    assert public.curve.name == curve
    signature = sign(root, key, version, "ECDSA_SHA_256", DIGEST)
    public.verify(signature, DIGEST, ec.ECDSA(utils.Prehashed(SHA256)))
    pub, sig, msg = files(tmp_path, pub=pem, sig=signature, msg=MESSAGE)
    code, said = openssl("dgst", "-sha256", "-verify", pub, "-signature", sig, msg)
    assert code == 0, said
    assert verify(root, key, version, "ECDSA_SHA_256", DIGEST, signature) is True


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072"])
@pytest.mark.parametrize("algorithm, by", [("RSAES_OAEP_SHA_256", SHA256), ("RSAES_OAEP_SHA_1", SHA1)])
def test_kms_decrypts_what_others_encrypt_with_rsa(root, spec, algorithm, by):
    key, version, pem = pair(root, spec, "ENCRYPT/DECRYPT")
    public = serialization.load_pem_public_key(pem.encode())
    named = {"KeyId": key, "KeyVersionId": version, "Algorithm": algorithm}
    blob = b64(public.encrypt(MESSAGE, oaep(by)))
    assert un64(root.kms("AsymmetricDecrypt", CiphertextBlob=blob, **named)["Plaintext"]) == MESSAGE
    own = root.kms("AsymmetricEncrypt", Plaintext=b64(MESSAGE), **named)["CiphertextBlob"]
    assert un64(root.kms("AsymmetricDecrypt", CiphertextBlob=own, **named)["Plaintext"]) == MESSAGE


def sm2_public(pem):
    """The point of a public key in PEM, without its first byte."""
    return un64("".join(line for line in pem.splitlines() if not line.startswith("-")))[-64:]


def sm3(data):
    hash_ = gmalg.SM3()
    hash_.update(data)
    return hash_.value()


def sm2_digest(point, message):
    """SM3 over Z_A and the message, as GB/T 32918.2 has it."""
    length = (len(SM2_ID) * 8).to_bytes(2, "big")
    return sm3(sm3(length + SM2_ID + bytes.fromhex(SM2_CURVE) + point) + message)


def integers(der):
    """The two integers of an ASN.1 signature."""
    return tuple(number.to_bytes(32, "big") for number in utils.decode_dss_signature(der))


def test_others_verify_sm2_signatures_and_kms_verifies_theirs(root, tmp_path):
    key, version, pem = pair(root, "EC_SM2", "SIGN/VERIFY")
    point = sm2_public(pem)
    digest = sm2_digest(point, MESSAGE)
    signature = sign(root, key, version, "SM2DSA", digest)
    other = gmalg.SM2(pk=b"\x04" + point, uid=SM2_ID)
    assert other.verify(MESSAGE, *integers(signature))
    assert not other.verify(MESSAGE + b".", *integers(signature))
    pub, sig, msg = files(tmp_path, pub=pem, sig=signature, msg=MESSAGE)
    options = ["-rawin", "-digest", "sm3", "-pkeyopt", f"distid:{SM2_ID.decode()}"]
    code, said = openssl("pkeyutl", "-verify", "-pubin", "-inkey", pub, *options, "-in", msg, "-sigfile", sig)
    assert code == 0, said
    assert verify(root, key, version, "SM2DSA", digest, signature) is True
    assert verify(root, key, version, "SM2DSA", bytes(32), signature) is False


def test_kms_decrypts_what_others_encrypt_with_sm2(root, tmp_path):
    key, version, pem = pair(root, "EC_SM2", "ENCRYPT/DECRYPT")
    named = {"KeyId": key, "KeyVersionId": version, "Algorithm": "SM2PKE"}
    raw = gmalg.SM2(pk=b"\x04" + sm2_public(pem)).encrypt(MESSAGE)
    pub, msg = files(tmp_path, pub=pem, msg=MESSAGE)
    asn1 = tmp_path / "asn1"
    code, said = openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", pub, "-in", msg, "-out", asn1)
    assert code == 0, said
    for blob in [raw, asn1.read_bytes()]:
        assert un64(root.kms("AsymmetricDecrypt", CiphertextBlob=b64(blob), **named)["Plaintext"]) == MESSAGE


def test_others_decrypt_what_kms_exports(root):
    key = root.kms("CreateKey")["KeyMetadata"]["KeyId"]
    secret, point = gmalg.SM2().generate_keypair()
    prefix = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
    private = rsa.generate_private_key(65537, 2048)
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = private.public_key().public_bytes(*form)
    for public, spec, algorithm, decrypt in [
        (der, "RSA_2048", "RSAES_OAEP_SHA_256", lambda blob: private.decrypt(blob, oaep(SHA256))),
        (der, "RSA_2048", "RSAES_OAEP_SHA_1", lambda blob: private.decrypt(blob, oaep(SHA1))),
        (prefix + point, "EC_SM2", "SM2PKE", lambda blob: gmalg.SM2(sk=secret, pk=point).decrypt(blob)),
    ]:
        to = {"PublicKeyBlob": b64(public), "WrappingKeySpec": spec, "WrappingAlgorithm": algorithm}
        made = root.kms("GenerateAndExportDataKey", KeyId=key, NumberOfBytes=48, **to)
        kept = un64(root.kms("Decrypt", CiphertextBlob=made["CiphertextBlob"])["Plaintext"])
        assert len(kept) == 48 and decrypt(un64(made["ExportedDataKey"])) == kept
        again = root.kms("ExportDataKey", CiphertextBlob=made["CiphertextBlob"], **to)
        assert decrypt(un64(again["ExportedDataKey"])) == kept


@pytest.mark.parametrize(
    "algorithm, form",
    [
        ("RSAES_OAEP_SHA_1", oaep(SHA1)),
        ("RSAES_OAEP_SHA_256", oaep(SHA256)),
        ("RSAES_PKCS1_V1_5", padding.PKCS1v15()),
    ],
)
def test_material_that_others_wrap_is_imported_and_kept_for_ever(root, algorithm, form):
    key = root.kms("CreateKey", Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    context = json.dumps({"a": "b"})

    def bring(material):
        given = root.kms("GetParametersForImport", KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec="RSA_2048")
        public = serialization.load_der_public_key(un64(given["PublicKey"]))
        wrapped = b64(public.encrypt(material, form))
        parameters = {"EncryptedKeyMaterial": wrapped, "ImportToken": given["ImportToken"]}
        root.kms("ImportKeyMaterial", KeyId=key, KeyMaterialExpireUnix=0, **parameters)

    bring(b"m" * 32)
    blob = root.kms("Encrypt", KeyId=key, Plaintext="text", EncryptionContext={"a": "b"})["CiphertextBlob"]
    root.kms("DeleteKeyMaterial", KeyId=key)
    with refused(409, "Rejected.PendingImport"):
        root.kms("Decrypt", CiphertextBlob=blob, EncryptionContext=json.loads(context))
    with refused(400, "InvalidKeyMaterial", "key material is invalid."):
        bring(b"n" * 32)
    bring(b"m" * 32)
    assert root.kms("Decrypt", CiphertextBlob=blob, EncryptionContext=json.loads(context))["Plaintext"] == "text"


def test_openssl_wraps_material_as_the_documentation_shows(root, tmp_path):
    key = root.kms("CreateKey", Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    parameters = {"WrappingAlgorithm": "RSAES_OAEP_SHA_1", "WrappingKeySpec": "RSA_2048"}
    given = root.kms("GetParametersForImport", KeyId=key, **parameters)
    public, material = files(tmp_path, public=un64(given["PublicKey"]), material=bytes(range(32)))
    options = ["-pubin", "-keyform", "DER", "-inkey", public, "-pkeyopt", "rsa_padding_mode:oaep"]
    code, wrapped = openssl("pkeyutl", "-encrypt", *options, "-in", material)
    assert code == 0
    parameters = {"EncryptedKeyMaterial": b64(wrapped), "ImportToken": given["ImportToken"]}
    root.kms("ImportKeyMaterial", KeyId=key, KeyMaterialExpireUnix=0, **parameters)
    assert root.kms("DescribeKey", KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
