"""MRA-MIDAS: lesions photographed from 30 cm, from 15 cm and through a dermatoscope, Stanford."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from schemas import vocabulary
from schemas.errors import DataFault, Fault, Place, Unavailable, UserError
from sources.reading.coded import Coded, coded, flat_label, rating, skin_tone
from sources.reading.figures import CellFaultError, age_fields, number
from sources.reading.images import Listing, Pictures, list_files
from sources.reading.tables import Record, read_table
from sources.reading.workbook import read_sheets
from sources.source import FactSheet, ImageRef, Options, Row, Source

__all__ = ["SOURCE"]

NAME = "midas"
_TABLES = ("release_midas.xlsx", "release_midas.csv")
_COLUMNS = (
    "midas_record_id", "midas_file_name", "midas_iscontrol", "midas_distance", "midas_location", "midas_path",
    "midas_pathreport", "midas_gender", "midas_age", "midas_fitzpatrick", "length_(mm)", "width_(mm)",
)  # fmt: skip
# Race and ethnicity are not needed for a report on skin and do not enter (schema.md, section 8).
_REFUSED = ("midas_race", "midas_ethnicity")
_IMPRESSIONS = ("clinical_impression_1", "clinical_impression_2", "clinical_impression_3")
# Columns that together tell one lesion of a patient from another; the table numbers no lesions.
_OF_LESION = ("midas_location", "length_(mm)", "width_(mm)", "midas_pathreport")
_HOW_TO_GET = "Register at Stanford AIMI shared datasets, data set MRA-MIDAS, and accept its research agreement."

_SHEET = FactSheet(
    title="MRA-MIDAS: multimodal image dataset for AI-based skin cancer",
    version="2024",
    language="en",
    licence="research-only",
    access="registration",
    summary="Clinical and dermoscopic pictures of lesions before biopsy, and controls of the same people.",
    how_to_get=_HOW_TO_GET,
    size="3,416 rows, about 12 GB",
    countries=("US",),
    url="https://stanfordaimi.azurewebsites.net",
    doi="10.1101/2024.06.27.24309562",
    citation=(
        "Chiou AS, Omiye JA, Gui H, et al. Multimodal image dataset for AI-based skin cancer (MIDAS) benchmarking. "
        "medRxiv (2024). doi:10.1101/2024.06.27.24309562"
    ),
    attribution="MRA-MIDAS, Stanford University; Chiou et al. 2024, doi:10.1101/2024.06.27.24309562",
    redistribute="no",
    commercial="no",
    label_basis="histopathology where a report is given; controls have none",
    known_problems=(
        "The table has 3,416 rows, the paper speaks of 3,830 pictures of 796 patients.",
        "midas_melanoma says yes on controls without pathology: it is not the label of the picture.",
        "Lesions have no ids: they are told apart by place, size and report, and marked as derived.",
        "Controls are other lesions of the same patients, without biopsy.",
        "Columns and words were read in a printed data frame, not in the table (no copy was at hand).",
    ),
    id_issuers={NAME: "records of the study, taken as patients; lesions derived from place, size and report"},
    declared_images=3_416,
    composition={"images": 3_416},
    refused_columns=_REFUSED,
    label_leak_columns=("midas_pathreport", "midas_melanoma", "midas_iscontrol", *_IMPRESSIONS),
    pictures_may_be_absent=True,
)


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield the rows of release_midas with their pictures; endings of files are mixed, so the stem decides."""
    if options.location is None:
        raise Unavailable("this release does not fetch the files itself", remedy=f"{_HOW_TO_GET} Then name the folder.")
    listing = list_files(options.location)
    table, lines = _table(listing, options.location)
    pictures = Pictures(() if options.metadata_only else listing.pictures())
    yield from listing.faults
    for each in lines:
        if isinstance(each, Fault):
            yield each
            continue
        place, cells = Place(table, each.line), each.cells
        name = cells["midas_file_name"].strip()
        image = pictures.find(name) if name else Fault("K02", "has no midas_file_name", place=place)
        try:
            yield image if isinstance(image, Fault) else _row(place, cells, image)
        except CellFaultError as error:
            yield error.fault(place)
    yield from pictures.unnamed(table=table)


