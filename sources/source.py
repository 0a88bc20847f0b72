"""What a source is: a fact sheet, and a function that yields one row per image.

A source module holds ``SOURCE = Source(...)`` and is found by an entry point of group ``dermacurate.sources``. It
reads what the
publisher gives and says what it found; keys, derived columns, hashes and book-keeping are filled in by ``curate
ingest``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from schemas.errors import Fault, Place

__all__ = ["FactSheet", "ImageRef", "Options", "Overlap", "Row", "Source"]


@dataclass(frozen=True, slots=True)
class ImageRef:
    """Where the bytes of one image are; nothing is opened before they are asked for.

    Parameters
    ----------
    name : str
        File as the user knows it: a path below LOCATION, or ``archive.zip/path``.
    open : callable
        Returns the bytes; picklable (a module function or a `functools.partial` of one), because worker processes
        call it.
        Raises OSError where the file is missing or cannot be read.
    """

    name: str
    open: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Row:
    """One image as a source describes it.

    Parameters
    ----------
    place : Place
        Table and line that the row was read from; for a file without a table the file itself.
    fields : mapping
        Recorded columns of table ``samples`` and the keys ``source_image_id``, ``patient_id``, ``lesion_id``,
        ``case_id``, as Python values. A key that is absent is null. Patient, lesion and case ids come with their issuer
        (``issuer:id``). Diagnoses come as ``diagnosis_path``, ``diagnosis_candidates``, ``diagnosis_kind``,
        ``diagnosis_certainty``, ``confirm_type`` and ``diagnoses``. Rights come as ``licence`` and ``attribution``
        where they
        differ from the fact sheet.
    raw : mapping of str to str
        What the source says, letter by letter, without refused columns.
    image : ImageRef or None
        None where the source holds no picture for the row.
    unmapped : mapping of str to str
        Column of the schema to the raw value for which no table has a code.
    """

    place: Place
    fields: Mapping[str, object]
    raw: Mapping[str, str]
    image: ImageRef | None
    unmapped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Options:
    """How a source is to be read.

    Parameters
    ----------
    location : str or None
        Folder, archive, table file or URL as the user gave it; None where the source fetches from its home.
    seed : int
        Only the source ``sample`` draws; its ids carry it.
    metadata_only : bool
        True where no picture may be opened.
    offline : bool
        True where no network may be used.
    profile, mapping : Path or None
        Files that describe an unknown table.
    """

    location: str | None = None
    seed: int = 0
    metadata_only: bool = False
    offline: bool = False
    profile: Path | None = None
    mapping: Path | None = None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Pictures that a source shares with another."""

    source: str
    evidence: str
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class FactSheet:
    """What is known of a source; the columns of table ``sources`` that do not depend on one ingest.

    Parameters
    ----------
    version : str
        Release of the publisher.
    licence : str
        Code of list ``licence``, the default of the rows.
    id_issuers : mapping
        Prefix of patient, lesion and case ids to what it stands for.
    pictures_may_be_absent : bool
        True where a row without a picture is no fault.
    synthetic : bool
        True where nobody is shown; its rows are drawn from a seed.
    one_of_many : bool
        True where the name stands for many collections, as ``folder`` does: another location is another collection.
    composition : mapping
        Published counts that say what the source holds, for example ``{"images": 10015, "lesions": 7470}``.
    refused_columns : tuple of str
        Names of columns that are never taken, not even into ``raw``.
    label_leak_columns : tuple of str
        Columns that exist because of the label: never a model input, never a subgroup.
    """

    title: str
    version: str
    language: str
    licence: str
    access: str
    summary: str
    how_to_get: str
    size: str = ""
    countries: tuple[str, ...] = ()
    url: str | None = None
    doi: str | None = None
    citation: str | None = None
    licence_url: str | None = None
    attribution: str | None = None
    redistribute: str | None = None
    commercial: str | None = None
    consent: str | None = None
    ethics: str | None = None
    collection_process: str | None = None
    annotation_process: str | None = None
    annotator_count: int | None = None
    label_basis: str | None = None
    population: str | None = None
    biases: str | None = None
    limitations: str | None = None
    known_problems: tuple[str, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    id_issuers: Mapping[str, str] = field(default_factory=dict)
    declared_images: int | None = None
    declared_lesions: int | None = None
    declared_patients: int | None = None
    composition: Mapping[str, int] = field(default_factory=dict)
    refused_columns: tuple[str, ...] = ()
    label_leak_columns: tuple[str, ...] = ()
    pictures_may_be_absent: bool = False
    synthetic: bool = False
    one_of_many: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A collection and how to read it.

    Parameters
    ----------
    name : str
        Prefix of the sample ids, ``[a-z0-9][a-z0-9_-]{0,31}``.
    adapter_version : str
        Raised whenever the same files give other rows.
    sheet : FactSheet
        What is known of the source.
    rows : callable
        Yields a `Row` for each image, or a `Fault` for what cannot be a row, in the order of the table. A generator:
        nothing is
        downloaded or opened before it is asked for. Raises `schemas.errors.UserError` where the source as a whole
        cannot be read.
    truth : callable, optional
        Where the source knows its own defects: given the source image ids that a dataset holds, returns kind of
        finding to the
        set of sets of source image ids that were planted (pairs for pair kinds, single ids for ``label_error``).
    """

    name: str
    adapter_version: str
    sheet: FactSheet
    rows: Callable[[Options], Iterator[Row | Fault]]
    truth: Callable[[frozenset[str]], Mapping[str, frozenset[frozenset[str]]]] | None = None
