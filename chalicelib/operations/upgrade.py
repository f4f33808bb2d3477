"""专升本: whether a junior-college graduate may go on to a bachelor's programme."""

import msgspec

from chalicelib.domain.matching import upgrade_eligible
from chalicelib.operations.archive import bound_records
from chalicelib.operations.ports import Ports
from chalicelib.stores.sessions import Principal


class Eligibility(msgspec.Struct, frozen=True):
    """Whether a recognised junior-college credential is bound."""

    eligible: bool


def upgrade_eligibility(ports: Ports, principal: Principal) -> Eligibility:
    """Yes or no, and nothing else of the records. Raises `proof_required`."""
    records = (bound.record for bound in bound_records(ports, principal))
    return Eligibility(upgrade_eligible(records))
