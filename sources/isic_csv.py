"""Files that a user has downloaded from the ISIC Archive: metadata.csv of any era, or the records of API v1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from schemas import vocabulary
from schemas.errors import DataFault, Fault, Place
from sources.reading import api_v1
from sources.reading.coded import Coded, coded, flat_label, rating, tree_rating
from sources.reading.collection import Found, open_collection
from sources.reading.figures import CellFaultError, age_fields, flag, number
from sources.reading.images import Listing, Pictures, list_files
from sources.reading.isic import archive_key, image_id, isic_id, licence_code
from sources.source import FactSheet, Options, Overlap, Row, Source
from sources.transport.archive import is_archive

__all__ = ["SOURCE"]

NAME = "isic_csv"
_TABLES = ("metadata.csv", "ISIC_metadata.csv")
# What exports of other years, and tables made of exports, call the same column.
_OTHER_NAMES = {"image_name": "isic_id", "anatom_site_general_challenge": "anatom_site_general"}
_LEVELS = ("1", "2", "3", "4", "5")
_ATTRIBUTES = ("color_tint", "blurry", "hairy", "marker_pen", "tags")
_STATED = {"indeterminate/benign": "indeterminate", "indeterminate/malignant": "indeterminate"}
_HOW_TO_GET = (
    "Download pictures with their metadata.csv from gallery.isic-archive.com, or with `isic image download` (open)."
)

_SHEET = FactSheet(
    title="ISIC Archive: pictures and metadata as downloaded",
    version="as downloaded",
    language="en",
    # Each row says its own; a table without the column says nothing.
    licence="unknown-licence",
    access="open",
    summary="Any part of the ISIC Archive: dermoscopic, clinical and total-body pictures, exports of 2016 to today.",
    how_to_get=_HOW_TO_GET,
    size="as downloaded",
    url="https://www.isic-archive.com",
    citation="International Skin Imaging Collaboration, ISIC Archive; each collection has a citation of its own.",
    licence_url="https://www.isic-archive.com/terms-of-use",
    label_basis="column diagnosis_confirm_type, per row",
    known_problems=(
        "Exports by the web site leave an age of 0 empty.",
        "An export has only the columns that hold a value in it; all but three may be missing.",
        "Diagnoses are revised: the same id can say something else in the next export.",
        "161 basal cell and 24 squamous cell carcinomas of one export say benign_malignant = benign.",
        "Most older pictures have no patient id.",
        "A patient id that equals the id of the picture is a placeholder and is read as not known.",
    ),
    overlaps=(
        Overlap("ham10000", "the same image ids", 10_015),
        Overlap("isic2019", "the same image ids without _downsampled", 25_331),
        Overlap("isic2020", "the same image, patient and lesion ids", 33_126),
        Overlap("milk10k", "the same image and lesion ids", 10_480),
    ),
    id_issuers={"isic": "patients, lesions and RCM cases of the ISIC Archive"},
    refused_columns=api_v1.REFUSED,
    label_leak_columns=(
        "diagnosis_confirm_type", "concomitant_biopsy", "mel_class", "mel_type", "mel_thick_mm", "mel_ulcer",
        "mel_mitotic_index", "nevus_type",
    ),
)  # fmt: skip


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield the rows of metadata.csv, or of the JSON records of API v1 where the location holds no table."""
    listing = _records_only(options)
    placeholders = 0
    for each in _of_table(options) if listing is None else _of_records(listing, options):
        if isinstance(each, Row):
            # An id of a patient that is the id of the picture was put there by a tool.
            placeholders += each.raw.get("patient_id", "") == each.fields["source_image_id"]
        yield each
    if placeholders:
        what = f"is the id of the picture in {placeholders} rows, a placeholder; it is read as not known"
        yield Fault("P16", what, place=Place(str(options.location)), severity="note", column="patient_id")


def _records_only(options: Options) -> Listing | None:
    """Return the files where the location holds JSON records and no table."""
    path = Path(options.location or "")
    if options.location is None or not path.exists():
        return None
    if path.is_file() and not is_archive(path):
        listing = list_files(str(path), archives=False)
        mine = tuple(file for file in listing.files if file.path == path.name or not file.path.endswith(".json"))
        return Listing(mine) if path.suffix.casefold() == ".json" else None
    listing = list_files(str(path))
    return listing if api_v1.json_files(listing) and not listing.named(*_TABLES) else None


