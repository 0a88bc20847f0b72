"""Duplicates: equal bytes or pixels, one photo edited, another photo of the lesion, and what such pairs contradict."""

from __future__ import annotations

from curate.checks.check import Check, CheckContext, Finding
from curate.checks.duplicates.conflicts import conflict_findings
from curate.checks.duplicates.pairs import DETECTOR, VERSION, board, marked_pairs, pair_findings
from curate.checks.duplicates.search import scored_pairs

# On the 6,715 HAM10000 pictures the groups that pairs of at least this probability make hold .962 of all true pairs at
# precision .993 (.973 at .957 from P .5: one wrong pair joins two groups). The policy file may say otherwise.
OPERATING_POINT = 0.9


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
