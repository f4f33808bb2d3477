"""Import the Ministry's list of institutions: `python -m infra.import_institutions FILE`.

The exit code is 0 also when rows were refused (they are printed), and 2 when the file cannot be
read.
"""

import argparse
import sys
from pathlib import Path

from chalicelib.operations.import_institutions import import_institutions
from chalicelib.wiring import ports
from infra.import_report import run


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.import_institutions", description=__doc__
    )
    parser.add_argument("file", type=Path)
    options = parser.parse_args(arguments)
    return run(
        options.file,
        lambda source: import_institutions(source, directory=ports().institutions),
    )


if __name__ == "__main__":
    sys.exit(main())
