"""Duplicates: equal bytes or pixels, one photo edited, another photo of the lesion, and what such pairs contradict."""

from __future__ import annotations

from curate.checks.check import Check, CheckContext, Finding
from curate.checks.duplicates.conflicts import conflict_findings
from curate.checks.duplicates.pairs import DETECTOR, VERSION, board, marked_pairs, pair_findings
from curate.checks.duplicates.search import scored_pairs

# P >= .47 is where precision reaches .99 on real pairs (curate/matching/scores.py); the policy file may say otherwise.
OPERATING_POINT = 0.5


def find(context: CheckContext) -> list[Finding]:
    """Return pairs of samples that belong together, marked or not, and the conflicts inside marked groups.

    Parameters
    ----------
    context : CheckContext
        Samples; embeddings are a help and no need.
    """
    samples = context.samples[context.samples["row_status"] == "active"]
    pictures = samples[samples["image_status"] == "stored"]
    threshold = context.threshold(DETECTOR, "one_lesion", OPERATING_POINT)
    on = board(samples, scored_pairs(context, pictures), threshold)
    marked = marked_pairs(on)
    found = [*pair_findings(on, marked), *conflict_findings(on, marked, samples)]
    return sorted(found, key=lambda finding: (finding.kind, finding.sample_ids, finding.field or ""))


CHECK = Check(name=DETECTOR, version=VERSION, needs=("keypoints", "embedding"), find=find)
