"""What schedules and queues start: one function a job, each safe to run twice.

A job imports its operation when it runs: every function loads this module, and answers people
sooner for not loading what only the jobs need.
"""
# ruff: noqa: PLC0415

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib import telemetry
from chalicelib.adapters.queues import key_of, returned_mail_of
from chalicelib.domain.errors import Refusal
from chalicelib.operations.ports import Ports
from chalicelib.stores.tables import Key

OUTBOX_AGE = "outbox_age"
"""The figure whose alarm tells that messages do not go out."""


def relay(ports: Ports) -> int:
    """Queue the messages that are due; how many."""
    from chalicelib.operations import relay as relaying

    count = relaying.relay(ports)
    if count:
        telemetry.job_log("relay", messages=count)
    return count


def relay_committed(ports: Ports, event: Mapping[str, Any]) -> int:
    """Queue the messages of whose rows the outbox's stream tells; how many.

    However many others wait, only these are looked at.
    """
    from chalicelib.operations import relay as relaying

    rows = [record["dynamodb"]["Keys"] for record in event["Records"]]
    return relaying.queue(ports, [Key("outbox", row["pk"]["S"], row["sk"]["S"]) for row in rows])


def watch_outbox(ports: Ports) -> int:
    """Tell how long the oldest message has waited (R-99); in seconds."""
    from chalicelib.operations import relay as relaying

    waited = relaying.waiting_seconds(ports)
    ports.metrics.seconds(OUTBOX_AGE, waited)
    return waited


def expire_codes(ports: Ports) -> int:
    """Remove what has expired; how many rows."""
    from chalicelib.operations import expire_codes as expiring

    count = expiring.expire_codes(ports)
    telemetry.job_log("expire_codes", rows=count)
    return count


def check_appeals(ports: Ports) -> int:
    """Look after appeals and changes of identity whose time has come; how many.

    Corrections too: their drafts lapse and their evidence goes in the same way; and the reports
    that a change of their record left to be withdrawn.
    """
    from chalicelib.operations import check_appeals as checking
    from chalicelib.operations import correct as correcting
    from chalicelib.operations import withdraw_reports as withdrawing

    checked = checking.check_appeals(ports)
    telemetry.job_log(
        "check_appeals",
        cases=checked.looked_at,
        past_due=checked.past_due,
        failed=checked.failed,
    )
    tidied = correcting.tidy_corrections(ports)
    telemetry.job_log("tidy_corrections", corrections=tidied)
    telemetry.job_log("withdraw_reports", records=withdrawing.withdraw_left(ports))
    return checked.looked_at


def close_accounts(ports: Ports) -> int:
    """Close the accounts whose time has come; how many are closed to the end."""
    from chalicelib.operations import close_account as closing

    closed = closing.close_accounts(ports)
    telemetry.job_log("close_accounts", closed=closed.closed, failed=closed.failed)
    return closed.closed


def remind(ports: Ports) -> int:
    """Send the reminders of the day; how many."""
    from chalicelib.operations import remind as reminding

    reminded = reminding.remind(ports)
    telemetry.job_log("remind", sent=reminded.sent, failed=reminded.failed)
    return reminded.sent


def seal_audit(ports: Ports) -> int:
    """Seal the audit trail's hours that are over; how many.

    The log keeps each run's last seal: an anchor that who can change the tables cannot change.
    """
    from chalicelib.operations import seal_audit as sealing

    sealed = sealing.seal_audit(ports)
    if sealed.last is not None:
        telemetry.job_log(
            "seal_audit",
            hours=sealed.hours,
            broken=sealed.broken,
            hour=sealed.last.statement.hour,
            digest=sealed.last.statement.digest.hex(),
        )
    return sealed.hours


def publish_statuses(ports: Ports) -> int:
    """Publish which reports are valid; how many lists were signed."""
    from chalicelib.operations import publish_statuses as publishing

    published = publishing.publish_statuses(ports)
    if published.lists:
        telemetry.job_log("publish_statuses", lists=published.lists, changes=published.changes)
    return published.lists


def deliver(ports: Ports, event: Mapping[str, Any]) -> dict[str, Any]:
    """Send the messages of an SQS event; answers which of them failed (partial batch)."""
    from chalicelib.operations import deliver as delivering

    return _each(event, "deliver", lambda body: delivering.deliver(ports, key_of(body)))


def bounces(ports: Ports, event: Mapping[str, Any]) -> dict[str, Any]:
    """Note the mail that came back, of an SQS event; answers which failed (partial batch)."""
    from chalicelib.operations.bounces import note_returned_mail

    return _each(event, "bounces", lambda body: note_returned_mail(ports, *returned_mail_of(body)))


def _each(event: Mapping[str, Any], job: str, handle: Callable[[str], object]) -> dict[str, Any]:
    failed = []
    for record in event["Records"]:
        try:
            handle(record["body"])
        except Exception as error:  # noqa: BLE001 -- whatever it is, it fails this message alone
            telemetry.job_log(job, failed=_name(error))
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def _name(error: Exception) -> str:
    """What is logged of an error: a refusal's code and cause, of any other the class alone."""
    return str(error) if isinstance(error, Refusal) else type(error).__name__
