from __future__ import annotations

import pytest

from sources.reading.cells import WRITABLE, CellError, UnmappedError, value_of


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("age_years", "45", 45),
        ("age_years", "45.0", 45),
        ("diameter_mm", "7,3", 7.3),
        ("biopsied", "YES", True),
        ("ulceration", "0", False),
        ("icd10", "C43.5|D22", ["C43.5", "D22"]),
        ("sites", '["Trunk"]', ["Trunk"]),
        ("site_path", "Posterior trunk", "Trunk:Posterior trunk"),
        ("diagnosis_path", "nevus", "Benign:Benign melanocytic proliferations:Nevus"),
        ("fitzpatrick", "2", "II"),
        ("fitzpatrick", "ii - iii", "II-III"),
        ("device", "= any text", "= any text"),
        ("licence", "no licence", "no licence"),
    ],
)
def test_a_cell_becomes_a_value_of_its_column(column: str, cell: str, value: object) -> None:
    assert value_of(column, cell) == value


@pytest.mark.parametrize(
    ("column", "cell"),
    [("age_years", "4x"), ("age_years", "1e9"), ("age_years", "40000"), ("diameter_mm", "nan"), ("skin_tones", "{}")],
)
def test_a_cell_that_does_not_fit_is_refused(column: str, cell: str) -> None:
    with pytest.raises(CellError):
        value_of(column, cell)


@pytest.mark.parametrize(("column", "cell"), [("sex", "f"), ("site_path", "arm pit?"), ("fitzpatrick", "VII")])
def test_a_value_that_no_list_has_is_unmapped(column: str, cell: str) -> None:
    with pytest.raises(UnmappedError):
        value_of(column, cell)


def test_what_ingest_makes_cannot_be_written() -> None:
    assert WRITABLE.isdisjoint({"sample_id", "image_status", "malignancy", "redistribute", "raw", "pixel_sha256"})
