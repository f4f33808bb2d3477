"""Masks: what is shown of a number or address to somebody who should recognise it."""

MASK = "*"


def mask_document(number: str) -> str:
    """First and last character shown; nothing at all of a number under four characters."""
    if len(number) < 4:
        return MASK * len(number)
    return number[0] + MASK * (len(number) - 2) + number[-1]


def mask_phone(phone: str) -> str:
    """The last four digits of a phone in E.164, without its country code: `*******8000`."""
    return _last_four(phone.removeprefix("+86"))


def mask_email(email: str) -> str:
    """First character and domain: `z***@example.org`; of a local part of one nothing is shown."""
    local, _, domain = email.rpartition("@")
    shown = local[0] if len(local) > 1 else ""
    return f"{shown}{MASK * 3}@{domain}"


def mask_contract_number(number: str) -> str:
    """The last four characters of a loan's contract number."""
    return _last_four(number)


def _last_four(number: str) -> str:
    """Everything but the last four masked; a number of four or fewer wholly."""
    if len(number) <= 4:
        return MASK * len(number)
    return MASK * (len(number) - 4) + number[-4:]
