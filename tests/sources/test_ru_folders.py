"""Pictures in folders with Russian names, loose and zipped by the programs that people use."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from schemas.errors import Fault, UserError
from sources.profile import draft
from sources.ru_folders import SOURCE
from sources.source import Options, Row

BCC = "Malignant:Malignant adnexal epithelial proliferations - Follicular:Basal cell carcinoma"
MELANOMA = "Malignant:Malignant melanocytic proliferations (Melanoma):Melanoma, NOS"
NEVUS = "Benign:Benign melanocytic proliferations:Nevus"


@pytest.fixture(autouse=True)
def _own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERMACURATE_PSEUDONYM_KEY", str(tmp_path / "key" / "pseudonym.key"))


def picture() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (32, 32), (180, 120, 90)).save(data, "JPEG")
    return data.getvalue()


def folders(tmp_path: Path, *paths: str) -> Path:
    root = tmp_path / "root"
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(picture())
    return root


def read(location: Path, profile: Path | None = None) -> tuple[dict[str, Row], list[Fault]]:
    made = list(SOURCE.rows(Options(location=str(location), profile=profile)))
    rows = {str(row.fields["source_image_id"]): row for row in made if isinstance(row, Row)}
    return rows, [fault for fault in made if isinstance(fault, Fault)]


@pytest.mark.parametrize(
    ("folder", "path", "certainty"),
    [
        ("Фото/Базалиома", BCC, "definite"),
        ("Невусы", NEVUS, "definite"),
        ("Невусы/Голубой невус", f"{NEVUS}:Blue nevus", "definite"),
        ("01_Меланома (25)", MELANOMA, "definite"),
        ("меланома ч2", MELANOMA, "definite"),
        ("Подозрение на меланому", MELANOMA, "suspected"),
        ("С44.3", "Malignant", "definite"),
        ("Злокачественные/БКР", BCC, "definite"),
        ("БКР/Дерматоскопия", BCC, "definite"),
        ("БКР/спина", BCC, "definite"),
        ("Невусы/прочее", NEVUS, "definite"),
    ],
)
def test_the_innermost_folder_that_names_a_disease_counts(
    tmp_path: Path, folder: str, path: str, certainty: str
) -> None:
    rows, _ = read(folders(tmp_path, f"{folder}/1.jpg"))
    (row,) = rows.values()
    assert (row.fields["diagnosis_path"], row.fields["diagnosis_certainty"]) == (path, certainty)


def test_a_folder_that_no_table_has_is_unmapped_and_named(tmp_path: Path) -> None:
    rows, _ = read(folders(tmp_path, "Фото/прочее/1.jpg", "Фото/2.jpg"))
    assert rows["Фото/прочее/1.jpg"].unmapped == {"diagnosis_path": "прочее"}
    assert rows["Фото/прочее/1.jpg"].fields["diagnosis_kind"] == "unmapped"
    assert rows["Фото/2.jpg"].fields["diagnosis_kind"] == "none"


def test_other_folders_say_kind_and_place(tmp_path: Path) -> None:
    rows, _ = read(folders(tmp_path, "Дерматоскопия/Невус/спина/1.jpg"))
    (row,) = rows.values()
    assert (row.fields["image_type"], row.fields["site_path"]) == ("dermoscopic", "Trunk:Posterior trunk")


def test_a_class_inside_another_of_other_malignancy_is_a_conflict(tmp_path: Path) -> None:
    _, faults = read(folders(tmp_path, "Доброкачественные/Меланома/1.jpg"))
    assert [(fault.rule, fault.sample_ids) for fault in faults if fault.severity == "conflict"] == [
        ("V04", ("ru_folders:Доброкачественные/Меланома/1.jpg",))
    ]


def test_names_of_patients_become_hashes_and_keep_their_pictures_together(tmp_path: Path) -> None:
    root = folders(tmp_path, "Невус/Тестов И.И./1.jpg", "Невус/Тестов И.И./2.jpg", "Невус/Пациент 7/Тестова спина.jpg")
    rows, faults = read(root)
    text = " ".join([*map(repr, [(row.fields, row.raw, row.place) for row in rows.values()]), *map(str, faults)])
    assert "Тестов" not in text
    assert sorted(
        len([1 for other in rows.values() if other.fields["patient_id"] == row.fields["patient_id"]])
        for row in rows.values()
    ) == [1, 2, 2]


def zipped(path: Path, *names: bytes) -> Path:
    """Write a zip whose names carry no mark of UTF-8, as Russian programs do."""
    with zipfile.ZipFile(path, "w") as packed:
        for at, _ in enumerate(names):
            packed.writestr(f"{at:>03}".ljust(len(names[at]), "_"), picture())
    data = path.read_bytes()
    for at, name in enumerate(names):
        data = data.replace(f"{at:>03}".ljust(len(name), "_").encode(), name)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("codec", ["cp866", "cp1251", "utf-8"])
def test_names_in_a_zip_are_read_as_their_program_wrote_them(tmp_path: Path, codec: str) -> None:
    names = ["Фото/Базалиома/01.jpg", "Фото/Врождённый невус/01.jpg", "Фото/Себорейный кератоз/01.jpg"]
    path = zipped(tmp_path / "klassy.zip", *(name.encode(codec) for name in names))
    rows, _ = read(path)
    assert sorted(rows) == sorted(f"klassy.zip/{name}" for name in names)


def test_decomposed_letters_of_macos_are_composed(tmp_path: Path) -> None:
    name = unicodedata.normalize("NFD", "Врождённый невус/01.jpg")
    rows, _ = read(zipped(tmp_path / "mac.zip", name.encode()))
    assert list(rows) == ["mac.zip/Врождённый невус/01.jpg"]


def test_an_archive_and_its_folder_give_the_same_ids(tmp_path: Path) -> None:
    path = zipped(tmp_path / "klassy.zip", "Невус/1.jpg".encode("cp866"))
    assert set(read(path)[0]) == set(read(tmp_path)[0])


def test_what_systems_leave_behind_is_ignored_and_counted(tmp_path: Path) -> None:
    root = folders(tmp_path, "Невус/1.jpg", "Невус/Thumbs.db", "Невус/.DS_Store", "Невус/описание.txt")
    rows, faults = read(root)
    assert list(rows) == ["Невус/1.jpg"]
    assert sorted(fault.what for fault in faults) == [
        "1 files are no pictures and were ignored",
        "2 files are left behind by an operating system and were ignored",
    ]


def test_a_draft_shows_what_each_folder_means_and_a_correction_counts(tmp_path: Path) -> None:
    root = folders(tmp_path, "Невусы/1.jpg", "мои любимые/2.jpg")
    drafted = draft(str(root))
    assert f"# Невусы, 1 pictures: {NEVUS}" in drafted
    profile = tmp_path / "p.yaml"
    profile.write_text(drafted + "values: {diagnosis: {мои любимые: базалиома}}\n", encoding="utf-8")
    rows, _ = read(root, profile)
    assert rows["мои любимые/2.jpg"].fields["diagnosis_path"] == BCC


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no picture"):
        read(tmp_path)
