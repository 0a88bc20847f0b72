"""PAD-UFES-20: 2,298 clinical pictures taken with telephones, 1,373 patients, Espírito Santo (Brazil)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.errors import Fault
from sources.reading.coded import Coded, coded, diagnosis_fields, skin_tone
from sources.reading.collection import Found, open_collection
from sources.reading.figures import age_fields, number
from sources.source import FactSheet, Options, Row, Source

__all__ = ["SOURCE"]

NAME = "pad_ufes20"
_TABLES = ("metadata.csv", "PAD-UFES-20_metadata.csv")
_COLUMNS = (
    "patient_id", "lesion_id", "img_id", "diagnostic", "biopsed", "age", "gender", "fitspatrick", "region",
    "diameter_1", "diameter_2",
)  # fmt: skip
# Origin of the parents and living conditions are not needed for a report on skin and do not enter (schema.md, 8).
_REFUSED = ("background_father", "background_mother", "pesticide", "has_piped_water", "has_sewage_system")
_ATTRIBUTES = (
    "smoke", "drink", "skin_cancer_history", "cancer_history", "itch", "grew", "hurt", "changed", "bleed", "elevation",
)  # fmt: skip
_ANSWERS = {"True": "yes", "False": "no", "UNK": "unknown"}
_HOW_TO_GET = "Download it from Mendeley Data, doi:10.17632/zr7vgbcyr2.1 (open, no login)."

_SHEET = FactSheet(
    title="PAD-UFES-20: clinical pictures of skin lesions taken with smartphones",
    version="1",
    language="en",
    licence="CC-BY-4.0",
    access="open",
    summary="2,298 clinical pictures of 6 classes, 1,373 patients with age, sex, site and, for 65 %, skin type.",
    how_to_get=_HOW_TO_GET,
    size="2,298 PNG, about 3 GB",
    countries=("BR",),
    url="https://data.mendeley.com/datasets/zr7vgbcyr2/1",
    doi="10.17632/zr7vgbcyr2.1",
    citation=(
        "Pacheco AGC, Lima GR, Salomão AS, et al. PAD-UFES-20: A skin lesion dataset composed of patient data and "
        "clinical images collected from smartphones. Data in Brief 32, 106221 (2020). doi:10.1016/j.dib.2020.106221"
    ),
    licence_url="https://creativecommons.org/licenses/by/4.0/",
    attribution="PAD-UFES-20, Pacheco et al. 2020, Data in Brief 32:106221; doi:10.17632/zr7vgbcyr2.1",
    annotation_process="Biopsy for all cancers and 58 % of the pictures; consensus of dermatologists for the rest.",
    label_basis="histopathology 58 %, consensus of dermatologists who saw the patient 42 %",
    known_problems=(
        "lesion_id is not unique: 250 numbers occur with two patients. A lesion is the pair of patient and number.",
        "The 804 rows without sex, skin type and diameter are actinic keratoses, seborrheic keratoses and nevi only.",
        "SCC holds Bowen's disease.",
        "Ages differ within 90 patients, by up to 30 years.",
        "56 pairs of near duplicates, 2 irrelevant pictures, 3 wrong labels (Groeger et al. 2023).",
        "Skin types V and VI: 11 pictures.",
    ),
    id_issuers={NAME: "patients of the program, lesions numbered inside a patient"},
    declared_images=2_298,
    declared_lesions=1_891,
    declared_patients=1_373,
    composition={"images": 2_298, "lesions": 1_891, "patients": 1_373, "BCC": 845, "ACK": 730, "NEV": 244, "MEL": 52},
    refused_columns=_REFUSED,
    label_leak_columns=("biopsed",),
)


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield the rows of metadata.csv with their pictures; names say .png, a copy may be .jpg: the stem decides."""
    collection = open_collection(options, tables=_TABLES, columns=_COLUMNS, how_to_get=_HOW_TO_GET)
    yield from collection.whole(_row, "img_id")


def _row(found: Found) -> Row:
    cells = found.cells
    biopsied = {"true": True, "false": False}.get(cells["biopsed"].casefold())
    facts = coded(
        NAME,
        sex=("gender", cells["gender"]),
        site=("region", cells["region"]),
        confirmed=("biopsed", str(biopsied) if biopsied is not None else cells["biopsed"]),
    )
    label = diagnosis_fields(NAME, "diagnostic", cells["diagnostic"], confirm_type=facts.confirm_type)
    tone = _skin_tones(cells)
    fields = {
        **facts.fields,
        **label.fields,
        **tone.fields,
        "biopsied": biopsied,
        "source_image_id": cells["img_id"],
        "image_type": "clinical: close-up",
        "device": "smartphone",
        **age_fields(cells, "age", method="exact"),
        "diameter_mm": _diameter(cells),
        "attributes": {name: _ANSWERS.get(cells[name], cells[name]) for name in _ATTRIBUTES if cells.get(name)} or None,
        **_keys(cells),
    }
    raw = {name: cell for name, cell in found.raw.items() if name not in _REFUSED}
    return Row(found.place, fields, raw, found.image, {**facts.unmapped, **label.unmapped, **tone.unmapped})


def _keys(cells: Mapping[str, str]) -> dict[str, object]:
    """Return patient and lesion; the number of a lesion says nothing without its patient."""
    patient, lesion = cells["patient_id"], cells["lesion_id"]
    return {
        "patient_id": f"{NAME}:{patient}" if patient else None,
        "lesion_id": f"{NAME}:{patient}/{lesion}" if patient and lesion else None,
    }


def _diameter(cells: Mapping[str, str]) -> float | None:
    """Return the longer diameter in mm; 0.0 stands for unknown in four rows."""
    return max(number(cells, name, rule="V24") or 0.0 for name in ("diameter_1", "diameter_2")) or None


def _skin_tones(cells: Mapping[str, str]) -> Coded:
    """Return the Fitzpatrick type, which the table writes as 2.0 or 2."""
    cell = cells["fitspatrick"]
    cell = f"{cell}.0" if cell.isdigit() else cell
    return skin_tone(
        NAME, "fitspatrick", cell, scale="fitzpatrick", rater="clinician", rater_role="clinician", gradable=True
    )


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
