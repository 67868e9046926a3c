"""AssumeRoleWithSAML by the official SDK, with assertions that signxml signs."""

import base64
import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml import CanonicalizationMethod, XMLSigner, methods

import cloud
from clients import V2, Key, refused
from server import ACCOUNT

PROVIDER = f"acs:ram::{ACCOUNT}:saml-provider/directory"
ROLE = f"acs:ram::{ACCOUNT}:role/reader"
ISSUER = "https://directory.example.com/saml"
RECIPIENT = "https://signin.aliyun.com/saml-role/sso"
INVALID = (401, "AuthenticationFail.SAMLAssertion.Invalid")
ASSERTION = """
<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xs="http://www.w3.org/2001/XMLSchema"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" Version="2.0" ID="_a1" IssueInstant="{now}">
  <saml:Issuer>{issuer}</saml:Issuer>
  <saml:Subject>
    <saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">alice &amp; co</saml:NameID>
    <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
      <saml:SubjectConfirmationData NotOnOrAfter="{end}" Recipient="{recipient}"/>
    </saml:SubjectConfirmation>
  </saml:Subject>
  <saml:Conditions NotBefore="{now}" NotOnOrAfter="{end}">
    <saml:AudienceRestriction><saml:Audience>urn:alibaba:cloudcomputing</saml:Audience></saml:AudienceRestriction>
  </saml:Conditions>
  <saml:AttributeStatement>
    <saml:Attribute Name="https://www.aliyun.com/SAML-Role/Attributes/Role">
      <saml:AttributeValue xsi:type="xs:string">{role},{provider}</saml:AttributeValue>
    </saml:Attribute>
    <saml:Attribute Name="https://www.aliyun.com/SAML-Role/Attributes/RoleSessionName">
      <saml:AttributeValue xsi:type="xs:string">alice</saml:AttributeValue>
    </saml:Attribute>
  </saml:AttributeStatement>
</saml:Assertion>"""
RESPONSE = """<?xml version="1.0"?>
<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1" Version="2.0">
  <samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
  {}
</samlp:Response>"""


class Directory:
    """An identity provider with a key and a certificate of its own."""

    def __init__(self):
        self.key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "directory")])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder(name, name, self.key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        certificate = builder.sign(self.key, hashes.SHA256())
        self.certificate = certificate.public_bytes(serialization.Encoding.PEM).decode()

    def assertion(self, lasts_s=300, **signature):
        """An assertion, signed as providers do unless `signature` says otherwise."""
        at = lambda seconds: f"{datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds):%FT%TZ}"
        values = {"issuer": ISSUER, "recipient": RECIPIENT, "role": ROLE, "provider": PROVIDER}
        element = etree.fromstring(ASSERTION.format(now=at(-30), end=at(lasts_s), **values).strip())
        exclusive = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
        signer = XMLSigner(methods.enveloped, **{"c14n_algorithm": exclusive} | signature)
        signed = signer.sign(element, key=self.key, cert=self.certificate, reference_uri="_a1", id_attribute="ID")
        return etree.tostring(signed).decode()


@pytest.fixture(scope="module")
def directory():
    return Directory()


@pytest.fixture
def server(serve, directory, tmp_path):
    certificate = tmp_path / "directory.pem"
    certificate.write_text(directory.certificate)
    toml = f'[[saml]]\narn = "{PROVIDER}"\nissuer = "{ISSUER}"\ncertificates = ["{certificate}"]\n'
    return serve(toml=toml)


@pytest.fixture
def root(server):
    root = V2(server)
    root.ram("CreateRole", RoleName="reader", AssumeRolePolicyDocument=cloud.trust(Federated=[PROVIDER]))
    root.ram("AttachPolicyToRole", PolicyType="System", PolicyName="AliyunRAMReadOnlyAccess", RoleName="reader")
    return root


def assume(root, content):
    sent = base64.b64encode(RESPONSE.format(content).encode()).decode()
    return root.sts("AssumeRoleWithSAML", RoleArn=ROLE, SAMLProviderArn=PROVIDER, SAMLAssertion=sent)


def test_an_assertion_opens_a_session(server, root, directory):
    made = assume(root, directory.assertion())
    assert made["SAMLAssertionInfo"] == {
        "Issuer": ISSUER,
        "Recipient": RECIPIENT,
        "Subject": "alice & co",
        "SubjectType": "persistent",
    }
    assert made["AssumedRoleUser"]["Arn"] == f"acs:sts::{ACCOUNT}:assumed-role/reader/alice"
    session = made["Credentials"]
    key = Key(session["AccessKeyId"], session["AccessKeySecret"], session["SecurityToken"])
    reader = V2(server, key)
    assert reader.ram("ListRoles")["Roles"]["Role"][0]["RoleName"] == "reader"
    with refused(403, "NoPermission"):
        reader.ram("CreateUser", UserName="bob")


def test_what_the_provider_did_not_sign_so_opens_nothing(root, directory):
    good = directory.assertion()
    with refused(*INVALID):
        assume(root, good.replace("alice &amp; co", "mallory"))
    with refused(*INVALID):
        assume(root, Directory().assertion())
    with refused(*INVALID):
        assume(root, good.replace('ID="_a1"', 'ID="_a2"') + good)
    with refused(*INVALID):
        assume(root, directory.assertion(signature_algorithm="rsa-sha512"))
    with refused(*INVALID):
        assume(root, directory.assertion(c14n_algorithm=CanonicalizationMethod.CANONICAL_XML_1_0))
    with refused(401, "AuthenticationFail.SAMLAssertion.Expired"):
        assume(root, directory.assertion(lasts_s=-1))
    with refused(404, "EntityNotExist.SAMLProvider"):
        root.sts("AssumeRoleWithSAML", RoleArn=ROLE, SAMLProviderArn=f"{PROVIDER}2", SAMLAssertion="AAAA")
