"""The report's PDF, read back by programs that know nothing of how it was made."""

import io
import re
import shutil
import subprocess
import threading
from functools import cache
from itertools import product
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from PIL import Image

from chalicelib.adapters.report_pdf import (
    COVERAGE,
    Coverage,
    OperatorIdentity,
    TypstRenderer,
)
from chalicelib.domain.statements import Line, ReportKind, ReportLanguage, Statement
from chalicelib.domain.verification_codes import grouped, make_code

OPERATOR = OperatorIdentity(
    name_zh="示例学籍档案", name_en="Example Student Archive", domain="archive.example"
)
CODE = make_code(b"report-pdf")
URL = f"https://archive.example/verify/#{CODE}"
TOKEN = f"{'e' * 71}.{'y' * 155}.{'s' * 86}"
"""As long as a report's token is."""
ISSUED_AT = 1795449540  # 2026-11-23 23:59 in China, the same day's afternoon in UTC
VALID_UNTIL = 1798041600  # 2026-12-24 00:00 in China, still the 23rd in UTC

TITLES: dict[ReportKind, tuple[str, str]] = {
    "enrollment": ("学籍在线验证报告", "Enrolment Verification Report"),
    "credential": ("学历证书电子注册备案表", "Credential Registration Record"),
    "degree": ("学位在线验证报告", "Degree Verification Report"),
}
FACTS: dict[ReportKind, tuple[tuple[str, str, str, str], ...]] = {
    "enrollment": (
        ("学籍状态", "Status", "在籍（注册学籍）", "Registered"),
        ("预计毕业日期", "Expected graduation", "2027年6月30日", "30 June 2027"),
    ),
    "credential": (
        ("毕（结）业日期", "Graduation date", "2021年7月1日", "1 July 2021"),
        ("证书编号", "Certificate number", "100011202105123456", "100011202105123456"),
    ),
    "degree": (
        ("学位", "Degree", "工学硕士", "Master of Engineering"),
        ("学位证书编号", "Degree certificate number", "1000132021A00123", "1000132021A00123"),
    ),
}
COMMON = (
    ("姓名", "Name", "王𬱖𠅤", "WANG Yiquan"),
    ("民族", "Ethnicity", "汉族", "Han"),
    ("学校名称", "Institution", "示例科技大学", "Example University of Science and Technology"),
)
RARE = "𡛼𠮷"
"""Only in the font of rare characters."""

KINDS: tuple[ReportKind, ...] = get_args(ReportKind)
LANGUAGES: tuple[ReportLanguage, ...] = get_args(ReportLanguage)
ALL = list(product(KINDS, LANGUAGES, (True, False)))


def lines(*facts: tuple[str, str, str, str]) -> tuple[Line, ...]:
    return tuple(
        Line(field=f"f{at}", label_zh=zh, label_en=en, value_zh=value_zh, value_en=value_en)
        for at, (zh, en, value_zh, value_en) in enumerate(facts)
    )


def statement(kind: ReportKind = "credential", language: ReportLanguage = "zh+en") -> Statement:
    return Statement(
        kind=kind,
        title_zh=TITLES[kind][0],
        title_en=TITLES[kind][1],
        report_number="2026112300012345",
        language=language,
        disclosure="full",
        record_id="record",
        record_version=1,
        issued_at=ISSUED_AT,
        valid_until=VALID_UNTIL,
        lines=lines(*COMMON, *FACTS[kind]),
    )


def named(name: str) -> Statement:
    return msgspec.structs.replace(statement(), lines=lines(("姓名", "Name", name, "WANG")))


def jpeg(size: tuple[int, int] = (240, 320), mode: str = "RGB") -> bytes:
    written = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert(mode).save(written, "JPEG")
    return written.getvalue()


@cache
def renderer(*, specimen: bool = False) -> TypstRenderer:
    return TypstRenderer(OPERATOR, specimen=specimen)


def draw(said: Statement, photo: bytes | None = None, *, specimen: bool = False) -> bytes:
    return renderer(specimen=specimen).render(
        said, verification_code=CODE, verification_url=URL, token=TOKEN, photo=photo
    )


