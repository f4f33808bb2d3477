"""Accounts, registration drafts, and the items that make phone, e-mail and document unique.

account#<id>            -                the account
account#<id>            consent#<kind>   the consent it was opened with
account#<id>            leaving          what is left of a closed account until all is erased
unique#<kind>#<index>   -                ref = the account that holds the value
nobody                  -                read where there is no account, to take as long
draft#<digest>          -                a registration waiting for its yes or no
draft#<digest>          consent          the consent, stored before anything is processed
confirmation#<digest>   -                an e-mail address waiting to be confirmed
undo#<digest>           -                ref = the account whose contacts a token puts back

A phone or e-mail that was given up stays the account's own, with `expires_at`, while the change
can be undone: nobody else can take it meanwhile, and it names no account.
"""

from typing import Literal

import msgspec

from chalicelib.domain.documents import DocumentType
from chalicelib.domain.staff import Post
from chalicelib.stores.expiry import expiring
from chalicelib.stores.keyring import Keyring, token_digest
from chalicelib.stores.tables import (
    ABSENT,
    Check,
    ConditionFailed,
    Delete,
    Key,
    Put,
    Row,
    Tables,
    Update,
    When,
    Write,
)

ProofLevel = Literal["phone", "identity", "document"]
UniqueKind = Literal["document", "email", "phone"]
MailTrouble = Literal["bounced", "complained"]
"""Why an address takes no mail: it does not exist, or its owner called our mail spam."""

_OPEN, _CONFIRMED = "open", "confirmed"
_DRAFT_KEPT_SECONDS = 86_400


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """Which text was agreed to, and when (epoch seconds).

    `version` is what the client said it showed; `in_force` the published version at that moment,
    of which `digest` is.
    """

    kind: str
    version: str
    in_force: str
    digest: str
    at: int


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody says they are, normalised."""

    name: str
    document_type: DocumentType
    document_number: str


class Authenticator(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticator app (RFC 6238). `secret` is base32; `recovery` holds digests.

    It serves once it is `confirmed`. `last_step` is the last time step whose code was used: no
    code works twice.
    """

    secret: str
    confirmed: bool = False
    last_step: int = 0
    recovery: tuple[str, ...] = ()


class Invitation(msgspec.Struct, frozen=True):
    """Digest of the token that sets an account's first password, and until when it serves."""

    digest: str
    until: int


class ContactChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change of phone or e-mail that can be undone `until` then, and what stood before it.

    `digest` is of the token that undoes it. The authenticator is the one of that time as well.
    """

    digest: str
    kind: str
    until: int
    phone: str
    email: str
    email_confirmed: bool
    phone_changed_at: int | None = None
    email_changed_at: int | None = None
    authenticator: Authenticator | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One person's account. Instants in epoch seconds.

    One of the staff has a `post`, and neither phone nor document (both are empty). Without a
    `password` nobody signs in; `invitation` sets the first one.

    `identities` are the proved ones, the present first; `person` is shown even while unproved.
    `closes_at` is set while the account is closing. `sessions_ended_at` is when all sessions were
    last ended, but for `session_kept`: one begun until then must not go on (see `ended`).
    `contact_changes` are those that can be undone, the oldest first.
    """

    account_id: str
    email: str
    phone: str
    person: Person
    password: str
    proof_level: ProofLevel
    language: str
    created_at: int
    proved_at: int | None = None
    email_confirmed: bool = False
    mail_trouble: MailTrouble | None = None
    authenticator: Authenticator | None = None
    phone_changed_at: int | None = None
    email_changed_at: int | None = None
    closes_at: int | None = None
    sessions_ended_at: int | None = None
    session_kept: str | None = None
    identities: tuple[Person, ...] = ()
    post: Post | None = None
    invitation: Invitation | None = None
    deactivated_at: int | None = None
    contact_changes: tuple[ContactChange, ...] = ()
    consent_withdrawn_at: int | None = None
    version: int = 1

    @property
    def may_sign_in(self) -> bool:
        """Whether a password, and what else it takes, lets its owner in: staff needs an app."""
        serves = bool(self.password) and self.deactivated_at is None
        has_app = self.authenticator is not None and self.authenticator.confirmed
        return serves and (self.post is None or has_app)

    def ended(self, session_id: str, started_at: int) -> bool:
        """Whether a session begun then was meant to end, though it was not yet seen."""
        ended_at = self.sessions_ended_at
        return ended_at is not None and started_at <= ended_at and session_id != self.session_kept


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A registration before its yes. `reply` is what the yes answered (JSON)."""

    account: Account
    consent: Consent
    expires_at: int
    state: str = _OPEN
    reply: bytes | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether somebody said yes already."""
        return self.state == _CONFIRMED


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """An account that was closed at an instant, while the rest of it is erased."""

    account: Account
    since: int


