"""Write a registry of invented people: `python -m infra.demo --people N --out DIR`.

The same seed makes the same people, and fewer people are the first of more. What is written is
described in infra/demo/writing.py.
"""

import argparse
import sys
from pathlib import Path

from infra.demo.writing import write_registry


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.demo", description=__doc__)
    parser.add_argument("--people", type=int, required=True, metavar="N")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-portraits", action="store_true")
    options = parser.parse_args(arguments)
    try:
        records = write_registry(
            options.out, options.people, seed=options.seed, portraits=not options.no_portraits
        )
    except ValueError as error:
        parser.error(str(error))
    print(f"{options.people:,} people with {records:,} records in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