def _of_records(listing: Listing, options: Options) -> Iterator[Row | Fault]:
    pictures = Pictures(() if options.metadata_only else listing.pictures())
    yield from listing.faults
    for file in api_v1.json_files(listing):
        for cells in api_v1.records(file):
            if isinstance(cells, Fault):
                yield cells
                continue
            image = pictures.find(cells["name"])
            if isinstance(image, Fault):
                yield image
            else:
                yield from _sound(Found(Place(file.path), api_v1.as_era_1(cells, tags=True), cells, image))
    yield from pictures.unnamed(table="the records")


def _sound(found: Found) -> Iterator[Row | Fault]:
    try:
        yield _row(found)
    except CellFaultError as error:
        yield error.fault(found.place)


def _of_table(options: Options) -> Iterator[Row | Fault]:
    collection = open_collection(options, tables=_TABLES, columns=(), how_to_get=_HOW_TO_GET)
    columns = collection.table.columns
    flattened = api_v1.is_flattened(columns)
    key = next((name for name in ("isic_id", "image_name", *(["name"] if flattened else [])) if name in columns), None)
    if key is None:
        place = Place(collection.table.name)
        raise DataFault("has no column isic_id", place=place, remedy=f"It has: {', '.join(columns)}.")
    # Tables made of exports name the file in a column of their own.
    named = [name for name in ("image", "file_name") if name in columns]
    yield from collection.whole(partial(_table_row, flattened=flattened), key, *named)


def _table_row(found: Found, *, flattened: bool) -> Row:
    if flattened:
        cells = api_v1.as_era_1(found.cells)
    else:
        cells = {_OTHER_NAMES.get(name, name): cell for name, cell in found.cells.items()}
    return _row(Found(found.place, cells, found.raw, found.image))


def _row(found: Found) -> Row:
    """Return a row out of cells under the names of era 1 and later; any column may be missing."""
    cells = found.cells
    name = image_id(cells["isic_id"])
    parts = [_facts(cells), _listed(cells), _tone(cells), _label(cells)]
    fields: dict[str, object] = {
        **age_fields(cells, "age_approx", method="rounded_5_capped_85"),
        **licence_code(cells.get("copyright_license", "")),
        **_figures(cells),
        "attribution": cells.get("attribution") or None,
        "source_image_id": name,
        "isic_id": isic_id(name),
        "patient_id": archive_key(cells.get("patient_id", ""), unknown=("", "0", name)),
        "lesion_id": archive_key(cells.get("lesion_id", "")),
        "case_id": archive_key(cells.get("rcm_case_id", "")),
        "attributes": {each: cells[each] for each in _ATTRIBUTES if cells.get(each)} or None,
    }
    unmapped: dict[str, str] = {}
    for part in parts:
        fields |= part.fields
        unmapped |= part.unmapped
    raw = {column: cell for column, cell in found.raw.items() if not api_v1.is_refused(column)}
    return Row(found.place, fields, raw, found.image, unmapped)


def _figures(cells: Mapping[str, str]) -> dict[str, object]:
    day = number(cells, "acquisition_day")
    return {
        "acquisition_day": int(day) if day is not None else None,
        "diameter_mm": number(cells, "clin_size_long_diam_mm", rule="V24") or None,
        "breslow_mm": number(cells, "mel_thick_mm", rule="V09"),
        "ulceration": flag(cells, "mel_ulcer"),
        "melanocytic": flag(cells, "melanocytic"),
        "biopsied": flag(cells, "concomitant_biopsy"),
        "personal_history_melanoma": flag(cells, "personal_hx_mm"),
        "family_history_melanoma": flag(cells, "family_hx_mm"),
    }


def _facts(cells: Mapping[str, str]) -> Coded:
    """Return sex and site: the tree of era 3 where it is there, the coarse word before it."""
    path = _joined(cells, "anatom_site")
    if path and path in vocabulary.codes("site"):
        facts = coded(NAME, sex=("sex", cells.get("sex", "")))
        return Coded({**facts.fields, "site_path": path}, facts.unmapped)
    word = path or cells.get("anatom_site_general", "")
    return coded(NAME, sex=("sex", cells.get("sex", "")), site=("anatom_site_general", word))