_NOBODY = Account(
    account_id="-" * 22,
    email="nobody@example.org",
    phone="+8600000000000",
    person=Person(name="无名氏", document_type="resident_id", document_number="0" * 18),
    password="-" * 97,
    proof_level="identity",
    language="zh",
    created_at=0,
    identities=(Person(name="无名氏", document_type="resident_id", document_number="0" * 18),),
)
_NOBODY_KEY = Key("accounts", "nobody", "-")


class Accounts:
    """The `accounts` table."""

    def __init__(self, tables: Tables, keyring: Keyring) -> None:
        self._tables = tables
        self._keyring = keyring

    # Accounts and what is unique to them

    def get(self, account_id: str) -> Account | None:
        """The account."""
        key = account_key(account_id)
        row = self._tables.get(key)
        return self._keyring.open_document(row["sealed"], key, Account) if row else None

    def get_or_nobody(self, account_id: str | None) -> Account | None:
        """The account; for none, a row like one is read and opened: that takes as long (A-05)."""
        if account_id is not None:
            return self.get(account_id)
        row = self._tables.get(_NOBODY_KEY)
        if row is None:
            self._tables.write(Put("accounts", self._row(_NOBODY_KEY, _NOBODY)))
        else:
            self._keyring.open_document(row["sealed"], _NOBODY_KEY, Account)
        return None

    def holder(self, kind: UniqueKind, value: str) -> str | None:
        """The account that holds a normalised value; not one that gave it up of late."""
        row = self._tables.get(self.unique_key(kind, value))
        return str(row["ref"]) if row and "expires_at" not in row else None

    def mail_reference(self, email: str) -> str:
        """What a mail is tagged with to name its recipient to nobody else: `A-Za-z0-9_-` only."""
        return self._keyring.index("email", email.casefold()).replace(".", "_", 1)

    def of_mail_reference(self, reference: str) -> Account | None:
        """The account whose address a mail with this tag went to, if it still has the address."""
        index = reference.replace("_", ".", 1)
        row = self._tables.get(Key("accounts", f"unique#email#{index}", "-"))
        return self.get(str(row["ref"])) if row else None

    def creating(self, account: Account) -> list[Write]:
        """The writes that open an account: they fail where a value has a holder already."""
        key = account_key(account.account_id)
        claims = [
            Put(
                "accounts",
                _unique_row(self.unique_key(kind, value), account.account_id),
                When(lapsed_at=account.created_at),
            )
            for kind, value in unique_values(account)
        ]
        return [Put("accounts", self._row(key, account), ABSENT), *claims]

    def changing(self, account: Account) -> Put:
        """The write that replaces an account by its next version (given as read)."""
        key = account_key(account.account_id)
        following = msgspec.structs.replace(account, version=account.version + 1)
        return Put("accounts", self._row(key, following), When(equal={"version": account.version}))

    def unchanged(self, account: Account) -> Check:
        """The check that the account is still as it was read."""
        return Check(account_key(account.account_id), When(equal={"version": account.version}))

    def unique_key(self, kind: UniqueKind, value: str) -> Key:
        """Where the holder of a value stands."""
        return Key("accounts", f"unique#{kind}#{self._keyring.index(kind, value)}", "-")

    def claiming(self, account_id: str, number: str) -> Put:
        """The write that claims a proved number (a `document_value`): it fails where it is held."""
        return Put("accounts", _unique_row(self.unique_key("document", number), account_id), ABSENT)

    def releasing(
        self, account_id: str, kind: UniqueKind, value: str, *, until: int | None = None
    ) -> Write:
        """The write that gives up a value: at once, or kept from everybody else `until` then."""
        key, mine = self.unique_key(kind, value), When(equal={"ref": account_id})
        if until is None:
            return Delete(key, mine)
        row = _unique_row(key, account_id)
        return Put("accounts", {**row, **expiring(key.pk, until)}, mine)

    def taking_over(self, account: Account, number: str, source: str | None) -> list[Write]:
        """The writes that open an account which gets a number that `source` (or nobody) holds."""
        place = self.unique_key("document", number)
        rest = [write for write in self.creating(account) if write.key != place]
        return [*rest, self.moving_number(number, source, account.account_id)]

    def moving_number(self, number: str, source: str | None, target: str | None) -> Put | Delete:
        """The write that moves a number from who holds it: it fails where that has changed.

        None stands for nobody; of the two at most one.
        """
        place = self.unique_key("document", number)
        if target is None:
            return Delete(place, When(equal={"ref": source or ""}))
        held = When(equal={"ref": source}) if source else ABSENT
        return Put("accounts", _unique_row(place, target), held)

    def taking(
        self, account_id: str, kind: UniqueKind, value: str, *, now: int, back: bool
    ) -> Write:
        """The write that claims a value; `back`: one that the account gave up and keeps.

        It fails where somebody else holds or keeps it.
        """
        key = self.unique_key(kind, value)
        when = When(equal={"ref": account_id}) if back else When(lapsed_at=now)
        return Put("accounts", _unique_row(key, account_id), when)

    def allowing_undo(self, token: str, account_id: str, until: int) -> Put:
        """The write by which a token finds the account whose contacts it puts back."""
        key = _undo_key(token)
        row: Row = {"pk": key.pk, "sk": key.sk, "ref": account_id, **expiring(key.pk, until)}
        return Put("accounts", row, ABSENT)

    def of_undo(self, token: str) -> Account | None:
        """The account whose contacts the token may put back: its `contact_changes` decide."""
        row = self._tables.get(_undo_key(token))
        return self.get(str(row["ref"])) if row else None

    # Consents, and leaving

    def consents(self, account_id: str) -> list[Consent]:
        """What the owner has consented to by registering."""
        rows = self._tables.query("accounts", f"account#{account_id}", prefix="consent#").rows
        keys = [Key("accounts", str(row["pk"]), str(row["sk"])) for row in rows]
        return [
            self._keyring.open_document(row["sealed"], key, Consent)
            for key, row in zip(keys, rows, strict=True)
        ]

    def closing(self, account: Account, now: int) -> list[Write]:
        """The writes after which nobody has this account or holds what was unique to it."""
        key = _leaving_key(account.account_id)
        leaving = Leaving(account=account, since=now)
        row: Row = {
            "pk": key.pk,
            "sk": key.sk,
            "sealed": self._keyring.seal_document(leaving, key),
        }
        mine = When(equal={"ref": account.account_id})
        present = When(equal={"version": account.version})
        return [
            Delete(account_key(account.account_id), present),
            Put("accounts", row, ABSENT),
            *(Delete(self.unique_key(kind, value), mine) for kind, value in unique_values(account)),
        ]

    def leaving(self, account_id: str) -> Leaving | None:
        """What is left of a closed account."""
        key = _leaving_key(account_id)
        row = self._tables.get(key)
        return self._keyring.open_document(row["sealed"], key, Leaving) if row else None

    def forgetting_rest(self, account_id: str) -> list[Delete]:
        """The writes that forget everything of a closed account but `leaving`."""
        rows = self._tables.query("accounts", f"account#{account_id}").rows
        keys = [Key("accounts", str(row["pk"]), str(row["sk"])) for row in rows]
        return [Delete(key) for key in keys if key != _leaving_key(account_id)]

    def gone(self, account_id: str) -> Delete:
        """The write that forgets the last of it: it fails when somebody was quicker."""
        return Delete(_leaving_key(account_id), When(exists=True))

    def agreeing(self, account_id: str, consent: Consent) -> Put:
        """The write that keeps what the owner agrees to, in place of what was agreed before."""
        key = Key("accounts", f"account#{account_id}", f"consent#{consent.kind}")
        sealed = self._keyring.seal_document(consent, key)
        return Put("accounts", {"pk": key.pk, "sk": key.sk, "sealed": sealed})

    # Registration drafts

    def consenting(self, registration_id: str, consent: Consent) -> None:
        """Keep the consent of a registration before anything of it is processed."""
        key = Key("accounts", _draft_pk(registration_id), "consent")
        row: Row = {
            "pk": key.pk,
            "sk": key.sk,
            "sealed": self._keyring.seal_document(consent, key),
            **expiring(key.pk, consent.at + _DRAFT_KEPT_SECONDS),
        }
        self._tables.write(Put("accounts", row))

    def drafting(self, registration_id: str, draft: Draft) -> Put:
        """The write that stores a draft."""
        key = _draft_key(registration_id)
        row: Row = {
            "pk": key.pk,
            "sk": key.sk,
            "state": draft.state,
            "sealed": self._keyring.seal_document(draft, key),
            **expiring(key.pk, draft.expires_at),
        }
        return Put("accounts", row, ABSENT)

    def draft(self, registration_id: str, now: int) -> Draft | None:
        """The draft, unless it is unknown, cancelled or past its time."""
        key = _draft_key(registration_id)
        row = self._tables.get(key)
        if row is None or int(row["expires_at"]) <= now:
            return None
        return self._keyring.open_document(row["sealed"], key, Draft)

    def confirming(self, registration_id: str, draft: Draft, reply: bytes, now: int) -> list[Write]:
        """The writes of the yes, beside the account's own: draft and consent."""
        key = _draft_key(registration_id)
        confirmed = msgspec.structs.replace(draft, state=_CONFIRMED, reply=reply)
        return [
            Update(
                key,
                set={
                    "state": _CONFIRMED,
                    "sealed": self._keyring.seal_document(confirmed, key),
                },
                when=When(equal={"state": _OPEN}, above={"expires_at": now}),
            ),
            self.agreeing(draft.account.account_id, draft.consent),
        ]

    def cancel(self, registration_id: str, now: int) -> bool:
        """The no: nothing is kept. False when there is no open draft."""
        key = _draft_key(registration_id)
        when = When(equal={"state": _OPEN}, above={"expires_at": now})
        consent = Delete(Key("accounts", key.pk, "consent"))
        try:
            self._tables.commit([Delete(key, when), consent])
        except ConditionFailed:
            return False
        return True

    # Confirmations of e-mail addresses

    def awaiting_confirmation(
        self, token: str, account_id: str, email: str, expires_at: int
    ) -> Put:
        """The write that lets `token` confirm this address of the account, once."""
        key = _confirmation_key(token)
        row: Row = {
            "pk": key.pk,
            "sk": key.sk,
            "state": _OPEN,
            "ref": account_id,
            "sealed": self._keyring.seal_document(email, key),
            **expiring(key.pk, expires_at),
        }
        return Put("accounts", row, ABSENT)

    def confirmation(self, token: str, now: int) -> tuple[str, str] | None:
        """Account id and address that an unused token confirms."""
        key = _confirmation_key(token)
        row = self._tables.get(key)
        if row is None or row.get("state") != _OPEN or int(row["expires_at"]) <= now:
            return None
        return str(row["ref"]), self._keyring.open_document(row["sealed"], key, str)

    def using_confirmation(self, token: str, now: int) -> Update:
        """The write that uses the token up."""
        when = When(equal={"state": _OPEN}, above={"expires_at": now})
        return Update(_confirmation_key(token), set={"state": _CONFIRMED}, when=when)

    def _row(self, key: Key, account: Account) -> Row:
        return {
            "pk": key.pk,
            "sk": key.sk,
            "version": account.version,
            "sealed": self._keyring.seal_document(account, key),
        }