@cache
def drawn(kind: ReportKind, language: ReportLanguage, specimen: bool) -> bytes:
    return draw(statement(kind, language), jpeg(), specimen=specimen)


def run(package: str, program: str, *arguments: str | Path, given: bytes | None = None) -> bytes:
    if shutil.which(program) is None:
        pytest.fail(f"{program} is not on the path: apt-get install {package}")
    return subprocess.run(
        [program, *arguments], input=given, capture_output=True, check=True
    ).stdout


def text_of(pdf: bytes) -> str:
    """All text in the order of the page, without the white space that line breaks make."""
    said = run("poppler-utils", "pdftotext", "-raw", "-", "-", given=pdf).decode()
    return "".join(said.split())


def packed(text: str) -> str:
    return "".join(text.split())


def facts_of(pdf: bytes) -> dict[str, str]:
    said = run("poppler-utils", "pdfinfo", "-", given=pdf).decode()
    return {
        key: value.strip() for key, _, value in (row.partition(":") for row in said.split("\n"))
    }


def pages_of(pdf: bytes) -> int:
    return int(facts_of(pdf)["Pages"])


def pixels_of(pdf: bytes) -> bytes:
    return run("poppler-utils", "pdftoppm", "-r", "150", "-png", "-singlefile", "-", given=pdf)


def shown(pair: tuple[str, str], language: ReportLanguage) -> list[str]:
    return {"zh": [pair[0]], "en": [pair[1]], "zh+en": [*pair]}[language]


@pytest.mark.parametrize(("kind", "language", "specimen"), ALL)
def test_every_text_is_found_in_the_page(
    kind: ReportKind, language: ReportLanguage, specimen: bool
) -> None:
    text = text_of(drawn(kind, language, specimen))
    pairs = [TITLES[kind], (OPERATOR.name_zh, OPERATOR.name_en)]
    for label_zh, label_en, value_zh, value_en in (*COMMON, *FACTS[kind]):
        pairs += [(label_zh, label_en), (value_zh, value_en)]
    expected = [each for pair in pairs for each in shown(pair, language)]
    expected += [OPERATOR.domain, "2026112300012345", grouped(CODE), URL]
    assert [each for each in expected if packed(each) not in text] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_instants_are_told_in_china_standard_time(language: ReportLanguage) -> None:
    text = text_of(drawn("degree", language, specimen=False))
    ends = ("2026年12月24日 00:00（北京时间）", "24 December 2026, 00:00 (China Standard Time)")
    assert all(packed(end) in text for end in shown(ends, language))
    issued = ("2026年11月23日 23:59", "23 November 2026, 23:59")
    assert packed(issued[language == "en"]) in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_how_to_check_it_and_what_prevails(language: ReportLanguage) -> None:
    text = text_of(drawn("degree", language, specimen=False))
    for note in (
        ("报告验证页面输入验证码", "open the verification page at archive.example"),
        ("任何收到本报告的单位或个人均可免费验证", "Anyone who receives this report may check it"),
        ("以学校最新登记的记录为准", "the institution's latest record prevails"),
    ):
        assert all(packed(each) in text for each in shown(note, language))


def test_a_page_in_one_language_keeps_to_it() -> None:
    assert re.search("[一-鿿]", text_of(drawn("degree", "en", specimen=False))) is None
    chinese = text_of(drawn("degree", "zh", specimen=False))
    assert not any(packed(fact[1]) in chinese for fact in (*COMMON, *FACTS["degree"]))


@pytest.mark.parametrize(("kind", "language", "specimen"), ALL)
def test_the_specimen_mark_is_there_exactly_when_asked_for(
    kind: ReportKind, language: ReportLanguage, specimen: bool
) -> None:
    text = text_of(drawn(kind, language, specimen))
    assert ("演示/SPECIMEN" in text) is specimen


