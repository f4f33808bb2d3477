"""A report's whole life, in any order of steps, against a model of it (hypothesis)."""

from typing import Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chalicelib.domain.instants import plus_months, rfc3339
from chalicelib.operations import report as reports
from chalicelib.operations.archive import bound_records
from chalicelib.operations.file_records import RecordFiling
from chalicelib.operations.start_session import principal_of
from tests.api.steps import outcome_of
from tests.api.test_file_records import STUDENT, credential
from tests.api.test_report import set_state
from tests.lab import lab

State = Literal["open", "closed", "revoked", "superseded"]
DAY = 86_400


class ReportLife(RuleBasedStateMachine):
    """One report; the model is its state, until when it is valid, and how often it was seen."""

    @initialize(months=st.integers(1, 6))
    def issue(self, months: int) -> None:
        self.archive = lab()
        self.archive.checker.learn(STUDENT.name, STUDENT.document_number, STUDENT.phone)
        self.majors = 0
        self.file_record()
        account_id = self.archive.register(STUDENT).json["account"]["account_id"]
        account = self.archive.ports.accounts.get(account_id)
        assert account is not None
        self.me = principal_of(account, "-")
        [bound] = bound_records(self.archive.ports, self.me)
        self.report = reports.create_report(
            self.archive.ports,
            self.me,
            kind="credential",
            record_id=bound.record.record_id,
            language="zh",
            valid_months=months,
            disclosure="full",
        )
        self.issued_at = self.now()
        self.until = plus_months(self.issued_at, months)
        self.state: State = "open"
        self.views = 0

    def now(self) -> int:
        return self.archive.clock()

    def file_record(self) -> None:
        """The institution files the record, each time with something changed."""
        self.majors += 1
        source = credential(major_name=f"历史学{self.majors}")
        RecordFiling(self.archive.ports).put([source], now=self.now(), reason="import")

    def status(self) -> str:
        """What a verifier has to be told."""
        if self.state in {"closed", "revoked"}:
            return self.state
        if self.now() >= self.until:
            return "expired"
        return "superseded" if self.state == "superseded" else "valid"

    @rule(months=st.sampled_from((1, 6)))
    def extend_as_soon_as_possible(self, months: int) -> None:
        self.wait_for_its_end(-1, 0)
        self.extend(months)

    @rule(months=st.sampled_from((1, 6)))
    def extend(self, months: int) -> None:
        outcome = outcome_of(
            reports.extend_report,
            self.archive.ports,
            self.me,
            self.report.report_id,
            months=months,
        )
        until = self.extended(months)
        if self.state != "open":
            assert outcome == "conflict"
        elif until is None:
            assert outcome == "report_not_extendable"
        else:
            assert outcome == "done"
            self.until = until

    def extended(self, months: int) -> int | None:
        """In the last month or later, and to at most a year after the issue."""
        if self.now() < plus_months(self.until, -1):
            return None
        until = plus_months(max(self.now(), self.until), months)
        return until if until <= plus_months(self.issued_at, 12) else None

    @rule(how=st.sampled_from(("close", "supersede", "revoke")))
    def withdraw(self, how: str) -> None:
        if how == "close":
            reports.close_report(self.archive.ports, self.me, self.report.report_id)
            self.state = "revoked" if self.state == "revoked" else "closed"
        elif how == "supersede":
            self.file_record()
            self.state = "superseded" if self.state == "open" else self.state
        else:
            code = self.report.verification_code
            set_state(self.archive, {"verification_code": code}, "revoked")
            self.state = "revoked"

    @rule(months=st.sampled_from((0, -1)), seconds=st.sampled_from((-1, 0, 1)))
    def wait_for_its_end(self, months: int, seconds: int) -> None:
        """Up to where it can be extended, or to its end, by the second."""
        instant = plus_months(self.until, months) + seconds
        self.archive.clock.advance(max(0, instant - self.now()))

    @rule(days=st.sampled_from((1, 31, 92)))
    def wait(self, days: int) -> None:
        self.archive.clock.advance(days * DAY)

    @rule()
    def verify(self) -> None:
        answer = self.archive.client.call("GET", f"/verifications/{self.report.verification_code}")
        assert answer.json["result"] == self.status()
        shown = self.status() in {"valid", "superseded"}
        assert ("report" in answer.json) == shown
        self.views += shown
        if shown:
            assert answer.json["report"]["major_name"] == "历史学1", "as it was at the issue"

    @rule()
    def read_the_page(self) -> None:
        path = f"/verifications/{self.report.verification_code}/pdf"
        served = self.archive.client.call("GET", path).status
        assert served == (200 if self.status() == "valid" else 404)

    @invariant()
    def the_owner_sees_the_same(self) -> None:
        view = reports.read_report(self.archive.ports, self.me, self.report.report_id)
        assert view.status == self.status()
        assert view.valid_until == rfc3339(self.until)
        assert view.views >= self.views


ReportLife.TestCase.settings = settings(
    max_examples=100, stateful_step_count=20, deadline=None, derandomize=True
)
TestReportLife = ReportLife.TestCase
