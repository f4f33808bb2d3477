"""Withdrawing a consent, and what follows from it (PIPL, articles 15 and 16).

Without the consent to the processing the archive shows and does nothing for a person: records,
bindings, corrections and reports are refused, and open reports are closed. Signing in, exporting
one's data, agreeing again and closing the account still work; what was done before stands. Without
the separate consent to scans, what waits for a decision on one is withdrawn, and the scans go.
"""

from collections.abc import Iterator, Sequence

import msgspec

from chalicelib.domain.appeal_states import ENDED
from chalicelib.domain.consents import require_consent
from chalicelib.domain.errors import Refusal, Text
from chalicelib.domain.instants import rfc3339
from chalicelib.operations.agreed_terms import agreed_terms
from chalicelib.operations.change_identity import withdraw_identity
from chalicelib.operations.correct import withdraw_correction
from chalicelib.operations.notices import tell
from chalicelib.operations.ports import Caller, Ports
from chalicelib.operations.recover import end_late_sessions
from chalicelib.operations.start_session import principal_of
from chalicelib.stores.accounts import Account, Consent
from chalicelib.stores.reports import Report
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import ConditionFailed, Write

FOLLOWS = Text(
    "我们不再为您展示和处理学籍学历信息，您的报告已全部关闭；撤回之前已进行的处理不受影响。"
    "您的账户信息保存到注销为止：您可以导出信息、注销账户，也可以重新同意。",
    "We no longer show or process your records, and all your reports are closed; what was done "
    "before stands. Your account is kept until you close it: you can export your data, close the "
    "account, or agree again.",
)
SCANS_FOLLOW = Text(
    "等待审核的身份变更和带有证明材料的更正申请已撤回，影像随即删除；您已有的账户不受影响。",
    "Changes of identity and corrections with evidence that waited for a decision were withdrawn, "
    "and their scans are being erased; the account you have stays as it is.",
)

_CONTENTION_TRIES = 5
_PAGE = 100


class ConsentItem(msgspec.Struct, frozen=True, kw_only=True):
    """A consent given; `withdrawn` when it does not stand any more."""

    kind: str
    version: str
    digest: str
    at: str
    withdrawn: bool


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from a withdrawal, in the person's language."""

    kind: str
    follows: str


def list_consents(ports: Ports, principal: Principal) -> Sequence[ConsentItem]:
    """What the owner has agreed to, and whether it stands."""
    account = _account(ports, principal)
    given = [
        (consent, account.consent_withdrawn_at is not None)
        for consent in ports.accounts.consents(account.account_id)
    ]
    given += _scan_consents(ports, account.account_id)
    return [
        ConsentItem(
            kind=consent.kind,
            version=consent.version,
            digest=consent.digest,
            at=rfc3339(consent.at),
            withdrawn=withdrawn,
        )
        for consent, withdrawn in given
    ]


def withdraw_consent(ports: Ports, caller: Caller, principal: Principal) -> Withdrawal:
    """Withdraw the consent to the processing; every channel is told. Repeated, it goes on.

    From the next request on, no session of the account is served anything of the archive. Raises
    `conflict`, `unauthenticated` when the account is gone.
    """
    account = _account(ports, principal)
    if account.consent_withdrawn_at is None:
        now = ports.now()
        changed = msgspec.structs.replace(
            account,
            consent_withdrawn_at=now,
            sessions_ended_at=now,
            session_kept=principal.session_id,
        )
        others = ports.sessions.ending_all(account.account_id, but=principal.session_id)
        _change(ports, principal, changed, "consent_withdrawn", others)
        end_late_sessions(ports, account.account_id, but=principal.session_id)
    _close_reports(ports, account.account_id)
    return Withdrawal(kind="terms", follows=FOLLOWS.in_language(caller.language))


