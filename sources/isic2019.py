"""ISIC Challenge 2019: 25,331 dermoscopic pictures of 8 classes out of HAM10000, BCN20000 and MSK."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from schemas.errors import DataFault, Fault, Place
from sources.reading.coded import Coded, coded, diagnosis_fields
from sources.reading.collection import Collection, Found, by_key, open_collection, raw_of
from sources.reading.figures import CellFaultError, age_fields
from sources.reading.isic import image_id, isic_id, one_hot
from sources.reading.tables import Record, TextTable
from sources.source import FactSheet, Options, Overlap, Row, Source

__all__ = ["SOURCE"]

NAME = "isic2019"
_TRAINING, _TEST = "ISIC_2019_Training_Metadata.csv", "ISIC_2019_Test_Metadata.csv"
_LABELS = {_TRAINING: "ISIC_2019_Training_GroundTruth.csv", _TEST: "ISIC_2019_Test_GroundTruth.csv"}
_COLUMNS = ("image", "age_approx", "anatom_site_general", "gender")
_CLASSES = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK")
# Whoever gave the lesion its number is its issuer, so that a lesion is known again in the collection it comes from.
_ISSUERS = {"HAM": "ham10000", "BCN": "bcn20000", "MSK4": "msk"}
_HOW_TO_GET = "Download it from challenge.isic-archive.com/data, year 2019 (open, no login)."

_SHEET = FactSheet(
    title="ISIC Challenge 2019: dermoscopic image classification",
    version="2019",
    language="en",
    licence="CC-BY-NC-4.0",
    access="open",
    summary="25,331 dermoscopic pictures of 8 classes: HAM10000, a part of BCN20000, and MSK.",
    how_to_get=_HOW_TO_GET,
    size="25,331 JPEG, about 9.1 GB; 8,238 more in the test set",
    countries=("AT", "AU", "ES", "US"),
    url="https://challenge.isic-archive.com/data/#2019",
    citation=(
        "Tschandl P, Rosendahl C, Kittler H. The HAM10000 dataset. Sci Data 5, 180161 (2018). "
        "doi:10.1038/sdata.2018.161; Codella NCF et al. Skin lesion analysis toward melanoma detection. "
        "arXiv:1710.05006; Combalia M et al. BCN20000: dermoscopic lesions in the wild. arXiv:1908.02288"
    ),
    licence_url="https://creativecommons.org/licenses/by-nc/4.0/",
    attribution=(
        "ISIC 2019: HAM10000 (ViDIR Group, Medical University of Vienna; doi:10.1038/sdata.2018.161), BCN20000 "
        "(Department of Dermatology, Hospital Clinic de Barcelona; arXiv:1908.02288), MSK (Anonymous; "
        "arXiv:1710.05006, arXiv:1902.03368)"
    ),
    label_basis="not given per picture; the HAM10000 part is described in HAM10000 (dx_type)",
    known_problems=(
        "No patient ids, and no lesion ids for 2,084 pictures (all MSK): a split by lesion can leak patients.",
        "2,074 files are smaller copies of older pictures; their ids end in _downsampled.",
        "The size of a picture tells where it comes from (BCN 1024 x 1024, HAM 600 x 450), and so the mix of classes.",
        "258 pictures are byte-identical with the test set of 2016 (Cassidy et al. 2021).",
        "akiec of HAM10000 is AK in 130 pictures and SCC in 197 here; 6 ages and 10 sexes differ.",
    ),
    overlaps=(
        Overlap("ham10000", "the same image ids and lesion ids", 10_015),
        Overlap("bcn20000", "the same pictures under other image ids; the same lesion ids", 12_413),
        Overlap("isic_csv", "the same image ids in the Archive", 25_331),
    ),
    id_issuers={
        "ham10000": "lesion numbers of HAM10000",
        "bcn20000": "lesion numbers of BCN20000",
        "msk": "lesion numbers of Memorial Sloan Kettering Cancer Center",
    },
    declared_images=25_331,
    declared_lesions=11_847,
    composition={
        "images": 25_331, "lesions": 11_847, "MEL": 4_522, "NV": 12_875, "BCC": 3_323, "AK": 867, "BKL": 2_624,
        "DF": 239, "VASC": 253, "SCC": 628,
    },
)  # fmt: skip


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield the training set with its classes, and the test set where its table lies there too."""
    collection = open_collection(options, tables=(_TRAINING, _TEST), columns=_COLUMNS, how_to_get=_HOW_TO_GET)
    yield from collection.faults
    for table, split in _tables(collection):
        row = partial(_row, split=split, labels=_labels(collection, table, split))
        yield from collection.each(row, "image", table=table)
    yield from collection.pictures.unnamed(table=collection.table.name)


def _tables(collection: Collection) -> Iterator[tuple[TextTable, str]]:
    """Yield the tables that are there, and what they are."""
    is_training = "lesion_id" in collection.table.columns
    yield collection.table, "train" if is_training else "test"
    test = collection.beside(_TEST) if is_training else None
    if test is not None:
        yield test, "test"


def _labels(collection: Collection, table: TextTable, split: str) -> tuple[str, Mapping[str, Record]] | None:
    """Return name and rows of the ground truth; only that of the test set may be missing."""
    name = _LABELS[_TRAINING if split == "train" else _TEST]
    found = collection.beside(name)
    if found is None and split == "train":
        raise DataFault(f"has no {name} beside it", place=Place(table.name), remedy="It holds the classes; bring it.")
    return (found.name, by_key(found, "image", *_CLASSES[:-1])) if found is not None else None


def _row(found: Found, *, split: str, labels: tuple[str, Mapping[str, Record]] | None) -> Row:
    cells = found.cells
    name = image_id(cells["image"])
    facts = coded(NAME, sex=("gender", cells["gender"]), site=("anatom_site_general", cells["anatom_site_general"]))
    label, raw = Coded({"diagnosis_kind": "none"}, {}), [(found.place.file, found.raw)]
    if labels is not None:
        file, by_image = labels
        if cells["image"] not in by_image:
            raise CellFaultError("V19", f"has no row in {file}", column="image", value=cells["image"])
        classes = by_image[cells["image"]].cells
        label = diagnosis_fields(NAME, "one_hot", one_hot(classes, [each for each in _CLASSES if each in classes]))
        raw.append((file, classes))
    fields = {
        **facts.fields,
        **label.fields,
        **age_fields(cells, "age_approx", method="rounded_5_capped_85"),
        "source_image_id": name,
        "isic_id": isic_id(name),
        "lesion_id": _lesion(cells.get("lesion_id", "")),
        "source_split": split,
        "image_type": "dermoscopic",
    }
    return Row(found.place, fields, raw_of(*raw), found.image, {**facts.unmapped, **label.unmapped})


def _lesion(cell: str) -> str | None:
    """Return a lesion with the collection that numbered it; an empty cell is not known, never one lesion."""
    prefix = cell.partition("_")[0]
    return f"{_ISSUERS.get(prefix, prefix)}:{cell}" if cell else None


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
