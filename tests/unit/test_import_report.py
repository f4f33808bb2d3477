import io

import pytest

from chalicelib.domain.errors import FieldProblem, invalid
from chalicelib.operations.import_summary import MAX_KEPT, ImportSummary
from infra.import_report import UNREADABLE, run, show_progress


def a_summary(rejected):
    summary = ImportSummary(rows=rejected + 1)
    summary.accept(2, FieldProblem("CC", "word_unusual"))
    for row in range(3, 3 + rejected):
        summary.reject(row, FieldProblem("BYRQ", "date_invalid"))
    return summary


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "credentials.csv"
    path.write_text("XM\n王示例\n", encoding="utf-8")
    return path


def test_refused_rows_are_a_table_and_no_failure(file, capsys):
    assert run(file, lambda _source: a_summary(2)) == 0
    printed = capsys.readouterr().out
    assert "3 rows: 1 accepted" in printed
    assert "2 rejected" in printed
    assert [line.split()[:3] for line in printed.splitlines() if "date_invalid" in line] == [
        ["3", "BYRQ", "date_invalid"],
        ["4", "BYRQ", "date_invalid"],
    ]
    assert "word_unusual" in printed


def test_errors_that_were_not_kept_are_counted(file, capsys):
    run(file, lambda _source: a_summary(MAX_KEPT + 5))
    assert "and 5 more" in capsys.readouterr().out


def test_the_file_is_handed_over_in_bytes(file):
    read = []

    def importing(source):
        read.append(source.read())
        return ImportSummary()

    assert run(file, importing) == 0
    assert read == [file.read_bytes()]


def test_an_unreadable_file_says_why(file, capsys):
    def importing(_source):
        raise invalid("ZSBH 证书编号", "column_missing")

    assert run(file, importing) == UNREADABLE
    assert "ZSBH 证书编号: The file lacks this column." in capsys.readouterr().err


def test_a_missing_file_says_why(tmp_path, capsys):
    assert run(tmp_path / "none.csv", lambda _source: ImportSummary()) == UNREADABLE
    assert "No such file" in capsys.readouterr().err


def test_progress_is_for_terminals_only(monkeypatch, capsys):
    show_progress(100)
    assert capsys.readouterr().err == ""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    show_progress(12_300)
    assert terminal.getvalue() == "\r12,300 rows"
