"""Make the published test vectors again: `python -m tests.vectors.make`.

The key is a test key whose private half is published beside them: whoever trusts it trusts nobody.
"""

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from chalicelib.adapters.report_pdf import OperatorIdentity, TypstRenderer
from chalicelib.adapters.report_signature import PadesSigner
from chalicelib.domain.credentials import CREDENTIAL, credential, presented
from chalicelib.domain.jose import decoded, encoded
from chalicelib.domain.report_tokens import REPORT_TOKEN, report_claims
from chalicelib.domain.statements import Statement
from chalicelib.domain.status_lists import (
    STATUS_LIST,
    StatusEntry,
    empty_list,
    list_claims,
    with_statuses,
)
from chalicelib.domain.verification_codes import make_code
from chalicelib.stores.signatures import Signatures
from tests.signing import MemorySigner
from tests.unit.test_report_pdf import jpeg, statement

FOLDER = Path(__file__).parent
ORIGIN = "https://archive.example"
NOW = 1795449540
"""2026-11-23T15:59:00Z, when everything was signed."""
CODE = make_code(b"report-pdf")
LIST = f"{ORIGIN}/api/status-lists/202611-1"
CLOSED = 4711
"""A place of the list whose report was closed."""


def said() -> Statement:
    return msgspec.structs.replace(
        statement(),
        salt=encoded(bytes(range(16))),
        photo_digest="ab" * 32,
        status_entry=StatusEntry("202611-1", 1234, LIST),
    )


def main() -> None:
    signer = MemorySigner(lambda: NOW)
    signatures, key = Signatures(signer), signer.keys[0]
    token = signatures.token(REPORT_TOKEN, report_claims(said(), NOW), NOW)
    renderer = TypstRenderer(
        OperatorIdentity(
            name_zh="示例学籍档案", name_en="Example Student Archive", domain="archive.example"
        ),
        specimen=True,
    )
    url = f"{ORIGIN}/verify/#{CODE}"
    page = renderer.render(
        said(), verification_code=CODE, verification_url=url, token=token, photo=jpeg()
    )
    pdf = PadesSigner(signer, "Example Student Archive").sign(page, now=NOW)
    made = credential(said(), issuer=ORIGIN, now=NOW, random=_counting())
    issued = signatures.token(CREDENTIAL, made.claims, NOW)
    names = [each for each in made.disclosures if json.loads(decoded(each))[1] == "f0"]
    bits = with_statuses(empty_list(), {CLOSED: 1})
    published = signatures.token(STATUS_LIST, list_claims(LIST, bits, NOW), NOW)
    files = {
        "jwks.json": json.dumps(signatures.published(), indent=1).encode() + b"\n",
        "report.pdf": pdf,
        "qr.txt": f"{url}.{token}\n".encode(),
        "token.txt": f"{token}\n".encode(),
        "credential.txt": f"{presented(issued, made.disclosures)}\n".encode(),
        "credential-name-only.txt": f"{presented(issued, names)}\n".encode(),
        "status-list.txt": f"{published}\n".encode(),
        "test-key.pem": _pem(signer.private(key)),
    }
    for name, content in files.items():
        (FOLDER / name).write_bytes(content)


def _counting() -> Callable[[int], bytes]:
    numbers = iter(range(1, 100))
    return lambda count: next(numbers).to_bytes(count)


def _pem(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


if __name__ == "__main__":
    main()
