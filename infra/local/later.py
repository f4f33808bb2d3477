"""Let days pass for the running local archive: `python -m infra.local.later DAYS`.

Its clock goes ahead, and every schedule runs once as it then would: reminders are sent, drafts
lapse, accounts close. `make reset` brings the present back.
"""

import importlib
import sys
from typing import Any

from infra.local import environment
from infra.local.consumers import scheduled_event
from infra.local.gateway import LambdaContext
from infra.local.run import SCHEDULES

_DAY = 86_400


def main() -> int:
    """Run the command; its exit code."""
    try:
        days = float(sys.argv[1])
    except (IndexError, ValueError):
        print("usage: make later DAYS=22 (or a part of a day: 0.5)", file=sys.stderr)
        return 2
    environment.let_pass(round(days * _DAY))
    application: Any = importlib.import_module("app")
    for name in SCHEDULES:
        getattr(application, name)(scheduled_event(), LambdaContext(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
