"""What a source says today against what the dataset holds of it: which rows are new, changed, the same, gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.ingest.pictures import IMAGE_COLUMNS, Known

__all__ = ["Present", "equal_rows"]

_NOT_COMPARED = frozenset({"ingest_id"})


class Present:
    """The rows of one source that the dataset holds, by sample id.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows of ``samples``, withdrawn ones included.
    foreign : mapping of str to str
        Samples that came from another location than the one that is read now, and from which.
    """

    def __init__(self, rows: pa.Table, foreign: Mapping[str, str] | None = None) -> None:
        self.rows = rows
        self.foreign = foreign or {}
        self._at = {sample_id: at for at, sample_id in enumerate(rows.column("sample_id").to_pylist())}
        self._files = rows.select(["file_sha256", "stored_sha256", "format"]).to_pylist()

    def __contains__(self, sample_id: str) -> bool:
        return sample_id in self._at

    def known(self, sample_id: str) -> Known | None:
        """Return what is stored of a sample's picture; None where nothing is."""
        at = self._at.get(sample_id)
        if at is None or self._files[at]["stored_sha256"] is None:
            return None
        return Known(**self._files[at])

    def pictures(self, sample_ids: Sequence[str]) -> dict[str, dict[str, object]]:
        """Return the columns of the pictures of these samples, as `curate.ingest.pictures.take` would fill them in."""
        facts = self.of(sample_ids).select([*IMAGE_COLUMNS, "image_status"]).to_pylist()
        return dict(zip(sample_ids, facts, strict=True))

    def of(self, sample_ids: Sequence[str]) -> pa.Table:
        """Return the rows of these samples, in their order; all of them must be there."""
        return self.rows.take(pa.array([self._at[sample_id] for sample_id in sample_ids], pa.int64()))

    def without(self, sample_ids: Iterable[str]) -> pa.Table:
        """Return the rows of all other samples."""
        named = pa.array(sorted(sample_ids), pa.string())
        return self.rows.filter(pc.invert(pc.is_in(self.rows.column("sample_id"), value_set=named)))


def equal_rows(new: pa.Table, old: pa.Table, *, ignoring: Iterable[str] = ()) -> npt.NDArray[np.bool_]:
    """Return which rows of two tables say the same, whoever wrote them.

    Parameters
    ----------
    new, old : pyarrow.Table
        Rows of ``samples``, as many in both.
    ignoring : iterable of str
        Columns that do not count.

    Returns
    -------
    array of bool, shape (n,)
    """
    same = np.ones(new.num_rows, dtype=np.bool_)
    skipped = _NOT_COMPARED | set(ignoring)
    for name in new.column_names:
        if name not in skipped:
            same &= _equal_cells(new.column(name), old.column(name))
    return same


def _equal_cells(new: pa.ChunkedArray, old: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    if pa.types.is_nested(new.type):
        pairs = zip(new.to_pylist(), old.to_pylist(), strict=True)
        return np.fromiter((x == y for x, y in pairs), dtype=np.bool_, count=len(new))
    both_null = pc.and_(pc.is_null(new), pc.is_null(old))
    equal = pc.or_(pc.fill_null(pc.equal(new, old), fill_value=False), both_null)
    return np.asarray(equal.to_numpy(), dtype=np.bool_)
