"""Every benchmark, each in a process of its own: `python -m benchmarks`."""

import subprocess
import sys
from pathlib import Path

COMMON = {"__init__", "__main__", "embedded"}


def main() -> int:
    """Run them one after the other; 1 when one failed."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py"))
    failed = 0
    for name in names:
        if name not in COMMON:
            print(f"\n== {name}", flush=True)
            module = f"benchmarks.{name}"
            failed |= subprocess.run([sys.executable, "-m", module], check=False).returncode
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