def _joined(cells: Mapping[str, str], name: str) -> str:
    """Return a path of a tree that stands in five columns, down to the deepest that is filled."""
    return ":".join(cells[f"{name}_{level}"] for level in _LEVELS if cells.get(f"{name}_{level}"))


# Column of the schema to the column of an export, whose words are those of the code list.
_SAME_WORDS = {
    "image_type": "image_type",
    "dermoscopic_type": "dermoscopic_type",
    "tbp_tile_type": "tbp_tile_type",
    "manipulation": "image_manipulation",
    "mitotic_index": "mel_mitotic_index",
    "site_special": "anatom_site_special",
    "confirm_type": "diagnosis_confirm_type",
}


def _listed(cells: Mapping[str, str]) -> Coded:
    fields: dict[str, object] = {}
    unmapped: dict[str, str] = {}
    for column, theirs in _SAME_WORDS.items():
        cell = cells.get(theirs, "")
        older = vocabulary.mapped("map_other", NAME, theirs, cell)
        if older is not None:
            fields[column] = older["our_value"]
        elif cell in vocabulary.codes(column):
            fields[column] = cell
        elif cell:
            unmapped[column] = cell
    stated = cells.get("benign_malignant", "") or cells.get("diagnosis_1", "").casefold()
    stated = _STATED.get(stated, stated)
    if stated in {"benign", "malignant", "indeterminate"}:
        fields["source_malignancy"] = stated
    elif stated:
        unmapped["source_malignancy"] = stated
    return Coded(fields, unmapped)


def _tone(cells: Mapping[str, str]) -> Coded:
    cell = cells.get("fitzpatrick_skin_type", "")
    if cell not in vocabulary.codes("fitzpatrick"):
        return Coded({}, {"skin_tones": cell} if cell else {})
    said = {"scale": "fitzpatrick", "value": cell, "rater": "contributor", "rater_role": "publisher"}
    return Coded({"skin_tones": [said]}, {})


# --- diagnosis -------------------------------------------------------------------------------------------------------


def _label(cells: Mapping[str, str]) -> Coded:
    """Return the diagnosis of a row: the tree of era 2 and later, the word of era 1 with its finer columns before."""
    confirmed = cells.get("diagnosis_confirm_type") or None
    path = _joined(cells, "diagnosis")
    if path:
        said = tree_rating(path, confirm_type=confirmed)
        return flat_label(said, [said])
    ratings = [
        rating(NAME, column, cell, confirm_type=confirmed, rank=rank)
        for rank, (column, cell) in enumerate(_said(cells), start=1)
    ]
    if not ratings:
        return Coded({"diagnosis_kind": "none"}, {})
    coarse = ratings[0]
    finer = [each for each in ratings[1:] if _is_finer(each, coarse)]
    chosen = max(finer, key=lambda each: str(each["path"]).count(":"), default=coarse)
    return flat_label(chosen, ratings)


def _said(cells: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield column and cell of what era 1 says of the diagnosis, the coarsest first."""
    if not cells.get("diagnosis"):
        if cells.get("benign_malignant"):
            yield "benign_malignant", cells["benign_malignant"]
        return
    yield "diagnosis", cells["diagnosis"]
    both = f"{cells.get('mel_class', '')} / {cells.get('mel_type', '')}"
    if vocabulary.label(NAME, "mel_class+mel_type", both).kind != "unmapped":
        yield "mel_class+mel_type", both
        return
    for column in ("mel_class", "nevus_type", "mel_type"):
        # Without its leaf a type of melanoma says nothing about in situ or invasive: mel_class does.
        if cells.get(column) and not (column == "mel_type" and cells.get("mel_class")):
            yield column, cells[column]


def _is_finer(fine: Mapping[str, object], coarse: Mapping[str, object]) -> bool:
    above, below = coarse["path"], fine["path"]
    return above is not None and below is not None and vocabulary.is_ancestor(str(above), str(below))


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
