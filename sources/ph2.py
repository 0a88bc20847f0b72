"""PH2: 200 dermoscopic pictures of Hospital Pedro Hispano with the criteria of dermatologists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.errors import DataFault, Fault, Place, Unavailable, UserError
from sources.reading.coded import flat_label, rating
from sources.reading.images import Listing, Pictures, list_files
from sources.reading.workbook import read_sheets
from sources.source import FactSheet, ImageRef, Options, Row, Source

__all__ = ["SOURCE"]

NAME = "ph2"
_TABLE = "PH2_dataset.xlsx"
_KEY, _HISTOLOGY = "Image Name", "Histological Diagnosis"
_CLASSES = ("Common Nevus", "Atypical Nevus", "Melanoma")
_CRITERIA = (
    "Asymmetry", "Pigment Network", "Dots/Globules", "Streaks", "Regression Areas", "Blue-Whitish Veil",
)  # fmt: skip
_COLORS = ("White", "Red", "Light-Brown", "Dark-Brown", "Blue-Gray", "Black")
_HOW_TO_GET = "Ask for PH2Dataset.rar by the form at fc.up.pt/addi (research and education), and unpack it."

_SHEET = FactSheet(
    title="PH2: dermoscopic pictures with segmentation and criteria",
    version="2013",
    language="en",
    licence="research-only",
    access="request",
    summary="200 dermoscopic pictures, 80 common nevi, 80 atypical nevi, 40 melanomas; skin types II and III.",
    how_to_get=_HOW_TO_GET,
    size="200 BMP of 768 x 560 px",
    countries=("PT",),
    url="https://www.fc.up.pt/addi/ph2%20database.html",
    doi="10.1109/EMBC.2013.6610779",
    citation=(
        "Mendonca T, Ferreira PM, Marques JS, Marcal ARS, Rozeira J. PH2: a dermoscopic image database for research "
        "and benchmarking. EMBC 2013, 5437-5440. doi:10.1109/EMBC.2013.6610779"
    ),
    attribution="PH2, Dermatology Service of Hospital Pedro Hispano, Matosinhos; Mendonca et al. 2013",
    redistribute="no",
    commercial="no",
    label_basis="histopathology where the column is filled (33 of 40 melanomas), otherwise clinical",
    population="skin types II and III by the paper, not per picture",
    known_problems=(
        "A copy of the workbook lacks IMD146.",
        "Masks (_lesion, _roi) lie beside the pictures: they are never taken as pictures.",
        "No patient ids, ages, sexes or sites; one picture a lesion.",
        "No duplicates and no wrong labels by experts: a negative control (Groeger et al. 2023).",
    ),
    declared_images=200,
    composition={"images": 200, "Common Nevus": 80, "Atypical Nevus": 80, "Melanoma": 40},
)


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield the rows of the workbook with their pictures; masks are no pictures."""
    if options.location is None:
        raise Unavailable("this release does not fetch the files itself", remedy=f"{_HOW_TO_GET} Then name the folder.")
    listing = list_files(options.location)
    table, header, lines = _table(listing, options.location)
    taken = [] if options.metadata_only else [file for file in listing.pictures() if "_roi/" not in file.path]
    pictures = Pictures(taken)
    yield from listing.faults
    for line, cells in lines:
        place = Place(table, line)
        record = dict(zip(header, cells, strict=False))
        if not record.get(_KEY):
            continue
        image = pictures.find(record[_KEY])
        yield image if isinstance(image, Fault) else _row(place, record, image)
    yield from pictures.unnamed(table=table)


def _table(listing: Listing, location: str) -> tuple[str, list[str], Iterator[tuple[int, list[str]]]]:
    """Return name, header and rows of the table in the workbook; above its header stand legends and group titles."""
    found = listing.named(_TABLE)
    if not found:
        raise UserError(f"holds no {_TABLE}", value=location, remedy=_HOW_TO_GET)
    (_, cells), *_ = read_sheets(found[0].ref.open(), found[0].path)
    for at, row in enumerate(cells):
        header = [_name(cell) for cell in row]
        if _KEY in header:
            lacking = [name for name in (_HISTOLOGY, *_CLASSES) if name not in header]
            if not lacking:
                return found[0].path, header, ((at + 2 + below, each) for below, each in enumerate(cells[at + 1 :]))
            raise DataFault(f"has no column {', '.join(lacking)}", place=Place(found[0].path, at + 1))
    raise DataFault(f"has no column {_KEY}", place=Place(found[0].path), remedy=_HOW_TO_GET)


def _name(cell: str) -> str:
    """Return the name of a column without the codes that stand below it in the same cell."""
    return cell.partition("\n")[0].strip().removesuffix("(X)").strip()


def _row(place: Place, cells: Mapping[str, str], image: ImageRef | None) -> Row | Fault:
    ticked = [name for name in _CLASSES if cells[name].strip().casefold() == "x"]
    if len(ticked) != 1:
        value = ", ".join(ticked) or "none"
        return Fault("V19", "does not name exactly one class", place=place, value=value, remedy="Correct the row.")
    histology = cells[_HISTOLOGY].strip()
    ratings = [rating(NAME, "clinical_diagnosis", ticked[0], rater="clinician", rater_role="clinician")]
    if histology:
        said = {"rater_role": "pathologist", "confirm_type": "histopathology"}
        ratings = [rating(NAME, "histological_diagnosis", histology, **said), {**ratings[0], "rank": 2}]
    label = flat_label(ratings[0], ratings)
    seen = {name: cells[name].strip() for name in _CRITERIA if cells.get(name, "").strip()}
    colors = [name for name in _COLORS if cells.get(name, "").strip().casefold() == "x"]
    fields = {
        **label.fields,
        "confirm_type": "histopathology" if histology else None,
        "source_image_id": cells[_KEY].strip(),
        "source_malignancy": "malignant" if ticked == ["Melanoma"] else "benign",
        "image_type": "dermoscopic",
        "attributes": {**seen, **({"colors": " ".join(colors)} if colors else {})} or None,
    }
    return Row(place, fields, {name: cell for name, cell in cells.items() if name}, image, label.unmapped)


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
