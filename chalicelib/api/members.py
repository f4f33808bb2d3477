"""Members that the bodies of several functions have."""

from typing import Annotated

import msgspec

Token = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
"""A token of the archive's own, or a code."""

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
"""What a person has to say."""


class TokenBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The token of a link in a message."""

    token: Token


class ConsentBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which text was agreed to."""

    version: str
    accepted: bool
