"""The source that is packaged: tracked files only, unchanged since the last commit."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = (3, 13)
"""Chalice takes the runtime from the interpreter that packages."""

PACKAGED = ("app.py", "chalicelib", "requirements.txt", ".chalice/config.json")
"""What `chalice package` needs to see."""
DECIDING = (*PACKAGED, ".chalice", "infra", "requirements-dev.lock", "web")
"""All that decides what a package holds."""


class CannotPackage(Exception):  # noqa: N818 -- tells the operator what to do about it
    """The machine or the checkout is not fit to package from."""


def require_python(version: tuple[int, ...] = sys.version_info[:2]) -> None:
    """Raise `CannotPackage` unless this is the deployed Python."""
    if version[:2] != PYTHON:
        wanted, found = (".".join(map(str, one[:2])) for one in (PYTHON, version))
        raise CannotPackage(
            f"packaging needs Python {wanted}, this is {found}: "
            "make .venv with it (rm -rf .venv; make setup PYTHON=/path/to/python3.13)"
        )


def require_clean(root: Path = ROOT) -> None:
    """Raise `CannotPackage` when something that decides the package is not committed."""
    changed = _git(root, "status", "--porcelain", "--", *DECIDING).splitlines()
    if changed:
        shown = ", ".join(line[3:] for line in changed[:5])
        raise CannotPackage(f"not committed: {shown}; commit first (ALLOW_DIRTY=1 for a trial)")


def copy_source(target: Path, names: Sequence[str], root: Path = ROOT) -> None:
    """Copy files and folders of the checkout into `target`: no caches, no local files."""
    listing = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", *names)
    for name in filter(None, listing.split("\0")):
        if (root / name).is_file():  # one deleted but not committed is listed too
            place = target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, place)


def revision(root: Path = ROOT) -> str:
    """The commit that is checked out."""
    return _git(root, "rev-parse", "HEAD").strip()


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", root, *arguments], capture_output=True, text=True, check=True
    ).stdout
