from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import sources
from schemas.derived import derive
from schemas.errors import Fault
from sources.source import Options, Row

REFUSED = {"background_father", "background_mother", "pesticide", "has_piped_water", "has_sewage_system"}
CELLS = {
    "patient_id": "PAT_46", "lesion_id": "881", "smoke": "False", "drink": "UNK", "background_father": "POMERANIA",
    "background_mother": "ITALY", "age": "55", "pesticide": "True", "gender": "FEMALE", "skin_cancer_history": "True",
    "cancer_history": "True", "has_piped_water": "True", "has_sewage_system": "True", "fitspatrick": "3.0",
    "region": "NECK", "diameter_1": "6.0", "diameter_2": "9.5", "diagnostic": "SCC", "itch": "UNK", "grew": "True",
    "hurt": "False", "changed": "True", "bleed": "True", "elevation": "True", "img_id": "PAT_46_881_939.png",
    "biopsed": "True",
}  # fmt: skip


def read(location: Path, **options: object) -> list[Row | Fault]:
    return list(sources.load("pad_ufes20").rows(Options(str(location), **options)))


def row_of(folder: Path, **cells: str) -> Row:
    said = CELLS | cells
    path = folder / "metadata.csv"
    path.write_text(",".join(said) + "\n" + ",".join(said.values()) + "\n")
    (row,) = read(path, metadata_only=True)
    assert isinstance(row, Row)
    return row


def test_a_lesion_is_the_pair_of_patient_and_number(tmp_path: Path) -> None:
    row = row_of(tmp_path)
    assert row.fields["patient_id"] == "pad_ufes20:PAT_46"
    assert row.fields["lesion_id"] == "pad_ufes20:PAT_46/881"
    assert row.fields["source_image_id"] == "PAT_46_881_939.png"


def test_a_row_is_coded(tmp_path: Path) -> None:
    row = row_of(tmp_path)
    assert (row.fields["sex"], row.fields["age_years"], row.fields["diameter_mm"]) == ("female", 55, 9.5)
    assert (row.fields["biopsied"], row.fields["confirm_type"]) == (True, "histopathology")
    assert row.fields["diagnosis_kind"] == "group"
    assert derive(row.fields) == {
        "age_low": 55, "age_high": 55, "site_group": "head_neck", "fitzpatrick": "III", "skin_tone_group": "medium",
        "malignancy": "malignant",
    }  # fmt: skip
    attributes = row.fields["attributes"]
    assert isinstance(attributes, dict)
    assert (attributes["itch"], attributes["grew"], attributes["hurt"]) == ("unknown", "yes", "no")


def test_empty_cells_and_zero_diameters_are_not_known(tmp_path: Path) -> None:
    row = row_of(tmp_path, gender="", fitspatrick="", diameter_1="0.0", diameter_2="0.0", smoke="")
    assert [row.fields.get(name) for name in ("sex", "skin_tones", "diameter_mm")] == [None, None, None]
    assert row.unmapped == {}


def test_a_type_without_decimals_is_the_same_type_and_a_seventh_is_unmapped(tmp_path: Path) -> None:
    assert row_of(tmp_path, fitspatrick="3").fields["skin_tones"] == row_of(tmp_path).fields["skin_tones"]
    assert row_of(tmp_path, fitspatrick="7.0").unmapped == {"skin_tones": "7.0"}


def test_origin_and_living_conditions_do_not_enter_not_even_raw(tmp_path: Path) -> None:
    row = row_of(tmp_path)
    assert REFUSED.isdisjoint(row.raw)
    assert "POMERANIA" not in str(row)
    assert set(sources.load("pad_ufes20").sheet.refused_columns) == REFUSED


@pytest.mark.real
def test_the_published_table_has_its_published_counts(shared: Path) -> None:
    found = read(shared / "data/tables/PAD-UFES-20_metadata.csv", metadata_only=True)
    rows = [each for each in found if isinstance(each, Row)]
    assert len(rows) == len(found) == 2_298
    assert len({row.fields["patient_id"] for row in rows}) == 1_373
    assert len({row.fields["lesion_id"] for row in rows}) == 1_891
    assert len({row.raw["lesion_id"] for row in rows}) == 1_641
    # schema.md, section 12
    assert Counter(str(derive(row.fields)["malignancy"]) for row in rows) == {
        "benign": 479,
        "indeterminate": 730,
        "malignant": 1_089,
    }
    assert sum(bool(row.fields.get("skin_tones")) for row in rows) == 1_494
    assert not any(row.unmapped for row in rows)


@pytest.mark.real
def test_pictures_are_found_although_their_endings_differ(shared: Path) -> None:
    found = read(shared / "data/images/padufes20")
    rows = [each for each in found if isinstance(each, Row)]
    assert len(rows) == len(found) == 177
    assert all(row.image is not None for row in rows)
    assert {str(row.image.name)[-4:] for row in rows if row.image} == {".jpg", ".png"}
