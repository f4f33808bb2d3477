"""Invite the first operator of a stage: `python -m infra.first_operator EMAIL [--name NAME]`.

The invitation is mailed; on a local run its link is printed as well. The exit code is 1 while an
operator serves or is invited: operators invite the others.
"""

import argparse
import sys

from chalicelib.domain.errors import InvalidInput, Refusal
from chalicelib.operations.ports import Ports
from chalicelib.operations.staff import OperatorExists, create_first_operator
from chalicelib.wiring import ports, settings


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.first_operator", description=__doc__)
    parser.add_argument("email")
    parser.add_argument("--name", default="管理员", help="the operator's name")
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    options = parser.parse_args(arguments)
    return invite(ports(), options, link_shown=settings().stage == "local")


def invite(ports: Ports, options: argparse.Namespace, *, link_shown: bool) -> int:
    """Make the account and say what happened; the exit code."""
    try:
        link = create_first_operator(
            ports, email=options.email, name=options.name, language=options.language
        )
    except OperatorExists:
        print("there is an operator already, who can invite others", file=sys.stderr)
        return 1
    except InvalidInput as refusal:
        for problem in refusal.problems:
            print(problem.detail("en"), file=sys.stderr)
        return 2
    except Refusal as refusal:
        print(refusal.code, file=sys.stderr)
        return 1
    print("the invitation is on its way to the operator's mailbox; it is open for 7 days")
    if link_shown:
        print(link)
    return 0


if __name__ == "__main__":
    sys.exit(main())
