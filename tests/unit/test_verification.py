"""Attacks on a report in each of its forms, and what each checker finds: a row each.

The checkers are ours (`verify-report`), poppler and pyHanko for the PDF, and independent libraries
for the token and the credential. `FLIPS=all` flips every bit of one document (hours).
"""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import KeySet
from jwcrypto.jwk import JWK
from sd_jwt.verifier import SDJWTVerifier

from chalicelib.domain.jose import canonical, decoded, encoded
from chalicelib.stores.signatures import Signatures
from infra.verification.__main__ import main
from infra.verification.check import Context, check
from infra.verification.findings import Finding
from infra.verification.keys import KeysInvalid, read_keys
from tests.signing import MemorySigner
from tests.vectors.make import CLOSED, FOLDER, LIST, NOW, ORIGIN

PDF = (FOLDER / "report.pdf").read_bytes()
QR, TOKEN, CREDENTIAL, NAME_ONLY, STATUS_LIST = (
    (FOLDER / f"{name}.txt").read_text().strip()
    for name in ("qr", "token", "credential", "credential-name-only", "status-list")
)
JWKS = (FOLDER / "jwks.json").read_bytes()
KEYS = read_keys(JWKS)
CONTEXT = Context(keys=KEYS, now=NOW, origin=ORIGIN, lists={LIST: STATUS_LIST})
VALID_UNTIL = 1798041600


def found(content: bytes | str, **changes: Any) -> Finding:
    raw = content.encode() if isinstance(content, str) else content
    return check(raw, msgspec.structs.replace(CONTEXT, **changes))


def checks(finding: Finding) -> dict[str, str]:
    return dict(msgspec.structs.asdict(finding.checks))


ALL_PASSED = dict.fromkeys(("signature", "validity", "status", "currency"), "passed")
UNSIGNED = {"signature": "failed"} | dict.fromkeys(
    ("validity", "status", "currency"), "not_checked"
)


# What is as it was issued


@pytest.mark.req("R-53")
@pytest.mark.parametrize("content", [PDF, CREDENTIAL, NAME_ONLY], ids=["pdf", "all", "part"])
def test_what_was_issued_passes_every_check(content):
    assert checks(found(content)) == ALL_PASSED


@pytest.mark.parametrize("content", [QR, TOKEN, f"{TOKEN}\n"], ids=["address", "token", "line"])
def test_a_token_has_no_status_of_its_own(content):
    finding = found(content)
    assert checks(finding) == ALL_PASSED | dict.fromkeys(("status", "currency"), "not_checked")
    assert finding.report["report_number"] == "2026112300012345"


def test_all_forms_say_the_same():
    attached, shown = found(PDF).report, found(CREDENTIAL).report
    assert attached["f0"] == shown["f0"] == "王𬱖𠅤"
    assert attached["english"] == shown["english"]
    assert "f1" not in found(NAME_ONLY).report


@pytest.mark.parametrize(
    ("now", "validity"), [(VALID_UNTIL - 1, "passed"), (VALID_UNTIL, "failed")]
)
@pytest.mark.parametrize("content", [PDF, TOKEN, CREDENTIAL], ids=["pdf", "token", "credential"])
def test_validity_ends_by_the_clock(content, now, validity):
    assert checks(found(content, now=now))["validity"] == validity


@pytest.mark.parametrize(
    ("lists", "now", "status"),
    [
        ({LIST: STATUS_LIST}, NOW, "passed"),
        ({}, NOW, "not_checked"),
        ({LIST: STATUS_LIST}, NOW + 3600, "not_checked"),
        ({LIST: STATUS_LIST[:-2]}, NOW, "not_checked"),
        ({LIST: TOKEN}, NOW, "not_checked"),
        ({LIST: ""}, NOW, "not_checked"),
    ],
    ids=["at hand", "none", "old", "cut", "another token", "empty"],
)
def test_a_missing_old_or_broken_list_is_not_checked_and_never_valid(lists, now, status):
    assert checks(found(PDF, lists=lists, now=now))["status"] == status


def forger() -> Signatures:
    """Somebody with a key of their own."""
    return Signatures(MemorySigner(lambda: NOW))


