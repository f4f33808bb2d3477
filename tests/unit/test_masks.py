import pytest

from chalicelib.domain.masks import mask_contract_number, mask_document, mask_email, mask_phone


@pytest.mark.req("R-64")
@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("11010519491231002X", "1****************X"),
        ("12345678", "1******8"),
        ("E1234", "E***4"),
        ("E123", "E**3"),
        ("E12", "***"),
        ("", ""),
    ],
)
def test_a_document_number_shows_its_first_and_last_character(number, masked):
    assert mask_document(number) == masked


@pytest.mark.req("R-64")
def test_a_phone_shows_its_last_four_digits():
    assert mask_phone("+8613812345678") == "*******5678"


@pytest.mark.req("R-64")
@pytest.mark.parametrize(
    ("email", "masked"),
    [
        ("anna.li@example.org", "a***@example.org"),
        ("al@example.org", "a***@example.org"),
        ("a@example.org", "***@example.org"),
    ],
)
def test_an_address_shows_its_first_character_and_domain(email, masked):
    assert mask_email(email) == masked


@pytest.mark.req("R-64")
@pytest.mark.parametrize(
    ("number", "masked"),
    [("202100123456", "********3456"), ("12345", "*2345"), ("1234", "****"), ("", "")],
)
def test_a_contract_number_shows_its_last_four_characters(number, masked):
    assert mask_contract_number(number) == masked
