"""SLICE-3D, ISIC 2024 Challenge: 401,059 crops out of total-body photographs of 1,042 patients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from schemas import vocabulary
from schemas.errors import Fault, Unavailable
from sources.reading.coded import Coded, coded, flat_label, tree_rating
from sources.reading.collection import Found, open_collection
from sources.reading.figures import age_fields, number
from sources.reading.images import list_files
from sources.reading.isic import archive_key, image_id, isic_id, licence_code
from sources.source import FactSheet, Options, Overlap, Row, Source

__all__ = ["SOURCE"]

NAME = "isic2024"
_TABLES = ("train-metadata.csv", "ISIC_2024_Training_Input_Metadata.csv", "test-metadata.csv")
_PIXELS = ("train-image.hdf5", "test-image.hdf5")
_COLUMNS = (
    "isic_id", "patient_id", "age_approx", "sex", "anatom_site_general", "clin_size_long_diam_mm", "image_type",
    "tbp_tile_type", "tbp_lv_location", "attribution", "copyright_license",
)  # fmt: skip
_HOW_TO_GET = "Download isic-2024-challenge from Kaggle (login, accept its rules) and unpack it."

_SHEET = FactSheet(
    title="SLICE-3D: skin lesion crops out of 3D total-body photographs (ISIC 2024 Challenge)",
    version="2024",
    language="en",
    licence="CC-BY-NC-4.0",
    access="registration",
    summary="401,059 crops of lesions of 1,042 patients in seven centers, 393 malignant: all lesions of a patient.",
    how_to_get=_HOW_TO_GET,
    size="401,059 JPEG of about 133 px, 1.3 GB; table 212 MB",
    countries=("US", "ES", "CH", "AU", "AT", "GR"),
    url="https://www.kaggle.com/competitions/isic-2024-challenge",
    doi="10.1038/s41597-024-03743-w",
    citation=(
        "Kurtansky NR, D'Alessandro BM, Gillis MC, et al. The SLICE-3D dataset: 400,000 skin lesion image crops "
        "extracted from 3D TBP for skin cancer detection. Sci Data 11, 884 (2024). doi:10.1038/s41597-024-03743-w"
    ),
    licence_url="https://creativecommons.org/licenses/by-nc/4.0/",
    attribution="SLICE-3D, International Skin Imaging Collaboration 2024; doi:10.34970/2024-slice-3d",
    label_basis="not given per row; malignant rows and rows with a named benign diagnosis were biopsied",
    population="patients of seven centers who had total-body photography",
    known_problems=(
        "0.098 % of the crops are malignant.",
        "One patient has 9,184 crops: weight or group by patient.",
        "lesion_id is there for 22,058 rows only, and its being there tells of the label.",
        "114 rows are indeterminate; column target counts them as benign.",
        "Crops differ in size, 105 to 167 px in a sample.",
        "Of the table only the three test rows were at hand; counts are printed outputs of public notebooks.",
    ),
    overlaps=(Overlap("isic_csv", "the same image, patient and lesion ids in the Archive", 401_059),),
    id_issuers={"isic": "patients and lesions of the ISIC Archive"},
    declared_images=401_059,
    declared_patients=1_042,
    composition={"images": 401_059, "patients": 1_042, "malignant": 393, "indeterminate": 114, "benign": 400_552},
    label_leak_columns=(
        "target", "lesion_id", "iddx_full", "iddx_1", "iddx_2", "iddx_3", "iddx_4", "iddx_5", "mel_mitotic_index",
        "mel_thick_mm", "tbp_lv_dnn_lesion_confidence",
    ),
)  # fmt: skip


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield the rows of the table with the crops of folder train-image.

    Raises
    ------
    schemas.errors.Unavailable
        Pictures are wanted, and only the HDF5 file holds them.
    """
    collection = open_collection(options, tables=_TABLES, columns=_COLUMNS, how_to_get=_HOW_TO_GET)
    listing = None if options.metadata_only else list_files(str(options.location))
    if listing is not None and listing.named(*_PIXELS) and not listing.pictures():
        what = f"the crops lie in {listing.named(*_PIXELS)[0].path}, which this release does not read"
        raise Unavailable(what, remedy="Unpack train-image/ beside it, or pass --metadata-only.")
    is_training = "iddx_full" in collection.table.columns or "target" in collection.table.columns
    yield from collection.whole(partial(_row, split="train" if is_training else "test"), "isic_id")


def _row(found: Found, *, split: str) -> Row:
    cells = found.cells
    name = image_id(cells["isic_id"])
    parts = [_facts(cells), _listed(cells), _label(cells)]
    fields: dict[str, object] = {
        **age_fields(cells, "age_approx", method="rounded_5_capped_85"),
        **licence_code(cells["copyright_license"]),
        "attribution": cells["attribution"] or None,
        "source_image_id": name,
        "source_split": split,
        "isic_id": isic_id(name),
        "patient_id": archive_key(cells["patient_id"]),
        # Every crop is a lesion of its own by design; only those that got an id in the Archive can say so.
        "lesion_id": archive_key(cells.get("lesion_id", "")),
        "diameter_mm": number(cells, "clin_size_long_diam_mm", rule="V24") or None,
        "breslow_mm": number(cells, "mel_thick_mm", rule="V09"),
    }
    unmapped: dict[str, str] = {}
    for part in parts:
        fields |= part.fields
        unmapped |= part.unmapped
    return Row(found.place, fields, found.raw, found.image, unmapped)


def _facts(cells: Mapping[str, str]) -> Coded:
    """Return sex and site: the place on the body model where it lies under the word of the center."""
    facts = coded(NAME, sex=("sex", cells["sex"]), site=("anatom_site_general", cells["anatom_site_general"]))
    fine = coded(NAME, site=("tbp_lv_location", cells["tbp_lv_location"]))
    unmapped = {**facts.unmapped, **fine.unmapped}
    above, below = facts.fields.get("site_path"), fine.fields.get("site_path")
    if below is None or (above is not None and not vocabulary.is_ancestor(str(above), str(below))):
        return Coded(facts.fields, unmapped)
    return Coded({**facts.fields, "site_path": below, "laterality": fine.fields["laterality"]}, unmapped)


def _listed(cells: Mapping[str, str]) -> Coded:
    fields: dict[str, object] = {}
    unmapped: dict[str, str] = {}
    words = {"image_type": "image_type", "tbp_tile_type": "tbp_tile_type", "mitotic_index": "mel_mitotic_index"}
    for column, theirs in words.items():
        cell = cells.get(theirs, "")
        if cell in vocabulary.codes(column):
            fields[column] = cell
        elif cell:
            unmapped[column] = cell
    stated = cells.get("iddx_1", "").casefold()
    if stated in {"benign", "malignant", "indeterminate"}:
        fields["source_malignancy"] = stated
    elif stated:
        unmapped["source_malignancy"] = stated
    return Coded(fields, unmapped)


def _label(cells: Mapping[str, str]) -> Coded:
    """Return the diagnosis, which the table writes as a path of the tree with two colons between its levels."""
    cell = cells.get("iddx_full", "") or "::".join(
        cells[f"iddx_{level}"] for level in range(1, 6) if cells.get(f"iddx_{level}")
    )
    if not cell:
        return Coded({"diagnosis_kind": "none"}, {})
    said = tree_rating(cell.replace("::", ":"), raw=cell)
    return flat_label(said, [said])


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
