"""DermaMNIST (MedMNIST): the pictures of HAM10000 as small squares in a NumPy archive, with a fixed split."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt
from PIL import Image

from schemas.errors import DataFault, Fault, Place, Unavailable, UserError
from sources.reading.coded import Coded, coded, diagnosis_fields
from sources.reading.collection import by_key
from sources.reading.figures import CellFaultError, age_fields
from sources.reading.images import File, Listing, list_files
from sources.reading.isic import isic_id
from sources.reading.tables import Record, read_table
from sources.source import FactSheet, ImageRef, Options, Overlap, Row, Source

__all__ = ["SOURCE"]

NAME = "dermamnist"
# Whose pictures, lesions and words the optional tables speak of.
_ORIGIN = "ham10000"
_ARCHIVE = re.compile(r"dermamnist(?:_(\d+))?\.npz", re.IGNORECASE)
_SPLITS = ("train", "val", "test")
_IDS, _METADATA = "dermamnist_split_info.csv", "HAM10000_metadata.csv"
_HOW_TO_GET = "Download dermamnist.npz or dermamnist_224.npz from zenodo.org/records/10519652 (open, no login)."

_SHEET = FactSheet(
    title="DermaMNIST (MedMNIST v2)",
    version="3.0.2",
    language="en",
    licence="CC-BY-NC-4.0",
    access="open",
    summary="The 10,015 pictures of HAM10000 at 28, 64, 128 or 224 px, 7 classes, split 7,007 / 1,003 / 2,005.",
    how_to_get=_HOW_TO_GET,
    size="20 MB at 28 px, 1.1 GB at 224 px",
    countries=("AT", "AU"),
    url="https://zenodo.org/records/10519652",
    doi="10.1038/s41597-022-01721-8",
    citation=(
        "Yang J, Shi R, Wei D, et al. MedMNIST v2: a large-scale lightweight benchmark for 2D and 3D biomedical image "
        "classification. Sci Data 10, 41 (2023). doi:10.1038/s41597-022-01721-8; and HAM10000, "
        "doi:10.1038/sdata.2018.161"
    ),
    licence_url="https://creativecommons.org/licenses/by-nc/4.0/",
    attribution="MedMNIST v2, DermaMNIST (Yang et al. 2023), out of HAM10000 (Tschandl, Rosendahl, Kittler 2018)",
    label_basis="as HAM10000",
    known_problems=(
        "The published split leaks: 641 lesions lie in train and test, 332 in train and val, 113 in val and test.",
        "Pictures of 4:3 were squeezed to squares.",
        "28 px are too few for any measure of quality.",
        f"The archive has no ids; with {_IDS} and {_METADATA} beside it lesions, age, sex and site are known.",
        "18 pairs of near duplicates with different lesion ids, partly across the split (Abhishek et al. 2025).",
    ),
    overlaps=(Overlap(_ORIGIN, "made from the same pictures", 10_015),),
    id_issuers={_ORIGIN: "lesion numbers of HAM10000"},
    declared_images=10_015,
    composition={"images": 10_015, "train": 7_007, "val": 1_003, "test": 2_005},
)


@dataclass(frozen=True, slots=True)
class _Known:
    """What further tables say of the pictures of HAM10000: ids by split and number, rows by id."""

    ids: Mapping[tuple[str, str], str] = field(default_factory=dict)
    rows: Mapping[str, Record] = field(default_factory=dict)


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield the pictures of the three splits out of the largest archive below the location."""
    if options.location is None:
        raise Unavailable("this release does not fetch the files itself", remedy=f"{_HOW_TO_GET} Then name the folder.")
    listing = list_files(options.location)
    yield from listing.faults
    file = _largest(listing, options.location)
    known = _known(listing)
    for split, pictures, labels in _arrays(file, metadata_only=options.metadata_only):
        for index, label in enumerate(labels):
            place = Place(file.path, None, f"{split}_images[{index}]")
            image = None
            if pictures is not None:
                image = ImageRef(f"{file.path}/{split}/{index}", partial(_as_png, pictures[index].copy()))
            try:
                yield _row(place, split, (index, label), known, image=image)
            except CellFaultError as error:
                yield error.fault(place)


