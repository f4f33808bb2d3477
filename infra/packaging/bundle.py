"""From the unzipped package to small zips that are the same for the same input.

Left out: what only Chalice's command line needs, tests, what other services need of botocore.
Put in: bytecode, without which every cold start compiles all modules again.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.packaging.functions import Package

SERVICES = ("dynamodb", "kms", "s3", "ses", "sns", "sqs", "ssm", "sts")
"""The AWS services that the functions call; of the others botocore's data is left out."""

MOST_BYTES = 50 * 1024 * 1024
"""What Lambda takes as a zip without further ado."""

COMMAND_LINE_ONLY = (
    "ansicon", "bin", "blessed", "chalice/cli", "chalice/deploy", "chalice/templates", "click",
    "_distutils_hack", "distutils-precedence.pth", "editor.py", "inquirer", "jinxed", "packaging",
    "pip", "pkg_resources", "pycparser", "readchar", "runs.py", "setuptools", "wcwidth", "wheel",
    "xmod", "yaml", "_yaml",
)  # fmt: skip
"""What Chalice's command line requires and no function imports."""

POWERTOOLS = tuple(
    f"aws_lambda_powertools/{name}"
    for name in (
        "event_handler", "utilities/auth_alpha", "utilities/batch", "utilities/circuit_breaker",
        "utilities/data_classes", "utilities/data_masking", "utilities/feature_flags",
        "utilities/idempotency", "utilities/kafka", "utilities/parameters", "utilities/parser",
        "utilities/streaming", "utilities/validation",
    )
)  # fmt: skip
"""Of Powertools only logging and metrics are used."""

NOT_NEEDED = (
    *COMMAND_LINE_ONLY,
    *POWERTOOLS,
    "dns",  # email_validator asks the DNS only where it is told to
)
"""What no function imports; the import check of the deployment test would miss it otherwise."""

PDF_LIBRARIES = (
    "typst", "pyhanko", "pyhanko_certvalidator",
    "aiohappyeyeballs", "aiohttp", "aiosignal", "asn1crypto", "attr", "attrs", "certifi",
    "frozenlist", "lxml", "multidict", "oscrypto", "propcache", "tzlocal", "uritools", "yarl",
)  # fmt: skip
"""What draws and signs PDFs, with all that it requires: a layer of its own, which seldom changes.
The typesetter alone is 31 MB zipped."""
REPORT_ONLY = "chalicelib/assets/report"
"""Fonts and template, which only the functions that draw reports carry."""

NO_DOCSTRINGS = '''"""In place of the makers of docstrings for clients: no function reads one."""


class NoDocstring(str):
    """Empty, whatever it is made from."""

    def __new__(cls, *_arguments, **_named):
        return super().__new__(cls)


ClientMethodDocstring = PaginatorDocstring = WaiterDocstring = NoDocstring
'''

Contents = Mapping[str, Path]
"""The files of a zip by their names in it."""

_TESTS = ("tests", "test", "testing")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def cut(folder: Path) -> None:
    """Remove from the unzipped package what no function needs."""
    for name in NOT_NEEDED:
        _remove(folder / name)
    for name in _TESTS:
        for place in list(folder.glob(f"*/{name}")):
            _remove(place)
    for cache in list(folder.rglob("__pycache__")):
        _remove(cache)
    _cut_stdnum(folder / "stdnum")
    _cut_phonenumbers(folder / "phonenumbers")
    _cut_botocore(folder / "botocore" / "data")
    _cut_documentation(folder / "botocore" / "docs")


def compile_bytecode(folder: Path) -> None:
    """Compile every module; the files carry the source's hash, so that they stay valid in a zip."""
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    command: list[str | Path] = [
        sys.executable, "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash",
        "-s", folder, "-p", "/var/task", folder,
    ]  # fmt: skip
    subprocess.run(command, env=environment, check=True)


def package_files(folder: Path, package: Package) -> Contents:
    """What a function's zip holds."""
    left_out = [folder / name for name in PDF_LIBRARIES]
    left_out += [folder / REPORT_ONLY] if package == "lean" else []
    return {
        file.relative_to(folder).as_posix(): file
        for file in _files(folder)
        if not any(file.is_relative_to(place) for place in left_out)
    }


def layer_files(folder: Path) -> Contents:
    """What the layer for PDFs holds: Lambda looks for Python modules in `python/`."""
    return {
        f"python/{file.relative_to(folder).as_posix()}": file
        for name in PDF_LIBRARIES
        for file in _files(folder / name)
    }


def write_zip(contents: Contents, target: Path) -> str:
    """Write a zip; its digest. The same contents always give the same bytes.

    Raises `ValueError` when Lambda would not take it.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, file in sorted(contents.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    if target.stat().st_size > MOST_BYTES:
        raise ValueError(f"{target.name} has {target.stat().st_size} bytes, over {MOST_BYTES}")
    return hashlib.sha256(target.read_bytes()).hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file())


def _cut_stdnum(stdnum: Path) -> None:
    """Of the standard numbers only the check digits are used, not those of single countries."""
    for place in stdnum.iterdir():
        if place.is_dir() and place.name != "iso7064":
            _remove(place)
    _remove(stdnum / "oui.dat")


def _cut_phonenumbers(phonenumbers: Path) -> None:
    """Mainland mobile numbers are the only ones; a region's rules are a file, read when needed."""
    for place in (*phonenumbers.glob("data/region_*"), *phonenumbers.glob("shortdata/region_*")):
        if place.stem != "region_CN":
            _remove(place)


def _cut_botocore(data: Path) -> None:
    for service in data.iterdir():
        if service.is_dir() and service.name not in SERVICES:
            _remove(service)
    endpoints = data / "endpoints.json"
    known = json.loads(endpoints.read_text())
    for partition in known["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in SERVICES if name in services}
    endpoints.write_text(json.dumps(known, separators=(",", ":")))


def _cut_documentation(docs: Path) -> None:
    """Botocore loads its documentation with every client; keep what its handlers are made of."""
    for place in list(docs.iterdir()):
        if place.name != "utils.py":
            _remove(place)
    (docs / "__init__.py").touch()
    (docs / "docstring.py").write_text(NO_DOCSTRINGS)


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
