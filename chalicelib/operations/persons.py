"""Who somebody says to be."""

from chalicelib.domain.documents import parse_document
from chalicelib.domain.instants import china_date
from chalicelib.domain.names import parse_name
from chalicelib.operations.ports import Ports
from chalicelib.stores.accounts import Person


def stated_person(ports: Ports, *, name: str, document_type: str, document_number: str) -> Person:
    """The person as normalised. Raises `InvalidInput` for the document, then for the name."""
    document = parse_document(document_type, document_number, today=china_date(ports.now()))
    return Person(
        name=parse_name(name), document_type=document.type, document_number=document.number
    )
