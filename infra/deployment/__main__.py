"""Deploy a stage, go back, redrive: `python -m infra.deployment COMMAND STAGE …`.

`deploy STAGE`, `rollback STAGE`, `dead-letters STAGE` (how many wait in each queue) and
`redrive STAGE QUEUE` (hand the dead letters of a queue over to it once more).

`YES=1` confirms beforehand, `ALLOW_DIRTY=1` packages what is not committed, `RENEW_ORIGIN_SECRET=1`
gives CloudFront a new secret, `API_URL` tells where an emulator's API answers (`{ApiId}` stands for
its id).
"""

import os
import sys
import time
from collections.abc import Sequence

from infra.deployment import dead_letters
from infra.deployment.cloud import Cloud, DeploymentFailed
from infra.deployment.deploy import deploy, roll_back
from infra.packaging.checkout import CannotPackage
from infra.packaging.functions import InvalidSettings, read_functions
from infra.packaging.package import package
from infra.packaging.stages import load_stage


def main() -> int:
    """Do what the command line says; the exit code."""
    try:
        match sys.argv[1:]:
            case ["deploy", stage]:
                return _deploy(stage)
            case ["rollback", stage]:
                return _roll_back(stage)
            case ["dead-letters", stage]:
                return _dead_letters(stage)
            case ["redrive", stage, queue]:
                return _redrive(stage, queue)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except (CannotPackage, InvalidSettings, DeploymentFailed) as error:
        print(error, file=sys.stderr)
        return 1


def _deploy(stage: str) -> int:
    started = time.monotonic()
    made = package(stage, allow_dirty=os.environ.get("ALLOW_DIRTY") == "1")
    cloud = Cloud(made.settings.region, stage)
    done = deploy(
        made,
        cloud,
        confirm=_confirmed,
        tell=print,
        api_url=os.environ.get("API_URL"),
        renew_origin_secret=os.environ.get("RENEW_ORIGIN_SECRET") == "1",
    )
    if done is None:
        print("nothing was changed")
        return 1
    seconds = time.monotonic() - started
    print(f"{stage} answers at {done.outputs['PagesUrl']} ({seconds:.0f} s)")
    return 0


def _roll_back(stage: str) -> int:
    roll_back(stage, _cloud(stage), read_functions(), print)
    return 0


def _dead_letters(stage: str) -> int:
    cloud = _cloud(stage)
    for name in dead_letters.queue_names(cloud):
        print(f"{name}: {dead_letters.waiting(cloud, dead_letters.queues_of(cloud, name))}")
    return 0


def _redrive(stage: str, queue: str) -> int:
    cloud = _cloud(stage)
    queues = dead_letters.queues_of(cloud, queue)
    print(f"{dead_letters.redrive(cloud, queues)} handed over to {queue} of {stage} once more")
    return 0


def _cloud(stage: str) -> Cloud:
    return Cloud(load_stage(stage, read_functions()).region, stage)


def _confirmed(lines: Sequence[str]) -> bool:
    print("\n".join(lines))
    return os.environ.get("YES") == "1" or input("deploy this? [y/N] ").strip().lower() == "y"


if __name__ == "__main__":
    sys.exit(main())
