"""An account's whole life, in any order of steps, against a model of it (hypothesis)."""

from dataclasses import dataclass, field
from typing import Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chalicelib import jobs
from chalicelib.operations import change_account, close_account, recover
from chalicelib.operations.contact_changes import (
    MOST_CHANGES,
    UNDO_SECONDS,
    undo_contact_change,
)
from chalicelib.operations.ports import Caller
from chalicelib.operations.recover import CONTACT_PAUSE_SECONDS
from chalicelib.operations.start_session import principal_of, start_session
from chalicelib.stores.accounts import Account
from chalicelib.stores.codes import Proof
from chalicelib.stores.sessions import MOST_SESSIONS
from tests.api.steps import outcome_of
from tests.lab import lab
from tests.leaving import DAY, PAUSE
from tests.records import WANG
from tests.world import PASSWORD

Kind = Literal["phone", "email"]
CALLER = Caller(ip="203.0.113.7", language="zh", request_id="-")
ACCESS_SECONDS = 900
PASSWORDS = (PASSWORD, "another-horse-8", "purple-battery-9")
CONTACTS: dict[Kind, tuple[str, ...]] = {
    "phone": (WANG.phone, "+8619900000201", "+8619900000202"),
    "email": (WANG.email, "second@example.com", "third@example.com"),
}
kinds: st.SearchStrategy[Kind] = st.sampled_from(("phone", "email"))
passwords = st.sampled_from(PASSWORDS)


@dataclass
class Undo:
    """A link, and what it puts back."""

    token: str
    until: int
    contacts: dict[Kind, str]
    changed_at: dict[Kind, int]


@dataclass
class Session:
    """A session by its access token."""

    session_id: str
    token: str
    until: int


@dataclass
class Model:
    """What the account should be."""

    password: str = PASSWORD
    contacts: dict[Kind, str] = field(
        default_factory=lambda: {kind: values[0] for kind, values in CONTACTS.items()}
    )
    changed_at: dict[Kind, int] = field(default_factory=dict)
    sessions: list[Session] = field(default_factory=list)
    undos: list[Undo] = field(default_factory=list)
    closes_at: int | None = None
    reset_at: int = 0


