"""Replies kept by `Idempotency-Key`, so that a retry gets the first outcome.

A row is claimed before the work, and completed inside the commit of the work itself: a crash
leaves either nothing (the claim lapses and the retry works) or the whole outcome.
"""

import msgspec

from chalicelib.domain.errors import Refusal
from chalicelib.stores.expiry import expiring
from chalicelib.stores.keyring import Keyring, same
from chalicelib.stores.tables import (
    ConditionFailed,
    Delete,
    Key,
    Put,
    Row,
    Tables,
    Update,
    When,
)

KEEP_SECONDS = 86_400
CLAIM_SECONDS = 30
"""How long a claim stands when its worker died: longer than any function's timeout."""

_RUNNING, _DONE = "running", "done"


class StoredReply(msgspec.Struct, frozen=True):
    """Status and body (JSON bytes) of an answer."""

    status: int
    body: bytes


class Claim(msgspec.Struct, frozen=True):
    """The right to do the work of one key; `owner` tells this worker from a later one."""

    key: Key
    owner: str


class Idempotency:
    """Claims and replies in the `codes` table."""

    def __init__(self, tables: Tables, keyring: Keyring) -> None:
        self._tables = tables
        self._keyring = keyring

    def claim(
        self, scope: str, idempotency_key: str, body: str, *, owner: str, now: int
    ) -> Claim | StoredReply:
        """Claim the key, or the reply of the first request with it.

        `scope` names caller and route. Raises `Refusal`: `idempotency_key_reused` when the body
        differs, `request_in_progress` while the first request is still at work.
        """
        digest = self._keyring.mac("idempotency.key", scope, idempotency_key).hex()
        key = Key("codes", f"idempotency#{digest}", "-")
        # The key, which is kept nowhere, salts the digest: no password is guessed from a body's.
        body_digest = self._keyring.mac("idempotency.body", idempotency_key, body)
        row: Row = {
            "pk": key.pk,
            "sk": key.sk,
            "state": _RUNNING,
            "digest": body_digest,
            "ref": owner,
            "lease": now + CLAIM_SECONDS,
            **expiring(key.pk, now + KEEP_SECONDS),
        }
        try:
            self._tables.write(Put("codes", row, When(lapsed_at=now)))
        except ConditionFailed as failure:
            return self._answer(failure.rows.get(key), row, key, now)
        return Claim(key, owner)

    def completing(self, claim: Claim, reply: StoredReply) -> Update:
        """The write that keeps the reply; it fails when the claim was taken over."""
        sealed = self._keyring.seal_document(reply, claim.key)
        return Update(
            claim.key,
            set={"state": _DONE, "sealed": sealed},
            when=When(equal={"state": _RUNNING, "ref": claim.owner}),
        )

    def complete(self, claim: Claim, reply: StoredReply) -> None:
        """Keep a reply that needed no commit (a refusal)."""
        try:
            self._tables.write(self.completing(claim, reply))
        except ConditionFailed:
            return  # completed inside its commit, or taken over

    def abandon(self, claim: Claim) -> None:
        """Give the key back: nothing was done, the same request may be tried again."""
        when = When(equal={"state": _RUNNING, "ref": claim.owner})
        try:
            self._tables.write(Delete(claim.key, when))
        except ConditionFailed:
            return

    def _answer(self, found: Row | None, mine: Row, key: Key, now: int) -> Claim | StoredReply:
        if found is None:
            raise Refusal("request_in_progress", retry_after=1)
        if found.get("ref") == mine["ref"]:
            return Claim(key, str(mine["ref"]))
        if not same(_bytes(found.get("digest")), _bytes(mine["digest"])):
            raise Refusal("idempotency_key_reused")
        if found.get("state") == _DONE:
            return self._keyring.open_document(found["sealed"], key, StoredReply)
        if int(found["lease"]) > now:
            raise Refusal("request_in_progress", retry_after=1)
        return self._take_over(found, mine, key)

    def _take_over(self, found: Row, mine: Row, key: Key) -> Claim:
        when = When(equal={"state": _RUNNING, "ref": found["ref"]})
        change = {"ref": mine["ref"], "lease": mine["lease"]}
        try:
            self._tables.write(Update(key, set=change, when=when))
        except ConditionFailed:
            raise Refusal("request_in_progress", retry_after=1) from None
        return Claim(key, str(mine["ref"]))


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""