def unique_values(account: Account) -> list[tuple[UniqueKind, str]]:
    """What no other account may hold; a document number only once it is proved."""
    values: list[tuple[UniqueKind, str]] = [("email", account.email.casefold())]
    if account.phone:
        values.append(("phone", account.phone))
    values.extend(("document", document_value(person)) for person in account.identities)
    return values


def document_value(person: Person) -> str:
    """What makes a document unique: type and number, the resident-like types being one space.

    A resident ID and a residence permit have numbers of the same form from one registry.
    """
    kind = person.document_type
    space = "id" if kind in {"resident_id", "residence_permit"} else kind
    return f"{space}:{person.document_number}"


def account_key(account_id: str) -> Key:
    """Where an account stands."""
    return Key("accounts", f"account#{account_id}", "-")


def _leaving_key(account_id: str) -> Key:
    return Key("accounts", f"account#{account_id}", "leaving")


def _unique_row(key: Key, account_id: str) -> Row:
    return {"pk": key.pk, "sk": key.sk, "ref": account_id}


def _draft_pk(registration_id: str) -> str:
    return f"draft#{token_digest(registration_id)}"


def _draft_key(registration_id: str) -> Key:
    return Key("accounts", _draft_pk(registration_id), "-")


def _undo_key(token: str) -> Key:
    return Key("accounts", f"undo#{token_digest(token)}", "-")


def _confirmation_key(token: str) -> Key:
    return Key("accounts", f"confirmation#{token_digest(token)}", "-")