class AccountLife(RuleBasedStateMachine):
    """Signing in, changing, undoing, resetting, closing and waiting in any order."""

    @initialize()
    def register(self) -> None:
        self.archive = lab()
        self.archive.checker.learn(WANG.name, WANG.document_number, WANG.phone)
        self.account_id = self.archive.register(WANG).json["account"]["account_id"]
        self.model = Model()
        self.open = True
        self.number = 0

    # What the steps need

    def now(self) -> int:
        return self.archive.clock()

    def account(self) -> Account:
        account = self.archive.ports.accounts.get(self.account_id)
        assert account is not None
        return account

    def proof(self, purpose: str, destination: str) -> str:
        """A verification token, as a code is exchanged for one."""
        self.number += 1
        token = f"token-{self.number:038d}"
        channel = "email" if "@" in destination else "sms"
        proof = Proof(purpose=purpose, channel=channel, destination=destination)
        codes = self.archive.ports.codes
        self.archive.ports.tables.commit([codes.issuing_token(token, proof, self.now() + 600)])
        return token

    def end_sessions(self, but: str | None = None) -> None:
        self.model.sessions = [one for one in self.model.sessions if one.session_id == but]

    def session(self) -> Session:
        """The session that asks: what changes the account takes one that was not ended."""
        if not self.model.sessions:
            self.begin_session()
        return self.model.sessions[-1]

    # Steps

    @precondition(lambda self: self.open)
    @rule()
    def sign_in(self) -> None:
        self.begin_session()

    def begin_session(self) -> None:
        self.archive.clock.advance(1)  # which of too many is the oldest shows by the second
        view = start_session(self.archive.ports, CALLER, self.account(), writes=[])
        found = self.archive.ports.sessions.of_access_token(view.access_token, self.now())
        assert found is not None
        session_id = found.principal.session_id
        self.model.sessions.append(
            Session(session_id, view.access_token, self.now() + ACCESS_SECONDS)
        )
        self.model.sessions = self.model.sessions[-MOST_SESSIONS:]

    @precondition(lambda self: self.open)
    @rule(password=passwords, new=passwords)
    def change_password(self, password: str, new: str) -> None:
        current = self.session()
        outcome = outcome_of(
            change_account.change_password,
            self.archive.ports,
            CALLER,
            principal_of(self.account(), current.session_id),
            current_password=password,
            new_password=new,
        )
        self.archive.clock.advance(60)  # what is wrong makes the next try wait
        if password == self.model.password:
            assert outcome == "done"
            self.model.password = new
            self.end_sessions(but=current.session_id)
        else:
            assert outcome == "reauthentication_required"

    @precondition(lambda self: self.open)
    @rule(kind=kinds, place=st.integers(0, 2))
    def change_contact(self, kind: Kind, place: int) -> None:
        new, old = CONTACTS[kind][place], self.model.contacts[kind]
        before = self.undo_tokens()
        outcome = outcome_of(
            change_account.change_contact,
            self.archive.ports,
            CALLER,
            principal_of(self.account(), self.session().session_id),
            kind,
            verification_token=self.proof(f"change_{kind}", new),
            current_password=self.model.password,
        )
        if self.model.closes_at is not None:
            assert outcome == "conflict"
        elif new == old:
            assert outcome == "invalid_request"
        elif len(self.undoable()) >= MOST_CHANGES:
            assert outcome == "rate_limited"
        else:
            assert outcome == "done"
            [token] = self.undo_tokens() - before
            self.model.undos = [*self.undoable(), self.undo_of_now(token)]
            self.model.contacts[kind], self.model.changed_at[kind] = new, self.now()

    def undoable(self) -> list[Undo]:
        return [undo for undo in self.model.undos if self.now() < undo.until]

    def undo_of_now(self, token: str) -> Undo:
        contacts, changed_at = dict(self.model.contacts), dict(self.model.changed_at)
        return Undo(token, self.now() + UNDO_SECONDS, contacts, changed_at)

    def undo_tokens(self) -> set[str]:
        """The tokens of the links that wait to be mailed."""
        return {
            message.values["undo_link"].partition("#undo-change=")[2]
            for message in self.archive.waiting()
            if "undo_link" in message.values
        }

    @precondition(lambda self: self.open and self.model.undos)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        link = data.draw(st.sampled_from(self.model.undos), label="link")
        outcome = outcome_of(undo_contact_change, self.archive.ports, link.token)
        if self.now() >= link.until or self.model.contacts == link.contacts:
            assert outcome == "code_invalid"
            return
        assert outcome == "done"
        self.model.contacts, self.model.changed_at = dict(link.contacts), dict(link.changed_at)
        self.model.undos = self.model.undos[: self.model.undos.index(link)]
        self.model.closes_at = None
        self.end_sessions()

    @precondition(lambda self: self.open and self.now() - self.model.reset_at >= 3600)
    @rule(kind=kinds, new=passwords, right=st.booleans())
    def reset_password(self, kind: Kind, new: str, right: bool) -> None:
        number = WANG.document_number if right else "440308199901101512"
        outcome = outcome_of(
            recover.reset_password,
            self.archive.ports,
            CALLER,
            verification_token=self.proof("reset_password", self.model.contacts[kind]),
            document_type=WANG.document_type,
            document_number=number,
            new_password=new,
        )
        self.model.reset_at = self.now()
        changed_at = self.model.changed_at.get(kind)
        fresh = changed_at is not None and self.now() - changed_at < CONTACT_PAUSE_SECONDS
        if fresh or not right:
            assert outcome == "not_matched"
        else:
            assert outcome == "done"
            self.model.password = new
            self.end_sessions()

    @precondition(lambda self: self.open)
    @rule()
    def ask_to_close(self) -> None:
        answer = close_account.close_account(
            self.archive.ports,
            CALLER,
            principal_of(self.account(), self.session().session_id),
            verification_token=self.proof("close_account", self.model.contacts["phone"]),
            current_password=self.model.password,
        )
        assert answer.closes_at
        present = self.account().closes_at
        assert self.model.closes_at in {None, present}, "asked again it stays"
        self.model.closes_at = present

    @precondition(lambda self: self.open)
    @rule()
    def cancel_closing(self) -> None:
        outcome = outcome_of(
            close_account.cancel_closing,
            self.archive.ports,
            principal_of(self.account(), self.session().session_id),
        )
        if self.model.closes_at is not None and self.model.closes_at <= self.now():
            assert outcome == "conflict"
        else:
            assert outcome == "done"
            self.model.closes_at = None

    @rule(seconds=st.sampled_from((ACCESS_SECONDS - 1, 1, 3600, DAY - 1, DAY, 10 * DAY, PAUSE)))
    def wait(self, seconds: int) -> None:
        self.archive.clock.advance(seconds)

    @rule(seconds=st.sampled_from((-1, 0)))
    def wait_for_what_comes_next(self, seconds: int) -> None:
        """Up to the next instant at which something changes by itself, or the second before."""
        instants = [
            *(at + CONTACT_PAUSE_SECONDS for at in self.model.changed_at.values()),
            *(undo.until for undo in self.model.undos),
            *([self.model.closes_at] if self.model.closes_at else []),
        ]
        coming = [at + seconds - self.now() for at in instants if at + seconds > self.now()]
        self.archive.clock.advance(min(coming, default=0))

    @rule()
    def schedule(self) -> None:
        jobs.close_accounts(self.archive.ports)
        if self.model.closes_at is not None and self.model.closes_at <= self.now():
            self.open = False
            self.end_sessions()

    # What holds after every step

    @invariant()
    def the_account_is_the_models(self) -> None:
        account = self.archive.ports.accounts.get(self.account_id)
        assert (account is not None) == self.open
        if account is None:
            return
        hasher = self.archive.ports.hasher
        assert hasher.verify(account.password, self.model.password)
        assert (account.phone, account.email) == tuple(self.model.contacts.values())
        assert account.closes_at == self.model.closes_at

    @invariant()
    def what_is_its_own_is_nobody_elses(self) -> None:
        """R-01: exactly the present contacts and the number are claimed."""
        held: dict[Kind, set[str]] = {
            kind: {value for value in values if self.archive.ports.accounts.holder(kind, value)}
            for kind, values in CONTACTS.items()
        }
        present = {kind: {value} for kind, value in self.model.contacts.items()}
        assert held == (present if self.open else {"phone": set(), "email": set()})
        number = self.archive.ports.accounts.holder("document", f"id:{WANG.document_number}")
        assert (number is not None) == self.open

    @invariant()
    def only_the_models_sessions_serve(self) -> None:
        for session in self.model.sessions:
            found = self.archive.ports.sessions.of_access_token(session.token, self.now())
            assert (found is not None) == (self.now() < session.until)
        live = self.archive.ports.sessions.live(self.account_id, self.now())
        known = {session.session_id for session in self.model.sessions}
        assert {one.principal.session_id for one in live} <= known


AccountLife.TestCase.settings = settings(
    max_examples=100, stateful_step_count=25, deadline=None, derandomize=True
)
TestAccountLife = AccountLife.TestCase