def test_a_closed_report_fails_by_its_list():
    signer = MemorySigner(lambda: NOW)
    said = {
        "iss": ORIGIN, "iat": NOW, "exp": NOW + 9, "vct": "x",
        "status": {"status_list": {"idx": CLOSED, "uri": LIST}},
    }  # fmt: skip
    ours = Signatures(signer).token("dc+sd-jwt", said, NOW)
    keys = {**KEYS, signer.keys[0].kid: signer.keys[0]}
    assert checks(found(f"{ours}~", keys=keys)) == ALL_PASSED | {
        "status": "failed",
        "currency": "not_checked",
    }


# Attacks: one row each


def resigned(token: str, header: dict[str, Any], signature: str | None = None) -> str:
    _, claims, own = token.split(".")
    return f"{encoded(canonical(header))}.{claims}.{own if signature is None else signature}"


def header_of(token: str) -> dict[str, Any]:
    return dict(json.loads(decoded(token.split(".", maxsplit=1)[0])))


def malleable(token: str) -> str:
    """The other signature of the same message: s becomes n - s."""
    head, _, signature = token.rpartition(".")
    r, s = decoded(signature)[:32], int.from_bytes(decoded(signature)[32:], "big")
    n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    return f"{head}.{encoded(r + (n - s).to_bytes(32, 'big'))}"


KID = next(iter(KEYS))
HEADER = header_of(TOKEN)
ISSUED = CREDENTIAL.split("~")[0]
PAYLOAD = TOKEN.split(".")[1]

TOKEN_ATTACKS: dict[str, str] = {
    "no algorithm": resigned(TOKEN, HEADER | {"alg": "none"}, ""),
    "algorithm HS256": resigned(TOKEN, HEADER | {"alg": "HS256"}),
    "algorithm ES384": resigned(TOKEN, HEADER | {"alg": "ES384"}),
    "unknown key": resigned(TOKEN, HEADER | {"kid": "AAAAAAAAAAAA"}),
    "a key in the header": resigned(TOKEN, HEADER | {"jwk": {"kty": "EC"}}),
    "a key's address in the header": resigned(TOKEN, HEADER | {"jku": "https://evil.example"}),
    "another kind, renamed": resigned(ISSUED, HEADER),
    "a credential for a token": ISSUED,
    "a status list for a token": STATUS_LIST,
    "other claims": f"{TOKEN.split('.')[0]}.{encoded(b'{}')}.{TOKEN.split('.')[2]}",
    "signature of zeros": TOKEN.rpartition(".")[0] + "." + encoded(bytes(64)),
    "signature cut": TOKEN[:-2],
    "a key of another stage": forger().token("report+jwt", json.loads(decoded(PAYLOAD)), NOW),
    "another stage's key under our name": resigned(
        forger().token("report+jwt", json.loads(decoded(PAYLOAD)), NOW), HEADER
    ),
    "a look-alike site": QR.replace("archive.example", "archive.examp1e"),
    "plain http": QR.replace("https://", "http://"),
    "another code": QR.replace("/#", "/#0"),
}


@pytest.mark.req("R-53")
@pytest.mark.parametrize("attack", TOKEN_ATTACKS)
def test_our_checker_finds_each_attack_on_a_token(attack):
    assert checks(found(TOKEN_ATTACKS[attack])) == UNSIGNED


NOT_OF_THE_SIGNATURE = {
    "a look-alike site", "plain http", "another code", "a credential for a token",
    "a status list for a token", "a key in the header", "a key's address in the header",
}  # fmt: skip
"""What a JWS library alone cannot know: the address and what kind of token is wanted."""


@pytest.mark.req("R-53")
@pytest.mark.parametrize("attack", [a for a in TOKEN_ATTACKS if a not in NOT_OF_THE_SIGNATURE])
def test_another_library_finds_the_attacks_on_the_signature(attack):
    keys = KeySet.import_key_set(json.loads(JWKS))
    assert jws.deserialize_compact(TOKEN, keys, algorithms=["ES256"])
    with pytest.raises(Exception, match=r".*"):
        jws.deserialize_compact(TOKEN_ATTACKS[attack], keys, algorithms=["ES256"])


def test_the_other_signature_of_the_same_message_says_the_same():
    """ECDSA knows two for each message; nothing here is found by its signature."""
    assert found(malleable(TOKEN)).report == found(TOKEN).report


