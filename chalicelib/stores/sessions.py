"""Sessions and remembered devices: one row a session, tokens as digests only.

A token is a letter, the account's id, the session's id and 256 random bits, so that one read by
key finds the session. To everybody else it is opaque.

A refresh token that was used is *spent*. Used again within a minute it gets a fresh pair (the
first answer was lost); later it ends the session, since two hold it.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from chalicelib.domain.staff import Post
from chalicelib.stores.accounts import Person, ProofLevel
from chalicelib.stores.expiry import expiring
from chalicelib.stores.keyring import Keyring, same, token_digest
from chalicelib.stores.tables import (
    ABSENT,
    Check,
    ConditionFailed,
    Delete,
    Key,
    Put,
    Row,
    Tables,
    When,
    Write,
)

ACCESS_SECONDS = 900
IDLE_SECONDS = 1800
WHOLE_SECONDS = 43_200
STAFF_IDLE_SECONDS = 900
STAFF_WHOLE_SECONDS = 28_800
GRACE_SECONDS = 60
DEVICE_SECONDS = 90 * 86_400
MOST_SESSIONS = 20

_ID = 22
_SECRET = 43
_MOST_LIVE = 3
_MOST_SPENT = 50
_ENDED_AT_ONCE = 80
"""So many rows end in one commit: it has to hold what ends them, too."""


class Principal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who is signed in. `identities` are the proved ones; a student has no `post`.

    Once the consent is withdrawn, nothing of the archive is processed for them.
    """

    account_id: str
    session_id: str
    proof_level: ProofLevel
    identities: tuple[Person, ...] = ()
    proved_at: int | None = None
    language: str = "zh"
    post: Post | None = None
    consent_withdrawn: bool = False


class LiveToken(msgspec.Struct, frozen=True):
    """Digest of a token, and until when it serves (epoch seconds)."""

    digest: str
    until: int


class SpentToken(msgspec.Struct, frozen=True):
    """Digest of a used refresh token, and when it was used (epoch seconds)."""

    digest: str
    at: int


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session as stored. Instants in epoch seconds."""

    principal: Principal
    device: str
    place: str
    started_at: int
    last_used_at: int
    access: tuple[LiveToken, ...] = ()
    refresh: tuple[LiveToken, ...] = ()
    spent: tuple[SpentToken, ...] = ()
    version: int = 1

    @property
    def ends_at(self) -> int:
        """When the session ends for good (R-30)."""
        return self.started_at + (STAFF_WHOLE_SECONDS if self.principal.post else WHOLE_SECONDS)

    @property
    def idle_ends_at(self) -> int:
        """When it ends unless it is refreshed."""
        idle = STAFF_IDLE_SECONDS if self.principal.post else IDLE_SECONDS
        return min(self.ends_at, self.last_used_at + idle)


class TokenPair(msgspec.Struct, frozen=True):
    """A fresh pair of tokens, and the access token's life in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


RefreshVerdict = Literal["live", "grace", "reused", "unknown"]


