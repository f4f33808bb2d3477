"""Run a module with the local run's settings: `python -m infra.local.within MODULE …`."""

import os
import runpy
import sys

from infra.local.environment import NotRunning, of_present_run


def main() -> int:
    """Run the command; its exit code."""
    if len(sys.argv) < 2:
        print("usage: python -m infra.local.within MODULE [ARGUMENT …]", file=sys.stderr)
        return 2
    try:
        os.environ.update(of_present_run())
    except NotRunning as error:
        print(error, file=sys.stderr)
        return 1
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
