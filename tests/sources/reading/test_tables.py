from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import DataFault, Fault
from sources.reading.tables import Record, read_table

TEXT = "Пациент;Возраст;Диагноз\n1;45;невус\n2;60;меланома кожи\n3;33;базалиома\n"


def rows(data: bytes, **options: str) -> list[dict[str, str]]:
    return [dict(record.cells) for record in read_table(data, **options).records() if isinstance(record, Record)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251", "koi8-r", "cp866", "mac-cyrillic"])
def test_the_encoding_of_a_russian_table_is_found(encoding: str) -> None:
    table = read_table(TEXT.encode(encoding))
    assert table.columns == ("Пациент", "Возраст", "Диагноз")
    assert table.delimiter == ";"
    assert rows(TEXT.encode(encoding))[1] == {"Пациент": "2", "Возраст": "60", "Диагноз": "меланома кожи"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_all_lines_agree_on(delimiter: str) -> None:
    text = f"a{delimiter}b{delimiter}c\n" + "".join(f"{n}{delimiter}1.5{delimiter}x\n" for n in range(5))
    assert read_table(text.encode()).delimiter == delimiter


def test_a_decimal_comma_does_not_make_a_comma_table() -> None:
    assert rows(b"id;mm\na;7,3\nb;8,1\n") == [{"id": "a", "mm": "7,3"}, {"id": "b", "mm": "8,1"}]


def test_a_table_of_one_column_is_a_table() -> None:
    assert rows(b"image\none\ntwo\n") == [{"image": "one"}, {"image": "two"}]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    data = b'id,note\r\n1,"two\r\nlines"\r\n\r\n2,after\r\n'
    records = [record for record in read_table(data).records() if isinstance(record, Record)]
    assert [(record.line, record.cells["id"]) for record in records] == [(2, "1"), (5, "2")]
    assert records[0].cells["note"] == "two\r\nlines"


def test_titles_above_the_header_are_passed_over_where_a_column_is_named() -> None:
    data = "Журнал;;\nза год;;\nСнимок;Пол;Возраст\n1;м;45\n".encode()
    table = read_table(data, header_holds="Снимок")
    assert table.columns == ("Снимок", "Пол", "Возраст")
    assert [record.line for record in table.records() if isinstance(record, Record)] == [4]


def test_a_row_with_too_many_cells_is_a_fault_with_its_line_and_the_others_are_read() -> None:
    found = list(read_table(b"a,b\n1,2\n1,2,3\n4,5\n").records())
    faults = [each for each in found if isinstance(each, Fault)]
    assert [str(fault.place) for fault in faults] == ["table, row 3"]
    assert [each.cells["a"] for each in found if isinstance(each, Record)] == ["1", "4"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a,b,a\n1,2,3\n", "stands twice"),
        (b"a,b\n" + bytes(range(256)) * 4, "is no text"),
        (b'a,b\n"never closed,' + b"x" * 140_000, "cannot be split"),
    ],
)
def test_what_is_no_table_is_said_in_one_line(data: bytes, said: str) -> None:
    with pytest.raises(DataFault, match=said) as caught:
        list(read_table(data, name="t.csv").records())
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("t.csv")


def test_a_missing_file_is_a_data_fault(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="cannot be read"):
        read_table(tmp_path / "none.csv")
