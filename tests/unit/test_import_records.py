import io
from datetime import date

import pytest

from chalicelib.domain.errors import InvalidInput
from chalicelib.operations.csv_rows import read_rows
from chalicelib.operations.import_institutions import import_institutions
from chalicelib.operations.import_records import BATCH, import_records
from chalicelib.operations.import_summary import MAX_KEPT
from chalicelib.stores.registry import SinkCounts

TODAY = date(2026, 9, 1)
NOW = 1_788_220_800
HEADINGS = "XM,SFZH,YXDM,YXMC,BYRQ,ZSBH,XXBH"
ONE = "王示例,11010519491231002X,10001,北京大学,20100701,100011201005000001,"


class MemorySink:
    """What the registry promises: records by natural key, batches without repetition."""

    def __init__(self):
        self.records = {}
        self.batches = []

    def put(self, sources, *, now, reason):
        assert (now, reason) == (NOW, "import")
        keys = [source.natural_key for source in sources]
        assert len(keys) == len(set(keys))
        created = sum(key not in self.records for key in keys)
        unchanged = sum(self.records.get(one.natural_key) == one for one in sources)
        self.records |= dict(zip(keys, sources, strict=True))
        self.batches.append(len(sources))
        return SinkCounts(
            created=created, changed=len(keys) - created - unchanged, unchanged=unchanged
        )


def a_file(*rows, headings=HEADINGS, encoding="utf-8"):
    return io.BytesIO("\n".join((headings, *rows)).encode(encoding))


def many(count):
    return [ONE.replace("000001", f"{number:06d}") for number in range(count)]


def run(*rows, sink=None, family="credentials", **options):
    source = a_file(*rows, **options)
    sink = MemorySink() if sink is None else sink
    return import_records(source, family=family, registry=sink, today=TODAY, now=NOW)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_files_are_read_in_each_encoding(encoding):
    rows = list(read_rows(a_file("王示例𬱖,1", headings="姓名,学号", encoding=encoding)))
    assert rows == [(2, {"姓名": "王示例𬱖", "学号": "1"})]


def test_a_character_across_the_sniffed_border_does_not_mislead():
    for padding in range(3):
        rows = [f"{'a' * padding},1", *["王示例,1"] * 8000]
        read = [row["姓名"] for _, row in read_rows(a_file(*rows, headings="姓名,学号"))]
        assert set(read[1:]) == {"王示例"}


def test_what_is_no_text_is_refused():
    with pytest.raises(InvalidInput, match="file: encoding_invalid"):
        list(read_rows(io.BytesIO(b"XM,XH\n\xff\xff\xff\xff,1\n")))


@pytest.mark.parametrize("content", [b"", b"\n\n", b",,\n1,2,3\n"])
def test_a_file_without_headings_is_refused(content):
    with pytest.raises(InvalidInput, match="file: file_unreadable"):
        list(read_rows(io.BytesIO(content)))


def test_a_cell_without_end_is_refused():
    with pytest.raises(InvalidInput, match="file: file_unreadable"):
        list(read_rows(io.BytesIO(b'XM\n"' + b"a" * 200_000)))


def test_a_repeated_heading_is_refused():
    with pytest.raises(InvalidInput, match="XM: column_repeated"):
        run(ONE, headings="XM,SFZH,YXDM,XM,BYRQ,ZSBH,XXBH")


def test_row_numbers_are_those_of_a_spreadsheet():
    rows = list(read_rows(a_file('"two\nlines",1', ",,", "next,2", headings="XM,XH")))
    assert [number for number, _ in rows] == [2, 4]
    assert rows[0][1]["XM"] == "two\nlines"


def test_short_rows_are_filled_and_long_ones_told():
    summary = run("王示例,,10001,,,100011201005000001", ONE.replace("000001", "000002") + ",more")
    assert (summary.accepted, summary.rejected) == (1, 1)
    assert [(one.row, one.column, one.code) for one in summary.errors] == [
        (3, "row", "row_misaligned")
    ]


def test_empty_columns_at_the_end_do_no_harm():
    summary = run(ONE + ",,", headings=HEADINGS + ",,")
    assert (summary.accepted, summary.warning_count) == (1, 0)


def test_rows_become_sources():
    sink = MemorySink()
    run(ONE, sink=sink)
    (source,) = sink.records.values()
    assert source.family == "credentials"
    assert source.person_number == "11010519491231002X"
    assert source.numbers == {"certificate": ("10001", 2010, "100011201005000001")}


def test_an_old_diploma_is_found_by_school_number_with_leading_zeros_or_without():
    sink = MemorySink()
    run("王示例,,,示例大学,19920701,,00982456", sink=sink)
    (source,) = sink.records.values()
    assert source.person_number is None
    assert source.numbers == {"school": ("示例大学", 1992, "982456")}


