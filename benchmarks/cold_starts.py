"""Cold starts of the packaged functions, beside the naive package and a bare botocore client.

    python -m benchmarks.cold_starts

Packages the stage `dev`, and once more as `chalice package` alone leaves it: all routes in one
function, no bytecode, everything of every library. Each function is then started in fresh
processes from its unpacked zip, with nothing else on the path but Lambda's runtime client, in
turns with the others, so that whatever else the machine does meets all alike. Times are of the
CPU, for what Lambda does before a function's first request: awslambdaric loads the handler, and
with it the function makes its client of DynamoDB. Memory is the resident set then. Last, the stage
is deployed to the embedded AWS, which checks every call against IAM.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore

from infra.deployment.cloud import Cloud
from infra.deployment.deploy import deploy
from infra.local import aws
from infra.packaging import build, checkout
from infra.packaging.package import Package, package
from tests.deployment.emulation import API, embedded_aws, emulated
from tests.deployment.runtime import link_runtime

STAGE = "dev"
ROUNDS = 7
"""Counted ones; a first round fills the machine's file cache."""
COLUMNS = ("function", "MB", "s", "statements", "zip MB", "init ms", "of naive",
           "of botocore", "RSS MB")  # fmt: skip
NAIVE, BOTOCORE = "all in one, naive", "bare botocore client"

STARTER = """
import json, sys, time
sys.path[:0] = json.loads(sys.argv[1])
from awslambdaric.bootstrap import _get_handler
started = time.process_time()
%s
spent = time.process_time() - started
(memory,) = (line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(json.dumps([spent * 1000, int(memory) / 1024]))
"""
FUNCTION = STARTER % "_get_handler(sys.argv[2])"
CLIENT = (
    STARTER
    % """
import botocore.session
botocore.session.get_session().create_client("dynamodb", region_name="ap-southeast-1")
"""
)


@dataclass(frozen=True, slots=True)
class Start:
    """One process to be started: the program, its path, its handler and its variables."""

    program: str
    places: Sequence[str]
    handler: str
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Figures:
    """CPU milliseconds, and megabytes."""

    init: float
    memory: float


def starts(made: Package, naive: Path, folder: Path) -> Mapping[str, Start]:
    """What is started, by the name it is shown under."""
    unzipped = {name: _unzip(file, folder / name) for name, file in made.zips.items()}
    runtime = str(link_runtime(folder / "runtime"))
    functions = {}
    for planned in made.planned:
        properties = made.template["Resources"][f"{planned.id}Function"]["Properties"]
        places = [unzipped[made.functions[planned.name].package], runtime]
        if "Layers" in properties:
            places.append(f"{unzipped['typesetter']}/python")
        functions[planned.name] = Start(FUNCTION, places, planned.handler, _variables(properties))
    everything = {k: v for k, v in functions["query"].variables.items() if k != "ARCHIVE_FUNCTION"}
    installed = str(Path(botocore.__file__).parents[1])
    return functions | {
        NAIVE: Start(FUNCTION, [str(naive), runtime], "app.app", everything),
        BOTOCORE: Start(CLIENT, [installed, runtime], "", everything),
        f"{BOTOCORE}, cut": Start(CLIENT, functions["query"].places, "", everything),
    }


def measured(wanted: Mapping[str, Start]) -> Mapping[str, Figures]:
    """Medians of fresh processes, in turns."""
    seen: dict[str, list[Sequence[float]]] = defaultdict(list)
    for number in range(ROUNDS + 1):
        for name, start in wanted.items():
            answer = _started(start)
            if number:
                seen[name].append(answer)
    return {
        name: Figures(*map(statistics.median, zip(*answers, strict=True)))
        for name, answers in seen.items()
    }


def _started(start: Start) -> Sequence[float]:
    done = subprocess.run(
        # -B: like Lambda's, this file system takes no bytecode while running
        [sys.executable, "-B", "-I", "-S", "-c", start.program, json.dumps(start.places),
         start.handler],
        env=dict(start.variables), cwd=start.places[0], capture_output=True, text=True, check=True,
    )  # fmt: skip
    figures: Sequence[float] = json.loads(done.stdout)
    return figures


