"""Group-safe, balanced splits of a dataset: assigned once, then frozen, then filled with what is new."""

from __future__ import annotations

from curate.splits.plan import Plan, plan_folds, plan_fractions
from curate.splits.split import SplitOutcome, split_dataset

__all__ = ["Plan", "SplitOutcome", "plan_folds", "plan_fractions", "split_dataset"]
