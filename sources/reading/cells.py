"""Cells of a table whose columns are those of the schema: text to value, by the type and code list of the column."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache

import pyarrow as pa

from schemas import vocabulary
from schemas.tables import COLUMNS

__all__ = ["WRITABLE", "CellError", "UnmappedError", "value_of"]

# Columns that people may write; the rest is made by ingest. `fitzpatrick` becomes a rating in skin_tones.
_MADE_BY_INGEST = frozenset(
    {
        "sample_id", "source", "image_status", "file_sha256", "stored_sha256", "pixel_sha256", "format", "width",
        "height", "color_mode", "file_bytes", "exif_orientation", "metadata_removed", "frame", "site_group",
        "skin_tone_group", "malignancy", "redistribute", "commercial", "raw", "raw_hash", "row_status", "ingest_id",
        "adapter", "vocab",
    }
)  # fmt: skip
_TYPES = {column.name: column.type for column in COLUMNS["samples"] if column.name not in _MADE_BY_INGEST}
_LISTS = {column.name: column.codes for column in COLUMNS["samples"] if column.codes}
WRITABLE: frozenset[str] = frozenset(_TYPES)

_TRUE, _FALSE = frozenset({"true", "yes", "1", "1.0"}), frozenset({"false", "no", "0", "0.0"})
_WHOLE = re.compile(r"[+-]?\d+(?:\.0+)?")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?")
_BITS = {pa.int8(): 7, pa.int16(): 15, pa.int32(): 31, pa.int64(): 63}
_ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV", "5": "V", "6": "VI"}


class CellError(ValueError):
    """A cell does not fit its column; the text says what it is not."""


class UnmappedError(ValueError):
    """A cell holds a value that the code list of its column does not."""


@dataclass(frozen=True, slots=True)
class _Trees:
    """Names of nodes to their paths: no last name occurs twice in a tree, so a name alone is enough."""

    paths: frozenset[str]
    names: dict[str, str]


@cache
def _tree(name: str) -> _Trees:
    paths = vocabulary.codes(name)
    return _Trees(frozenset(paths), {vocabulary.normalize(path.rsplit(":", 1)[-1]): path for path in paths})


def value_of(column: str, cell: str) -> object:
    """Return the value of a cell that is not blank.

    Parameters
    ----------
    column : str
        One of `WRITABLE`.
    cell : str
        Text without blanks around it. Lists are written as JSON or with bars (``a|b``), maps and structs as JSON,
        diagnoses and sites as a path or its last name, Fitzpatrick types as ``I`` to ``VI``, ``1`` to ``6`` or a pair.

    Raises
    ------
    CellError
        The cell is no number, no yes or no, no JSON.
    UnmappedError
        The code list of the column does not hold it.
    """
    kind = _TYPES[column]
    if pa.types.is_boolean(kind):
        return _bool(cell)
    if pa.types.is_integer(kind):
        return _whole(cell, bits=_BITS[kind])
    if pa.types.is_floating(kind):
        return _number(cell)
    if pa.types.is_nested(kind):
        return _nested(cell, kind)
    return _coded(column, cell)


def _bool(cell: str) -> bool:
    said = cell.casefold()
    if said not in _TRUE | _FALSE:
        raise CellError("is neither true nor false")
    return said in _TRUE


def _whole(cell: str, *, bits: int) -> int:
    whole = cell.partition(".")[0]
    if not _WHOLE.fullmatch(cell) or abs(int(whole)) >= 2**bits:
        raise CellError("is not a whole number that fits the column")
    return int(whole)


def _number(cell: str) -> float:
    if not _NUMBER.fullmatch(cell):
        raise CellError("is not a number")
    return float(cell.replace(",", "."))


def _nested(cell: str, kind: pa.DataType) -> object:
    if pa.types.is_list(kind) and pa.types.is_string(kind.value_type) and not cell.startswith("["):
        return [part.strip() for part in cell.split("|") if part.strip()]
    try:
        said = json.loads(cell)
    except ValueError as error:
        raise CellError("is not JSON") from error
    if not isinstance(said, dict if pa.types.is_map(kind) else list):
        raise CellError("is JSON of another kind than the column holds")
    return list(said.items()) if isinstance(said, dict) else said


def _coded(column: str, cell: str) -> str:
    if column not in _LISTS:
        return cell
    listed = _LISTS[column]
    if listed in {"diagnosis", "site"}:
        tree = _tree(listed)
        found = cell if cell in tree.paths else tree.names.get(vocabulary.normalize(cell))
        if found is None:
            raise UnmappedError(cell)
        return found
    if listed == "fitzpatrick":
        parts = re.split(r"\s*[-–/]\s*", cell.removesuffix(".0").upper())
        cell = "-".join(_ROMAN.get(part, part) for part in parts)
    if cell not in vocabulary.codes(listed) and not vocabulary.is_closed(listed):
        raise UnmappedError(cell)
    # A value outside a closed list is left to rule K05, whose message names the codes.
    return cell