def _table(listing: Listing, location: str) -> tuple[str, list[Record | Fault]]:
    found = listing.named(*_TABLES)
    if not found:
        raise UserError(f"holds no {_TABLES[0]}", value=location, remedy=_HOW_TO_GET)
    file = found[0]
    if PurePosixPath(file.path).suffix.casefold() == ".csv":
        text = read_table(file.ref.open(), name=file.path)
        lines = list(text.records())
        header = list(text.columns)
    else:
        (_, cells), *_ = read_sheets(file.ref.open(), file.path)
        header = [name.strip() for name in cells[0]] if cells else []
        lines = [
            Record(at, dict(zip(header, row, strict=False))) for at, row in enumerate(cells[1:], start=2) if any(row)
        ]
    lacking = [name for name in _COLUMNS if name not in header]
    if lacking:
        has = f"It has: {', '.join(header)}."
        raise DataFault(f"has no column {', '.join(lacking)}", place=Place(file.path), remedy=has)
    return file.path, lines


def _row(place: Place, found: Mapping[str, str], image: ImageRef | None) -> Row:
    cells = {name: "" if cell.strip().casefold() == "nan" else cell.strip() for name, cell in found.items()}
    confirmed = cells["midas_pathreport"] not in {"", "0"}
    type_ = cells["midas_fitzpatrick"].casefold().split(" ")[0]
    tone = skin_tone(NAME, "midas_fitzpatrick", type_, scale="fitzpatrick", rater="clinician", rater_role="clinician")
    parts = [coded(NAME, sex=("midas_gender", cells["midas_gender"])), tone, _kind(cells), _label(cells, confirmed)]
    size = max(number(cells, "length_(mm)", rule="V24") or 0.0, number(cells, "width_(mm)", rule="V24") or 0.0)
    record = cells["midas_record_id"].removesuffix(".0")
    fields: dict[str, object] = {
        **age_fields(cells, "midas_age", method="exact"),
        "source_image_id": PurePosixPath(cells["midas_file_name"]).stem,
        "patient_id": f"{NAME}:{record}" if record else None,
        "lesion_id": _lesion(record, cells) if record and cells["midas_location"] else None,
        "confirm_type": "histopathology" if confirmed else None,
        "diameter_mm": size or None,
        "attributes": _attributes(cells) or None,
    }
    unmapped: dict[str, str] = {}
    for part in parts:
        fields |= part.fields
        unmapped |= part.unmapped
    raw = {name: cell for name, cell in found.items() if name and name not in _REFUSED}
    return Row(place, fields, raw, image, unmapped)


def _lesion(record: str, cells: Mapping[str, str]) -> str:
    """Return a lesion of a patient: the same place, size and report are the same lesion."""
    said = "\x1f".join(re.sub(r"\s+", " ", cells[name].casefold()) for name in _OF_LESION)
    return f"{NAME}:{record}/derived-{hashlib.sha256(said.encode()).hexdigest()[:12]}"


def _attributes(cells: Mapping[str, str]) -> dict[str, str]:
    names = ("midas_iscontrol", "midas_distance", "midas_location", *_IMPRESSIONS)
    return {name.removeprefix("midas_"): cells[name] for name in names if cells.get(name)}


def _kind(cells: Mapping[str, str]) -> Coded:
    cell = cells["midas_distance"].casefold()
    found = vocabulary.mapped("map_other", NAME, "midas_distance", cell)
    if found is None:
        return Coded({}, {"image_type": cell} if cell else {})
    return Coded({"image_type": found["our_value"] or None}, {})


def _label(cells: Mapping[str, str], confirmed: bool) -> Coded:
    """Return the diagnosis by pathology; of words that no table has the first level still says malignancy."""
    cell = re.sub(r"\s*-\s*", "-", cells["midas_path"].casefold())
    if not cell:
        return Coded({"diagnosis_kind": "none"}, {})
    confirm = "histopathology" if confirmed else None
    said = rating(NAME, "midas_path", cell, raw=cells["midas_path"], confirm_type=confirm, rater_role="pathologist")
    stated = cell.partition("-")[0]
    fields: dict[str, object] = {}
    if stated in {"benign", "malignant"}:
        fields["source_malignancy"] = stated
        if said["kind"] == "unmapped":
            top = {**said, "kind": "top", "path": stated.capitalize()}
            return Coded({**flat_label(top, [top]).fields, **fields}, {"diagnosis_path": cells["midas_path"]})
    label = flat_label(said, [said])
    return Coded({**label.fields, **fields}, label.unmapped)


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
