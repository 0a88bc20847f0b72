"""HAM10000: 10,015 dermoscopic pictures of 7,470 lesions, Vienna and Queensland."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.errors import Fault
from sources.reading.coded import coded, diagnosis_fields
from sources.reading.collection import Found, open_collection
from sources.reading.figures import age_fields
from sources.reading.isic import image_id, isic_id
from sources.source import FactSheet, Options, Overlap, Row, Source

__all__ = ["SOURCE"]

NAME = "ham10000"
_TABLES = ("HAM10000_metadata.csv", "HAM10000_metadata.tab", "HAM10000_metadata", "HAM10000_metadata_with_dataset.csv")
_COLUMNS = ("lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization")
_HOW_TO_GET = "Download it from Harvard Dataverse, doi:10.7910/DVN/DBW86T (open, no login)."

_SHEET = FactSheet(
    title="HAM10000: Human Against Machine with 10000 training images",
    version="2018",
    language="en",
    licence="CC-BY-NC-4.0",
    access="open",
    summary="10,015 dermoscopic pictures, 7 classes, Vienna and Queensland; the training set of ISIC 2018 task 3.",
    how_to_get=_HOW_TO_GET,
    size="10,015 JPEG of 600 x 450 px, about 2.8 GB",
    countries=("AT", "AU"),
    url="https://dataverse.harvard.edu/dataset.xhtml?persistentId=doi:10.7910/DVN/DBW86T",
    doi="10.7910/DVN/DBW86T",
    citation=(
        "Tschandl P, Rosendahl C, Kittler H. The HAM10000 dataset, a large collection of multi-source dermatoscopic "
        "images of common pigmented skin lesions. Sci Data 5, 180161 (2018). doi:10.1038/sdata.2018.161"
    ),
    licence_url="https://creativecommons.org/licenses/by-nc/4.0/",
    attribution=(
        "HAM10000 (Tschandl, Rosendahl, Kittler 2018), Medical University of Vienna and Cliff Rosendahl; "
        "doi:10.7910/DVN/DBW86T"
    ),
    label_basis="histopathology 53 %, follow-up 37 %, expert consensus 9 %, confocal microscopy 1 % of the pictures",
    known_problems=(
        "No patient ids: a split that is safe by lesion can still leak patients.",
        "dx_type predicts the class: follow_up stands on nevi only, confocal on benign keratoses only.",
        "The camera group (dataset) predicts the class: vidir_molemax is 94 % nevi, rosendahl holds 295 of 327 akiec.",
        "18 pairs of near duplicates carry different lesion ids (Abhishek et al. 2025).",
        "akiec is actinic keratosis and Bowen's disease in one class: its malignancy is mixed.",
    ),
    overlaps=(
        Overlap("isic2019", "the same image ids; 6 ages and 10 sexes differ", 10_015),
        Overlap("dermamnist", "made from the same pictures", 10_015),
    ),
    id_issuers={NAME: "lesion numbers of HAM10000"},
    declared_images=10_015,
    declared_lesions=7_470,
    composition={"images": 10_015, "lesions": 7_470, "nv": 6_705, "mel": 1_113, "bkl": 1_099, "bcc": 514, "akiec": 327},
    label_leak_columns=("dx_type",),
)


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield the rows of HAM10000_metadata with their pictures, found by name anywhere below the location."""
    collection = open_collection(options, tables=_TABLES, columns=_COLUMNS, how_to_get=_HOW_TO_GET)
    yield from collection.whole(_row, "image_id")


def _row(found: Found) -> Row:
    cells = found.cells
    name = image_id(cells["image_id"])
    facts = coded(
        NAME,
        sex=("sex", cells["sex"]),
        site=("localization", cells["localization"]),
        confirmed=("dx_type", cells["dx_type"]),
    )
    label = diagnosis_fields(NAME, "dx", cells["dx"], confirm_type=facts.confirm_type)
    fields = {
        **facts.fields,
        **label.fields,
        # The ages of the archive: nearest five years, none above 85.
        **age_fields(cells, "age", method="rounded_5_capped_85"),
        "source_image_id": name,
        "isic_id": isic_id(name),
        "lesion_id": f"{NAME}:{cells['lesion_id']}" if cells["lesion_id"] else None,
        "image_type": "dermoscopic",
        "attributes": {"dataset": cells["dataset"]} if cells.get("dataset") else None,
    }
    return Row(found.place, fields, dict(found.raw), found.image, {**facts.unmapped, **label.unmapped})


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
