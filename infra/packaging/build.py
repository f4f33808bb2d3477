"""Run `chalice package`: the application with its wheels, and the template before it is split."""

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.packaging.checkout import ROOT, CannotPackage

RESOURCES = ROOT / "infra" / "resources.json"
LOCK = ROOT / "requirements-dev.lock"

_BUILT_HERE = re.compile(r"^Tag: \S+-linux_\w+$", re.MULTILINE)
_PIN = re.compile(r"^[A-Za-z0-9._-]+(?:\[[^]]*\])?==[^\s\\]+(?: ;[^\\\n]*)?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Built:
    """What `chalice package` made: a folder with the unzipped package, and the SAM template."""

    folder: Path
    template: Mapping[str, Any]


def build(source: Path, work: Path, stage: str, region: str) -> Built:
    """Package the application in `source`; everything is written into `work`.

    Raises `CannotPackage` when Chalice fails, or when a wheel was compiled on this machine: it
    would be bound to this machine's C library and not load in the cloud.
    """
    constraints, out = work / "constraints.txt", work / "chalice"
    constraints.write_text("\n".join(_PIN.findall(LOCK.read_text())))
    _run_chalice(source, out, stage, region, constraints)
    folder = work / "unzipped"
    with zipfile.ZipFile(out / "deployment.zip") as package:
        package.extractall(folder)
    for wheel in built_here(folder):
        raise CannotPackage(f"{wheel} was compiled on this machine; pin a version with a wheel")
    return Built(folder, json.loads((out / "sam.json").read_text()))


def built_here(folder: Path) -> Iterator[str]:
    """Packages whose wheel has no portable platform tag."""
    for wheel in sorted(folder.glob("*.dist-info/WHEEL")):
        if _BUILT_HERE.search(wheel.read_text()):
            yield wheel.parent.name.removesuffix(".dist-info")


def _run_chalice(source: Path, out: Path, stage: str, region: str, constraints: Path) -> None:
    command: list[str | Path] = [
        Path(sys.executable).with_name("chalice"), "package", "--stage", stage,
        "--template-format", "json", "--merge-template", RESOURCES, out,
    ]  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = kept | {
        "STAGE": stage,
        "DELIVER_QUEUE": f"archive-{stage}-deliver",
        "BOUNCES_QUEUE": f"archive-{stage}-bounces",
        "OUTBOX_STREAM": "OutboxTable",  # by its logical id: the stream has no address yet
        "AWS_DEFAULT_REGION": region,
        "PIP_CONSTRAINT": str(constraints),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        command, cwd=source, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotPackage(f"chalice package failed:\n{done.stdout}{done.stderr}")
