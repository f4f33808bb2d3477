"""Check a report without an account, and without trust in whoever handed it over.

    verify-report FILE [--keys FILE | --origin https://archive.example]

FILE is the signed PDF, a picture with its QR code (PNG or JPEG; needs `zbarimg`), the text of the
QR code or of its token, or a credential (SD-JWT); `-` reads from standard input. Keys come from a
file kept beforehand, or from the archive's site; with a site, or `--status-list`, the status is
checked too. Answers JSON. Exit code: 0 nothing failed, 1 something failed, 2 could not check.
"""

import argparse
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import msgspec

from infra.verification.check import Context, check
from infra.verification.findings import Finding, Keys
from infra.verification.keys import KeysInvalid, read_keys

_SECONDS = 10
_MOST_BYTES = 1_000_000
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff")


class CannotCheck(Exception):  # noqa: N818 -- says what is missing
    """Something that a check needs is out of reach: it says nothing about the report."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit code."""
    options = _parser().parse_args(arguments)
    try:
        finding = _found(options)
    except CannotCheck as problem:
        print(f"could not check: {problem}", file=sys.stderr)
        return 2
    print(msgspec.json.format(msgspec.json.encode(finding)).decode())
    return 1 if finding.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="verify-report", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("file", help="what is to be checked, or - for standard input")
    parser.add_argument("--keys", type=Path, help="the archive's keys, kept beforehand (JWK set)")
    parser.add_argument("--origin", help="the archive's site, typed in: never from the report")
    parser.add_argument("--status-list", type=Path, help="a signed status list, kept beforehand")
    parser.add_argument("--at", help="the instant to check for (2026-11-23T08:00:00Z); else now")
    parser.add_argument("--audience", help="whom a credential must have been shown to")
    parser.add_argument("--nonce", help="the value that the holder was given to sign")
    return parser


def _found(options: argparse.Namespace) -> Finding:
    content = _content(options.file)
    context = Context(
        keys=_keys(options),
        now=_instant(options.at),
        origin=options.origin,
        audience=options.audience,
        nonce=options.nonce,
    )
    finding = check(content, context)
    pointer = _pointer(finding)
    published = _published(options, pointer) if pointer else None
    if published is None or pointer is None:
        return finding
    return check(content, msgspec.structs.replace(context, lists={pointer: published}))


def _content(name: str) -> bytes:
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise CannotCheck(f"{name}: {error.strerror}") from None
    return _qr_text(content) if content.startswith(_PICTURES) else content


def _qr_text(picture: bytes) -> bytes:
    """The text of the one QR code in a picture."""
    command = ["zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", "-"]
    try:
        read = subprocess.run(command, input=picture, capture_output=True, check=False).stdout
    except FileNotFoundError:
        raise CannotCheck("reading a picture needs zbarimg (package zbar-tools)") from None
    codes = read.strip().splitlines()
    if len(codes) != 1:
        raise CannotCheck("the picture shows no QR code, or several")
    return codes[0]


def _keys(options: argparse.Namespace) -> Keys:
    if options.keys is not None:
        content = options.keys.read_bytes()
    elif options.origin is not None:
        content = _fetched(f"{options.origin}/api/.well-known/jwks.json")
    else:
        raise CannotCheck("give --keys or --origin: a report does not say whom to trust")
    try:
        return read_keys(content)
    except KeysInvalid as problem:
        raise CannotCheck(f"keys: {problem}") from None


def _instant(text: str | None) -> int:
    if text is None:
        return int(time.time())
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise CannotCheck("--at is no instant") from None


def _pointer(finding: Finding) -> str | None:
    said = finding.report.get("status_list") or finding.report.get("status", {})
    pointer = said.get("status_list", said) if isinstance(said, dict) else {}
    return pointer.get("uri")


def _published(options: argparse.Namespace, uri: str) -> str | None:
    """The status list, if there is one to hand. A list elsewhere than on the site is not asked."""
    if options.status_list is not None:
        return str(options.status_list.read_text("ascii").strip())
    if options.origin is None or not uri.startswith(f"{options.origin}/api/status-lists/"):
        return None
    try:
        return _fetched(uri).decode("ascii")
    except (CannotCheck, UnicodeDecodeError):
        return None


def _fetched(address: str) -> bytes:
    if not address.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise CannotCheck(f"{address}: only https")
    try:
        with urlopen(Request(address), timeout=_SECONDS) as answer:  # noqa: S310 -- checked above
            return bytes(answer.read(_MOST_BYTES))
    except (URLError, OSError, ValueError) as error:
        raise CannotCheck(f"{address}: {type(error).__name__}") from None


if __name__ == "__main__":
    sys.exit(main())
