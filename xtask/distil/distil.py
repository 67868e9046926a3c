"""Distils the vendor's API descriptions into metadata/{product}.json.

    distil.py OPENAPI_DIR OUT_DIR

OPENAPI_DIR holds one folder per product, as aliyun-openapi-meta lays them out: version.json and one file per
action. Every action that has a file is kept. The official Python SDK of each product must be importable by the
interpreter that runs this: its models give the responses, and the request parameters that the metadata leaves out.

Only facts are kept (names, types, nesting, whether required); descriptions are not.
"""

import ast
import importlib
import importlib.metadata
import inspect
import json
import sys
import textwrap
import typing
from pathlib import Path

METADATA_ORIGIN = "aliyun-openapi-meta 2026-04"

# What a scalar is called in a response, and in a request as the metadata spells it. The SDK's int does not tell
# Integer from Long, so a parameter known only from the SDK gets the wider one.
RESPONSE_TYPES = {str: "string", int: "integer", bool: "boolean", float: "number"}
REQUEST_TYPES = {str: "String", int: "Long", bool: "Boolean", float: "Float"}


class Sdk:
    """The models of one product's official Python SDK package."""

    def __init__(self, product, version):
        self.package = f"alibabacloud_{product}{version.replace('-', '')}"
        self.release = importlib.metadata.version(self.package)
        self._models = importlib.import_module(f"{self.package}.models")

    def response(self, action):
        """The shape of an action's response body, or None if the SDK does not know the action."""
        body = getattr(self._models, f"{action}ResponseBody", None)
        return body and response_shape(body)

    def request(self, action):
        """The parameters of an action, named as on the wire. Actions without parameters have no request model."""
        model = getattr(self._models, f"{action}Request", None)
        if model is None:
            return {}
        # The "shrink" twin of a request is what is really sent: a list or map that is a string there travels as JSON.
        shrunk = getattr(self._models, f"{action}ShrinkRequest", model)
        sent = dict(fields(shrunk))
        return parameters(
            (name, dict if sent[name] is str and kind is not str else kind) for name, kind in fields(model)
        )


def fields(model):
    """Yields the wire name and the Python type of each field of an SDK model.

    The types are annotations of the constructor. The wire names are only in the code, as the literals that
    from_map reads: `if m.get('DiskId') is not None: self.disk_id = m.get('DiskId')`.
    """
    names = {}
    body = ast.parse(textwrap.dedent(inspect.getsource(model.from_map))).body[0].body
    for statement in body:
        if isinstance(statement, ast.If):
            targets = [
                node.attr
                for line in statement.body
                for node in ast.walk(line)
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
            ]
            names[targets[0]] = statement.test.left.args[0].value
    for field, kind in typing.get_type_hints(model.__init__).items():
        yield names[field], kind


def is_model(kind):
    return inspect.isclass(kind) and hasattr(kind, "from_map")


def response_shape(kind):
    """A scalar's type name, the fields of an object, or a one-element list with the shape of a list's items."""
    if is_model(kind):
        return {name: response_shape(field) for name, field in fields(kind)}
    if typing.get_origin(kind) is list:
        return [response_shape(*typing.get_args(kind))]
    return RESPONSE_TYPES.get(kind, "any")


def parameters(sdk_fields):
    """Request fields of the SDK in the metadata's terms. An object is flattened: `SystemDisk.Size`."""
    result = {}
    for name, kind in sdk_fields:
        parameter = {"required": False, "source": "sdk"}
        if is_model(kind):
            result |= {f"{name}.{inner}": value for inner, value in parameters(fields(kind)).items()}
            continue
        if typing.get_origin(kind) is list:
            parameter["type"] = "RepeatList"
            (item,) = typing.get_args(kind)
            if is_model(item):
                parameter["items"] = parameters(fields(item))
        else:
            parameter["type"] = REQUEST_TYPES.get(kind, "Json")
        result[name] = parameter
    return result


def documented(entries):
    """The parameters of one metadata file, without their descriptions."""
    result = {}
    for entry in entries:
        parameter = {"type": entry["type"], "required": entry["required"]}
        if entry["position"] != "Query":
            parameter["position"] = entry["position"]
        if entry.get("sub_parameters"):
            parameter["items"] = documented(entry["sub_parameters"])
        result[entry["name"]] = parameter
    return result


def add_missing(known, extra):
    """Adds to `known` the parameters that only the SDK has, inside lists of objects too."""
    for name, parameter in extra.items():
        if name in known:
            if "items" in parameter:
                add_missing(known[name].setdefault("items", {}), parameter["items"])
        # The metadata spells some short lists out (`Filter.1.Key`): the same parameters under other names.
        elif f"{name}.1.Key" not in known:
            known[name] = parameter


def distil(folder):
    """The whole content of one product's file."""
    index = json.loads((folder / "version.json").read_text())
    sdk = Sdk(folder.name, index["version"])
    actions = {}
    for path in folder.glob("*.json"):
        if path.name == "version.json":
            continue
        api = json.loads(path.read_text())
        action = api["name"]
        known = documented(api["parameters"])
        add_missing(known, sdk.request(action))
        actions[action] = {
            "methods": api["method"].split("|"),
            "deprecated": api.get("deprecated", False),
            "parameters": known,
            "response": sdk.response(action),
        }
    return {
        "product": folder.name.capitalize(),
        "version": index["version"],
        "origin": f"{METADATA_ORIGIN}; PyPI {sdk.package} {sdk.release}",
        "actions": actions,
    }


def render(value, depth=0):
    """JSON with sorted keys; each parameter and each top field of a response is a line, so that a change reads well."""
    if depth == 4 or not isinstance(value, dict) or not value:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    indent = "\n" + " " * (depth + 1)
    lines = (f"{json.dumps(key)}: {render(value[key], depth + 1)}" for key in sorted(value))
    return "{" + indent + ("," + indent).join(lines) + "\n" + " " * depth + "}"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, target = (Path(argument) for argument in sys.argv[1:])
    for folder in sorted(source.iterdir()):
        (target / f"{folder.name}.json").write_text(render(distil(folder)) + "\n")


if __name__ == "__main__":
    main()
