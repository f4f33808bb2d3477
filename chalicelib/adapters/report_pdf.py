"""Draws a report's PDF: one A4 page, archivable (PDF/A-3a) and accessible (PDF/UA-1).

The layout is `chalicelib/assets/report/report.typ`; this module decides what it says and hands it
over as JSON, so that text can only ever be text. The same input always gives the same bytes.
"""

import io
import json
import threading
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import segno

from chalicelib.domain.instants import CHINA
from chalicelib.domain.report_tokens import attachment
from chalicelib.domain.statements import Line, Statement
from chalicelib.domain.verification_codes import grouped

if TYPE_CHECKING:
    import typst

ASSETS = Path(__file__).resolve().parents[1] / "assets" / "report"
TEMPLATE = ASSETS / "report.typ"
FONTS = ASSETS / "fonts"
COVERAGE = FONTS / "coverage.txt"

STANDARDS: list["typst.PDFStandard"] = ["a-3a", "ua-1"]
MISSING = "□"
"""Stands for a character that no shipped font has; such a character would fail PDF/A."""

_QR_VERSION, _QR_CAPACITY = 15, 412
"""A QR version and the bytes it holds at error correction M: an address with a token fits, all look
alike."""
_QR_PIXELS = 4
"""To a module: sharp in print (230 to the inch) and on a screen."""

_PORTRAIT_BOX = (240, 320)
"""The most pixels of a portrait: 203 to the inch on its 30 by 40 mm."""
_PORTRAIT_BYTES = 16_000
_PORTRAIT_QUALITY = 78

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)

Texts = tuple[str, str]
"""The same in Chinese and English."""


@dataclass(frozen=True, slots=True)
class OperatorIdentity:
    """Who issues reports: the operator's own name in both languages, and its domain."""

    name_zh: str
    name_en: str
    domain: str


class TypstRenderer:
    """Draws reports with typst; keeps the compiler and the fonts for the life of the process.

    `specimen` prints the diagonal mark 演示 / SPECIMEN over the page. Safe for threads: they draw
    one after another.
    """

    def __init__(self, operator: OperatorIdentity, *, specimen: bool) -> None:
        self._operator = operator
        self._specimen = specimen
        self._lock = threading.Lock()
        self._tools: tuple[typst.Compiler, Coverage] | None = None

    def render(
        self,
        statement: Statement,
        *,
        verification_code: str,
        verification_url: str,
        token: str,
        photo: bytes | None,
    ) -> bytes:
        """The PDF of `statement`, yet to be signed.

        `verification_code` is the 16 characters without groups, `verification_url` the printed
        address; the QR code holds it with the signed `token` after it. `photo` is a JPEG or
        nothing. What `report_tokens.attachment` says is attached. A character in no shipped font is
        drawn as □ and a note says so. Raises `ValueError` for a photo that is no readable JPEG and
        for an address too long for a QR code.
        """
        content = {
            "language": statement.language,
            "specimen": self._specimen,
            "portrait": None if photo is None else list(_portrait(photo)),
            "qr": list(_qr(f"{verification_url}.{token}")),
            "attachment": attachment(statement, token).decode(),
            "url": verification_url,
            "code": grouped(verification_code),
            "texts": self._texts(statement),
        }
        with self._lock:
            return self._compile(content, statement.issued_at)

    def _texts(self, statement: Statement) -> dict[str, Any]:
        operator = self._operator
        return {
            "title": (statement.title_zh, statement.title_en),
            "operator": (operator.name_zh, operator.name_en),
            "domain": operator.domain,
            "number": statement.report_number,
            "issued": _instant(statement.issued_at),
            "valid_until": _instant(statement.valid_until),
            "lines": [_line(line) for line in statement.lines],
            "notes": _notes(statement, operator),
        }

    def _compile(self, content: dict[str, Any], issued_at: int) -> bytes:
        compiler, coverage = self._tools = self._tools or _tools()
        legible = coverage.legible(content["texts"])
        if legible != content["texts"]:
            legible["notes"].append(_MISSING_NOTE)
        pdf = compiler.compile(
            format="pdf",
            sys_inputs={"report": json.dumps(content | {"texts": legible}, ensure_ascii=False)},
            pdf_standards=STANDARDS,
            timestamp=issued_at,
        )
        if not isinstance(pdf, bytes):
            raise TypeError("typst gave no PDF")
        return pdf


