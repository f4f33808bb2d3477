"""Which tables a deployed stage uses: its own, or ones that were restored beside them.

The tables of `RESTORED` are restored together, all to one instant, under their names with a suffix
that tells the instant: `archive-prod-accounts-r20261123220000`. The suffix stands in the template
of the stack: in every function's variables and in the ARNs of its role, so that a function can
reach no other table than those it uses. The stack's output `DATA_SUFFIX` keeps it for the next
deployment. The tables that the stack itself has made stay in it, and stay as they are.
"""

import copy
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.stores.tables import RESTORED

OUTPUT = "DataSuffix"
VARIABLE = "DATA_SUFFIX"

_NONE = "-"
"""An output may not be empty."""
_SUFFIX = r"-r\d{14}"
_ARN = re.compile(rf"(:table/archive-\$\{{Stage\}}-(?:{'|'.join(RESTORED)}))({_SUFFIX})?(?=/|$)")
_VERSION = re.compile(r"(\w+Version[0-9a-f]{10})(?:R\d{14})?")

Template = Mapping[str, Any]


def suffix_of(instant: int) -> str:
    """The suffix of tables restored to an instant (epoch seconds)."""
    return f"-r{datetime.fromtimestamp(instant, UTC):%Y%m%d%H%M%S}"


def present_suffix(outputs: Mapping[str, str]) -> str:
    """The suffix in use by a stack's outputs; empty for the stack's own tables."""
    suffix = outputs.get(OUTPUT, _NONE)
    return "" if suffix == _NONE else suffix


def pointed(template: Template, suffix: str) -> Template:
    """The same template with its functions and roles at the tables of that suffix.

    A function's published version is a copy of its variables: each is published anew.
    """
    made: dict[str, Any] = copy.deepcopy(dict(template))
    made["Outputs"] = {**made.get("Outputs", {}), OUTPUT: {"Value": suffix or _NONE}}
    made["Resources"] = {
        _version_name(name, suffix): _pointed_resource(resource, suffix)
        for name, resource in made["Resources"].items()
    }
    return made


def _pointed_resource(resource: dict[str, Any], suffix: str) -> dict[str, Any]:
    match resource["Type"]:
        case "AWS::Lambda::Function":
            variables = resource["Properties"]["Environment"]["Variables"]
            variables.pop(VARIABLE, None)
            if suffix:
                variables[VARIABLE] = suffix
        case "AWS::IAM::Role":
            return dict(_with_arns(resource, suffix))
        case "AWS::Lambda::Alias":
            version = resource["Properties"]["FunctionVersion"]["Fn::GetAtt"]
            version[0] = _version_name(version[0], suffix)
    return resource


def _with_arns(part: Any, suffix: str) -> Any:
    """The same with the suffix at the end of the tables' names."""
    if isinstance(part, str):
        return _ARN.sub(lambda found: found[1] + suffix, part)
    if isinstance(part, Mapping):
        return {name: _with_arns(value, suffix) for name, value in part.items()}
    if isinstance(part, list):
        return [_with_arns(value, suffix) for value in part]
    return part


def _version_name(name: str, suffix: str) -> str:
    found = _VERSION.fullmatch(name)
    return found[1] + suffix.removeprefix("-").upper() if found else name
