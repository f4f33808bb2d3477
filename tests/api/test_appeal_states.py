"""An appeal's whole life, in any order of steps, against a model of it (hypothesis)."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chalicelib import jobs
from chalicelib.adapters.files import MemoryFiles
from chalicelib.domain.appeal_states import (
    ANSWER_SECONDS,
    DRAFT_SECONDS,
    ENDED,
    KEPT_SECONDS,
    CaseEvent,
    CaseState,
    state_after,
)
from chalicelib.domain.errors import Refusal
from chalicelib.operations.appeals import asking_for_more, ending
from chalicelib.operations.document_scans import SETTLE_SECONDS
from chalicelib.stores.cases import Appeal
from chalicelib.stores.tables import Write
from tests.appeals import open_appeal, picture, read_appeal, resubmit, upload, withdraw
from tests.lab import lab
from tests.records import WANG, member

OPEN = {"draft", "submitted", "more_information"}
LEAPS = (1, 3600, DRAFT_SECONDS - 1, DRAFT_SECONDS, ANSWER_SECONDS, KEPT_SECONDS)


class AppealLife(RuleBasedStateMachine):
    """One appeal; the model is its state, since when, and whether an upload waits."""

    @initialize()
    def begin(self) -> None:
        self.archive = lab()
        self.holder = member(self.archive, WANG)
        self.opened: dict[str, Any] = open_appeal(self.archive, WANG).json
        self.state: CaseState | None = "draft"
        self.since = self.archive.clock()
        self.uploaded = False
        self.ever_submitted = False

    def now(self) -> int:
        return self.archive.clock()

    def expected(self) -> CaseState | None:
        """The model's state at the present instant; None when nothing is there any more."""
        age = self.now() - self.since
        if self.state == "draft" and age >= DRAFT_SECONDS:
            return None
        if self.state in ENDED and age >= KEPT_SECONDS:
            return None
        return self.state

    def go(self, event: CaseEvent) -> CaseState | None:
        state = self.expected()
        following = state_after(state, event) if state else None
        if following is not None:
            self.state, self.since = following, self.now()
        return following

    @rule(good=st.booleans())
    def upload(self, good: bool) -> None:
        upload(self.archive, self.opened["upload"], picture() if good else b"%PDF-1.7")
        self.uploaded = good

    @rule()
    def submit(self) -> None:
        state, uploaded = self.expected(), self.uploaded
        answer = resubmit(self.archive, self.opened)
        if state is None:
            assert answer.status == 404
        elif state == "submitted":
            assert answer.status == 202
        elif state in ENDED:
            assert answer.code == "conflict"
        elif uploaded and answer.status != 429:
            assert answer.status == 202
            self.go("submit")
            self.uploaded = False
            self.ever_submitted = True
        else:
            assert answer.code in {"file_rejected", "rate_limited"}

    @rule()
    def withdraw(self) -> None:
        state = self.expected()
        answer = withdraw(self.archive, self.opened)
        if state is None:
            assert answer.status == 404
        elif state == "withdrawn":
            assert answer.status == 204
        else:
            assert answer.status == (204 if self.go("withdraw") else 409)

    @precondition(lambda self: self.expected() is not None)
    @rule(event=st.sampled_from(("ask_more", "approve", "reject")))
    def decide(self, event: CaseEvent) -> None:
        appeal = self.archive.ports.cases.appeal(self.opened["appeal_id"], self.now())
        assert appeal is not None
        if state_after(appeal.state, event) is None:
            with pytest.raises(Refusal, match="conflict"):
                self.deciding(appeal, event)
        else:
            self.archive.ports.tables.commit(self.deciding(appeal, event))
            self.go(event)

    def deciding(self, appeal: Appeal, event: CaseEvent) -> list[Write]:
        ports = self.archive.ports
        if event == "ask_more":
            return asking_for_more(ports, appeal, "document_unreadable")
        return ending(ports, appeal, event, reason_code="document_mismatch", link="l")

    @rule()
    def object(self) -> None:
        state = self.expected()
        self.holder = self.archive.sign_in(WANG) if self.signed_out() else self.holder
        path = f"/appeals/{self.opened['appeal_id']}/objection"
        answer = self.holder.call("POST", path, {"reason": "号码是我的"})
        if state is None or not self.ever_submitted:
            assert answer.status == 404
        else:
            assert answer.status == (202 if state in OPEN else 409)

    def signed_out(self) -> bool:
        self.archive.clock.advance(61)  # the last code's pause
        return self.holder.call("GET", "/account").status == 401

    @rule(seconds=st.sampled_from(LEAPS))
    def wait(self, seconds: int) -> None:
        self.archive.clock.advance(seconds)

    @rule()
    def look_after(self) -> None:
        jobs.check_appeals(self.archive.ports)
        if self.state == "more_information" and self.now() - self.since >= ANSWER_SECONDS:
            self.state, self.since = "withdrawn", self.now()
        settled = self.now() - self.since >= SETTLE_SECONDS
        lapsed = self.state == "draft" and self.now() - self.since >= DRAFT_SECONDS + SETTLE_SECONDS
        if lapsed or (self.state in ENDED and settled):
            assert self.scans() == 0
            assert self.archive.ports.tables.query("cases", "watch#cases").rows == []
            self.uploaded = False

    @invariant()
    def the_state_is_the_models(self) -> None:
        answer = read_appeal(self.archive, self.opened)
        expected = self.expected()
        assert answer.status == (200 if expected else 404)
        assert expected is None or answer.json["status"] == expected

    @invariant()
    def the_number_is_claimed_while_the_appeal_is_open(self) -> None:
        claims = self.archive.census()["cases open -"]
        expected = self.expected()
        if expected is not None:
            assert claims == (expected in OPEN)

    @invariant()
    def the_operator_sees_what_waits(self) -> None:
        waiting = len(self.archive.ports.tables.query("cases", "queue#appeals").rows)
        assert waiting == (self.state == "submitted")

    @invariant()
    def what_waits_for_a_decision_has_a_scan(self) -> None:
        if self.state == "submitted":
            assert self.scans() >= 1

    def scans(self) -> int:
        photos = self.archive.ports.photos
        assert isinstance(photos, MemoryFiles)
        return len(photos._files)


AppealLife.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, derandomize=True
)
TestAppealLife = AppealLife.TestCase
