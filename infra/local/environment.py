"""The variables of a local run: what the application reads as its settings."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from infra.local.aws import ROOT

FOLDER = Path(os.environ.get("LOCAL_FOLDER") or ROOT / ".local").resolve()
"""Where a run keeps everything; `LOCAL_FOLDER` names another, so that two runs are strangers."""
DEMO = FOLDER / "demo"
CLOCK = FOLDER / "clock"
"""By how many seconds the run's clock is ahead."""
MAIL_SENDER = "archive@archive.example"

_CHOSEN = (
    "LIMITS",
    "LOG_LEVEL",
    "CORS_ORIGINS",
    "SMS_DAILY_BUDGET",
    "OPERATOR_NAME_ZH",
    "OPERATOR_NAME_EN",
    "OPERATOR_DOMAIN",
)
_NOTE = FOLDER / "environment.json"


class NotRunning(Exception):  # noqa: N818 -- says what the developer can do about it
    """There is no local run whose archive a command could work on."""


def of_run(outputs: Mapping[str, str], aws: Mapping[str, str], port: int) -> Mapping[str, str]:
    """The variables of a run on `port`, kept for the commands that work on its archive.

    `outputs` are those of the stack, `aws` the variables of its clients. Of the caller's own
    variables those that choose something are kept.
    """
    variables = {
        **{name: os.environ[name] for name in _CHOSEN if name in os.environ},
        **aws,
        "STAGE": "local",
        "PHOTOS_BUCKET": outputs["PhotosBucket"],
        "QUARANTINE_BUCKET": outputs["QuarantineBucket"],
        "MAIL_SENDER": MAIL_SENDER,
        "PUBLIC_ORIGIN": f"http://127.0.0.1:{port}",
        "IDENTITY_CHECKER": f"demo:{DEMO / 'people.json'}",
        "CLOCK_FILE": str(CLOCK),
    }
    _NOTE.write_text(json.dumps(variables, indent=2))
    return variables


def of_present_run() -> Mapping[str, str]:
    """The variables of the run that was started last. Raises `NotRunning`."""
    try:
        variables: dict[str, str] = json.loads(_NOTE.read_text())
    except FileNotFoundError:
        raise NotRunning("nothing runs here; start it with `make run`") from None
    return variables


def forget() -> None:
    """The run has ended."""
    Path.unlink(_NOTE, missing_ok=True)


def let_pass(seconds: int, clock: Path = CLOCK) -> None:
    """The run's clock goes ahead by so much more."""
    ahead = int(clock.read_text()) if clock.exists() else 0
    written = clock.with_suffix(".new")
    written.write_text(str(ahead + seconds))
    written.replace(clock)  # whoever reads it meanwhile reads a whole number
