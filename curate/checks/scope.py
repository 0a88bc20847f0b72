"""What a run of checks looked at: only a claim inside that can be found to be gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from curate.checks.check import CheckContext

# Names of splits that sources published begin so, as `curate.checks.leakage` gives them.
PUBLISHED_PREFIX = "source_split:"
# Keys of claims about a part of a split begin so; this one is about all samples.
SPLIT_KEY = "split="
WHOLE = "all"


def covers(context: CheckContext, detector: str) -> Callable[[Mapping[str, object]], bool]:
    """Return whether a run of one check, as it was asked for, would have found a claim if it still held.

    Parameters
    ----------
    context : CheckContext
        What the run read: ``--split`` leaves other splits out, ``--within`` what crosses a source or patient.
    detector : str
        Name of the check.

    Returns
    -------
    callable
        Takes a row of table ``findings``.
    """
    splits = set(context.splits["split_name"]) if len(context.splits) else set()
    owner = _owners(context)

    def covered(row: Mapping[str, object]) -> bool:
        if row["detector"] != detector:
            return False
        split = _split_of(row)
        if split is not None:
            return split in splits or (context.published and split.startswith(PUBLISHED_PREFIX))
        return owner is None or _is_inside(row["sample_ids"], owner)

    return covered


def _split_of(row: Mapping[str, object]) -> str | None:
    """Return the split that a claim is about; None where it is about samples, or about the whole set."""
    if row["kind"] == "leak":
        return str(row["field"])
    first, _, _ = str(row["key"] or "").partition("|")
    name = first.removeprefix(SPLIT_KEY)
    return None if name in {first, WHOLE} else name


def _owners(context: CheckContext) -> dict[str, str] | None:
    """Return the source or the patient of each sample where pairs may not cross them."""
    if context.within is None:
        return None
    column = {"source": "source", "patient": "patient_id"}[context.within]
    known = context.samples.dropna(subset=[column])
    return dict(zip(known["sample_id"], known[column], strict=True))


def _is_inside(sample_ids: object, owner: Mapping[str, str]) -> bool:
    ids = sample_ids if isinstance(sample_ids, list) else []
    owners = {owner.get(str(each)) for each in ids}
    return len(ids) < 2 or (len(owners) == 1 and None not in owners)
