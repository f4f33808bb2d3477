"""Staff: who owns data or keeps the archive running, and within which bounds (R-43)."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from chalicelib.domain.errors import FieldProblem, InvalidInput, invalid
from chalicelib.domain.institutions import Institution

Role = Literal["registrar", "reviewer", "operator"]


class Post(msgspec.Struct, frozen=True):
    """What somebody of the staff may do, and where.

    `scope` is a registrar's institution code or a reviewer's province; an operator has none.
    """

    role: Role
    scope: str | None = None


def parse_post(
    role: Role,
    *,
    institution_code: str | None,
    province: str | None,
    directory: Sequence[Institution],
) -> Post:
    """The post of a role with its scope, and no other one's. Raises `InvalidInput`."""
    given = {"institution_code": institution_code, "province": province}
    wanted = {"registrar": "institution_code", "reviewer": "province"}.get(role)
    odd = [name for name, value in given.items() if value is not None and name != wanted]
    if odd:
        raise InvalidInput(*(FieldProblem(name, "value_invalid") for name in odd))
    if wanted is None:
        return Post(role)
    scope = given[wanted]
    if scope is None:
        raise invalid(wanted, "required")
    if role == "registrar" and all(one.code != scope for one in directory):
        raise invalid("institution_code", "institution_unknown")
    if role == "reviewer" and all(one.province != scope for one in directory):
        raise invalid("province", "value_invalid")
    return Post(role, scope)
