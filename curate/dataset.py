"""The door to a dataset: tables at a version, the curated view, images, and one writer at a time.

>>> import curate
>>> dataset = curate.load_dataset("DATASET")                    # doctest: +SKIP
>>> train = dataset.view(split="default", role="train")         # doctest: +SKIP
>>> train.image(train.frame["sample_id"].iloc[0]).shape         # doctest: +SKIP
(450, 600, 3)
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from curate import imaging
from curate.store import images, manifest, tables, versions
from curate.store.frames import to_frame
from curate.store.lock import WriterLock
from curate.store.writer import Writer
from curate.view import apply_decisions, effective, recorded
from schemas.errors import DataFault, DatasetConflict, Place, UserError

__all__ = ["Dataset", "View", "Writer", "create_dataset", "load_dataset"]

_log = logging.getLogger(__name__)
# What leads from a row to its file.
_FILE_COLUMNS = ("stored_sha256", "format", "image_status")


def load_dataset(root: str | Path, at: int | None = None) -> Dataset:
    """Return a dataset at its newest version.

    Parameters
    ----------
    root : path
        Folder of the dataset.
    at : int, optional
        An older version, which can be read and not written.

    Raises
    ------
    DatasetConflict
        The folder is missing, is something else, was written by a newer program, or has no such version.
    """
    root = Path(root)
    facts = manifest.read(root, at)
    if facts.is_later_minor:
        _log.warning(
            "%s was written with schema %s.%s: columns that this program does not know are kept and not used.",
            root,
            facts.schema_version,
            facts.schema_minor,
        )
    return Dataset(root, facts, versions.find(root, at))


def create_dataset(root: str | Path, *, name: str | None = None) -> Dataset:
    """Return the dataset in a folder; a new one with no version where the folder is missing or empty.

    A table comes into being when it is first written; until then it reads as empty. So whatever moment a process is
    killed at, the next one goes on.

    Parameters
    ----------
    root : path
        Folder.
    name : str, optional
        What people call a new dataset; the name of the folder where it is not given.

    Raises
    ------
    DatasetConflict
        The folder holds something else.
    """
    root = Path(root)
    if manifest.is_free(root):
        root.mkdir(parents=True, exist_ok=True)
        with WriterLock(root, "create"):
            manifest.create(root, name or root.resolve().name)
    elif not (root / manifest.FILE).exists():
        what = "holds something else" if root.is_dir() else "is a file"
        remedy = "Name an empty folder, a new one, or a dataset."
        raise DatasetConflict(f"{what}: no dataset can be made there", value=str(root), remedy=remedy)
    return load_dataset(root)


class Dataset:
    """Images and tables at one version. Made by `load_dataset` and `create_dataset`.

    After a `Writer` of this object has committed, the object stands at the new version.
    """

    def __init__(self, root: Path, facts: manifest.Manifest, version: versions.Version) -> None:
        self.root = root
        self._manifest = facts
        self._version = version
        self._stored: dict[str, tuple[str | None, ...]] | None = None

    def __repr__(self) -> str:
        return f"Dataset({str(self.root)!r}, version={self.version})"

    @property
    def name(self) -> str:
        """What people call the dataset."""
        return self._manifest.name

    @property
    def uuid(self) -> str:
        """Identity that outlives moves and copies."""
        return self._manifest.uuid

    @property
    def version(self) -> int:
        """Number of the version that is read; 0 before anything was written."""
        return self._version.number

    def read(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Return a table as the contract has it, in the order of its key.

        Parameters
        ----------
        table : str
            One of `schemas.tables.TABLE_NAMES` but ``embeddings``, which is one table per model: see `embeddings`.
        columns : sequence of str, optional
            Only these, in this order.
        """
        if table == "log":
            rows = versions.log(self.root)
            rows = rows.filter(pc.less_equal(rows.column("version"), self.version))
            return rows if columns is None else rows.select(list(columns))
        return versions.read(self.root, self._version, table, columns=columns)

    def samples(self) -> pd.DataFrame:
        """Return table ``samples``, raw: one row per image, withdrawn ones included; `view` applies decisions."""
        return to_frame(self.read("samples"))

    def findings(self) -> pd.DataFrame:
        """Return table ``findings``."""
        return to_frame(self.read("findings"))

    def measures(self) -> pd.DataFrame:
        """Return table ``measures``, long: one row per image and measure."""
        return to_frame(self.read("measures"))

    def decisions(self) -> pd.DataFrame:
        """Return table ``decisions``, oldest first; `effective_decisions` leaves out what was taken back."""
        return to_frame(self.read("decisions"))

    def effective_decisions(self) -> pd.DataFrame:
        """Return the decisions that are in effect, oldest first, by the rule of `curate.view.effective`."""
        return to_frame(effective(self.read("decisions")))

    def splits(self) -> pd.DataFrame:
        """Return table ``splits``: one row per split and sample."""
        return to_frame(self.read("splits"))

    def sources(self) -> pd.DataFrame:
        """Return table ``sources``: the fact sheets."""
        return to_frame(self.read("sources"))

    def log(self) -> pd.DataFrame:
        """Return table ``log`` up to this version, oldest first."""
        return to_frame(self.read("log"))

    def embeddings(self, model: str) -> pa.Table:
        """Return the vectors of one model; no row where there are none.

        Parameters
        ----------
        model : str
            Name as the table's column ``model`` holds it.
        """
        return versions.read(self.root, self._version, tables.embeddings_key(model))

    def curated(self) -> pa.Table:
        """Return samples with decisions applied and the columns of the view behind, as an Arrow table."""
        return apply_decisions(self.read("samples"), self.read("decisions"))

    def view(self, *, curated: bool = True, split: str | None = None, role: str | None = None) -> View:
        """Return samples as a frame with access to their images.

        Parameters
        ----------
        curated : bool
            Apply decisions. Excluded rows stay and are marked: whoever counts or trains leaves them out.
        split : str, optional
            Only rows of this split, with its columns ``role``, ``fold`` and ``group_id``. ``NAME/K`` of a split
            into folds takes fold K as test, the next one as val and the rest as train.
        role : str, optional
            Only rows of this role of the split.

        Raises
        ------
        UserError
            There is no such split, fold or role.
        """
        samples = self.curated() if curated else recorded(self.read("samples"))
        frame = to_frame(samples)
        if split is not None:
            frame = frame.merge(_members(self.splits(), split), on="sample_id", how="inner", validate="1:1")
        if role is not None:
            frame = _only_role(frame, split, role)
        return View(frame, self.root)

    def image_file(self, stored_sha256: str, format: str) -> Path:  # noqa: A002 - the name of the column
        """Return where the file of an image lies, by its hash and format."""
        return images.path_of(self.root, stored_sha256, format)

    def image_bytes(self, sample_id: str) -> bytes:
        """Return the stored file of a sample.

        Raises
        ------
        DataFault
            There is no such sample, or it has no picture.
        """
        if self._stored is None:
            self._stored = _stored(self.read("samples", ["sample_id", *_FILE_COLUMNS]))
        return _read_image(_image_path(self.root, sample_id, self._stored.get(sample_id)), sample_id)

    def image(self, sample_id: str) -> npt.NDArray[np.uint8]:
        """Return the picture of a sample, upright, sRGB, shape (height, width, 3).

        Raises
        ------
        DataFault
            There is no such sample, it has no picture, or the picture cannot be decoded.
        """
        return imaging.decode(self.image_bytes(sample_id))

    def writer(self, command: str, arguments: Mapping[str, object]) -> Writer:
        """Return the right to write, as a context manager; enter it before you read what you are going to change.

        Parameters
        ----------
        command : str
            Name of the command, for the log and for the message to another writer.
        arguments : mapping
            What the command was given, for the log.
        """
        return Writer(self.root, self._version, command, arguments, self._move_to)

    def commit(self, *, message: str, decisions: pd.DataFrame, client: str = "api") -> int:
        """Record decisions and return the number of the new version.

        Parameters
        ----------
        message : str
            The sentence that `curate log` prints.
        decisions : pandas.DataFrame
            Columns of table ``decisions``; ``sample_ids`` (a list each), ``action`` and ``reviewer`` are needed; ids,
            times and the hash of the finding's evidence are filled in. Action ``keep`` names the members in
            ``sample_ids`` and the one that stays in ``new_value``; ``undo`` names what it takes back in ``supersedes``.
        client : {"api", "app", "cli", "file"}
            Where they were said.

        Raises
        ------
        DataFault
            A decision names a sample, finding or decision that does not exist, or a value that its column cannot
            hold. Nothing is written.
        DatasetConflict
            Another command is writing, or has written since the dataset was loaded.
        """
        from curate.store.decision_rows import decision_rows, refuse_dangling, with_evidence

        rows = decision_rows(decisions, client=client)
        with self.writer("decide", {"client": client, "decisions": rows.num_rows}) as writer:
            samples, before = self.read("samples"), self.read("decisions")
            findings = self.read("findings", ["finding_id", "evidence_sha256"])
            refuse_dangling(rows, samples, findings, before)
            rows = with_evidence(rows, findings)
            apply_decisions(samples, pa.concat_tables([before, rows]))
            writer.append("decisions", rows)
            return writer.commit(message, rows_added=rows.num_rows)

    def _move_to(self, version: versions.Version) -> None:
        self._version = version
        self._stored = None


