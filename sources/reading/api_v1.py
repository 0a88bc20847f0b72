"""Records of the ISIC Archive's API v1, which ended in 2021: nested JSON, or flattened with dots in the names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from schemas.errors import Fault, Place
from sources.reading.images import File, Listing

__all__ = ["REFUSED", "as_era_1", "is_flattened", "is_refused", "json_files", "records"]

# Who uploaded and reviewed a picture and when, what its EXIF says, and patient numbers of clinics do not enter.
REFUSED = (
    "creator.*", "created", "updated", "dataset.updated", "notes.reviewed.*", "meta.unstructuredExif.*",
    "meta.unstructured.patient*",
)  # fmt: skip
_BLOCKS = ("meta.clinical.", "meta.acquisition.")
_RENAMED = {"name": "isic_id", "dataset.license": "copyright_license", "dataset.name": "attribution"}
_TAGS = "notes.tags"


def is_refused(column: str) -> bool:
    """Return whether a column, named with dots, may not enter."""
    return any(column.startswith(name[:-1]) if name.endswith("*") else column == name for name in REFUSED)


def is_flattened(columns: tuple[str, ...]) -> bool:
    """Return whether the header of a table is that of flattened records."""
    return "name" in columns and any(column.startswith("meta.") for column in columns)


def as_era_1(cells: Mapping[str, str], *, tags: bool = False) -> dict[str, str]:
    """Return cells under the names of the exports that came after.

    Parameters
    ----------
    cells : mapping of str to str
        A flattened record.
    tags : bool
        Take the tags too. A flattened table has joined them without anything in between.
    """
    renamed: dict[str, str] = {"tags": cells[_TAGS]} if tags and cells.get(_TAGS) else {}
    for column, cell in cells.items():
        block = next((each for each in _BLOCKS if column.startswith(each)), None)
        if block is not None:
            renamed[column.removeprefix(block)] = cell
        elif column in _RENAMED:
            renamed[_RENAMED[column]] = cell
    return renamed


def json_files(listing: Listing) -> tuple[File, ...]:
    """Return the JSON files of a listing."""
    return tuple(file for file in listing.files if PurePosixPath(file.path).suffix.casefold() == ".json")


def records(file: File) -> Iterator[dict[str, str] | Fault]:
    """Yield the records of a file, one or a list of them, flattened; lists are joined with ``; ``."""
    place = Place(file.path)
    try:
        found = json.loads(file.ref.open())
    except (OSError, ValueError) as error:
        yield Fault("K04", f"cannot be read as JSON ({error})", place=place, remedy="Download the record again.")
        return
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, dict) and isinstance(each.get("name"), str):
            yield dict(_flat(each, ""))
        else:
            yield Fault("K02", "holds a record without a name", place=place, remedy="Take the file away.")


def _flat(value: object, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        yield name, "; ".join(str(each) for each in value)
    else:
        yield name, "" if value is None else value if isinstance(value, str) else json.dumps(value)
