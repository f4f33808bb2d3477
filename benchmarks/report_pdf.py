"""A report's PDF: CPU time and size of one page, beside two other makers of PDFs.

    python -m benchmarks.report_pdf

All draw the same 16 facts in both languages, a portrait and a QR code with the same fonts. Cold is
import and first page in a fresh process, warm a further page of another person; CPU time of the
process, medians. `signed` is what issuing a report does: the token, the page and its signature, by
a key that is held (in the cloud KMS makes both signatures, which costs no CPU here). `checked` is
what verifying by code does with the token, once the rows are read. The peers' pages are neither
PDF/A nor signed nor the archive's layout: they show the cost of the way, and they run only where
they are installed.
"""

import html
import io
import json
import statistics
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

import msgspec
import segno

from chalicelib.adapters.report_pdf import FONTS, OperatorIdentity, TypstRenderer
from chalicelib.adapters.report_signature import PadesSigner
from chalicelib.domain.report_tokens import REPORT_TOKEN, report_claims
from chalicelib.domain.statements import Line, Statement
from chalicelib.domain.status_lists import StatusEntry
from chalicelib.stores.signatures import Signatures
from infra.demo.portraits import portrait
from tests.signing import MemorySigner

OURS = ("signed", "checked")
WARM_PAGES = 60
COLD_STARTS = 7
A4_POINTS = (595, 842)
CODE = "0123456789ABCDEF"
URL = f"https://archive.example/verify/#{CODE}"
TOKEN = f"{'e' * 71}.{'y' * 155}.{'s' * 86}"
"""As long as a report's token is."""
TITLE = ("学历证书电子注册备案表", "Credential Registration Record")

FACTS = (
    ("性别", "Sex", "女", "Female"),
    ("出生日期", "Date of birth", "1999年1月10日", "10 January 1999"),
    ("民族", "Ethnicity", "汉族", "Han"),
    ("学校名称", "Institution", "示例科技大学", "Example University of Science and Technology"),
    ("层次", "Level", "本科", "Bachelor's programme"),
    ("专业", "Major", "计算机科学与技术", "Computer Science and Technology"),
    ("学制", "Length", "4年", "4 years"),
    ("学历类别", "Category", "普通高等教育", "Regular higher education"),
    ("学习形式", "Study form", "普通全日制", "Regular full-time"),
    ("分院", "Branch", "计算机学院", "School of Computing"),
    ("入学日期", "Enrolment date", "2017年9月1日", "1 September 2017"),
    ("毕（结）业日期", "Graduation date", "2021年7月1日", "1 July 2021"),
    ("毕（结）业", "Conclusion", "毕业", "Graduated"),
    ("证书编号", "Certificate number", "100011202105123456", "100011202105123456"),
    ("校（院）长姓名", "President", "张三丰", "ZHANG Sanfeng"),
)

Draw = Callable[[str], bytes]


def facts(name: str) -> list[tuple[str, str, str, str]]:
    return [("姓名", "Name", name, "LI"), *FACTS]


def photo() -> bytes:
    return portrait(1, 3, sex="女", kind="graduation")


def typst() -> Draw:
    operator = OperatorIdentity(
        name_zh="学籍档案", name_en="Student Archive", domain="archive.example"
    )
    renderer, picture = TypstRenderer(operator, specimen=True), photo()

    def draw(name: str) -> bytes:
        said = said_of(name)
        return renderer.render(
            said,
            verification_code=CODE,
            verification_url=f"{URL}{ord(name[-1])}",
            token=TOKEN,
            photo=picture,
        )

    return draw


def reportlab() -> Draw:
    canvas = import_module("reportlab.pdfgen.canvas")
    image_reader = import_module("reportlab.lib.utils").ImageReader
    fonts = import_module("reportlab.pdfbase.ttfonts")
    sans = fonts.TTFont("sans", str(FONTS / "sans-regular.ttf"))
    import_module("reportlab.pdfbase.pdfmetrics").registerFont(sans)
    picture = photo()

    def draw(name: str) -> bytes:
        written = io.BytesIO()
        page = canvas.Canvas(written, pagesize=A4_POINTS)
        page.setFont("sans", 19)
        page.drawString(60, 750, TITLE[0])
        page.setFont("sans", 10)
        for at, (zh, en, value, value_en) in enumerate(facts(name)):
            for offset, text in ((60, f"{zh} {en}"), (200, f"{value} {value_en}")):
                page.drawString(offset, 700 - 20 * at, text)
        page.drawImage(image_reader(io.BytesIO(picture)), 450, 600, 85, 113)
        code = io.BytesIO()
        segno.make(f"{URL}{ord(name[-1])}", error="m", mask=4).save(code, kind="png", scale=4)
        page.drawImage(image_reader(code), 60, 100, 94, 94)
        page.save()
        return written.getvalue()

    return draw


