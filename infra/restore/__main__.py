"""Take a stage back: `python -m infra.restore STAGE AT` (AT as in 2026-11-23T22:00:00Z).

Tells what it would do. `GO=1` restores beside the live tables and compares, then asks before it
points the stage to them (`YES=1` is the answer beforehand).
"""

import os
import sys
from collections.abc import Sequence
from datetime import datetime

from infra.deployment.cloud import Cloud, DeploymentFailed
from infra.packaging.functions import InvalidSettings, read_functions
from infra.packaging.stages import load_stage
from infra.restore.drill import Drill, plan, restore
from infra.restore.tables import CannotRestore, PointInTime


def main() -> int:
    """Do what the command line says; the exit code."""
    if len(sys.argv) != 3:
        print("usage: python -m infra.restore STAGE AT", file=sys.stderr)
        return 2
    try:
        drill = _drill(sys.argv[1], sys.argv[2])
        if os.environ.get("GO") != "1":
            plan(drill)
        elif not restore(drill, _confirmed):
            print("the stage uses the tables it used; the restored ones stay")
    except (CannotRestore, DeploymentFailed, InvalidSettings) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _drill(stage: str, at: str) -> Drill:
    functions = read_functions()
    cloud = Cloud(load_stage(stage, functions).region, stage)
    return Drill(
        cloud=cloud,
        instant=instant_of(at),
        restorer=PointInTime(cloud.client("dynamodb")),
        functions=functions,
        tell=lambda line: print(line, flush=True),
    )


def instant_of(text: str) -> int:
    """An instant with its zone, in epoch seconds. Raises `CannotRestore`."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise CannotRestore(f"AT is not an instant like 2026-11-23T22:00:00Z: {text!r}")
    return int(read.timestamp())


def _confirmed(lines: Sequence[str]) -> bool:
    print("\n".join(lines))
    if os.environ.get("YES") == "1":
        return True
    return input("point the stage to the restored tables? [y/N] ").strip().lower() == "y"


if __name__ == "__main__":
    sys.exit(main())
