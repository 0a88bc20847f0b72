"""What a split is balanced over: strata of the rows, counted per group."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array, csr_array

# Weights of `design/curation.md` section 5, step 2. Diagnosis and total size always count.
WEIGHTS = {"diagnosis": 1.0, "source": 0.3, "skin_tone": 0.3, "sex": 0.1, "age_band": 0.1, "device": 0.1}
SIZE_WEIGHT = 0.5
BALANCE = tuple(WEIGHTS)
# These are balanced inside each diagnosis, the others over all rows.
WITHIN_DIAGNOSIS = frozenset({"source", "skin_tone"})
_COLUMNS = {
    "diagnosis": "label_path",
    "source": "source",
    "skin_tone": "skin_tone_group",
    "sex": "sex",
    "device": "device",
}
# Age bands of `design/metrics.md`: below 30, 30-49, 50-69, 70 and more.
_AGE_EDGES = (30, 50, 70)


@dataclass(frozen=True, slots=True)
class Strata:
    """Images of each stratum in each group.

    Parameters
    ----------
    groups : array, shape (n_groups,), str
        Smallest sample id of each group, sorted.
    counts : sparse array, shape (n_groups, n_strata)
        Images.
    weights : array, shape (n_strata,)
        Weight of a stratum in the cost.
    is_class : array, shape (n_strata,), bool
        True for the strata that are one diagnosis.
    names : tuple of str
        ``diagnosis=...``, ``skin_tone=...`` and so on.
    order : array, shape (n_groups,)
        Large groups first, then by a hash of seed and content: the order in which groups are placed.
    """

    groups: npt.NDArray[np.object_]
    counts: csr_array
    weights: npt.NDArray[np.float64]
    is_class: npt.NDArray[np.bool_]
    names: tuple[str, ...]
    order: npt.NDArray[np.int64]


def stratify(frame: pd.DataFrame, group_id: pd.Series[str], *, balance: Sequence[str], seed: int) -> Strata:
    """Count strata per group.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows of the view, ``sample_id`` unique. A column that is absent counts as unknown.
    group_id : pandas.Series of str
        Group of each sample, indexed by sample id.
    balance : sequence of str
        Names of `BALANCE`; the diagnosis always counts.
    seed : int
        Salt of the order of equally large groups.
    """
    groups, code = np.unique(group_id.loc[frame["sample_id"].astype(str)].to_numpy(dtype=object), return_inverse=True)
    diagnosis = _values(frame, "diagnosis")
    columns: list[npt.NDArray[np.int64]] = []
    weights: list[float] = []
    is_class: list[bool] = []
    names: list[str] = []
    for name in dict.fromkeys(("diagnosis", *balance)):
        value = _values(frame, name)
        label = diagnosis + "\x00" + value if name in WITHIN_DIAGNOSIS else value
        stratum, levels = pd.factorize(label, sort=True)
        columns.append(stratum + len(names))
        weights += [WEIGHTS[name]] * len(levels)
        is_class += [name == "diagnosis"] * len(levels)
        names += [f"{name}={level}" for level in levels.str.replace("\x00", ", ")]
    columns.append(np.full(len(frame), len(names)))
    cells = (np.tile(code, len(columns)), np.concatenate(columns))
    counts = coo_array((np.ones(len(cells[0])), cells), shape=(len(groups), len(names) + 1)).tocsr()
    return Strata(
        groups,
        counts,
        np.array([*weights, SIZE_WEIGHT]),
        np.array([*is_class, False]),
        (*names, "all"),
        _placing_order(frame, code, counts[:, [-1]].toarray()[:, 0], seed),
    )


def _values(frame: pd.DataFrame, name: str) -> pd.Series[str]:
    if name == "age_band":
        return _age_band(frame)
    column = _COLUMNS[name]
    values = frame[column] if column in frame else pd.Series(pd.NA, index=frame.index)
    return values.astype("str").fillna("").reset_index(drop=True)


def _age_band(frame: pd.DataFrame) -> pd.Series[str]:
    ages = frame["age_years"] if "age_years" in frame else pd.Series(np.nan, index=frame.index)
    years = ages.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    band = np.digitize(years, _AGE_EDGES)
    return pd.Series(np.where(np.isnan(years), "", band.astype(str)), dtype="str")


def _placing_order(
    frame: pd.DataFrame, code: npt.NDArray[np.int64], size: npt.NDArray[np.float64], seed: int
) -> npt.NDArray[np.int64]:
    """Return groups by size, then by SHA-256 over seed and smallest content hash: content, never a name, decides."""
    content = frame["sample_id"].astype("str").reset_index(drop=True)
    if "pixel_sha256" in frame:
        content = frame["pixel_sha256"].astype("str").reset_index(drop=True).fillna(content)
    smallest = content.groupby(code).min()
    digest = [hashlib.sha256(f"v1:{seed}:{text}".encode()).hexdigest() for text in smallest]
    return np.lexsort((np.array(digest), -size)).astype(np.int64)