def test_a_record_without_a_year_is_found_by_its_number_alone():
    sink = MemorySink()
    run("王示例,,10001,,＊,100011201005000001", sink=sink)
    (source,) = sink.records.values()
    assert source.numbers == {"certificate": ("10001", None, "100011201005000001")}


@pytest.mark.req("R-87")
def test_the_same_file_again_changes_nothing():
    sink = MemorySink()
    first = run(*many(3), sink=sink)
    again = run(*many(3), sink=sink)
    assert (first.created, first.changed, first.unchanged) == (3, 0, 0)
    assert (again.created, again.changed, again.unchanged) == (0, 0, 3)


def test_a_changed_row_changes_its_record():
    sink = MemorySink()
    run(ONE, sink=sink)
    again = run(ONE.replace("王示例", "王示范"), sink=sink)
    assert (again.created, again.changed) == (0, 1)


def test_one_number_written_in_two_ways_is_one_record():
    sink = MemorySink()
    run("王示例,,10001,,19920701,,00982456", sink=sink)
    again = run("王示例,,10001,,19920701,,982456", sink=sink)
    assert again.created == 0


def test_a_bad_row_is_told_and_the_others_load():
    summary = run(ONE, "＊,,10001,,20100231,1,", ONE.replace("000001", "000002"))
    assert (summary.rows, summary.accepted, summary.rejected) == (3, 2, 1)
    assert [(one.row, one.column, one.code) for one in summary.errors] == [
        (3, "BYRQ", "date_invalid"),
        (3, "XM", "required"),
    ]
    assert summary.errors[0].detail_zh
    assert summary.errors[0].detail_en


def test_a_record_that_stands_twice_in_a_file_is_taken_once():
    summary = run(ONE, ONE.replace("王示例", "李示例"))
    assert (summary.accepted, summary.rejected) == (1, 1)
    assert summary.errors[0].code == "row_repeated"


def test_an_unknown_column_is_told_once():
    summary = run(*(row + ",团员" for row in many(3)), headings=HEADINGS + ",政治面貌")
    assert [(one.row, one.column, one.code) for one in summary.warnings] == [
        (1, "政治面貌", "column_unknown")
    ]


def test_missing_columns_are_named():
    with pytest.raises(InvalidInput) as refused:
        run("王示例,20100701", headings="XM,BYRQ")
    assert [(one.field, one.code) for one in refused.value.problems] == [
        ("YXDM 院校代码 / YXMC 院校名称", "column_missing"),
        ("ZSBH 证书编号 / XXBH 学校证书号 / YSBH 印刷序号", "column_missing"),
    ]


def test_errors_are_counted_beyond_those_kept():
    summary = run(*["＊,,10001,,,1,"] * (MAX_KEPT + 1))
    assert (len(summary.errors), summary.error_count) == (MAX_KEPT, MAX_KEPT + 1)


@pytest.mark.parametrize(("count", "batches"), [(0, []), (BATCH, [BATCH]), (BATCH + 1, [BATCH, 1])])
def test_records_go_in_batches_and_progress_is_told(count, batches):
    sink, told = MemorySink(), []
    import_records(
        a_file(*many(count)),
        family="credentials",
        registry=sink,
        today=TODAY,
        now=NOW,
        on_progress=told.append,
    )
    assert sink.batches == batches
    assert len(told) == len(batches)


def test_photos_go_with_their_record():
    sink = MemorySink()
    run(ONE, sink=sink)
    key = next(iter(sink.records))
    import_records(
        a_file(ONE),
        family="credentials",
        registry=sink,
        today=TODAY,
        now=NOW,
        photos={key: {"graduation": "address"}},
    )
    assert sink.records[key].photos == {"graduation": "address"}


class Directory:
    def __init__(self):
        self.known = {}

    def merge(self, institutions):
        created = sum(one.code not in self.known for one in institutions)
        self.known |= {one.code: one for one in institutions}
        return created, 0


LIST = "序号,学校名称,学校标识码,主管部门,所在地,办学层次,备注"


def test_institutions_load_and_malformed_rows_are_told():
    directory = Directory()
    source = a_file(
        "1,北京大学,4111010001,教育部,北京市,本科,",
        "2,坏行大学,41110,教育部,北京市,本科,",
        "3,浙江大学,4133010335,教育部,杭州市,本科,",
        "4,浙江大学,4133010335,教育部,杭州市,本科,",
        headings=LIST,
    )
    summary = import_institutions(source, directory=directory)
    assert set(directory.known) == {"10001", "10335"}
    assert (summary.rows, summary.accepted, summary.rejected) == (4, 2, 2)
    assert [one.row for one in summary.errors] == [3, 5]
    assert summary.created == 2


def test_a_list_without_identifiers_is_refused():
    with pytest.raises(InvalidInput, match="学校标识码: column_missing"):
        import_institutions(a_file("1,北京大学", headings="序号,学校名称"), directory=Directory())
