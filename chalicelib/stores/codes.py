"""Challenges (codes that were sent) and the verification tokens they are exchanged for.

A challenge row holds the keyed digest of its code. The *slot* of its destination and purpose says
which challenge is the newest, counts the tries and is consumed: a newer challenge voids the older
by taking the slot, and every decision is a condition on that one row.
"""

import msgspec

from chalicelib.stores.expiry import expiring
from chalicelib.stores.keyring import Keyring, same, token_digest
from chalicelib.stores.tables import ConditionFailed, Key, Put, Row, Tables, Update, When, Write

MOST_TRIES = 5
"""Comparisons allowed per challenge (contract; R-21)."""

_OPEN, _USED = "open", "used"


class Proof(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a code proves: control of `destination`, for `purpose`.

    `account_id` is set where the code was sent for one account (second step of a sign-in).
    """

    purpose: str
    channel: str
    destination: str
    account_id: str | None = None


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """A code that was sent; `expires_at` in epoch seconds."""

    challenge_id: str
    proof: Proof
    digest: bytes
    slot: Key
    expires_at: int


class Codes:
    """Challenges and verification tokens in the `codes` table."""

    def __init__(self, tables: Tables, keyring: Keyring) -> None:
        self._tables = tables
        self._keyring = keyring

    def sending(self, challenge_id: str, proof: Proof, code: str, expires_at: int) -> list[Put]:
        """The writes that store a new challenge and void the one before it."""
        key, slot = _challenge(challenge_id), self._slot(proof)
        return [
            Put(
                "codes",
                {
                    "pk": key.pk,
                    "sk": key.sk,
                    "sealed": self._keyring.seal_document(proof, key),
                    "digest": self._code_digest(challenge_id, proof, code),
                    **expiring(key.pk, expires_at),
                },
            ),
            Put(
                "codes",
                {
                    "pk": slot.pk,
                    "sk": slot.sk,
                    "ref": challenge_id,
                    "state": _OPEN,
                    "count": 0,
                    **expiring(slot.pk, expires_at),
                },
            ),
        ]

    def pretending(
        self, challenge_id: str, proof: Proof, code: str, expires_at: int, message: Row
    ) -> list[Write]:
        """The writes that look like `sending` and its message, and void and send nothing.

        They store a challenge whose slot is another's; the rest is tidied with it.
        """
        challenge, slot = self.sending(challenge_id, proof, code, expires_at)
        pk = f"unsent#{challenge_id}"
        lapsing = expiring(pk, expires_at)
        return [
            challenge,
            Put("codes", {**slot.row, "pk": pk, "sk": "slot", **lapsing}),
            Put("codes", {**message, "pk": pk, "sk": "message", **lapsing}),
        ]

    def challenge(self, challenge_id: str, now: int) -> Challenge | None:
        """The challenge, unless it is unknown or past its time."""
        key = _challenge(challenge_id)
        row = self._tables.get(key)
        if row is None or int(row["expires_at"]) <= now:
            return None
        proof = self._keyring.open_document(row["sealed"], key, Proof)
        digest = row["digest"]
        assert isinstance(digest, bytes)  # noqa: S101 -- the column's type, for the reader
        return Challenge(
            challenge_id=challenge_id,
            proof=proof,
            digest=digest,
            slot=self._slot(proof),
            expires_at=int(row["expires_at"]),
        )

    def live_challenge(self, proof: Proof, now: int) -> Challenge | None:
        """The newest challenge of this destination and purpose, if it can still be used."""
        row = self._tables.get(self._slot(proof))
        if row is None or row.get("state") != _OPEN or int(row["count"]) >= MOST_TRIES:
            return None
        return self.challenge(str(row["ref"]), now)

    def take_try(self, challenge: Challenge, now: int) -> bool:
        """Count one try; False when none is left, or the challenge is voided, used or expired."""
        when = When(
            equal={"ref": challenge.challenge_id, "state": _OPEN},
            below={"count": MOST_TRIES},
            above={"expires_at": now},
        )
        try:
            self._tables.write(Update(challenge.slot, add={"count": 1}, when=when))
        except ConditionFailed:
            return False
        return True

    def matches(self, challenge: Challenge, code: str) -> bool:
        """Whether this is the code, compared in constant time. Take a try first."""
        mine = self._code_digest(challenge.challenge_id, challenge.proof, code)
        return same(mine, challenge.digest)

    def consuming(self, challenge: Challenge) -> Write:
        """The write that uses the challenge up; it fails when somebody was quicker."""
        when = When(equal={"ref": challenge.challenge_id, "state": _OPEN})
        return Update(challenge.slot, set={"state": _USED}, when=when)

    def issuing_token(self, token: str, proof: Proof, expires_at: int) -> Write:
        """The write that stores a verification token (its digest)."""
        key = _token(token)
        row = {
            "pk": key.pk,
            "sk": key.sk,
            "sealed": self._keyring.seal_document(proof, key),
            "state": _OPEN,
            **expiring(key.pk, expires_at),
        }
        return Put("codes", row, When(exists=False))

    def proof_of(self, token: str, purpose: str, now: int) -> Proof | None:
        """What an unspent token of this purpose proves; None for any other token."""
        key = _token(token)
        row = self._tables.get(key)
        if row is None or row.get("state") != _OPEN or int(row["expires_at"]) <= now:
            return None
        proof = self._keyring.open_document(row["sealed"], key, Proof)
        return proof if proof.purpose == purpose else None

    def spending(self, token: str, now: int) -> Update:
        """The write that spends the token; it fails when it is spent or past its time."""
        when = When(equal={"state": _OPEN}, above={"expires_at": now})
        return Update(_token(token), set={"state": _USED}, when=when)

    def _slot(self, proof: Proof) -> Key:
        index = self._keyring.index(f"slot.{proof.channel}", proof.destination)
        return Key("codes", f"slot#{index}", f"{proof.purpose}#{proof.account_id or '-'}")

    def _code_digest(self, challenge_id: str, proof: Proof, code: str) -> bytes:
        return self._keyring.mac("code", challenge_id, proof.purpose, proof.destination, code)


def _challenge(challenge_id: str) -> Key:
    return Key("codes", f"challenge#{challenge_id}", "-")


def _token(token: str) -> Key:
    return Key("codes", f"token#{token_digest(token)}", "-")
