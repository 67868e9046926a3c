"""The official clients behind one way to call: `client.ecs("CreateDisk", RegionId=..., Size=20)` gives the reply as a dictionary.

Names of actions, parameters and members are the vendor's. Nothing of the clients is changed; they are only told the endpoint.
"""

import contextlib
import dataclasses
import importlib
import json

from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import AccessKeyCredential, StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.models import Config
from darabonba.exceptions import UnretryableException

import server as process

VERSIONS = {"ecs": "2014-05-26", "kms": "2016-01-20", "ram": "2015-05-01", "sts": "2015-04-01"}
V2_PACKAGES = {
    "ecs": "alibabacloud_ecs20140526",
    "kms": "alibabacloud_kms20160120",
    "ram": "alibabacloud_ram20150501",
    "sts": "alibabacloud_sts20150401",
}
LEGACY_PACKAGES = {"ecs": "aliyunsdkecs.request.v20140526", "kms": "aliyunsdkkms.request.v20160120"}


@dataclasses.dataclass(frozen=True)
class Key:
    """An access key; with `token` a temporary one."""

    key_id: str
    secret: str
    token: str | None = None


ROOT = Key(process.ROOT_ID, process.ROOT_SECRET)


@dataclasses.dataclass
class Refusal(Exception):
    """An error that the server answered, as the client understood it."""

    status: int
    code: str
    message: str
    detail: dict | None = None

    @property
    def triple(self):
        return self.status, self.code, self.message


@contextlib.contextmanager
def refused(status, code, message=None):
    """Expects the block to be refused so; gives a one-element list that holds the refusal afterwards."""
    held = []
    try:
        yield held
    except Refusal as refusal:
        expected = (status, code, refusal.message if message is None else message)
        assert refusal.triple == expected
        held.append(refusal)
    else:
        raise AssertionError(f"{code} was expected, but the call succeeded")


class Client:
    """What the clients have in common: a call for each product."""

    def call(self, product, action, **parameters):
        raise NotImplementedError

    def ecs(self, action, **parameters):
        return self.call("ecs", action, **parameters)

    def kms(self, action, **parameters):
        return self.call("kms", action, **parameters)

    def ram(self, action, **parameters):
        return self.call("ram", action, **parameters)

    def sts(self, action, **parameters):
        return self.call("sts", action, **parameters)


class V2(Client):
    """The V2 SDKs: typed requests, signature V3 unless `config` says otherwise."""

    def __init__(self, server, key=ROOT, region=process.REGION, **config):
        # Some products' configurations are changed by their clients, so each gets its own.
        self.config = lambda: Config(
            **{
                "access_key_id": key.key_id,
                "access_key_secret": key.secret,
                "security_token": key.token,
                "region_id": region,
                "endpoint": server.address,
                "protocol": "HTTP",
            }
            | config
        )
        self.clients = {}

    def client(self, product):
        if product not in self.clients:
            module = importlib.import_module(f"{V2_PACKAGES[product]}.client")
            self.clients[product] = module.Client(self.config())
        return self.clients[product]

    def call(self, product, action, **parameters):
        models = importlib.import_module(f"{V2_PACKAGES[product]}.models")
        client = self.client(product)
        method = next(name for name in dir(client) if name.replace("_", "") == action.lower())
        try:
            if request_type := getattr(models, f"{action}Request", None):
                answer = getattr(client, method)(request_type().from_map(parameters))
            else:
                assert not parameters, f"{action} takes no parameters"
                answer = getattr(client, method)()
        except UnretryableException as error:
            # How the V4 gateway of the KMS client passes on what the server said.
            raise understood(error.inner_exception) from error
        except AlibabaCloudException as error:
            raise understood(error) from error
        assert answer.status_code == 200
        return answer.body.to_map()


def understood(error):
    """What the server said, from the V2 SDKs' exception."""
    data = error.data
    message = error.message.removeprefix(f"code: {data['statusCode']}, ").removesuffix(
        f" request id: {data['RequestId']}"
    )
    return Refusal(data["statusCode"], error.code, message, data.get("AccessDeniedDetail"))


class Legacy(Client):
    """The older SDKs: generated requests for ECS and KMS, common requests for RAM and STS, signature V1."""

    def __init__(self, server, key=ROOT, region=process.REGION, https=False):
        credential = (
            StsTokenCredential(key.key_id, key.secret, key.token)
            if key.token
            else AccessKeyCredential(key.key_id, key.secret)
        )
        self.endpoint = ("https://" if https else "http://") + server.address
        self.acs = AcsClient(region_id=region, credential=credential, verify=server.ca if https else None)

    def call(self, product, action, **parameters):
        request = self.request(product, action)
        request.set_endpoint(self.endpoint)
        request.set_accept_format("JSON")
        for name, value in parameters.items():
            # ECS has structures, set member by member; what other products take as such is a text of JSON.
            if product == "ecs" and isinstance(value, dict):
                for member, inner in value.items():
                    request.add_query_param(f"{name}.{member}", inner)
                continue
            if isinstance(value, (dict, list)) and not hasattr(request, f"set_{name}s"):
                value = json.dumps(value)
            setter = getattr(request, f"set_{name}", None) or getattr(request, f"set_{name}s", None)
            if setter is None:
                request.add_query_param(name, value)
            else:
                setter(value)
        return json.loads(self.send(request))

    def request(self, product, action):
        if package := LEGACY_PACKAGES.get(product):
            module = importlib.import_module(f"{package}.{action}Request")
            return getattr(module, f"{action}Request")()
        request = CommonRequest(version=VERSIONS[product], action_name=action, product=product)
        request.set_method("POST")
        return request

    def send(self, request):
        try:
            return self.acs.do_action_with_exception(request)
        except ServerException as error:
            raise Refusal(error.get_http_status(), error.get_error_code(), error.get_error_msg()) from error


KINDS = {
    "v2": V2,
    "v2_signing_v1": lambda server, key=ROOT, **more: V2(server, key, signature_algorithm="v2", **more),
    "v2_over_https": lambda server, key=ROOT, **more: V2(server, key, protocol="HTTPS", ca=server.ca, **more),
    "legacy": Legacy,
}
