"""What a function loads before its first request, in a process of its own."""

import json
import os
import subprocess
import sys

import pytest

LOADED = """
import gc, json, sys
import app
assert gc.isenabled()
from chalicelib import wiring
print(json.dumps([sorted(sys.modules), wiring.ports.cache_info().currsize]))
"""
SETTINGS = {
    "STAGE": "test",
    "AWS_REGION": "ap-southeast-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "PHOTOS_BUCKET": "photos",
    "QUARANTINE_BUCKET": "quarantine",
    "MAIL_SENDER": "archive@example.com",
    "PUBLIC_ORIGIN": "http://127.0.0.1",
    "IDENTITY_CHECKER": "demo:unused",
}


def loaded(**variables):
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        env={"PATH": os.environ["PATH"], **SETTINGS, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    modules, ports = json.loads(done.stdout)
    return set(modules), ports


@pytest.mark.parametrize(
    ("function", "needless"),
    [
        ("query", {"chalicelib.operations.remind", "chalicelib.operations.register", "stdnum"}),
        ("relay", {"chalicelib.operations.remind", "chalicelib.api.query"}),
    ],
)
def test_a_function_loads_what_it_needs(function, needless):
    modules, _ = loaded(ARCHIVE_FUNCTION=function)
    heavy = {"boto3", "s3transfer", "argon2", "PIL", "typst", "pypinyin"}
    assert modules & (needless | heavy) == set()


def test_in_lambda_the_ports_are_made_before_the_first_request():
    assert loaded(ARCHIVE_FUNCTION="query")[1] == 0
    assert loaded(ARCHIVE_FUNCTION="query", AWS_LAMBDA_FUNCTION_NAME="archive-dev-query")[1] == 1
