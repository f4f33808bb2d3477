"""Whose record it is: the rules by which records bind to a person who has proved identities."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from chalicelib.domain.documents import Document, comparable_number
from chalicelib.domain.names import is_uncertain, may_be, same_name
from chalicelib.domain.records import Credential, Facts, Record

ManualVerdict = Literal["bound", "review", "refused"]

JUNIOR_COLLEGE_LEVELS = frozenset({"专科", "高职（专科）", "高职(专科)"})


class Identity(msgspec.Struct, frozen=True):
    """A name and a document that one person has proved to go together."""

    name: str
    document: Document


def binds_automatically(facts: Facts, identities: Sequence[Identity]) -> bool:
    """Whether name and document number both agree with *one* of the identities.

    An uncertain name never does, and neither does a record without a number.
    """
    return any(
        _names_agree(facts, identity) and _documents_agree(facts, identity)
        for identity in identities
    )


def judge_manual(facts: Facts, identities: Sequence[Identity]) -> ManualVerdict:
    """What becomes of a record that the person found by its certificate number.

    The name has to agree, and the document number where the record has one, both with the same
    identity. A name of which only the known characters agree waits for a review.
    """
    candidates = [
        identity
        for identity in identities
        if not facts.document_number or _documents_agree(facts, identity)
    ]
    if any(_names_agree(facts, identity) for identity in candidates):
        return "bound"
    if any(may_be(facts.name, identity.name) for identity in candidates):
        return "review"
    return "refused"


def upgrade_eligible(credentials: Iterable[Record]) -> bool:
    """专升本: whether one of a person's records is a junior-college graduation in good standing.

    `credentials` are the bound ones; 毕业 counts, 结业 does not, nor does a record that is held,
    revoked or void because the diploma was lost (its replacement is a record of its own).
    """
    return any(
        isinstance(record.facts, Credential) and not record.held and _graduated_junior(record.facts)
        for record in credentials
    )


def _graduated_junior(facts: Credential) -> bool:
    return (
        facts.level in JUNIOR_COLLEGE_LEVELS
        and facts.conclusion == "毕业"
        and not facts.revoked
        and not facts.lost_void
    )


def _names_agree(facts: Facts, identity: Identity) -> bool:
    return not is_uncertain(facts.name) and same_name(facts.name, identity.name)


def _documents_agree(facts: Facts, identity: Identity) -> bool:
    """Same number, and the same type where the record knows it; a number that is none never."""
    document = identity.document
    if not facts.document_number or facts.document_type not in {None, document.type}:
        return False
    return comparable_number(facts.document_type, facts.document_number) == document.number
