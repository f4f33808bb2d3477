"""Make the demo registry and import it: `python -m infra.local.load_demo --people N`.

That it is loaded is noted in the embedded AWS itself, so that the note is lost with the data.
"""

import argparse
import sys
from typing import Any

import boto3

from chalicelib.domain.records import FAMILIES
from infra import import_institutions, import_records
from infra.demo import __main__ as make_registry
from infra.local.environment import DEMO

PEOPLE = 200
_NOTE = "/archive/local/demo-data"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.load_demo", description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE, metavar="N")
    parser.add_argument("--once", action="store_true", help="do nothing if it was done before")
    options = parser.parse_args(arguments)
    notes = boto3.client("ssm")
    if options.once and _is_noted(notes):
        return 0
    failed = _load(options.people)
    if not failed:
        notes.put_parameter(Name=_NOTE, Value=str(options.people), Type="String", Overwrite=True)
    return failed


def _load(people: int) -> int:
    """Make and import; the exit code of the first step that fails, else 0."""
    return (
        make_registry.main(["--people", str(people), "--out", str(DEMO)])
        or import_institutions.main([str(DEMO / "institutions.csv")])
        or max(import_records.main(_arguments(family)) for family in FAMILIES)
    )


def _arguments(family: str) -> list[str]:
    return [family, str(DEMO / f"{family}.csv"), "--photos", str(DEMO / "photos.json")]


def _is_noted(notes: Any) -> bool:
    return bool(notes.get_parameters(Names=[_NOTE])["Parameters"]) and DEMO.exists()


if __name__ == "__main__":
    sys.exit(main())
