import io
import json
from collections import Counter
from datetime import date

import phonenumbers
import pytest
from PIL import Image

from chalicelib.domain.columns import column_of_field
from chalicelib.domain.documents import Document, parse_document
from chalicelib.domain.matching import Identity, binds_automatically, judge_manual
from chalicelib.domain.records import FAMILIES
from chalicelib.domain.registry_rows import read_row
from chalicelib.operations.import_records import import_records
from chalicelib.stores.registry import SinkCounts
from infra.demo.identities import MAX_PEOPLE, identity
from infra.demo.people import KINDS, people, person
from infra.demo.portraits import SIZE, portrait
from infra.demo.writing import write_registry

TODAY = date(2026, 9, 1)
SEED = 7
ONE_OF_EACH = list(people(len(KINDS), seed=SEED))


class Sink:
    def __init__(self):
        self.sources = {}

    def put(self, sources, *, now, reason):
        self.sources |= {source.natural_key: source for source in sources}
        return SinkCounts(created=len(sources), changed=0, unchanged=0)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    write_registry(folder, len(KINDS), seed=SEED)
    return folder


@pytest.fixture(scope="module")
def imported(written):
    sink = Sink()
    for family in FAMILIES:
        with (written / f"{family}.csv").open("rb") as source:
            summary = import_records(source, family=family, registry=sink, today=TODAY, now=1)
        assert summary.rejected == 0, summary.errors[:3]
        assert summary.rows > 0
    return sink.sources


def test_every_document_number_passes_its_own_rules():
    for one in ONE_OF_EACH:
        who = one.identity
        document = parse_document(who.document_type, who.document_number, today=TODAY)
        assert document.number == who.document_number


def test_every_kind_of_document_occurs():
    assert len({one.identity.document_type for one in ONE_OF_EACH}) == 6


def test_documents_and_phones_are_unique_in_a_full_registry():
    numbers, phones = set(), set()
    for index in range(MAX_PEOPLE):
        kind = KINDS[index % len(KINDS)]
        who = identity(index, _Fixed(), birth_year=1990, document=kind.document, name=kind.name)
        numbers.add((who.document_type, who.document_number))
        phones.add(who.phone)
    assert len(numbers) == len(phones) == MAX_PEOPLE


class _Fixed:
    """The least varied randomness: everything that can collide does."""

    def choice(self, options):
        return options[0]

    def randint(self, low, _high):
        return low

    def sample(self, options, count):
        return options[:count]


def test_phones_are_valid_mainland_mobiles():
    for one in ONE_OF_EACH:
        number = phonenumbers.parse(one.identity.phone, "CN")
        assert phonenumbers.is_valid_number(number)
        assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


def test_people_follow_from_seed_and_index_alone():
    few, many = list(people(10, seed=SEED)), list(people(30, seed=SEED))
    assert few == many[:10]
    assert person(9, seed=SEED) == few[9]
    assert list(people(10, seed=SEED + 1)) != few


@pytest.mark.parametrize("count", [-1, MAX_PEOPLE + 1])
def test_a_registry_has_its_limits(count):
    with pytest.raises(ValueError, match="people can be invented"):
        people(count, seed=SEED)


def test_two_runs_write_the_same_bytes(written, tmp_path):
    write_registry(tmp_path, len(KINDS), seed=SEED)
    for file in written.rglob("*"):
        if file.is_file():
            assert (tmp_path / file.relative_to(written)).read_bytes() == file.read_bytes()


def test_the_import_takes_every_row_and_counts_what_people_are_told(written, imported):
    told = json.loads((written / "people.json").read_text())
    for one, person_told in zip(ONE_OF_EACH, told, strict=True):
        own = Counter(
            source.family
            for source in imported.values()
            if source.person_number == one.identity.document_number
            and binds_automatically(source.facts, [identity_of(one)])
        )
        assert own == person_told["holds"], person_told["kind"]


@pytest.mark.parametrize("index", range(5))
def test_each_of_the_first_five_has_something_reportable(index, imported):
    own = [
        source
        for source in imported.values()
        if binds_automatically(source.facts, [identity_of(person(index, seed=SEED))])
    ]
    reportable = [
        source
        for source in own
        if source.family in {"credentials", "enrollments", "degrees"} and source.hold_reason is None
    ]
    assert reportable


