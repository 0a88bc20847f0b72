"""MED-NODE: 170 clinical pictures of melanomas and nevi, Groningen; the folder of a picture is its label."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from schemas.errors import Fault, Place, Unavailable, UserError
from sources.reading.coded import diagnosis_fields
from sources.reading.images import File, list_files
from sources.source import FactSheet, Options, Row, Source

__all__ = ["SOURCE"]

NAME = "mednode"
_CLASSES = {"melanoma": "malignant", "naevus": "benign"}
_HOW_TO_GET = "Download complete_mednode_dataset.zip from cs.rug.nl/~imaging/databases/melanoma_naevi."

_SHEET = FactSheet(
    title="MED-NODE: melanomas and nevi photographed at the University Medical Center Groningen",
    version="2015",
    language="en",
    licence="unknown-licence",
    access="open",
    summary="170 clinical pictures, 70 melanomas and 100 nevi, without any other fact.",
    how_to_get=_HOW_TO_GET,
    size="170 JPEG",
    countries=("NL",),
    url="https://www.cs.rug.nl/~imaging/databases/melanoma_naevi/",
    doi="10.1016/j.eswa.2015.04.034",
    citation=(
        "Giotis I, Molders N, Land S, et al. MED-NODE: a computer-assisted melanoma diagnosis system using "
        "non-dermoscopic images. Expert Syst Appl 42, 6578-6585 (2015). doi:10.1016/j.eswa.2015.04.034"
    ),
    attribution="MED-NODE, University Medical Center Groningen; Giotis et al. 2015",
    redistribute="no",
    commercial="no",
    label_basis="not said per picture",
    known_problems=(
        "170 pictures: intervals of about 7 points to each side.",
        "Numbers in file names are not documented: no patient is derived from them.",
        "Melanomas and nevi were photographed and cut in different styles: a shortcut.",
        "1 pair of near duplicates, 3 irrelevant pictures, 2 wrong labels (Groeger et al. 2023).",
    ),
    declared_images=170,
    composition={"images": 170, "melanoma": 70, "naevus": 100},
)


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield each picture of the folders melanoma and naevus; a picture elsewhere has no label and is a fault."""
    if options.location is None:
        raise Unavailable("this release does not fetch the files itself", remedy=f"{_HOW_TO_GET} Then name the folder.")
    listing = list_files(options.location)
    yield from listing.faults
    labeled = [file for file in listing.pictures() if _class_of(file) is not None]
    if not labeled:
        raise UserError("holds no pictures in folders melanoma and naevus", value=options.location, remedy=_HOW_TO_GET)
    for file in listing.pictures():
        yield _row(file)


def _class_of(file: File) -> str | None:
    folder = PurePosixPath(file.path).parent.name.casefold()
    return folder if folder in _CLASSES else None


def _row(file: File) -> Row | Fault:
    kind = _class_of(file)
    if kind is None:
        remedy = "Put it into melanoma or naevus, or take it away."
        return Fault("I13", "lies in neither of the folders that are the labels", Place(file.path), remedy=remedy)
    label = diagnosis_fields(NAME, "folder", kind)
    fields = {
        **label.fields,
        "source_malignancy": _CLASSES[kind],
        "source_image_id": PurePosixPath(file.path).stem,
        "image_type": "clinical: close-up",
    }
    name = PurePosixPath(file.path)
    return Row(Place(file.path), fields, {"file": f"{name.parent.name}/{name.name}"}, file.ref, label.unmapped)


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
