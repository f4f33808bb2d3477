"""The export of everything the archive holds about one account (PIPL, article 45; R-65)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.domain.errors import Refusal
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.records import FAMILIES
from chalicelib.operations.activity import ActivityItem, list_activity
from chalicelib.operations.archive import bound_records
from chalicelib.operations.bind import BindingItem, list_bindings
from chalicelib.operations.correct import CorrectionView, list_corrections
from chalicelib.operations.ports import Ports
from chalicelib.operations.query import VersionView, read_versions
from chalicelib.operations.report import list_reports
from chalicelib.operations.views import AccountView, account_view, record_view
from chalicelib.stores.accounts import Account, Consent, Person
from chalicelib.stores.sessions import Principal

_PAGE = 100


class ExportedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The account with everything in full; secrets (password, tokens) are no data about a person.

    `identities` are the proved ones, the present first.
    """

    overview: AccountView
    phone: str
    person: Person
    identities: list[Person]
    language: str
    proved_at: str | None
    authenticator: bool
    phone_changed_at: str | None
    email_changed_at: str | None


class ExportedConsent(msgspec.Struct, frozen=True, kw_only=True):
    """A text that was agreed to, by version and digest."""

    kind: str
    version: str
    digest: str
    at: str


class ExportedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that has not ended."""

    device: str
    place: str
    started_at: str
    last_used_at: str


class ExportedConfirmation(msgspec.Struct, frozen=True, kw_only=True):
    """A record that was found right, or its photo judged."""

    record_id: str
    version: int
    at: str
    verdict: str | None = None
    reason: str | None = None


class ExportedCase(msgspec.Struct, frozen=True, kw_only=True):
    """A change of identity or a binding that was put to a person's judgement."""

    kind: str
    case_id: str
    status: str
    opened_at: str
    person: Person | None = None
    record_id: str | None = None
    reason_code: str | None = None


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """All data of one account. A withheld record shows only that it is withheld, and why."""

    exported_at: str
    account: ExportedAccount
    consents: list[ExportedConsent]
    records: dict[str, list[dict[str, Any]]]
    earlier_versions: dict[str, list[VersionView]]
    bindings: list[BindingItem]
    confirmations: list[ExportedConfirmation]
    photo_verdicts: list[ExportedConfirmation]
    corrections: list[CorrectionView]
    reports: list[dict[str, Any]]
    cases: list[ExportedCase]
    sessions: list[ExportedSession]
    activity: list[ActivityItem]


def export_account(ports: Ports, principal: Principal) -> Export:
    """Everything the archive holds about the account. Raises `unauthenticated` when it is gone.

    Nothing of the archive, its reports and corrections below proof level `identity` (R-04).
    """
    account = ports.accounts.get(principal.account_id)
    if account is None:
        raise Refusal("unauthenticated")
    ports.tables.commit([ports.audited(account.account_id, "exported", "owner")])
    return msgspec.structs.replace(
        _without_records(ports, principal, account),
        **(_of_records(ports, _own_copy(principal)) if principal.identities else {}),
    )


def _own_copy(principal: Principal) -> Principal:
    """Taking one's own data along needs no consent to anything else (PIPL, article 45)."""
    return msgspec.structs.replace(principal, consent_withdrawn=False)


def _without_records(ports: Ports, principal: Principal, account: Account) -> Export:
    said = ports.proofreading
    return Export(
        exported_at=rfc3339(ports.now()),
        account=_account(account),
        consents=[_consent(one) for one in _consents(ports, account)],
        records={family: [] for family in FAMILIES},
        earlier_versions={},
        bindings=[],
        confirmations=[
            ExportedConfirmation(record_id=one.record_id, version=one.version, at=rfc3339(one.at))
            for one in said.confirmations(account.account_id)
        ],
        photo_verdicts=[
            ExportedConfirmation(
                record_id=one.record_id,
                version=one.version,
                at=rfc3339(one.at),
                verdict=one.verdict,
                reason=one.reason,
            )
            for one in said.photo_verdicts(account.account_id)
        ],
        corrections=[],
        reports=[],
        cases=_cases(ports, account),
        sessions=[
            ExportedSession(
                device=one.device,
                place=one.place,
                started_at=rfc3339(one.started_at),
                last_used_at=rfc3339(one.last_used_at),
            )
            for one in ports.sessions.live(account.account_id, ports.now())
        ],
        activity=_activity(ports, principal),
    )


def _of_records(ports: Ports, principal: Principal) -> Mapping[str, Any]:
    records = [bound.record for bound in bound_records(ports, principal)]
    return {
        "records": {
            family: [record_view(one, masked=False) for one in records if one.family == family]
            for family in FAMILIES
        },
        "earlier_versions": {
            one.record_id: list(read_versions(ports, principal, one.family, one.record_id))
            for one in records
            if one.version > 1 and not one.held
        },
        "bindings": list(list_bindings(ports, principal)),
        "corrections": list(list_corrections(ports, principal)),
        "reports": _reports(ports, principal),
    }


def _account(account: Account) -> ExportedAccount:
    return ExportedAccount(
        overview=account_view(account),
        phone=account.phone,
        person=account.person,
        identities=list(account.identities),
        language=account.language,
        proved_at=_instant(account.proved_at),
        authenticator=account.authenticator is not None,
        phone_changed_at=_instant(account.phone_changed_at),
        email_changed_at=_instant(account.email_changed_at),
    )


def _consents(ports: Ports, account: Account) -> Sequence[Consent]:
    scans = [
        ports.cases.consent_of(change, "document_scan")
        for change in ports.cases.identity_changes_of(account.account_id)
    ] + [
        ports.proofreading.consent_of(correction)
        for correction in ports.proofreading.corrections(account.account_id)
    ]
    return [
        *ports.accounts.consents(account.account_id),
        *(consent for consent in scans if consent is not None),
    ]


def _consent(consent: Consent) -> ExportedConsent:
    return ExportedConsent(
        kind=consent.kind, version=consent.version, digest=consent.digest, at=rfc3339(consent.at)
    )


def _reports(ports: Ports, principal: Principal) -> list[dict[str, Any]]:
    """Reports with what they say."""
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        views, after = list_reports(ports, principal, limit=_PAGE, after=after)
        for view in views:
            report = ports.reports.of_owner(principal.account_id, view.report_id)
            lines = report.statement.lines if report else ()
            content = {line.field: line.value_zh for line in lines}
            found.append({**msgspec.to_builtins(view), "content": content})
        if after is None:
            return found


def _cases(ports: Ports, account: Account) -> list[ExportedCase]:
    changes = [
        ExportedCase(
            kind="identity",
            case_id=one.case_id,
            status=one.state,
            opened_at=rfc3339(one.opened_at),
            person=one.person,
            reason_code=one.reason_code,
        )
        for one in ports.cases.identity_changes_of(account.account_id)
    ]
    reviews = [
        ExportedCase(
            kind="binding",
            case_id=one.case_id,
            status="submitted",
            opened_at=rfc3339(one.opened_at),
            record_id=one.record_id,
        )
        for one in ports.cases.reviews_of(account.account_id)
    ]
    return [*changes, *reviews]


def _activity(ports: Ports, principal: Principal) -> list[ActivityItem]:
    items: list[ActivityItem] = []
    after: str | None = None
    while True:
        page, after = list_activity(ports, principal, limit=_PAGE, after=after)
        items.extend(page)
        if after is None:
            return items


def _instant(at: int | None) -> str | None:
    return rfc3339(at) if at is not None else None