def _largest(listing: Listing, location: str) -> File:
    """Return the archive with the largest pictures, or the one that the user has named."""
    named = [file for file in listing.files if file.path == PurePosixPath(location).name]
    sizes = {
        file: int(found[1] or 28)
        for file in named or listing.files
        if (found := _ARCHIVE.fullmatch(PurePosixPath(file.path).name))
    }
    if not sizes:
        raise UserError("holds no dermamnist.npz", value=location, remedy=_HOW_TO_GET)
    return max(sizes, key=sizes.__getitem__)


def _known(listing: Listing) -> _Known:
    ids, metadata = listing.named(_IDS), listing.named(_METADATA)
    if not ids:
        return _Known()
    table = read_table(ids[0].ref.open(), name=ids[0].path)
    pairs = {
        (each.cells["split"].strip(), each.cells["index"].strip()): each.cells["image_id"].strip()
        for each in by_key(table, "image_id", "split", "index").values()
    }
    found = read_table(metadata[0].ref.open(), name=metadata[0].path) if metadata else None
    return _Known(pairs, by_key(found, "image_id", "lesion_id", "age", "sex", "localization") if found else {})


def _arrays(file: File, *, metadata_only: bool) -> Iterator[tuple[str, npt.NDArray[np.uint8] | None, list[int]]]:
    """Yield split, pictures (n, side, side, 3) uint8 and labels; one split is in memory at a time."""
    try:
        with np.load(io.BytesIO(file.ref.open()), allow_pickle=False) as archive:
            for split in _SPLITS:
                labels = np.asarray(archive[f"{split}_labels"]).reshape(-1)
                pictures = None if metadata_only else np.asarray(archive[f"{split}_images"])
                if pictures is not None and (pictures.ndim != 4 or len(pictures) != len(labels)):
                    what = f"has {split}_images of shape {pictures.shape} for {len(labels)} labels"
                    raise DataFault(what, place=Place(file.path), remedy=_HOW_TO_GET)
                yield split, pictures, [int(label) for label in labels]
    except (OSError, ValueError, KeyError) as error:
        what = f"is no archive of DermaMNIST ({str(error).strip(chr(39))})"
        raise DataFault(what, place=Place(file.path), remedy=_HOW_TO_GET) from error


def _as_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels, mode="RGB").save(file, format="PNG")
    return file.getvalue()


def _row(place: Place, split: str, at: tuple[int, int], known: _Known, *, image: ImageRef | None) -> Row:
    index, number = at
    origin = known.ids.get((split, str(index)), "")
    label = diagnosis_fields(NAME, "label", str(number))
    facts = _facts(known.rows[origin]) if origin in known.rows else Coded({}, {})
    fields = {
        **facts.fields,
        **label.fields,
        "source_image_id": f"{split}_{index}",
        "isic_id": isic_id(origin),
        "source_split": split,
        "image_type": "dermoscopic",
    }
    raw = {"split": split, "index": str(index), "label": str(number), **({"image_id": origin} if origin else {})}
    return Row(place, fields, raw, image, {**label.unmapped, **facts.unmapped})


def _facts(record: Record) -> Coded:
    """Return what HAM10000 says of a picture beside its class."""
    cells = {name: cell.strip() for name, cell in record.cells.items()}
    facts = coded(_ORIGIN, sex=("sex", cells["sex"]), site=("localization", cells["localization"]))
    lesion = f"{_ORIGIN}:{cells['lesion_id']}" if cells["lesion_id"] else None
    return Coded(
        {**facts.fields, "lesion_id": lesion, **age_fields(cells, "age", method="rounded_5_capped_85")}, facts.unmapped
    )


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
