"""Package a stage: `python -m infra.packaging STAGE` (ALLOW_DIRTY=1 for a trial)."""

import os
import sys
import time

from infra.packaging.checkout import CannotPackage
from infra.packaging.functions import InvalidSettings
from infra.packaging.package import Package, package


def main() -> int:
    """Package the stage named on the command line; the exit code."""
    if len(sys.argv) != 2:
        print("usage: python -m infra.packaging STAGE", file=sys.stderr)
        return 2
    started = time.monotonic()
    try:
        made = package(sys.argv[1], allow_dirty=os.environ.get("ALLOW_DIRTY") == "1")
    except (CannotPackage, InvalidSettings) as error:
        print(error, file=sys.stderr)
        return 1
    _tell(made, time.monotonic() - started)
    return 0


def _tell(made: Package, seconds: float) -> None:
    for name, file in made.zips.items():
        print(f"{name:12} {file.stat().st_size / 1e6:5.1f} MB  {file.name}")
    print(f"{len(made.planned)} functions, {len(made.template['Resources'])} resources")
    print(f"{made.template_file} in {seconds:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
