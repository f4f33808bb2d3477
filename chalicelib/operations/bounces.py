"""Mail that came back, or that its recipient called spam."""

import msgspec

from chalicelib.operations.notices import tell_by
from chalicelib.operations.ports import Ports
from chalicelib.stores.accounts import MailTrouble


def note_returned_mail(ports: Ports, reference: str, reason: MailTrouble) -> None:
    """Mark the account's address as one that takes no mail, and tell its owner by phone, once.

    From then on notices go by phone only, until the owner confirms the address or gives another.
    Nothing happens where no account has the address any more. Safe to repeat; raises
    `ConditionFailed` when the account changed meanwhile, to be tried again.
    """
    account = ports.accounts.of_mail_reference(reference)
    if account is None or account.mail_trouble is not None:
        return
    marked = msgspec.structs.replace(account, email_confirmed=False, mail_trouble=reason)
    writes = [
        ports.accounts.changing(marked),
        ports.audited(account.account_id, "mail_returned", "system", reason=reason),
    ]
    if account.phone:
        writes.append(tell_by(ports, account, "sms", "mail_returned"))
    ports.commit(writes)
    ports.metrics.count("mail_returned", reason=reason)