@pytest.mark.parametrize(("kind", "language", "specimen"), ALL)
def test_the_qr_code_holds_the_verification_address(
    kind: ReportKind, language: ReportLanguage, specimen: bool, tmp_path: Path
) -> None:
    picture = tmp_path / "page.png"
    picture.write_bytes(pixels_of(drawn(kind, language, specimen)))
    read = run("zbar-tools", "zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", picture)
    assert read.decode().strip() == f"{URL}.{TOKEN}"


@pytest.mark.parametrize(("kind", "language", "specimen"), ALL)
def test_it_is_one_a4_page_that_names_itself(
    kind: ReportKind, language: ReportLanguage, specimen: bool
) -> None:
    facts = facts_of(drawn(kind, language, specimen))
    assert facts["Pages"] == "1"
    assert facts["Page size"].endswith("(A4)")
    assert facts["Title"] == " / ".join(shown(TITLES[kind], language))
    assert facts["Author"] == (OPERATOR.name_en if language == "en" else OPERATOR.name_zh)
    assert facts["Tagged"] == "yes"


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_declares_pdf_a_3a_and_pdf_ua_1(language: ReportLanguage) -> None:
    declared = run(
        "poppler-utils", "pdfinfo", "-meta", "-", given=drawn("degree", language, specimen=True)
    ).decode()
    assert "<pdfaid:part>3</pdfaid:part>" in declared
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in declared
    assert "<pdfuaid:part>1</pdfuaid:part>" in declared
    assert f"<rdf:li>{'en-GB' if language == 'en' else 'zh-CN'}</rdf:li>" in declared


def test_portrait_and_qr_code_have_alternative_texts(tmp_path: Path) -> None:
    document = tmp_path / "report.pdf"
    document.write_bytes(drawn("degree", "en", specimen=False))
    plain = run("qpdf", "qpdf", "--json", document).decode()
    texts = re.findall(r'"/Alt": "u:([^"]*)"', plain)
    assert texts == [
        "Portrait of the person whom this report is about",
        f"QR code of the verification address: {URL}",
    ]


def test_every_font_is_embedded_as_a_subset() -> None:
    rare = named("㐁" + RARE)
    assert "㐁" + RARE in text_of(draw(rare))
    table = run("poppler-utils", "pdffonts", "-", given=draw(rare)).decode().splitlines()[2:]
    faces = {row.split()[0].partition("+")[2] for row in table}
    assert {"ArchiveSans-Regular", "ArchiveSans-Medium", "ArchiveMono-Medium"} <= faces
    assert {"ArchiveSansExtended-Regular", "ArchiveRare-Regular"} <= faces
    assert all(re.search(r"\+\S+ .* yes +yes +yes ", row) for row in table)


def test_the_same_report_is_the_same_bytes_in_any_renderer() -> None:
    first, second = (
        TypstRenderer(OPERATOR, specimen=True).render(
            statement(), verification_code=CODE, verification_url=URL, token=TOKEN, photo=jpeg()
        )
        for _ in range(2)
    )
    assert first == second == drawn("credential", "zh+en", specimen=True)


def test_a_renderer_keeps_nothing_of_the_report_before() -> None:
    draw(named("李前一"), jpeg())
    assert draw(statement()) == TypstRenderer(OPERATOR, specimen=False).render(
        statement(), verification_code=CODE, verification_url=URL, token=TOKEN, photo=None
    )


def test_threads_get_their_own_reports() -> None:
    names = [f"李{chr(0x4E00 + at)}" for at in range(8)]
    pdfs: dict[str, bytes] = {}

    def work(name: str) -> None:
        pdfs[name] = draw(named(name))

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(name in text_of(pdfs[name]) for name in names)


@pytest.mark.parametrize(
    "name",
    [
        "阿卜杜热合曼·买买提依明",
        "𬱖𠅤",
        "㛃䶮",
        "王??",
        "WANG-O'Brien, José",
        "#strong[x] $x$ \\ @ref <label> `raw`",
    ],
)
def test_names_stand_as_they_are(name: str) -> None:
    text = text_of(draw(named(name)))
    assert packed(name) in text
    assert "□" not in text


