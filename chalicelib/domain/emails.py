"""E-mail addresses: user names, and where mail goes."""

import unicodedata

from chalicelib.domain.errors import invalid


def parse_email(raw: str, *, field: str = "email") -> str:
    """The address a person typed, as mail is sent to it: domain in lower case and ASCII.

    The part before the `@` keeps its case and has to be ASCII, because the mail service sends to
    no other. Reserved domains of demonstrations (`example.org`, `.test`) count as valid. Raises
    `InvalidInput` (`email_invalid`). Nothing is looked up on the network.
    """
    # The import takes as long as ten requests, and most functions never see an address.
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    try:
        checked = validate_email(
            unicodedata.normalize("NFKC", raw).strip(),
            allow_smtputf8=False,
            strict=True,
            check_deliverability=False,
            test_environment=True,
        )
    except EmailNotValidError:
        # The library's message quotes the address, and personal data stays out of tracebacks.
        raise invalid(field, "email_invalid") from None
    if checked.ascii_email is None:
        raise invalid(field, "email_invalid")
    return checked.ascii_email


def comparable(email: str) -> str:
    """The form in which an address is unique: letter case does not make a second mailbox."""
    return email.casefold()
