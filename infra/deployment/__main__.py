"""Deploy a stage, or go back: `python -m infra.deployment deploy|rollback STAGE`.

`YES=1` confirms beforehand, `ALLOW_DIRTY=1` packages what is not committed, `API_URL` tells where
an emulator's API answers (`{ApiId}` stands for its id).
"""

import os
import sys
import time
from collections.abc import Sequence

from infra.deployment.cloud import Cloud, DeploymentFailed
from infra.deployment.deploy import deploy, roll_back
from infra.packaging.checkout import CannotPackage
from infra.packaging.functions import InvalidSettings, read_functions
from infra.packaging.package import package
from infra.packaging.stages import load_stage


def main() -> int:
    """Do what the command line says; the exit code."""
    if len(sys.argv) != 3 or sys.argv[1] not in {"deploy", "rollback"}:
        print("usage: python -m infra.deployment deploy|rollback STAGE", file=sys.stderr)
        return 2
    command, stage = sys.argv[1:]
    try:
        return _deploy(stage) if command == "deploy" else _roll_back(stage)
    except (CannotPackage, InvalidSettings, DeploymentFailed) as error:
        print(error, file=sys.stderr)
        return 1


def _deploy(stage: str) -> int:
    started = time.monotonic()
    made = package(stage, allow_dirty=os.environ.get("ALLOW_DIRTY") == "1")
    cloud = Cloud(made.settings.region, stage)
    done = deploy(made, cloud, confirm=_confirmed, tell=print, api_url=os.environ.get("API_URL"))
    if done is None:
        print("nothing was changed")
        return 1
    print(f"{stage} answers at {done.api_url} ({time.monotonic() - started:.0f} s)")
    return 0


def _roll_back(stage: str) -> int:
    functions = read_functions()
    settings = load_stage(stage, functions)
    roll_back(stage, Cloud(settings.region, stage), functions, print)
    return 0


def _confirmed(lines: Sequence[str]) -> bool:
    print("\n".join(lines))
    return os.environ.get("YES") == "1" or input("deploy this? [y/N] ").strip().lower() == "y"


if __name__ == "__main__":
    sys.exit(main())
