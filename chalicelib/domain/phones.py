"""Mainland mobile numbers: the only phones that codes are sent to (text messages cost money)."""

import re
import unicodedata

from chalicelib.domain.errors import invalid

_AS_TYPED = re.compile(r"(?:(?:\+|00)?86)?(1[0-9]{10})")


def parse_phone(raw: str, *, field: str = "destination") -> str:
    """The number a person typed, as E.164 (`+8613800138000`).

    Takes 11 digits with or without the country code, spaces and hyphens between them. Raises
    `InvalidInput` (`phone_invalid`) for anything that is not a mobile number of the mainland's
    numbering plan.
    """
    digits = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", raw))
    typed = _AS_TYPED.fullmatch(digits)
    if typed is None or not _is_mobile(typed[1]):
        raise invalid(field, "phone_invalid")
    return f"+86{typed[1]}"


def segment(phone: str) -> str:
    """The first seven digits of the national number: what an operator assigns as one block."""
    return phone.removeprefix("+86")[:7]


def _is_mobile(national: str) -> bool:
    # The import takes as long as ten requests, and most functions never see a phone.
    import phonenumbers  # noqa: PLC0415

    number = phonenumbers.PhoneNumber(country_code=86, national_number=int(national))
    return phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