class Sessions:
    """The `sessions` table: a partition per account."""

    def __init__(self, tables: Tables, keyring: Keyring) -> None:
        self._tables = tables
        self._keyring = keyring

    def of_access_token(self, token: str, now: int) -> Session | None:
        """The session an access token belongs to, while both serve."""
        session = self._of_token("a", token, now)
        if session is None:
            return None
        digest = token_digest(token)
        live = any(same(held.digest, digest) and now < held.until for held in session.access)
        return session if live else None

    def of_refresh_token(self, token: str, now: int) -> tuple[Session | None, RefreshVerdict]:
        """The session of a refresh token, and what the token is to it."""
        session = self._of_token("r", token, now)
        if session is None:
            return None, "unknown"
        digest = token_digest(token)
        if any(same(held.digest, digest) for held in session.refresh):
            return session, "live"
        for spent in session.spent:
            if same(spent.digest, digest):
                return session, "grace" if now - spent.at <= GRACE_SECONDS else "reused"
        return None, "unknown"

    def starting(self, session: Session) -> Put:
        """The write that starts a session."""
        return Put("sessions", self._row(session), ABSENT)

    def changing(self, session: Session) -> Put:
        """The write that replaces a session (given as read) by its next version."""
        following = msgspec.structs.replace(session, version=session.version + 1)
        return Put("sessions", self._row(following), When(equal={"version": session.version}))

    def change(self, session: Session) -> bool:
        """Replace the session now; False when somebody was quicker."""
        try:
            self._tables.write(self.changing(session))
        except ConditionFailed:
            return False
        return True

    def live(self, account_id: str, now: int) -> Sequence[Session]:
        """The account's sessions that have not ended, the newest first."""
        rows = self._tables.query("sessions", f"account#{account_id}", prefix="session#").rows
        sessions = [self._open(row) for row in rows if int(row["expires_at"]) > now]
        return sorted(sessions, key=lambda session: session.started_at, reverse=True)

    def end(self, account_id: str, session_id: str) -> bool:
        """End one session at once; False when there is none.

        The deletion is without a condition, so that repeating it after a lost answer is no error.
        """
        key = session_key(account_id, session_id)
        if self._tables.get(key) is None:
            return False
        self._tables.write(Delete(key))
        return True

    def standing(self, principal: Principal) -> Check:
        """The check that the session a request came with was not ended meanwhile."""
        return Check(session_key(principal.account_id, principal.session_id), When(exists=True))

    def ending(self, account_id: str, session_id: str) -> Write:
        """The write that ends a session."""
        return Delete(session_key(account_id, session_id))

    def ending_all(self, account_id: str, *, but: str | None = None) -> list[Delete]:
        """The writes that end every session of the account, and forget its devices.

        `but` is the id of a session that stays; the devices stay with it. Sessions come first; of
        more than 80 rows the rest is left to the next call.
        """
        rows = self._tables.query("sessions", f"account#{account_id}", newest_first=True).rows
        keys = [Key("sessions", str(row["pk"]), str(row["sk"])) for row in rows]
        if but is not None:
            keys = [
                key for key in keys if key.sk.startswith("session#") and key.sk != f"session#{but}"
            ]
        return [Delete(key) for key in keys[:_ENDED_AT_ONCE]]

    def remembering(self, account_id: str, device_token: str, now: int) -> Put:
        """The write that remembers a device."""
        key = _device_key(account_id, device_token)
        row: Row = {
            "pk": key.pk,
            "sk": key.sk,
            **expiring(key.pk, now + DEVICE_SECONDS),
        }
        return Put("sessions", row)

    def knows_device(self, account_id: str, device_token: str, now: int) -> bool:
        """Whether the device was remembered for this account."""
        row = self._tables.get(_device_key(account_id, device_token))
        return row is not None and int(row["expires_at"]) > now

    def _of_token(self, letter: str, token: str, now: int) -> Session | None:
        if len(token) != 1 + 2 * _ID + _SECRET or token[0] != letter:
            return None
        account_id, session_id = token[1 : 1 + _ID], token[1 + _ID : 1 + 2 * _ID]
        row = self._tables.get(session_key(account_id, session_id))
        if row is None or int(row["expires_at"]) <= now:
            return None
        return self._open(row)

    def _open(self, row: Row) -> Session:
        key = Key("sessions", str(row["pk"]), str(row["sk"]))
        return self._keyring.open_document(row["sealed"], key, Session)

    def _row(self, session: Session) -> Row:
        key = session_key(session.principal.account_id, session.principal.session_id)
        return {
            "pk": key.pk,
            "sk": key.sk,
            "version": session.version,
            "sealed": self._keyring.seal_document(session, key),
            **expiring(key.pk, session.idle_ends_at),
        }


def with_fresh_pair(
    session: Session, *, secrets: tuple[str, str], now: int, used: str | None
) -> tuple[Session, TokenPair]:
    """The session with a new pair of tokens.

    `secrets` are two random texts of 43 characters. `used` is the refresh token this answers: it
    is spent from now on. Older live tokens stay until they lapse, so that a lost answer and two
    tabs do no harm; at most three of a kind serve.
    """
    ids = session.principal.account_id + session.principal.session_id
    access, refresh = "a" + ids + secrets[0], "r" + ids + secrets[1]
    access_until = min(now + ACCESS_SECONDS, session.ends_at)
    used_digest = token_digest(used) if used else None
    kept = [held for held in session.refresh if held.digest != used_digest]
    spent = session.spent
    if used_digest and all(one.digest != used_digest for one in spent):
        spent = (*spent, SpentToken(used_digest, now))[-_MOST_SPENT:]
    refreshed = msgspec.structs.replace(
        session,
        last_used_at=now,
        access=(*_serving(session.access, now), LiveToken(token_digest(access), access_until))[
            -_MOST_LIVE:
        ],
        refresh=(*kept, LiveToken(token_digest(refresh), session.ends_at))[-_MOST_LIVE:],
        spent=spent,
    )
    return refreshed, TokenPair(access, refresh, access_until - now)


def session_key(account_id: str, session_id: str) -> Key:
    """Where a session stands."""
    return Key("sessions", f"account#{account_id}", f"session#{session_id}")


def _device_key(account_id: str, device_token: str) -> Key:
    return Key("sessions", f"account#{account_id}", f"device#{token_digest(device_token)}")


def _serving(tokens: tuple[LiveToken, ...], now: int) -> tuple[LiveToken, ...]:
    return tuple(token for token in tokens if token.until > now)
