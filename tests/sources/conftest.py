"""Small collections in the layout of the real download; pictures, workbooks and arrays are made for each test."""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pytest
from PIL import Image

FAKES = Path(__file__).parent / "fakes"

Fake = Callable[[str], Path]

_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="'
    'application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="'
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/'
    'sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" Type="{_OFFICE}/'
    'officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}"><sheets><sheet name="Folha1" sheetId="1" '
    'r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" Type="'
    f'{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def picture(seed: str) -> bytes:
    """A small PNG that no other name gives."""
    image = Image.new("RGB", (40, 32), tuple(hash_byte(seed, salt) for salt in range(3)))
    image.putpixel((3, 5), tuple(hash_byte(seed, salt) for salt in range(3, 6)))
    file = io.BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()


def hash_byte(text: str, salt: int) -> int:
    return sum((at + salt + 1) * letter for at, letter in enumerate(text.encode())) % 256


def column_letters(number: int) -> str:
    return (column_letters(number // 26 - 1) if number >= 26 else "") + chr(ord("A") + number % 26)


def workbook(rows: Sequence[Sequence[str]]) -> bytes:
    """A workbook of one sheet with texts only, empty cells left out as spreadsheets do."""
    lines = "".join(
        f'<row r="{line}">'
        + "".join(
            f'<c r="{column_letters(at)}{line}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
            for at, cell in enumerate(cells)
            if cell
        )
        + "</row>"
        for line, cells in enumerate(rows, start=1)
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        for name, text in _PARTS.items():
            package.writestr(name, text)
        package.writestr(
            "xl/worksheets/sheet1.xml", f'<worksheet xmlns="{_SHEET}"><sheetData>{lines}</sheetData></worksheet>'
        )
    return file.getvalue()


def arrays(rows: Sequence[Sequence[str]]) -> bytes:
    """An archive as MedMNIST has it, one picture for each row of split and label."""
    random = np.random.default_rng(7)
    found: dict[str, np.ndarray] = {}
    for split in ("train", "val", "test"):
        labels = [[int(label)] for each, label in rows[1:] if each == split]
        found[f"{split}_labels"] = np.array(labels, np.uint8)
        found[f"{split}_images"] = random.integers(0, 256, (len(labels), 28, 28, 3), np.uint8)
    file = io.BytesIO()
    np.savez(file, **found)
    return file.getvalue()


def made(file: Path) -> None:
    """Turn a file like ``book.xlsx.csv`` into the workbook, or the arrays, of its rows."""
    rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))
    make = {".xlsx": workbook, ".npz": arrays}[file.with_suffix("").suffix]
    file.with_suffix("").write_bytes(make(rows))
    file.unlink()


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Makes the collection of an adapter in a folder of its own."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(FAKES / name, folder, ignore=shutil.ignore_patterns("pictures.txt"))
        listed = FAKES / name / "pictures.txt"
        for file in listed.read_text(encoding="utf-8").split("\n") if listed.is_file() else ():
            if file:
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_bytes(picture(file))
        for file in [*folder.glob("*.xlsx.csv"), *folder.glob("*.npz.csv")]:
            made(file)
        return folder

    return make


@pytest.fixture
def change() -> Callable[[Path, Callable[[str], str]], None]:
    """Changes the text of a table, or the rows that a workbook of a fake was made of."""

    def changed(file: Path, with_text: Callable[[str], str]) -> None:
        if file.suffix == ".csv":
            file.write_text(with_text(file.read_text(encoding="utf-8")), encoding="utf-8")
            return
        rows = file.with_name(f"{file.name}.csv")
        rows.write_text(with_text((FAKES / file.parent.name / rows.name).read_text(encoding="utf-8")), encoding="utf-8")
        made(rows)

    return changed