def _variables(properties: Mapping[str, Any]) -> Mapping[str, str]:
    """The function's variables, as they are once CloudFormation has filled them in."""
    return {
        name: value if isinstance(value, str) else "a@example.com"
        for name, value in properties["Environment"]["Variables"].items()
        if name != "ORIGIN_DIGESTS"
    } | {"STAGE": STAGE, "AWS_REGION": aws.REGION, "AWS_LAMBDA_FUNCTION_NAME": "archive"}


def _unzip(file: Path, folder: Path) -> str:
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
    return str(folder)


def chalice_alone(folder: Path) -> tuple[Path, float, float]:
    """The same application as `chalice package` leaves it: its folder, megabytes and seconds."""
    started = time.perf_counter()
    (folder / "source").mkdir(parents=True)
    checkout.copy_source(folder / "source", checkout.PACKAGED)
    made = build.build(folder / "source", folder, STAGE, aws.REGION)
    size = (folder / "chalice" / "deployment.zip").stat().st_size
    return made.folder, size / 1e6, time.perf_counter() - started


def seconds_to_deploy(made: Package) -> float:
    """From the made package to the last answer of the smoke test, on an empty embedded AWS."""
    with embedded_aws() as running:
        cloud = Cloud(made.settings.region, STAGE, running.endpoint)
        started = time.perf_counter()
        deploy(
            emulated(made),
            cloud,
            confirm=lambda _: True,
            tell=lambda _: None,
            api_url=running.endpoint + API,
        )
        return time.perf_counter() - started


def table(made: Package, figures: Mapping[str, Figures], naive_size: float) -> Sequence[str]:
    """The functions as rows of a table, and what they are measured beside."""
    naive, client = figures[NAIVE], figures[BOTOCORE]
    lines = [
        f"| {' | '.join(COLUMNS)} |",
        "| --- " * len(COLUMNS) + "|",
    ]
    for name, one in figures.items():
        facts = ["", "", "", f"{naive_size:.1f}" if name == NAIVE else ""]
        if name in made.functions:
            facts = _facts(made, name)
        lines.append(
            f"| {name} | {' | '.join(facts)} | {one.init:.0f} | {one.init / naive.init:.2f} "
            f"| {one.init / client.init:.2f} | {one.memory:.0f} |"
        )
    return lines


def _facts(made: Package, name: str) -> list[str]:
    settings, (planned,) = made.functions[name], (p for p in made.planned if p.name == name)
    resources = made.template["Resources"]
    properties = resources[f"{planned.id}Function"]["Properties"]
    (policy,) = resources[f"{planned.id}Role"]["Properties"]["Policies"]
    size = made.zips[settings.package].stat().st_size
    if "Layers" in properties:
        size += made.zips["typesetter"].stat().st_size
    statements = len(policy["PolicyDocument"]["Statement"])
    return [str(properties["MemorySize"]), str(properties["Timeout"]), str(statements),
            f"{size / 1e6:.1f}"]  # fmt: skip


def main() -> None:
    load = os.getloadavg()[0]
    started = time.perf_counter()
    made = package(STAGE, allow_dirty=True)
    packaging = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        naive, naive_size, naive_seconds = chalice_alone(folder / "naive")
        figures = measured(starts(made, naive, folder))
    print("\n".join(table(made, figures, naive_size)))
    deploying = seconds_to_deploy(made)
    print(f"\npackaging {packaging:.0f} s; chalice package alone {naive_seconds:.0f} s")
    for name, file in made.zips.items():
        print(f"{name}.zip {file.stat().st_size / 1e6:.1f} MB")
    print(f"deploying {deploying:.0f} s; from `make deploy` to the smoke test's last answer "
          f"{packaging + deploying:.0f} s")  # fmt: skip
    print(f"load {load:.1f} at the beginning, {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
