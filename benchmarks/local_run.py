"""The local run: seconds from start to the first answer, and memory after a journey.

    python -m benchmarks.local_run

Memory is the resident set (RSS) of the run and of its embedded AWS, shared pages counted in each.
"""

import json
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import urllib3

from tests.journey.server import LocalServer, free_port
from tests.journey.student import Student

REPORT = {"kind": "credential", "language": "zh+en", "valid_months": 3, "disclosure": "full"}


def seconds_to_first_answer(server: LocalServer) -> tuple[float, float]:
    """Until it answers, and until the demo data is loaded as well."""
    first: list[float] = []
    started = time.perf_counter()

    def noted() -> None:
        while not first:
            with suppress(urllib3.exceptions.HTTPError):
                server.call("GET", "/")
                first.append(time.perf_counter() - started)
            time.sleep(0.02)

    watcher = threading.Thread(target=noted)
    watcher.start()
    server.start()
    loaded = time.perf_counter() - started
    watcher.join()
    return first[0], loaded


def journey(server: LocalServer) -> None:
    """One student up to a report's PDF."""
    student = Student(server, server.people()[0], "student@example.com").arrive()
    record = student.records("credentials")[0]
    report = student.call("POST", "/reports", REPORT | {"record_id": record["record_id"]}).json
    assert student.get(f"/reports/{report['report_id']}/pdf").status == 200


def resident_megabytes(pid: int) -> float:
    answer = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    return int(answer.stdout) / 1024


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        server = LocalServer(Path(name) / "local", free_port())
        try:
            first, loaded = seconds_to_first_answer(server)
            journey(server)
            aws_pid = json.loads((server.folder / "aws.json").read_text())["pid"]
            run, aws = resident_megabytes(server.pid), resident_megabytes(aws_pid)
        finally:
            started = time.perf_counter()
            server.end()
            ended = time.perf_counter() - started
        again, loaded_again = seconds_to_first_answer(server)
        server.end()
    print(f"{'first start: first answer':40}{first:8.1f} s")
    print(f"{'first start: demo data loaded':40}{loaded:8.1f} s")
    print(f"{'end by Ctrl-C':40}{ended:8.1f} s")
    print(f"{'second start: first answer':40}{again:8.1f} s")
    print(f"{'second start: ready':40}{loaded_again:8.1f} s")
    print(f"{'memory after a journey: the run':40}{run:8.0f} MB")
    print(f"{'memory after a journey: embedded AWS':40}{aws:8.0f} MB")
    print(f"{'memory after a journey: sum':40}{run + aws:8.0f} MB")


if __name__ == "__main__":
    main()
