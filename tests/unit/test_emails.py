import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.emails import comparable, parse_email
from chalicelib.domain.errors import FieldProblem, InvalidInput


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("anna@example.com", "anna@example.com"),
        ("anna@example.org", "anna@example.org"),
        ("anna@mail.test", "anna@mail.test"),
        ("123456@qq.com", "123456@qq.com"),
        ("  Anna.Li+archive@EXAMPLE.com\n", "Anna.Li+archive@example.com"),
        ("ａｎｎａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "anna@example.com"),
        ("anna@例子.中国", "anna@xn--fsqu00a.xn--fiqs8s"),
        ("anna@xn--fsqu00a.xn--fiqs8s", "anna@xn--fsqu00a.xn--fiqs8s"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_an_address_is_kept_as_mail_is_sent_to_it(typed, kept):
    assert parse_email(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "anna",
        "anna@",
        "@example.com",
        "anna@localhost",
        "anna@host.local",
        "anna@host.invalid",
        "anna@example..com",
        "anna..li@example.com",
        "anna li@example.com",
        '"anna li"@example.com',
        "Anna <anna@example.com>",
        "anna@[127.0.0.1]",
        "anna@example.com,li@example.com",
        "anna@example.com\r\nBcc: li@example.com",
        "王芳@example.com",
        "a" * 65 + "@example.com",
        "anna@" + "a" * 64 + ".com",
        "anna@" + "a." * 130 + "com",
    ],
)
def test_anything_else_is_refused_by_field_and_not_quoted(typed):
    with pytest.raises(InvalidInput) as refused:
        parse_email(typed, field="contact")
    assert refused.value.problems == (FieldProblem("contact", "email_invalid"),)
    assert refused.value.__cause__ is None


@pytest.mark.req("R-75")
@given(st.text(max_size=30) | st.emails())
def test_any_text_is_a_normal_address_or_refused(text):
    try:
        email = parse_email(text)
    except InvalidInput:
        return
    assert parse_email(email) == email
    assert email.isascii()


def test_case_makes_no_second_mailbox():
    assert comparable("Anna.Li@Example.com") == comparable("anna.li@example.com")
    assert comparable("anna.li@example.com") != comparable("annali@example.com")