@dataclass(frozen=True)
class View:
    """Samples of a dataset with decisions applied, and their images.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns of ``samples`` and of the view (``label_path`` to ``applied_decisions``); with a split also ``role``,
        ``fold`` and ``group_id``.
    root : Path
        The dataset.
    """

    frame: pd.DataFrame
    root: Path

    @cached_property
    def _stored(self) -> dict[str, tuple[str | None, ...]]:
        facts = self.frame[list(_FILE_COLUMNS)].astype(object)
        rows = facts.where(facts.notna(), None).itertuples(index=False, name=None)
        return dict(zip(self.frame["sample_id"], rows, strict=True))

    def image_file(self, sample_id: str) -> Path:
        """Return where the file of a sample lies.

        Raises
        ------
        DataFault
            The view has no such sample, or it has no picture.
        """
        return _image_path(self.root, sample_id, self._stored.get(sample_id))

    def image(self, sample_id: str) -> npt.NDArray[np.uint8]:
        """Return the picture of a sample, upright, sRGB, shape (height, width, 3).

        Raises
        ------
        DataFault
            The view has no such sample, it has no picture, or the picture cannot be decoded.
        """
        return imaging.decode(_read_image(self.image_file(sample_id), sample_id))


def _stored(rows: pa.Table) -> dict[str, tuple[str | None, ...]]:
    """Return stored_sha256, format, image_status by sample_id."""
    facts = zip(*(rows.column(name).to_pylist() for name in _FILE_COLUMNS), strict=True)
    return dict(zip(rows.column("sample_id").to_pylist(), facts, strict=True))


