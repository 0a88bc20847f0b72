"""A split that somebody else made, read from a CSV file, and how far it fits the dataset."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import NamedTuple

import pandas as pd

from schemas.errors import DataFault, Place, UserError

ID_COLUMNS = ("sample_id", "image")
PART_COLUMNS = ("role", "split", "fold")
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class SplitFile:
    """A split as a file gives it.

    Parameters
    ----------
    rows : pandas.DataFrame
        Columns ``split_name`` (name of the file), ``sample_id``, ``role``, ``fold`` as table ``splits`` has them; a
        sample that the file puts into two parts has two rows.
    notes : tuple of str
        Sentences on what does not fit: names without a sample, samples without a part and so on.
    """

    rows: pd.DataFrame
    notes: tuple[str, ...]


class _Line(NamedTuple):
    number: int
    name: str
    part: str


def read_split(file: Path, samples: pd.DataFrame) -> SplitFile:
    """Return a split from a file.

    Parameters
    ----------
    file : Path
        CSV or TSV in UTF-8 with ``sample_id`` or ``image`` (id in its source, or its file, with or without folder and
        ending) and one of ``role``, ``split``, ``fold``.
    samples : pandas.DataFrame
        Rows of the view: columns ``sample_id``, ``source_image_id``, ``row_status``, ``excluded``.

    Raises
    ------
    UserError
        The file does not exist.
    DataFault
        It cannot be read as a table, lacks a column, or names no image of the dataset.
    """
    if not file.is_file():
        raise UserError("is no file", value=str(file), remedy="Check the path of --split.")
    lines = _lines(file)
    known, shared = _names(samples)
    matched = [(line, _sample_of(line.name, known)) for line in lines]
    placed = {(sample, line.part): line.number for line, sample in reversed(matched) if sample and line.part}
    if not placed:
        remedy = "Its ids must be those of `curate table DATASET samples`, and each needs a part."
        raise DataFault("puts no image of this dataset into a part", place=Place(file.name), remedy=remedy)
    rows = [(file.name, sample, part, None) for sample, part in sorted(placed)]
    frame = pd.DataFrame(rows, columns=["split_name", "sample_id", "role", "fold"])
    return SplitFile(frame, tuple(_notes(file, matched, samples, shared)))


def _lines(file: Path) -> list[_Line]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            # Excel writes semicolons where the comma is the decimal mark.
            delimiter = max(",;\t", key=text.readline().count)
            text.seek(0)
            reader = csv.DictReader(text, delimiter=delimiter)
            header = list(reader.fieldnames or [])
            id_column, part_column = _column(file, header, ID_COLUMNS), _column(file, header, PART_COLUMNS)
            prefix = "fold " if part_column == "fold" else ""
            return [
                _Line(reader.line_num, name, part and prefix + part)
                for row in reader
                if (name := _cell(row, id_column)) or _cell(row, part_column)
                for part in [_cell(row, part_column)]
            ]
    except (UnicodeDecodeError, csv.Error) as error:
        remedy = "Save it as CSV in UTF-8."
        raise DataFault(f"is no table in UTF-8 ({error})", place=Place(file.name), remedy=remedy) from error


def _cell(row: Mapping[str, str | None], column: str) -> str:
    return (row[column] or "").strip()


def _column(file: Path, header: Sequence[str], wanted: tuple[str, ...]) -> str:
    for name in wanted:
        if name in header:
            return name
    near = [each for name in wanted for each in difflib.get_close_matches(name, header, n=1)]
    remedy = f"Rename {near[0]!r}." if near else "Rename the column that holds it."
    place, shown = Place(file.name, 1), ", ".join(header)
    raise DataFault(f"has no column {' or '.join(wanted)}", place=place, value=shown, remedy=remedy)


def _names(samples: pd.DataFrame) -> tuple[Mapping[str, str], frozenset[str]]:
    """Return sample ids by every name that a file may use, and the image ids that several sources use."""
    repeated = samples["source_image_id"].duplicated(keep=False)
    alone = samples[~repeated]
    known = dict(zip(alone["source_image_id"], alone["sample_id"], strict=True))
    known |= {sample_id: sample_id for sample_id in samples["sample_id"]}
    return known, frozenset(samples.loc[repeated, "source_image_id"])


def _sample_of(name: str, known: Mapping[str, str]) -> str | None:
    base = PureWindowsPath(name)  # both kinds of slash
    return next((known[each] for each in (name, base.name, base.stem) if each in known), None)


def _notes(
    file: Path, matched: Sequence[tuple[_Line, str | None]], samples: pd.DataFrame, shared: frozenset[str]
) -> Iterator[str]:
    """Yield a sentence on each thing in which file and dataset do not fit."""
    active = (samples["row_status"] == "active") & ~samples["excluded"].astype(bool)
    looked_at = set(samples.loc[active, "sample_id"])
    unknown = [line.name for line, sample in matched if sample is None]
    named = [sample for _, sample in matched if sample is not None]
    parts_of = pd.Series([line.part for line, sample in matched if sample], index=named, dtype=object)
    placed = parts_of[parts_of != ""]
    twice = placed.groupby(level=0).agg(["size", "nunique"])
    ambiguous = [name for name in unknown if {name, PureWindowsPath(name).stem} & shared]
    empty = {line.part for line, _ in matched if line.part} - set(placed[placed.index.isin(looked_at)])
    said = {
        "names are image ids of several sources: write sample ids": ambiguous,
        "names are no image of this dataset": sorted(set(unknown) - set(ambiguous)),
        "samples are withdrawn or excluded and were not looked at": sorted(set(named) - looked_at),
        "samples stand in several lines of one part": twice.index[twice["size"] > twice["nunique"]].tolist(),
        "samples stand in two parts": twice.index[twice["nunique"] > 1].tolist(),
        "samples of this dataset are in no part": sorted(looked_at - set(placed.index)),
        "parts hold no image that was looked at": sorted(empty),
    }
    for what, which in said.items():
        if which:
            more = f" and {len(which) - EXAMPLES} more" if len(which) > EXAMPLES else ""
            yield f"{file.name}: {len(which)} {what} ({', '.join(which[:EXAMPLES])}{more})."
