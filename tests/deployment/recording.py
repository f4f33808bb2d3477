"""The recording of what each function asks of AWS, made beside the other tests: it takes long."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

DRIVEN_BY = ("tests/api", "tests/faults/test_expire_codes.py")
"""The tests whose calls are recorded: they go through every function's own entrance."""

LEFT_OUT = ("--ignore=tests/api/test_fuzz.py", "--ignore-glob=tests/api/test_*_states.py")
"""What goes those ways again and again by chance."""


@dataclass(frozen=True)
class Recording:
    """A run of those tests in a process of its own; it writes into `folder`."""

    folder: Path
    process: subprocess.Popen[bytes]

    def used(self) -> dict[str, list[list[str]]]:
        """`{function: [[action, resource], …]}`. Waits for the end; fails when a test failed."""
        assert self.process.wait() == 0, (self.folder / "output").read_text()[-2000:]
        found: dict[str, list[list[str]]] = json.loads((self.folder / "used.json").read_text())
        return found

    def end(self) -> None:
        """End it if it still runs."""
        self.process.kill()
        self.process.wait()


def record(folder: Path) -> Recording:
    """Start recording."""
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "tests.deployment.usage"]
    command += [*DRIVEN_BY, *LEFT_OUT, "--hypothesis-seed=0"]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            env=os.environ | {"USAGE_FILE": str(folder / "used.json")},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return Recording(folder, process)
