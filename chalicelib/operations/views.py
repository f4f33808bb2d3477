"""What an account and a record look like to their owner (the contract's members)."""

from collections.abc import Iterable, Mapping

import msgspec

from chalicelib.domain.instants import rfc3339
from chalicelib.domain.masks import mask_contract_number, mask_document, mask_phone
from chalicelib.domain.records import FACTS_OF, Record
from chalicelib.domain.staff import Role
from chalicelib.stores.accounts import Account, MailTrouble, ProofLevel


class AccountView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account as its owner sees it; `closes_at` is there while it is closing.

    One of the staff has `role` and its bounds, and no document and phone.
    """

    account_id: str
    username: str
    name: str
    document_type: str | None
    document_number: str | None
    phone: str | None
    email: str
    email_confirmed: bool
    proof_level: ProofLevel
    created_at: str
    closes_at: str | None = None
    mail_trouble: MailTrouble | None = None
    role: Role | None = None
    institution_code: str | None = None
    province: str | None = None


def account_view(account: Account) -> AccountView:
    """The owner's view: document number and phone masked."""
    number, post = account.person.document_number, account.post
    return AccountView(
        account_id=account.account_id,
        username=account.email,
        name=account.person.name,
        document_type=account.person.document_type if number else None,
        document_number=mask_document(number) if number else None,
        phone=mask_phone(account.phone) if account.phone else None,
        email=account.email,
        email_confirmed=account.email_confirmed,
        proof_level=account.proof_level,
        created_at=rfc3339(account.created_at),
        closes_at=rfc3339(account.closes_at) if account.closes_at else None,
        mail_trouble=account.mail_trouble,
        role=post.role if post else None,
        institution_code=post.scope if post and post.role == "registrar" else None,
        province=post.scope if post and post.role == "reviewer" else None,
    )


def record_view(record: Record, *, masked: bool = True) -> dict[str, object]:
    """A record's members; a held one shows that it is held and why, nothing else."""
    if record.held:
        return {"record_id": record.record_id, "held": True, "hold_reason": record.hold_reason}
    facts = {field: getattr(record.facts, field) for field in _fields_of(record)}
    return {
        "record_id": record.record_id,
        "version": record.version,
        "updated_at": rfc3339(record.updated_at),
        "held": False,
        "photos": sorted(record.photos),
        **(masked_facts(facts) if masked else facts),
    }


def masked_facts(facts: Mapping[str, object]) -> dict[str, object]:
    """A record's facts with the numbers masked that even the owner is not shown in full."""
    masks = {"document_number": mask_document, "contract_number": mask_contract_number}
    return {
        field: masks[field](str(value)) if field in masks and value else value
        for field, value in facts.items()
    }


def _fields_of(record: Record) -> Iterable[str]:
    return FACTS_OF[record.family].__struct_fields__
