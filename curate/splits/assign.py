"""Place whole groups into the parts of a split: assign once, freeze, fill.

Greedy by the largest decrease of cost, then moves and swaps that lower it. The cost of part p and stratum s with n
images is ``w_s (n_ps - q_p N_s)^2 / (q_p N_s + 1)`` (`design/curation.md` section 5); on top of it the largest
deviation of any class is pressed down, because one class that is off by a few images is what a reader of a split sees
first.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from curate.splits.strata import Strata

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MAX_CHANGES = 20_000
# Below this many images the share of a class says little (`accept/splits.py` leaves such classes out as well).
MIN_CLASS_IMAGES = 20
# Kinds of groups of each part that a swap looks at, the best ones by their own move.
_SWAP_CANDIDATES = 48
# How much more than the cost of the strata the largest class deviation counts, once the strata are as good as they get.
_PEAK_WEIGHT = 1e3
# Another round is run where the last one lowered the largest class deviation at least this much.
_WORTHWHILE = 0.95
# A deviation below this is rounding.
_EVEN = 1e-9
_LEAST_GAIN = 1e-9


@dataclass(slots=True)
class _State:
    """Parts of the groups so far. Groups of equal counts are one kind: any of them may stand for the others."""

    counts: csr_array  # (n_groups, n_strata)
    part: Ints
    away: Floats  # (n_parts, n_strata): images in the part minus its share
    scale: Floats  # (n_parts, n_strata): weight over (share + 1)
    class_scale: Floats  # (n_strata,): 1 / images of the class, 0 for small classes and other strata
    kind: Ints  # (n_groups,)
    kinds: csr_array  # (n_kinds, n_strata)
    squares: Floats  # (n_kinds, n_parts): the part of a change that does not depend on `away`
    free: Floats  # (n_kinds, n_parts): groups that may move
    stacks: defaultdict[tuple[int, int], list[int]]  # (kind, part) -> free groups
    unit: float = np.inf  # class deviation that counts 1 in the peak


def assign(strata: Strata, fractions: Floats, frozen: Ints) -> Ints:
    """Return the part of each group.

    Parameters
    ----------
    strata : Strata
        Groups and what is balanced.
    fractions : array, shape (n_parts,)
        Wanted share of each part, sum 1.
    frozen : array, shape (n_groups,), int
        Part that a group keeps, -1 where it is free.

    Returns
    -------
    array, shape (n_groups,), int
        Index into `fractions`. Equal input gives an equal answer; frozen groups keep their part.
    """
    state = _start(strata, fractions, frozen)
    _fill(state, strata.order)
    for g in strata.order[frozen[strata.order] < 0]:
        key = (int(state.kind[g]), int(state.part[g]))
        state.stacks[key].append(int(g))
        state.free[key] += 1
    left = _improve(state, MAX_CHANGES, peak=0.0)
    # The unit of the peak stands still while groups move, else the cost would not be one number and moves could go in
    # circles.
    while left > 0 and _EVEN < (largest := _largest(state)) < _WORTHWHILE * state.unit:
        state.unit = largest
        left = _improve(state, left, peak=_PEAK_WEIGHT)
    return state.part


def deviations(strata: Strata, part: Ints, fractions: Floats) -> tuple[Floats, Floats]:
    """Return images per part and stratum, and the share of each stratum in the part minus the wanted share.

    Returns
    -------
    counts, deviation : array, shape (n_parts, n_strata)
    """
    counts = np.stack([_total(strata.counts[part == p]) for p in range(len(fractions))])
    return counts, counts / counts.sum(axis=0) - fractions[:, None]


def _total(counts: csr_array) -> Floats:
    return np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()


def _start(strata: Strata, fractions: Floats, frozen: Ints) -> _State:
    total = _total(strata.counts)
    share = fractions[:, None] * total[None, :]
    away = np.stack([_total(strata.counts[frozen == p]) for p in range(len(fractions))]) - share
    scale = strata.weights / (share + 1)
    counted = strata.is_class & (total >= MIN_CLASS_IMAGES)
    class_scale = np.where(counted, 1 / np.maximum(total, 1), 0.0)
    first, kind = _kinds(strata.counts, strata.order)
    kinds = strata.counts[first]
    squares = kinds.power(2) @ scale.T
    free = np.zeros(squares.shape)
    return _State(strata.counts, frozen.copy(), away, scale, class_scale, kind, kinds, squares, free, defaultdict(list))


def _kinds(counts: csr_array, order: Ints) -> tuple[Ints, Ints]:
    """Return the first group of each kind, and the kind of each group; kinds are numbered in the order of placing."""
    seen: dict[bytes, int] = {}
    first: list[int] = []
    kind = np.empty(counts.shape[0], np.int64)
    for g in order:
        columns, images = _row(counts, g)
        key = columns.tobytes() + images.tobytes()
        if key not in seen:
            seen[key] = len(first)
            first.append(int(g))
        kind[g] = seen[key]
    return np.array(first, np.int64), kind


def _row(counts: csr_array, g: int) -> tuple[npt.NDArray[np.int32], Floats]:
    start, stop = counts.indptr[g], counts.indptr[g + 1]
    return counts.indices[start:stop], counts.data[start:stop]


def _fill(state: _State, order: Ints) -> None:
    """Place each free group, in order, where the cost falls most."""
    for g in order:
        if state.part[g] < 0:
            columns, images = _row(state.counts, g)
            change = (state.scale[:, columns] * (2 * state.away[:, columns] + images)) @ images
            to = int(np.argmin(change))
            state.away[to, columns] += images
            state.part[g] = to


def _improve(state: _State, budget: int, *, peak: float) -> int:
    """Move or swap groups while the cost falls; return what is left of the budget."""
    cost = _cost(state, peak)
    while budget > 0:
        steps = _best_steps(state, peak)
        for step in steps:
            _move(state, *step)
        before, cost = cost, _cost(state, peak)
        if not steps or cost >= before:
            # Rounding can promise a gain that is none: without this check two steps could undo each other for ever.
            for kind, here, there in reversed(steps):
                _move(state, kind, there, here)
            break
        budget -= 1
    return budget


def _best_steps(state: _State, peak: float) -> list[tuple[int, int, int]]:
    """Return the move (kind, from, to), or the two moves of a swap, that lower the cost most; none where none does."""
    change = _move_changes(state, peak)
    kind, here, there = (int(i) for i in np.unravel_index(int(np.argmin(change)), change.shape))
    if change[kind, here, there] < -_LEAST_GAIN:
        return [(kind, here, there)]
    swap = _best_swap(state, change, peak)
    if swap is None:
        return []
    kind, other, here, there = swap
    return [(kind, here, there), (other, there, here)]


def _cost(state: _State, peak: float) -> float:
    cost = float((state.scale * state.away**2).sum())
    return cost + peak * float(_peak(state, state.away, state.class_scale).sum()) if peak else cost


def _move(state: _State, kind: int, here: int, there: int) -> None:
    g = state.stacks[kind, here].pop()
    state.stacks[kind, there].append(g)
    state.free[kind, here] -= 1
    state.free[kind, there] += 1
    columns, images = _row(state.kinds, kind)
    state.away[here, columns] -= images
    state.away[there, columns] += images
    state.part[g] = there


def _move_changes(state: _State, peak: float) -> Floats:
    """Return the change of cost for a group of each kind, from each part to each part; infinite where none can move."""
    slope = state.kinds @ (2 * state.scale * state.away).T
    out, into = state.squares - slope, state.squares + slope
    if peak:
        out = out + peak * _peak_changes(state, -1)
        into = into + peak * _peak_changes(state, 1)
    change: Floats = out[:, :, None] + into[:, None, :]
    change[state.free == 0] = np.inf
    parts = np.arange(len(state.away))
    change[:, parts, parts] = np.inf
    return change


def _best_swap(state: _State, change: Floats, peak: float) -> tuple[int, int, int, int] | None:
    """Return the two kinds and two parts of the swap that lowers the cost most, or None."""
    best, found = -_LEAST_GAIN, None
    n_parts = len(state.away)
    for here, there in ((p, r) for p in range(n_parts) for r in range(p + 1, n_parts)):
        mine = np.argsort(change[:, here, there], kind="stable")[:_SWAP_CANDIDATES]
        theirs = np.argsort(change[:, there, here], kind="stable")[:_SWAP_CANDIDATES]
        x, y = state.kinds[mine].toarray(), state.kinds[theirs].toarray()
        alone = change[mine, here, there][:, None] + change[theirs, there, here][None, :]
        both = alone - 2 * (x * (state.scale[here] + state.scale[there])) @ y.T
        if peak:
            both += peak * _peak_interaction(state, x, y, here, there)
        i, j = np.unravel_index(int(np.nanargmin(both)), both.shape)
        if both[i, j] < best:
            best, found = both[i, j], (int(mine[i]), int(theirs[j]), here, there)
    return found


def _largest(state: _State) -> float:
    """Return the largest deviation of a class from its share."""
    return float(np.abs(state.away * state.class_scale).max())


def _peak(state: _State, away: Floats, class_scale: Floats) -> Floats:
    """Return the eighth power of a class deviation in units of the largest one: only the largest ones count."""
    square = (away * class_scale / state.unit) ** 2
    return np.asarray((square * square) ** 2)


def _peak_changes(state: _State, sign: int) -> Floats:
    """Return the change of the peak where a group of each kind leaves (-1) or enters (+1) each part."""
    columns, images, start = state.kinds.indices, state.kinds.data, state.kinds.indptr[:-1]
    before = _peak(state, state.away, state.class_scale)[:, columns]
    after = _peak(state, state.away[:, columns] + sign * images, state.class_scale[columns])
    return np.add.reduceat(after - before, start, axis=1).T


def _peak_interaction(state: _State, x: Floats, y: Floats, here: int, there: int) -> Floats:
    """Return what a swap changes in the peak beyond its two moves."""
    of_class = np.flatnonzero(state.class_scale)
    scale = state.class_scale[of_class]
    x, y = x[:, of_class], y[:, of_class]
    total = np.zeros((len(x), len(y)))
    for part, sign in ((here, -1), (there, 1)):
        away = state.away[part, of_class]
        both = _peak(state, away + sign * (x[:, None, :] - y[None, :, :]), scale).sum(axis=2)
        only_x = _peak(state, away + sign * x, scale).sum(axis=1)[:, None]
        only_y = _peak(state, away - sign * y, scale).sum(axis=1)[None, :]
        total += both - only_x - only_y + _peak(state, away, scale).sum()
    return total
