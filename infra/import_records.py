"""Import one family's records: `python -m infra.import_records FAMILY FILE`.

The columns are described in docs/columns.md. The exit code is 0 also when rows were refused (they
are printed), and 2 when the file cannot be read.
"""

import argparse
import sys
import time
from pathlib import Path

from chalicelib.domain.instants import china_date
from chalicelib.domain.records import FAMILIES
from chalicelib.operations.file_records import RecordFiling
from chalicelib.operations.import_records import import_records
from chalicelib.wiring import ports
from infra.demo_photos import keep_listed_photos
from infra.import_report import run, show_progress


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.import_records", description=__doc__)
    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument("file", type=Path)
    parser.add_argument("--photos", type=Path, help="a list photos.json, as the demo registry has")
    options = parser.parse_args(arguments)
    now = int(time.time())
    photos = keep_listed_photos(ports(), options.photos, options.family) if options.photos else {}
    return run(
        options.file,
        lambda source: import_records(
            source,
            family=options.family,
            registry=RecordFiling(ports()),
            today=china_date(now),
            now=now,
            photos=photos,
            on_progress=show_progress,
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