class Coverage:
    """Which characters the shipped fonts can show."""

    def __init__(self, listing: str) -> None:
        """Of lines `first-last` or `only`, in hexadecimal and in order."""
        bounds = [line.split("-") for line in listing.splitlines()]
        self._firsts = [int(bound[0], 16) for bound in bounds]
        self._lasts = [int(bound[-1], 16) for bound in bounds]

    def __contains__(self, character: str) -> bool:
        at = bisect_right(self._firsts, ord(character)) - 1
        return at >= 0 and ord(character) <= self._lasts[at]

    def legible(self, texts: Any) -> Any:
        """`texts` (strings in lists and mappings) with □ for what cannot be shown."""
        if isinstance(texts, str):
            return "".join(each if each in self else MISSING for each in texts)
        if isinstance(texts, Mapping):
            return {key: self.legible(value) for key, value in texts.items()}
        return type(texts)(self.legible(value) for value in texts)


def _tools() -> "tuple[typst.Compiler, Coverage]":
    import typst  # noqa: PLC0415 -- 80 MB that only drawing needs

    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS]
    )
    compiler = typst.Compiler(TEMPLATE, root=ASSETS, font_paths=fonts)
    return compiler, Coverage(COVERAGE.read_text("ascii"))


def _portrait(photo: bytes) -> bytes:
    """The photo as it is printed: a small one as it came, a large or CMYK one made to fit."""
    from PIL import Image  # noqa: PLC0415 -- only reports with a portrait need it

    try:
        with Image.open(io.BytesIO(photo), formats=["JPEG"]) as image:
            image.load()
            fits = image.width <= _PORTRAIT_BOX[0] and image.height <= _PORTRAIT_BOX[1]
            if fits and len(photo) <= _PORTRAIT_BYTES and image.mode in {"RGB", "L"}:
                return photo
            smaller = image.convert("RGB")
    except OSError as unreadable:
        raise ValueError("photo: not a readable JPEG") from unreadable
    smaller.thumbnail(_PORTRAIT_BOX)
    written = io.BytesIO()
    smaller.save(written, "JPEG", quality=_PORTRAIT_QUALITY, optimize=True)
    return written.getvalue()


def _qr(text: str) -> bytes:
    """The QR code of a text as PNG, with its quiet zone: half as many bytes as drawn by lines.

    One mask for all: choosing the best of eight costs more than the rest of the code, and any
    scanner reads each of them.
    """
    version = _QR_VERSION if len(text.encode()) <= _QR_CAPACITY else None
    code = segno.make(text, error="m", version=version, mask=4, micro=False, boost_error=False)
    written = io.BytesIO()
    code.save(written, kind="png", border=4, scale=_QR_PIXELS)
    return written.getvalue()


def _line(line: Line) -> tuple[Texts, Texts]:
    return (line.label_zh, line.label_en), (line.value_zh, line.value_en or line.value_zh)


def _instant(instant: int) -> Texts:
    at = datetime.fromtimestamp(instant, CHINA)
    clock = f"{at:%H:%M}"
    return (
        f"{at.year}年{at.month}月{at.day}日 {clock}（北京时间）",
        f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {clock} (China Standard Time)",
    )


def _notes(statement: Statement, operator: OperatorIdentity) -> list[Texts]:
    how, *others = _NOTES
    chosen = [] if statement.disclosure == "full" else [_CHOSEN_NOTE]
    at_domain = (how[0].format(domain=operator.domain), how[1].format(domain=operator.domain))
    return [at_domain, *others, *chosen]


_NOTES: tuple[Texts, ...] = (
    (
        "请扫描二维码，或打开 {domain} 的报告验证页面输入验证码；请核对网址，以该页面为准。",
        (
            "Scan the QR code, or open the verification page at {domain} and type the code. "
            "Check the address; that page prevails."
        ),
    ),
    (
        "任何收到本报告的单位或个人均可免费验证，无需注册。本人可延长有效期，也可随时关闭本报告。",
        (
            "Anyone who receives this report may check it for free, without an account. "
            "Its owner may extend or close it at any time."
        ),
    ),
    (
        "本报告反映出具时学校登记的记录；此后如有变更，以学校最新登记的记录为准。",
        (
            "This report shows the institution's record at the time of issue. "
            "If that changes, the institution's latest record prevails."
        ),
    ),
)
_CHOSEN_NOTE: Texts = (
    "本报告只列出本人选择出示的项目。",
    "This report lists only the items that its owner chose to show.",
)
_MISSING_NOTE: Texts = (
    "“□”代表此处字体无法显示的字符。",
    "“□” stands for a character that the fonts of this document cannot show.",
)
