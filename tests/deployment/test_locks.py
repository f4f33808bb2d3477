"""The lock files: they hold what the requirements name, with hashes, and no place to fetch from."""

import re

import pytest

from infra.local.aws import ROOT

PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)
SOURCES = {"dev": ("requirements.txt", "requirements-dev.txt"), "aws": ("requirements-aws.txt",)}
SOURCES["scan"] = ("requirements-scan.txt",)


def pinned(name):
    return {
        (package.lower().replace("_", "-"), version)
        for package, version in PINNED.findall((ROOT / name).read_text())
    }


@pytest.mark.parametrize("lock", SOURCES)
def test_every_requirement_is_locked_at_its_version(lock):
    required = set().union(*(pinned(name) for name in SOURCES[lock]))
    assert required
    assert required - pinned(f"requirements-{lock}.lock") == set(), "run `make lock`"


@pytest.mark.parametrize("lock", SOURCES)
def test_every_locked_package_has_hashes_and_no_address(lock):
    text = (ROOT / f"requirements-{lock}.lock").read_text()
    entries = re.split(r"\n(?=[A-Za-z0-9])", text)
    assert all("--hash=sha256:" in entry for entry in entries if PINNED.match(entry))
    assert not re.search(r"index-url|find-links|://", text)