def test_the_doctor_has_three_stages_of_all_that_a_stage_leaves():
    doctor = person(0, seed=SEED)
    holds = Counter(family for family, _ in doctor.rows)
    three = ("exams", "admissions", "enrollments", "credentials", "degrees", "loans")
    assert all(holds[family] == 3 for family in three)


def identity_of(one):
    who = one.identity
    return Identity(who.name, Document(who.document_type, who.document_number))


def test_hints_for_binding_by_hand_find_their_record(imported):
    filed = {
        (source.family, institution, year, raw): source
        for source in imported.values()
        for institution, year, _ in source.numbers.values()
        for raw in (
            getattr(source.facts, "certificate_number", None),
            getattr(source.facts, "school_number", None),
            getattr(source.facts, "serial_number", None),
        )
        if raw
    }
    outcomes = Counter()
    for one in ONE_OF_EACH:
        for hint in one.summary["manual_bindings"]:
            source = filed[
                hint["family"],
                hint["institution_code"],
                hint["graduation_year"],
                hint["certificate_number"],
            ]
            verdict = judge_manual(source.facts, [identity_of(one)])
            assert hint["outcome"] == verdict.replace("refused", "not_matched")
            outcomes[hint["outcome"]] += 1
    assert all(outcomes[outcome] for outcome in ("bound", "review", "not_matched"))


def test_withheld_records_are_counted_apart(imported):
    withheld = Counter(
        (source.person_number, source.family)
        for source in imported.values()
        if source.hold_reason is not None
    )
    told = {
        (one.identity.document_number, family): count
        for one in ONE_OF_EACH
        for family, count in one.summary["held"].items()
    }
    assert withheld == told
    assert told


def test_the_hard_cases_occur(written, imported):
    sources = list(imported.values())
    names = {source.facts.name for source in sources}
    text = (written / "credentials.csv").read_text()
    assert any("·" in name for name in names)
    assert any("??" in name for name in names)
    assert any(rare in name for name in names for rare in "𬱖𠅤")
    assert any(source.hold_reason for source in sources)
    assert "NO.00" in text
    assert any(len(cell) == 15 and cell.isdigit() for cell in text.replace("\n", ",").split(","))
    facts = [source.facts for source in sources if source.family == "credentials"]
    assert any(one.lost_void for one in facts)
    numbers = {one.certificate_number for one in facts}
    assert {one.replaced_by for one in facts if one.replaced_by} <= numbers
    assert {one.replaces for one in facts if one.replaces} <= numbers
    assert {len(number) for number in numbers if number} == {17, 18}
    assert {one.category for one in facts} == {
        *("研究生", "普通高等教育", "成人高等教育", "网络教育", "开放教育"),
        *("高等教育自学考试", "学历文凭考试"),
    }
    assert {one.level for one in facts} == {
        *("博士研究生", "硕士研究生", "第二学士学位", "本科", "专科", "高职（专科）"),
        "专科起点本科",
    }


def test_warnings_are_only_those_meant():
    codes = {
        warning.code
        for one in ONE_OF_EACH
        for family, row in one.rows
        for warning in read_row(family, _with_codes(family, row), today=TODAY).warnings
    }
    assert codes == {"document_number_invalid", "number_disagrees"}


def _with_codes(family, row):
    return {column_of_field(family, field).code: text for field, text in row.items()}


def test_photographs_belong_to_imported_records(written, imported):
    manifest = json.loads((written / "photos.json").read_text())
    assert manifest
    for entry in manifest:
        assert imported[entry["natural_key"]].family == entry["family"]
        assert (written / entry["file"]).is_file()


def test_no_portraits_are_drawn_when_not_wanted(tmp_path):
    write_registry(tmp_path, 3, seed=SEED, portraits=False)
    assert not (tmp_path / "photos").exists()
    assert json.loads((tmp_path / "photos.json").read_text()) == []


def test_a_portrait_is_a_small_picture_of_its_person():
    image = portrait(SEED, 3, sex="女", kind="admission")
    assert Image.open(io.BytesIO(image)).size == SIZE
    assert 4_000 < len(image) < 12_000
    assert image == portrait(SEED, 3, sex="女", kind="admission")
    assert image != portrait(SEED, 3, sex="女", kind="graduation")
    assert image != portrait(SEED, 4, sex="女", kind="admission")