PARTS = CREDENTIAL.split("~")
CREDENTIAL_ATTACKS: dict[str, str] = {
    "a token for a credential": f"{TOKEN}~",
    "no tilde": ISSUED,
    "a disclosure twice": "~".join([*PARTS[:-1], PARTS[1], ""]),
    "a foreign disclosure": "~".join([PARTS[0], encoded(b'["s","f0","x"]'), ""]),
    "a changed value": "~".join(
        [PARTS[0], encoded(decoded(PARTS[1]).replace("王".encode(), "李".encode())), ""]
    ),
    "a disclosure of a claim": "~".join([PARTS[0], encoded(b'["s","exp",9999999999]'), ""]),
    "no disclosure at all": "~".join([PARTS[0], "AA", ""]),
    "another binding": CREDENTIAL + TOKEN,
    "another signature": "~".join([PARTS[0][:-6] + "AAAAAA", *PARTS[1:]]),
    "another issuer's key": forger().token("dc+sd-jwt", {"iss": ORIGIN, "iat": NOW}, NOW) + "~",
}


@pytest.mark.req("R-53")
@pytest.mark.parametrize("attack", CREDENTIAL_ATTACKS)
def test_our_checker_finds_each_attack_on_a_credential(attack):
    assert checks(found(CREDENTIAL_ATTACKS[attack])) == UNSIGNED


@pytest.mark.parametrize("attack", CREDENTIAL_ATTACKS)
def test_no_attack_makes_another_library_believe_anything_else(attack):
    published = {
        key["kid"]: JWK(**{name: key[name] for name in ("kty", "crv", "x", "y")})
        for key in json.loads(JWKS)["keys"]
    }

    def verified(text: str) -> dict[str, Any]:
        checker = SDJWTVerifier(text, lambda _, header: published[header["kid"]])
        return dict(checker.get_verified_payload())

    before = verified(CREDENTIAL)
    try:
        said = verified(CREDENTIAL_ATTACKS[attack])
    except Exception:  # noqa: BLE001 -- the library raises whatever it meets
        return
    assert attack == "a token for a credential" or within(said, before)