def weasyprint() -> Draw:
    weasy = import_module("weasyprint")
    fonts = import_module("weasyprint.text.fonts").FontConfiguration()
    picture = b64encode(photo()).decode()
    face = f"@font-face {{ font-family: sans; src: url({(FONTS / 'sans-regular.ttf').as_uri()}) }}"

    def draw(name: str) -> bytes:
        code = segno.make(f"{URL}{ord(name[-1])}", error="m", mask=4).svg_inline(scale=3)
        rows = "".join(
            f"<tr><td>{zh}<br>{en}<td>{html.escape(value)}<br>{html.escape(value_en)}"
            for zh, en, value, value_en in facts(name)
        )
        page = (
            f"<style>{face} body {{ font: 10pt sans }}</style><h1>{TITLE[0]}</h1>"
            f"<img src='data:image/jpeg;base64,{picture}'><table>{rows}</table>{code}"
        )
        return bytes(weasy.HTML(string=page).write_pdf(font_config=fonts))

    return draw


def issued() -> Statement:
    return Statement(
        kind="credential",
        title_zh=TITLE[0],
        title_en=TITLE[1],
        report_number="20261123-0000012345",
        language="zh+en",
        disclosure="full",
        record_id="record",
        record_version=1,
        issued_at=1795420800,
        valid_until=1803369600,
        photo_digest="ab" * 32,
        salt="AAECAwQFBgcICQoLDA0ODw",
        status_entry=StatusEntry(
            "202611-1", 1, "https://archive.example/api/status-lists/202611-1"
        ),
        lines=(),
    )


def said_of(name: str) -> Statement:
    lines = tuple(
        Line(field=label, label_zh=zh, label_en=label, value_zh=value, value_en=value_en)
        for zh, label, value, value_en in facts(name)
    )
    return msgspec.structs.replace(issued(), lines=lines)


def signed() -> Draw:
    operator = OperatorIdentity(
        name_zh="学籍档案", name_en="Student Archive", domain="archive.example"
    )
    now = issued().issued_at
    signer = MemorySigner(lambda: now)
    renderer, picture = TypstRenderer(operator, specimen=True), photo()
    signatures, pades = Signatures(signer), PadesSigner(signer, "Student Archive")

    def draw(name: str) -> bytes:
        said = said_of(name)
        page = renderer.render(
            said,
            verification_code=CODE,
            verification_url=URL,
            token=signatures.token(REPORT_TOKEN, report_claims(said, now), now),
            photo=picture,
        )
        return pades.sign(page, now=now)

    return draw


def checked() -> Draw:
    """The check of the signature alone; what it answers is no page."""
    now = issued().issued_at
    signatures = Signatures(MemorySigner(lambda: now))
    token = signatures.token(REPORT_TOKEN, report_claims(said_of("李一"), now), now)

    def draw(name: str) -> bytes:
        claims = signatures.claims(token, REPORT_TOKEN)
        assert (claims["facts"] == report_claims(said_of(name), now).facts) == (name == "李一")
        return token.encode()

    return draw


MAKERS: dict[str, Callable[[], Draw]] = {
    "signed": signed,
    "checked": checked,
    "typst": typst,
    "reportlab": reportlab,
    "weasyprint": weasyprint,
}


def measure(maker: str, pages: int) -> tuple[float, float, float]:
    """CPU ms from the start of the process to the first page, CPU ms a further page, KB."""
    draw = MAKERS[maker]()
    draw("李一")
    cold, times, pdf = time.process_time(), [], b""
    for at in range(pages):
        start = time.process_time()
        pdf = draw(f"李{chr(0x4E00 + at * 37)}")
        times.append(time.process_time() - start)
    return cold * 1000, statistics.median(times or [0]) * 1000, len(pdf) / 1000


def in_fresh_process(maker: str, pages: int) -> list[float]:
    command = [sys.executable, "-m", "benchmarks.report_pdf", maker, str(pages)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    found: list[float] = json.loads(answer.stdout)
    return found


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
        return
    print(f"{'maker':12}{'cold ms':>10}{'warm ms':>10}{'KB':>8}")
    for maker in MAKERS:
        if maker not in OURS and find_spec(maker) is None:
            print(f"{maker:12} not installed here: not measured")
            continue
        cold = statistics.median(in_fresh_process(maker, 0)[0] for _ in range(COLD_STARTS))
        _, warm, size = in_fresh_process(maker, WARM_PAGES)
        print(f"{maker:12}{cold:10.0f}{warm:10.1f}{size:8.0f}")


if __name__ == "__main__":
    main()
