"""Pages of lists: `limit`, and cursors that are sealed, bound to caller and query, for a day."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.routes import Listing
from chalicelib.domain.errors import Refusal
from chalicelib.stores.keyring import SealBroken
from chalicelib.stores.tables import Key

CURSOR_SECONDS = 86_400


class Paging(msgspec.Struct, frozen=True):
    """The query of a list."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    cursor: str | None = None


class _Cursor(msgspec.Struct, frozen=True):
    after: str
    until: int


def page_of(call: Call, items: Sequence[Any], *, extra: str = "") -> Listing:
    """A page of a list that is whole in memory; `extra` names what else the query depends on."""
    start = int(_after(call, extra) or 0)
    end = start + call.query.limit
    following = _sealed(call, str(end), extra) if end < len(items) else None
    return Listing(list(items[start:end]), following)


def page_from(
    call: Call,
    read: Callable[[int, str | None], tuple[Sequence[Any], str | None]],
    *,
    extra: str = "",
) -> Listing:
    """A page of a stored list; `read` takes limit and where to go on, and answers both."""
    items, following = read(call.query.limit, _after(call, extra))
    return Listing(list(items), _sealed(call, following, extra) if following else None)


def _after(call: Call, extra: str) -> str | None:
    """Where the cursor says to go on. Raises `cursor_invalid`."""
    if call.query.cursor is None:
        return None
    try:
        text = call.query.cursor
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = call.ports.keyring.open_document(sealed, _place(call, extra), _Cursor)
    except (SealBroken, binascii.Error, ValueError, msgspec.DecodeError):
        raise Refusal("cursor_invalid") from None
    if cursor.until <= call.ports.now():
        raise Refusal("cursor_invalid")
    return cursor.after


def _sealed(call: Call, after: str, extra: str) -> str:
    cursor = _Cursor(after, call.ports.now() + CURSOR_SECONDS)
    sealed = call.ports.keyring.seal_document(cursor, _place(call, extra))
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _place(call: Call, extra: str) -> Key:
    """A cursor opens only for its route, caller and query."""
    return Key("codes", f"cursor#{call.scope}", f"{extra}#{call.query.limit}")