def within(said: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether nothing is said that was not said before."""
    return all(
        within(value, before[name]) if isinstance(value, Mapping) else value == before.get(name)
        for name, value in said.items()
    )


def test_a_credential_of_another_issuer_or_for_somebody_else_is_refused():
    assert checks(found(CREDENTIAL, origin="https://other.example")) == UNSIGNED
    assert checks(found(CREDENTIAL, audience="https://employer.example")) == UNSIGNED


# Every byte


def flips(content: bytes, sample: int) -> list[tuple[int, int]]:
    """Places and bits: all of them in a campaign, else as many as CI has time for."""
    if os.environ.get("FLIPS") == "all":
        return [(place, bit) for place in range(len(content)) for bit in range(8)]
    chosen = random.Random(6)
    return [(chosen.randrange(len(content)), chosen.randrange(8)) for _ in range(sample)]


def flipped(content: bytes, place: int, bit: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]


SIGNATURE = slice(PDF.rindex(b"/Contents <"), PDF.rindex(b"/ByteRange"))


@pytest.mark.req("R-53")
@pytest.mark.parametrize(
    ("content", "sample"),
    [(PDF, 150), (TOKEN.encode(), 400), (CREDENTIAL.encode(), 300), (STATUS_LIST.encode(), 0)],
    ids=["pdf", "token", "credential", "status list"],
)
def test_every_flipped_bit_is_found(content, sample):
    for place, bit in flips(content, sample):
        finding = found(flipped(content, place, bit))
        assert finding.checks.signature == "failed", (place, bit)


@pytest.mark.req("R-53")
def test_every_flipped_bit_of_the_signature_itself_is_found():
    """Its bytes are not signed: they are checked to be the one encoding of what is issued."""
    for place, bit in flips(PDF[SIGNATURE], 150):
        finding = found(flipped(PDF, SIGNATURE.start + place, bit))
        assert finding.checks.signature == "failed", (place, bit)


@pytest.mark.req("R-53")
def test_a_flipped_bit_of_a_status_list_is_never_a_status():
    for place, bit in flips(STATUS_LIST.encode(), 200):
        changed = flipped(STATUS_LIST.encode(), place, bit).decode("latin-1")
        assert checks(found(PDF, lists={LIST: changed}))["status"] == "not_checked", (place, bit)


PDF_ATTACKS: dict[str, Callable[[], bytes]] = {
    "a fact replaced": lambda: PDF.replace(b"startxref", b"startxreF", 1),
    "something added": lambda: PDF + b"\n% more\n",
    "a revision added": lambda: PDF + b"\n" + PDF[PDF.rindex(b"xref") :],
    "the end cut": lambda: PDF[:-1],
    "the signature cut": lambda: PDF[: SIGNATURE.start] + PDF[SIGNATURE.stop :],
    "lower case digits": lambda: (
        PDF[: SIGNATURE.start + 11]
        + PDF[SIGNATURE.start + 11 : SIGNATURE.stop].lower()
        + PDF[SIGNATURE.stop :]
    ),
    "unsigned": lambda: PDF[: PDF.index(b"%%EOF") + 6],
    "nothing but a head": lambda: b"%PDF-1.7",
}


@pytest.mark.req("R-53")
@pytest.mark.parametrize("attack", PDF_ATTACKS)
def test_our_checker_finds_each_attack_on_a_pdf(attack):
    assert checks(found(PDF_ATTACKS[attack]())) == UNSIGNED


def test_a_pdf_of_another_stage_is_refused():
    foreign = {key.kid: key for key in MemorySigner(lambda: NOW).keys}
    assert checks(found(PDF, keys=foreign)) == UNSIGNED


def test_a_key_that_could_not_sign_then_proves_nothing():
    key = KEYS[KID]
    late = {KID: msgspec.structs.replace(key, not_before=NOW + 1)}
    over = {KID: msgspec.structs.replace(key, not_after=NOW)}
    retired = {KID: msgspec.structs.replace(key, not_after=NOW + 1, state="retired")}
    for content in (PDF, TOKEN, CREDENTIAL):
        assert checks(found(content, keys=late))["signature"] == "failed"
        assert checks(found(content, keys=over))["signature"] == "failed"
        assert checks(found(content, keys=retired, now=VALID_UNTIL))["signature"] == "passed"


# The command


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "infra.verification", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout or done.stderr


AT = ("--keys", str(FOLDER / "jwks.json"), "--at", "2026-11-23T16:00:00Z")


def test_the_command_answers_for_archives_and_courts(tmp_path):
    listed = ("--status-list", str(FOLDER / "status-list.txt"))
    code, said = run(str(FOLDER / "report.pdf"), *AT, *listed)
    assert (code, json.loads(said)["checks"]) == (0, ALL_PASSED)
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(flipped(PDF, 4000, 0))
    code, said = run(str(changed), *AT, *listed)
    assert (code, json.loads(said)["checks"]) == (1, UNSIGNED)


def test_the_command_reads_a_photographed_copy(tmp_path):
    page = tmp_path / "page.png"
    with page.open("wb") as picture:
        subprocess.run(
            ["pdftoppm", "-r", "150", "-png", "-singlefile", str(FOLDER / "report.pdf")],
            stdout=picture,
            check=True,
        )
    code, said = run(str(page), *AT)
    assert (code, json.loads(said)["report"]["report_number"]) == (0, "2026112300012345")


@pytest.mark.parametrize(
    "arguments",
    [
        [str(FOLDER / "report.pdf")],
        [str(FOLDER / "missing.pdf"), *AT],
        [str(FOLDER / "report.pdf"), "--origin", "http://archive.example"],
        [str(FOLDER / "report.pdf"), "--keys", str(FOLDER / "token.txt")],
        [str(FOLDER / "report.pdf"), *AT[:2], "--at", "soon"],
    ],
)
def test_what_cannot_be_checked_is_no_verdict(arguments, capsys):
    assert main(arguments) == 2
    assert "could not check" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"keys":[{"kty":"RSA"}]}'])
def test_what_is_no_set_of_keys_is_refused(content):
    with pytest.raises(KeysInvalid):
        read_keys(content)


def test_the_vectors_are_complete():
    assert {file.name for file in Path(FOLDER).iterdir() if file.suffix != ".py"} - {
        "__pycache__"
    } == {
        "README.md",
        "jwks.json",
        "report.pdf",
        "qr.txt",
        "token.txt",
        "credential.txt",
        "credential-name-only.txt",
        "status-list.txt",
        "test-key.pem",
    }
