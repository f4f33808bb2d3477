"""Write web/app/fields.js from the domain: `python -m infra.document_fields`.

The pages show records, let people choose what a report discloses and ask for corrections; which
fields there are, and what they are called, has one home in `chalicelib/domain`.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from chalicelib.domain.records import FACTS_OF, FAMILIES, Facts
from chalicelib.domain.statements import (
    DISCLOSABLE,
    REPORTABLE_FAMILY,
    ReportKind,
    disclosed_fields,
)
from chalicelib.domain.terms import label

MODULE = Path(__file__).parents[1] / "web" / "app" / "fields.js"

_HEAD = """\
/** Made by `make docs` from the domain: the fields of records and reports. Do not edit. */
"""


def render() -> str:
    """The module's text."""
    parts = {
        "FIELDS": {family: _fields(FACTS_OF[family]) for family in FAMILIES},
        "LABELS": _labels(),
        "REPORT_KINDS": {family: kind for kind, family in REPORTABLE_FAMILY.items()},
        "DISCLOSABLE": DISCLOSABLE,
        "PRESETS": {kind: _presets(kind) for kind in get_args(ReportKind)},
    }
    return _HEAD + "".join(
        f"\nexport const {name} = {_script(part)};\n" for name, part in parts.items()
    )


def _fields(facts: type[Facts]) -> tuple[str, ...]:
    """Who first, then the family's own fields, the note last."""
    own = [field for field in facts.__struct_fields__ if field not in Facts.__struct_fields__]
    common = [field for field in Facts.__struct_fields__ if field != "note"]
    return (*common, *own, "note")


def _labels() -> Mapping[str, tuple[str, str]]:
    """Labels by field, and by family and field where a family calls it otherwise."""
    found: dict[str, tuple[str, str]] = {}
    for family in FAMILIES:
        for field in (*_fields(FACTS_OF[family]), "photo"):
            text = label(field, family)
            both = (text.zh, text.en)
            if found.setdefault(field, both) != both:
                found[f"{family}.{field}"] = both
    return found


def _presets(kind: ReportKind) -> Mapping[str, tuple[str, ...]]:
    return {preset: disclosed_fields(kind, preset) for preset in ("full", "summary", "status")}


def _script(part: Any) -> str:
    return json.dumps(part, ensure_ascii=False, separators=(",", ": "))


def main() -> int:
    """Write the module."""
    MODULE.write_text(render(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
