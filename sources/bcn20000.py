"""BCN20000: 18,946 dermoscopic pictures of Hospital Clinic de Barcelona, 2010 to 2016."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial

from schemas import vocabulary
from schemas.errors import Fault
from sources.reading.coded import Coded, coded, diagnosis_fields
from sources.reading.collection import Found, open_collection
from sources.reading.figures import age_fields
from sources.reading.isic import image_id, isic_id
from sources.reading.tables import TextTable
from sources.source import FactSheet, Options, Overlap, Row, Source

__all__ = ["SOURCE"]

NAME = "bcn20000"
_TRAINING, _TEST = "bcn_20k_train.csv", "bcn_20k_test.csv"
_COLUMNS = ("bcn_filename", "diagnosis")
# The day of a visit does not enter; of several pictures of one lesion the order does.
_REFUSED = ("capture_date",)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_HOW_TO_GET = "Download it from figshare, article 24140028 (open, no login)."

_SHEET = FactSheet(
    title="BCN20000: dermoscopic lesions in the wild",
    version="2024",
    language="en",
    licence="CC-BY-NC-4.0",
    access="open",
    summary="18,946 dermoscopic pictures of one hospital, 8 classes, some out of distribution in the test part.",
    how_to_get=_HOW_TO_GET,
    size="18,946 JPEG of 1024 x 1024 px",
    countries=("ES",),
    url="https://figshare.com/articles/dataset/24140028",
    doi="10.1038/s41597-024-03387-w",
    citation=(
        "Hernandez-Perez C, Combalia M, Podlipnik S, et al. BCN20000: dermoscopic lesions in the wild. Sci Data 11, "
        "641 (2024). doi:10.1038/s41597-024-03387-w"
    ),
    licence_url="https://creativecommons.org/licenses/by-nc/4.0/",
    attribution="BCN20000, Department of Dermatology, Hospital Clinic de Barcelona; doi:10.1038/s41597-024-03387-w",
    label_basis="histopathology or consensus, not said per row",
    known_problems=(
        "No patient ids.",
        "Its image ids are not those of the Archive: the pictures that ISIC 2019 also holds are found by pixels only.",
        "Up to 31 pictures of one lesion.",
        "Black corners, 1024 x 1024 px: the look tells the source.",
        "Class OOD is out of distribution and not benign.",
        "Column names except diagnosis were read in public code, not in the table (no copy was at hand).",
    ),
    overlaps=(Overlap("isic2019", "the same pictures and lesion ids under other image ids", 12_413),),
    id_issuers={NAME: "lesion numbers of BCN20000"},
    declared_images=18_946,
    composition={"images": 18_946},
    refused_columns=_REFUSED,
)


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield the training part and the test part, as far as they are there; columns are taken by name."""
    collection = open_collection(options, tables=(_TRAINING, _TEST), columns=_COLUMNS, how_to_get=_HOW_TO_GET)
    yield from collection.faults
    is_test = collection.table.name.endswith(_TEST)
    tables = [(collection.table, "test" if is_test else "train")]
    test = None if is_test else collection.beside(_TEST)
    if test is not None:
        tables.append((test, "test"))
    for table, split in tables:
        row = partial(_row, split=split, days=_days(table))
        yield from collection.each(row, "bcn_filename", table=table)
    yield from collection.pictures.unnamed(table=collection.table.name)


def _days(table: TextTable) -> Mapping[str, list[str]]:
    """Return the days on which each lesion was seen, the earliest first."""
    seen: dict[str, set[str]] = defaultdict(set)
    for record in table.records():
        if not isinstance(record, Fault):
            day = _DATE.match(record.cells.get("capture_date", "").strip())
            if day is not None:
                seen[record.cells.get("lesion_id", "").strip()].add(day[0])
    return {lesion: sorted(days) for lesion, days in seen.items() if lesion}


def _row(found: Found, *, split: str, days: Mapping[str, list[str]]) -> Row:
    cells = found.cells
    name = image_id(cells["bcn_filename"])
    site = ("anatom_site_general", cells.get("anatom_site_general", ""))
    facts = coded(NAME, sex=("sex", cells.get("sex", "")), site=site)
    label, special = diagnosis_fields(NAME, "diagnosis", cells["diagnosis"]), _special(cells)
    lesion, day = cells.get("lesion_id", ""), _DATE.match(cells.get("capture_date", ""))
    seen = days.get(lesion, [])
    fields = {
        **facts.fields,
        **special.fields,
        **label.fields,
        **age_fields(cells, "age_approx", method="rounded_5_capped_85"),
        "source_image_id": name,
        "isic_id": isic_id(name),
        "lesion_id": f"{NAME}:{lesion}" if lesion else None,
        "series_order": seen.index(day[0]) if day is not None and len(seen) > 1 else None,
        "source_split": split,
        "image_type": "dermoscopic",
    }
    raw = {column: cell for column, cell in found.raw.items() if column not in _REFUSED}
    unmapped = {**facts.unmapped, **special.unmapped, **label.unmapped}
    return Row(found.place, fields, raw, found.image, unmapped)


def _special(cells: Mapping[str, str]) -> Coded:
    cell = cells.get("anatom_site_special", "")
    if cell in vocabulary.codes("site_special"):
        return Coded({"site_special": cell}, {})
    return Coded({}, {"site_special": cell} if cell else {})


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
