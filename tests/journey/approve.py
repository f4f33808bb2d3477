"""The reviewers' yes to a change of identity: `python -m tests.journey.approve REVIEW_ID`."""

import sys

from chalicelib import wiring
from chalicelib.operations.change_identity import approve_identity

if __name__ == "__main__":
    change = wiring.ports().cases.identity_change(sys.argv[1], wiring.ports().now())
    assert change is not None, "no such review"
    approve_identity(wiring.ports(), change, actor="staff:reviewer")
