"""Requests signed by hand, after the vendor's pages "Signature mechanism" (V1) and "V3 request structure", so that they can be bent.

Nothing here shares code with a client or with the server.
"""

import base64
import datetime
import hashlib
import hmac
import http.client
import json
import urllib.parse
import uuid

from clients import ROOT

ECS_VERSION = "2014-05-26"


def percent(text):
    """RFC 3986: everything but letters, digits and `-_.~` as `%XX`."""
    return urllib.parse.quote(text, safe="~")


def stamp(minutes=0):
    """Now, or some minutes from now, as a timestamp."""
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def query_of(parameters):
    return "&".join(f"{percent(name)}={percent(value)}" for name, value in sorted(parameters.items()))


def v1_string(method, parameters):
    """The string to sign of V1."""
    return f"{method}&%2F&{percent(query_of(parameters))}"


def v1(action, key=ROOT, method="GET", remove=(), **parameters):
    """The signed parameters of a V1 request; a parameter given replaces the usual one, one in `remove` is left out before signing."""
    whole = {
        "Action": action,
        "Version": ECS_VERSION,
        "Format": "JSON",
        "AccessKeyId": key.key_id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": str(uuid.uuid4()),
        "Timestamp": stamp(),
    }
    if key.token:
        whole["SecurityToken"] = key.token
    whole |= parameters
    for name in remove:
        del whole[name]
    digest = hmac.new(f"{key.secret}&".encode(), v1_string(method, whole).encode(), hashlib.sha1).digest()
    return whole | {"Signature": base64.b64encode(digest).decode()}


def v3(
    address, action, key=ROOT, method="POST", query=None, body=b"", content_type=None, path="/", headers=None, remove=()
):
    """The headers of a V3 request; headers given replace or add to the usual ones, all signed, those in `remove` are left out."""
    whole = {
        "host": address,
        "x-acs-action": action,
        "x-acs-version": ECS_VERSION,
        "x-acs-date": stamp(),
        "x-acs-signature-nonce": str(uuid.uuid4()),
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
    }
    if content_type:
        whole["content-type"] = content_type
    if key.token:
        whole |= {"x-acs-accesskey-id": key.key_id, "x-acs-security-token": key.token}
    whole |= headers or {}
    for name in remove:
        del whole[name]
    names = sorted(whole)
    lines = "".join(f"{name}:{whole[name].strip()}\n" for name in names)
    signed = ";".join(names)
    payload = hashlib.sha256(body).hexdigest()
    canonical = "\n".join([method, path, query_of(query or {}), lines, signed, payload])
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.new(key.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    authorization = f"ACS3-HMAC-SHA256 Credential={key.key_id},SignedHeaders={signed},Signature={signature}"
    return whole | {"Authorization": authorization}


class Answer:
    """What came back."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        """Status, code and message."""
        return self.status, self.json["Code"], self.json["Message"]


def send(server, target="/", method="GET", body=None, headers=None):
    """Sends one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def send_v1(server, parameters, method="GET", form=False, path="/", **more):
    """Sends V1 parameters in the query or as a form."""
    text = query_of(parameters)
    if not form:
        return send(server, f"{path}?{text}", method, **more)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} | more.pop("headers", {})
    return send(server, path, "POST", body=text, headers=headers, **more)


def send_v3(server, action, query=None, body=b"", method="POST", path="/", **more):
    """Signs a V3 request and sends it."""
    headers = v3(server.address, action, query=query, body=body, method=method, path=path, **more)
    target = path + (f"?{query_of(query)}" if query else "")
    return send(server, target, method, body=body, headers=headers)