@pytest.mark.parametrize("missing", ["\ue000", "\U00030000", "\x07", "ش"])
def test_a_character_in_no_font_is_drawn_as_a_box_and_explained(missing: str) -> None:
    pdf = draw(named(f"王{missing}一"))
    assert "王□一" in text_of(pdf)
    assert "“□”代表" in text_of(pdf)
    assert pages_of(pdf) == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("photo", [None, jpeg()], ids=["bare", "portrait"])
def test_many_long_lines_fit_on_one_page(language: ReportLanguage, photo: bytes | None) -> None:
    long = ("很长的学校名称" * 5, "The Example Joint Institute of Agricultural Engineering " * 2)
    short = ("普通全日制", "Regular full-time")
    values = [(long if at % 4 == 0 else short) for at in range(24)]
    many = [
        (f"项目{at}", f"Item {at}", f"{zh}{at}", f"{en}{at}") for at, (zh, en) in enumerate(values)
    ]
    pdf = draw(msgspec.structs.replace(statement(language=language), lines=lines(*many)), photo)
    assert pages_of(pdf) == 1
    text = text_of(pdf)
    assert all(packed(each) in text for line in many for each in shown(line[2:], language))


def test_what_cannot_fit_goes_on_instead_of_getting_lost() -> None:
    many = [(f"项目{at}", f"Item {at}", f"内容{at}。" * 30, "") for at in range(60)]
    pdf = draw(msgspec.structs.replace(statement(), lines=lines(*many)))
    assert pages_of(pdf) > 1
    assert all(packed(line[2]) in text_of(pdf) for line in many)


def test_a_value_without_english_is_shown_as_recorded() -> None:
    said = statement(language="en")
    pdf = draw(msgspec.structs.replace(said, lines=lines(("班级", "Class", "计算机一班", ""))))
    assert "Class计算机一班" in text_of(pdf)


@pytest.mark.parametrize(("disclosure", "told"), [("full", False), ("summary", True)])
def test_a_chosen_part_says_that_it_is_one(disclosure: str, told: bool) -> None:
    said = msgspec.structs.replace(statement(), disclosure=disclosure)
    assert ("本报告只列出本人选择出示的项目" in text_of(draw(said))) is told


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_large_photo_is_made_to_fit(mode: str) -> None:
    large = jpeg((1500, 2000), mode)
    pdf = draw(statement(), large)
    listed = run("poppler-utils", "pdfimages", "-list", "-", given=pdf).decode().splitlines()[2:]
    portraits = [row.split()[3:5] for row in listed if " jpeg " in row]
    assert portraits == [["240", "320"]]
    assert len(pdf) < 80_000


@pytest.mark.parametrize("photo", [b"", b"GIF89a", jpeg()[:400]], ids=["empty", "gif", "cut"])
def test_an_unreadable_photo_is_refused_by_name(photo: bytes) -> None:
    with pytest.raises(ValueError, match="photo"):
        draw(statement(), photo)


def test_a_long_address_still_makes_a_qr_code(tmp_path: Path) -> None:
    url = f"https://archive.example/{'stage/' * 20}verify/#{CODE}"
    pdf = renderer().render(
        statement(), verification_code=CODE, verification_url=url, token=TOKEN, photo=None
    )
    picture = tmp_path / "page.png"
    picture.write_bytes(pixels_of(pdf))
    read = run("zbar-tools", "zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", picture)
    assert read.decode().strip() == f"{url}.{TOKEN}"


def test_coverage_tells_the_edges_of_its_ranges() -> None:
    coverage = Coverage("41-5a\n4e00\n")
    assert [each in coverage for each in "@AZ["] == [False, True, True, False]
    assert [each in coverage for each in "䷿一丁"] == [False, True, False]


def test_the_fonts_cover_what_names_need() -> None:
    coverage = Coverage(COVERAGE.read_text("ascii"))
    assert all(chr(point) in coverage for point in range(0x4E00, 0x9FA6))
    assert all(each in coverage for each in "𬱖𠅤㛃䶮·—“”（）、。，；？＊□")
    assert "\n" not in coverage
