"""``harness run``: the baseline and any model, fitted on the same rows, predicted once, judged alike."""

from __future__ import annotations

from harness.experiment.options import Options
from harness.experiment.run import Finished, run

__all__ = ["Finished", "Options", "run"]