def _image_path(root: Path, sample_id: str, facts: tuple[str | None, ...] | None) -> Path:
    if facts is None:
        raise DataFault("is no sample of this dataset", value=sample_id, place=Place("samples", column="sample_id"))
    stored_sha256, image_format, status = facts
    if stored_sha256 is None or image_format is None:
        raise DataFault(f"has no stored picture: image_status is {status}", value=sample_id, place=Place("samples"))
    return images.path_of(root, stored_sha256, image_format)


def _read_image(path: Path, sample_id: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataFault(
            f"its file cannot be read: {path} ({error.strerror})",
            value=sample_id,
            place=Place("samples"),
            remedy="Ingest its source again to restore the file; `curate verify` lists all such files.",
        ) from error


def _members(splits: pd.DataFrame, split: str) -> pd.DataFrame:
    """Return sample_id, role, fold, group_id of one split, or of one fold of it."""
    names = sorted(splits["split_name"].unique())
    name, _, fold = split.rpartition("/")
    whole = split in names
    rows = splits[splits["split_name"] == (split if whole else name)]
    if rows.empty:
        known = ", ".join(names) if names else "none yet; make one with `curate split`"
        raise UserError("is no split of this dataset", value=split, remedy=f"Its splits: {known}.")
    members = rows[["sample_id", "role", "fold", "group_id"]].reset_index(drop=True)
    if whole:
        return members
    folds = sorted(int(each) for each in members["fold"].dropna().unique())
    if not fold.isdigit() or int(fold) not in folds:
        raise UserError("is no fold of this split", value=split, remedy=f"Folds of {name}: {folds}.")
    after = folds[(folds.index(int(fold)) + 1) % len(folds)]
    # Of a single fold the test rows are the whole.
    roles = {after: "val", int(fold): "test"}
    return members.assign(role=[roles.get(int(each), "train") for each in members["fold"]])


def _only_role(frame: pd.DataFrame, split: str | None, role: str) -> pd.DataFrame:
    if split is None:
        raise UserError("a role belongs to a split", value=role, remedy="Name the split too.")
    known = sorted(frame["role"].dropna().unique())
    if role not in known:
        raise UserError(f"is no role of split {split}", value=role, remedy=f"Its roles: {', '.join(known) or 'none'}.")
    return frame[frame["role"] == role].reset_index(drop=True)