def consent_again(ports: Ports, principal: Principal, *, version: str, accepted: bool) -> None:
    """Agree to the text in force; the archive serves again. Closed reports stay closed.

    Raises `InvalidInput` with `consent_required`, `conflict`.
    """
    consent = agreed_terms(require_consent(version, accepted), ports.now())
    account = _account(ports, principal)
    changed = msgspec.structs.replace(account, consent_withdrawn_at=None)
    agreed = ports.accounts.agreeing(account.account_id, consent)
    _change(ports, principal, changed, "consent_given", [agreed])


def withdraw_scan_consent(ports: Ports, caller: Caller, principal: Principal) -> Withdrawal:
    """Withdraw what waits for a decision on a scan; `check_appeals` erases the scans.

    Repeated, it goes on. Raises `conflict` where something is decided at this moment. An appeal is
    withdrawn by whoever opened it, with its token.
    """
    account = _account(ports, principal)
    for change in ports.cases.identity_changes_of(account.account_id):
        if change.state not in ENDED and ports.cases.identity_change(change.case_id, ports.now()):
            withdraw_identity(ports, principal, change.case_id)
    owner = msgspec.structs.replace(principal, consent_withdrawn=False)
    for correction_id in _corrections_with_scans(ports, account.account_id):
        withdraw_correction(ports, owner, correction_id)
    ports.commit([ports.audited(account.account_id, "scan_consent_withdrawn", "owner")])
    return Withdrawal(kind="document_scan", follows=SCANS_FOLLOW.in_language(caller.language))


def _corrections_with_scans(ports: Ports, account_id: str) -> list[str]:
    return [
        one.correction_id
        for one in ports.proofreading.corrections(account_id)
        if one.upload is not None
        and one.state in {"draft", "submitted"}
        and (one.expires_at is None or ports.now() < one.expires_at)
    ]


def _scan_consents(ports: Ports, account_id: str) -> Iterator[tuple[Consent, bool]]:
    for change in ports.cases.identity_changes_of(account_id):
        consent = ports.cases.consent_of(change, "document_scan")
        if consent is not None:
            yield consent, change.state == "withdrawn"
    for correction in ports.proofreading.corrections(account_id):
        consent = ports.proofreading.consent_of(correction)
        if consent is not None:
            yield consent, correction.state == "withdrawn"


def _change(
    ports: Ports,
    principal: Principal,
    changed: Account,
    kind: str,
    more: Sequence[Write],
) -> None:
    """Change the account, what its present session may do, and tell the owner, in one commit."""
    following = [
        ports.sessions.changing(
            msgspec.structs.replace(session, principal=principal_of(changed, principal.session_id))
        )
        for session in ports.sessions.live(principal.account_id, ports.now())
        if session.principal.session_id == principal.session_id
    ]
    writes = [
        ports.accounts.changing(changed),
        *following,
        *more,
        *tell(ports, changed, kind),
        ports.audited(changed.account_id, kind, "owner"),
    ]
    try:
        ports.commit(writes)
    except ConditionFailed:
        raise Refusal("conflict") from None
    ports.metrics.count(kind)


def _close_reports(ports: Ports, account_id: str) -> None:
    """Close every open report, each in a commit of its own."""
    for report in _open_reports(ports, account_id):
        trail = ports.audited(account_id, "report_closed", "owner", report_id=report.report_id)
        for _ in range(_CONTENTION_TRIES):
            present = ports.reports.of_owner(account_id, report.report_id)
            if present is None or present.state in {"closed", "revoked"}:
                break
            try:
                ports.tables.commit([*ports.reports.closing(present, ports.now()), trail])
            except ConditionFailed:
                continue  # viewed or extended meanwhile
            break
        else:
            raise Refusal("unavailable", retry_after=1)


def _open_reports(ports: Ports, account_id: str) -> Iterator[Report]:
    after: str | None = None
    while True:
        page, after = ports.reports.list_of_owner(account_id, limit=_PAGE, after=after)
        yield from (one for one in page if one.state not in {"closed", "revoked"})
        if after is None:
            return


def _account(ports: Ports, principal: Principal) -> Account:
    account = ports.accounts.get(principal.account_id)
    if account is None:
        raise Refusal("unauthenticated")
    return account
