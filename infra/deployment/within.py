"""Run a module with a deployed stage's settings: `-m infra.deployment.within STAGE MODULE …`.

The settings are those that the stage's functions run with now; the credentials are the caller's.
"""

import os
import runpy
import sys
from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError

from infra.deployment.cloud import Cloud
from infra.packaging.functions import InvalidSettings, read_functions
from infra.packaging.stages import load_stage

_ASKED = "sessions"
"""The function whose variables are taken: all have the same but for its own name."""


def main() -> int:
    """Run the command; its exit code."""
    if len(sys.argv) < 3:
        print("usage: python -m infra.deployment.within STAGE MODULE [ARGUMENT …]", file=sys.stderr)
        return 2
    try:
        os.environ.update(of_stage(sys.argv[1]))
    except (InvalidSettings, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)
        return 1
    del sys.argv[:2]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    return 0


def of_stage(stage: str) -> Mapping[str, str]:
    """The variables of a deployed stage. Raises `InvalidSettings` for one that there is not."""
    settings = load_stage(stage, read_functions())
    function = (
        Cloud(settings.region, stage)
        .client("lambda")
        .get_function_configuration(FunctionName=f"archive-{stage}-{_ASKED}")
    )
    variables: dict[str, str] = dict(function["Environment"]["Variables"])
    variables.pop("ARCHIVE_FUNCTION", None)
    return {**variables, "AWS_REGION": settings.region}


if __name__ == "__main__":
    sys.exit(main())
