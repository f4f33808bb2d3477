"""A correction's whole life, in any order of steps, against a model of it (hypothesis)."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chalicelib import jobs
from chalicelib.adapters.files import MemoryFiles
from chalicelib.domain.correction_states import (
    DRAFT_SECONDS,
    CorrectionEvent,
    CorrectionState,
)
from chalicelib.operations import correct
from chalicelib.operations.document_scans import SETTLE_SECONDS
from chalicelib.operations.start_session import principal_of
from tests.api.steps import outcome_of
from tests.appeals import picture
from tests.appeals import upload as send
from tests.corrections import with_directory
from tests.lab import lab
from tests.records import UNIVERSITY_CODE, WANG

LEAPS = (1, 3600, DRAFT_SECONDS + SETTLE_SECONDS)
ENDED = {"accepted", "refused", "withdrawn"}
DONE: dict[CorrectionEvent, CorrectionState] = {
    "submit": "submitted",
    "accept": "accepted",
    "refuse": "refused",
    "withdraw": "withdrawn",
}


class CorrectionLife(RuleBasedStateMachine):
    """One correction; the model is its state, since when, its history, and its upload."""

    @initialize(evidence=st.booleans())
    def ask(self, evidence: bool) -> None:
        self.archive = lab()
        with_directory(self.archive)
        self.archive.checker.learn(WANG.name, WANG.document_number, WANG.phone)
        account_id = self.archive.register(WANG).json["account"]["account_id"]
        account = self.archive.ports.accounts.get(account_id)
        assert account is not None
        self.me = principal_of(account, "-")
        self.opened = correct.open_correction(
            self.archive.ports,
            self.me,
            family="degrees",
            record_id=None,
            proposed=[("degree_name", "文学学士")],
            institution_code=UNIVERSITY_CODE,
            reason="没有查到学位",
            evidence=evidence,
        )
        self.evidence = evidence
        self.state: CorrectionState = "draft" if evidence else "submitted"
        self.history = ["opened"] if evidence else ["opened", "submitted"]
        self.opened_at = self.since = self.archive.clock()
        self.uploaded = False

    def lapsed(self) -> bool:
        age = self.archive.clock() - self.opened_at
        return self.state == "draft" and age >= DRAFT_SECONDS

    def go(self, event: CorrectionEvent) -> None:
        self.state, self.since = DONE[event], self.archive.clock()
        self.history.append(DONE[event])

    @precondition(lambda self: self.evidence and self.state == "draft")
    @rule(good=st.booleans())
    def upload(self, good: bool) -> None:
        assert self.opened.upload is not None
        form = {"fields": self.opened.upload.fields}
        send(self.archive, form, picture() if good else b"%PDF-1.7")
        self.uploaded = good

    @rule()
    def submit(self) -> None:
        outcome = outcome_of(
            correct.submit_correction,
            self.archive.ports,
            self.me,
            self.opened.correction_id,
            consent=None,
        )
        if self.lapsed():
            assert outcome == "not_found"
        elif self.state != "draft":
            assert outcome == ("done" if self.state == "submitted" else "conflict")
        elif self.uploaded and outcome != "rate_limited":
            assert outcome == "done"
            self.go("submit")
            self.uploaded = False
        else:
            assert outcome in {"file_rejected", "rate_limited"}

    @rule()
    def withdraw(self) -> None:
        outcome = outcome_of(
            correct.withdraw_correction, self.archive.ports, self.me, self.opened.correction_id
        )
        if self.lapsed():
            assert outcome == "not_found"
        elif self.state in {"draft", "submitted"}:
            assert outcome == "done"
            self.go("withdraw")
        else:
            assert outcome == ("done" if self.state == "withdrawn" else "conflict")

    @precondition(lambda self: not self.lapsed())
    @rule(accept=st.booleans())
    def decide(self, accept: bool) -> None:
        ports = self.archive.ports
        correction = ports.proofreading.correction(self.opened.correction_id)
        assert correction is not None
        outcome = outcome_of(
            lambda: ports.tables.commit(
                correct.deciding(ports, correction, accept=accept, note="核实", staff="x")
            )
        )
        if self.state == "submitted":
            assert outcome == "done"
            self.go("accept" if accept else "refuse")
        else:
            assert outcome == "conflict"

    @rule(seconds=st.sampled_from((-1, 0, 1)))
    def wait_for_the_drafts_end(self, seconds: int) -> None:
        left = self.opened_at + DRAFT_SECONDS + seconds - self.archive.clock()
        self.archive.clock.advance(max(0, left))

    @rule(seconds=st.sampled_from(LEAPS))
    def wait(self, seconds: int) -> None:
        self.archive.clock.advance(seconds)

    @rule()
    def look_after(self) -> None:
        jobs.check_appeals(self.archive.ports)
        settled = self.archive.clock() >= self.since + SETTLE_SECONDS
        if (self.lapsed() or self.state in ENDED) and settled and self.past_draft():
            assert self.scans() == 0, "its evidence is gone"

    def past_draft(self) -> bool:
        """Whether the look at an ended draft is due, too."""
        return self.archive.clock() >= self.opened_at + DRAFT_SECONDS + SETTLE_SECONDS

    def scans(self) -> int:
        photos = self.archive.ports.photos
        assert isinstance(photos, MemoryFiles)
        return len(photos._files)

    @invariant()
    def its_owner_sees_how_it_stands(self) -> None:
        ports = self.archive.ports
        listed = [one.correction_id for one in correct.list_corrections(ports, self.me)]
        if self.lapsed():
            assert listed == []
            return
        view = correct.read_correction(ports, self.me, self.opened.correction_id)
        assert (view.status, listed) == (self.state, [self.opened.correction_id])
        assert [step.action for step in view.history] == self.history
        assert (view.upload is not None) == (self.state == "draft")

    @invariant()
    def the_institution_sees_what_waits(self) -> None:
        waiting, _ = self.archive.ports.proofreading.for_institution(
            UNIVERSITY_CODE, "submitted", limit=10, after=None
        )
        assert len(waiting) == (self.state == "submitted")

    @invariant()
    def what_was_submitted_with_evidence_has_it(self) -> None:
        if self.state == "submitted":
            assert self.scans() >= self.evidence


CorrectionLife.TestCase.settings = settings(
    max_examples=100, stateful_step_count=25, deadline=None, derandomize=True
)
TestCorrectionLife = CorrectionLife.TestCase
