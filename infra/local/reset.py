"""Drop the local run's data: `python -m infra.local.reset`."""

import shutil
import sys

from infra.local import aws, environment
from infra.local.run import CannotRun, lock_folder


def main() -> int:
    """Run the command; its exit code."""
    try:
        with lock_folder():
            aws.end_leftover(environment.FOLDER)
            shutil.rmtree(environment.FOLDER)
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
