"""Skin tone: how much is recorded, which cells of tone and malignant diagnosis are thin, where color contradicts it.

Recorded tone, and the angle measured on a picture (`curate.measures.skin_tone`), stay two columns: a Fitzpatrick type
says how skin reacts to sun, the angle what color this camera saw under this light. They are compared only where they
cannot both be true.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from curate.checks.check import Check, CheckContext, Finding
from curate.groups import leak_graph
from curate.measures.skin_tone import HIGH, LOW, SKIN_TONE, VALUE
from schemas import vocabulary

DETECTOR, VERSION = "skin-tone", "1"
TONES = ("light", "medium", "dark")
UNKNOWN = "unknown"
WHOLE = "all"
MALIGNANT = "malignant"

# Wanted half-width of the 95 % interval of a sensitivity, and the sensitivity it is planned for: 62 positives
# (`design/curation.md` 7.3; n = z^2 p (1 - p) / w^2).
HALF_WIDTH, SENSITIVITY, Z = 0.10, 0.80, 1.959964
# Share of recorded tone below which the lack of it is itself a finding.
RECORDED_FROM = 0.9
# Two pictures of one lesion differ by this many degrees in dermoscopy (`design/curation.md` 7.2): no single picture
# says more.
REPEATABILITY_DEGREES = 15.0
# Angles that a recorded tone can look like, wide on purpose: classes of `skin_tone_ita.csv` with their neighbors.
# Light: intermediate and lighter; medium: brown to light; dark: intermediate is already too light.
PLAUSIBLE_DEGREES = {"light": (28.0, 90.0), "medium": (-30.0, 55.0), "dark": (-90.0, 28.0)}

__all__ = ["CHECK", "find", "needed_groups", "tone_table"]


def needed_groups(half_width: float, sensitivity: float) -> int:
    """Return how many independent positives an interval of a wanted width takes.

    Parameters
    ----------
    half_width : float
        Wanted half-width of the 95 % interval, in 0..1.
    sensitivity : float
        Expected proportion, in 0..1.

    Examples
    --------
    >>> needed_groups(0.10, 0.8), needed_groups(0.05, 0.8)
    (62, 246)
    """
    return math.ceil(Z**2 * sensitivity * (1 - sensitivity) / half_width**2)


def find(context: CheckContext) -> list[Finding]:
    """Return thin cells of the whole set and of each split, and pictures whose color contradicts the recorded tone.

    Parameters
    ----------
    context : CheckContext
        Samples, measures, splits.
    """
    samples = context.samples
    samples = samples[(samples["row_status"] == "active") & ~samples["excluded"].astype(bool)]
    if samples.empty:
        return []
    found = [*_coverage(samples), *_gaps(context, samples), *_conflicts(context, samples)]
    return sorted(found, key=lambda finding: (finding.kind, finding.key or "", finding.sample_ids))


def _coverage(samples: pd.DataFrame) -> Iterator[Finding]:
    """Yield a finding per source whose rows mostly have no recorded tone."""
    for source, rows in samples.groupby("source", sort=True):
        known = int(rows["skin_tone_group"].notna().sum())
        yield Finding(
            kind="tone_gap",
            sample_ids=(),
            key=f"tone=recorded|source={source}",
            message=f"{known:,} of {len(rows):,} images of {source} have a recorded skin tone.",
            detector=DETECTOR,
            detector_version=VERSION,
            severity="note",
            score=round(1 - known / len(rows), 6),
            score_name="share without recorded tone",
            marked=known < RECORDED_FROM * len(rows),
            field="skin_tone_group",
            found=str(known),
            expected=str(len(rows)),
            evidence={"recorded": known, "images": len(rows)},
            compared=[known, len(rows)],
        )


def tone_table(samples: pd.DataFrame, group_id: pd.Series[str], splits: pd.DataFrame) -> pd.DataFrame:
    """Return images and groups of each tone, malignant diagnosis and part of a split.

    Parameters
    ----------
    samples : pandas.DataFrame
        Rows of the view.
    group_id : pandas.Series of str
        Group of each sample, indexed by sample id: the effective number of an interval.
    splits : pandas.DataFrame
        Rows of table `splits`; folds are left out, because every row of a fold is tested once.

    Returns
    -------
    pandas.DataFrame
        Columns ``split``, ``part``, ``tone``, ``diagnosis``, ``images``, ``groups``: every combination, empty cells
        with 0. Tone ``unknown`` is a row of its own; ``malignant`` is every malignant diagnosis together; split and
        part ``all`` are the whole set.
    """
    rows = pd.DataFrame(
        {
            "sample_id": samples["sample_id"],
            "tone": samples["skin_tone_group"].fillna(UNKNOWN),
            "diagnosis": [_malignant_family(path) for path in samples["label_path"]],
            "malignant": samples["label_malignancy"] == MALIGNANT,
            "group": group_id.reindex(samples["sample_id"]).to_numpy(),
        }
    )
    rows = rows[rows["malignant"]]
    families = sorted(set(rows["diagnosis"].dropna()))
    counted = []
    for split, part, ids in _parts(samples, splits):
        inside = rows[rows["sample_id"].isin(ids)]
        for tone in (*TONES, UNKNOWN):
            of_tone = inside[inside["tone"] == tone]
            for diagnosis in (MALIGNANT, *families):
                cell = of_tone if diagnosis == MALIGNANT else of_tone[of_tone["diagnosis"] == diagnosis]
                counted.append((split, part, tone, diagnosis, len(cell), cell["group"].nunique()))
    return pd.DataFrame(counted, columns=["split", "part", "tone", "diagnosis", "images", "groups"])


def _malignant_family(path: object) -> str | None:
    node = vocabulary.diagnosis(path) if isinstance(path, str) else None
    return node.family if node is not None and node.malignancy == MALIGNANT else None


def _parts(samples: pd.DataFrame, splits: pd.DataFrame) -> Iterator[tuple[str, str, set[str]]]:
    yield WHOLE, WHOLE, set(samples["sample_id"])
    if splits.empty:
        return
    with_role = splits[splits["role"].notna()]
    for (split, part), rows in with_role.groupby(["split_name", "role"], sort=True):
        yield str(split), str(part), set(rows["sample_id"])


def _gaps(context: CheckContext, samples: pd.DataFrame) -> Iterator[Finding]:
    """Yield a finding per cell of recorded tone and malignant diagnosis; marked where it is too thin."""
    if not samples["skin_tone_group"].notna().any():
        return
    half_width = context.threshold(DETECTOR, "half_width", HALF_WIDTH)
    wanted = needed_groups(half_width, context.threshold(DETECTOR, "sensitivity", SENSITIVITY))
    groups = leak_graph(context.samples, context.findings, context.decisions).group_id
    table = tone_table(samples, groups, context.splits)
    for cell in table[table["tone"] != UNKNOWN].to_dict("records"):
        have = int(cell["groups"])
        where = "the set" if cell["split"] == WHOLE else f"{cell['split']}/{cell['part']}"
        lack = f"needs {wanted - have} more" if have < wanted else "has enough"
        yield Finding(
            kind="tone_gap",
            sample_ids=(),
            key="|".join(f"{name}={cell[name]}" for name in ("split", "part", "diagnosis", "tone")),
            message=(
                f"{where} {lack} lesions or patients of tone {cell['tone']} with {cell['diagnosis']} "
                f"for a sensitivity within {half_width:.2f}: {have} of {wanted}."
            ),
            detector=DETECTOR,
            detector_version=VERSION,
            severity="note",
            score=round(max(0.0, 1 - have / wanted), 6),
            score_name="share of the needed groups that is missing",
            marked=have < wanted,
            field="skin_tone_group",
            found=str(have),
            expected=str(wanted),
            evidence={"images": int(cell["images"]), "groups": have, "needed": wanted, "half_width": half_width},
            compared=[have, wanted],
        )


def _conflicts(context: CheckContext, samples: pd.DataFrame) -> Iterator[Finding]:
    """Yield a finding per picture whose measured color lies outside everything that its recorded tone can look like."""
    angles = _angles(context.measures)
    if angles.empty:
        return
    repeatability = context.threshold(DETECTOR, "repeatability_degrees", REPEATABILITY_DEGREES)
    both = samples[samples["skin_tone_group"].isin(TONES)].merge(angles, on="sample_id", how="inner")
    for row in both.to_dict("records"):
        angle, tone = float(row[VALUE]), str(row["skin_tone_group"])
        low = angle - math.hypot(angle - float(row[LOW]), repeatability)
        high = angle + math.hypot(float(row[HIGH]) - angle, repeatability)
        floor, ceiling = PLAUSIBLE_DEGREES[tone]
        beyond = max(low - ceiling, floor - high)
        if beyond <= 0:
            continue
        # Folds, shadow and background break the smooth-skin model of a clinical photograph: reported, not marked.
        experimental = str(row["image_type"]).startswith("clinical")
        yield Finding(
            kind="tone_conflict",
            sample_ids=(str(row["sample_id"]),),
            message=(
                f"{row['sample_id']} is recorded as {tone} ({row['fitzpatrick']}), the skin on it measures "
                f"{angle:.0f} degrees ({low:.0f} to {high:.0f}, {vocabulary.ita_class(angle)})"
                f"{'; experimental on clinical pictures' * experimental}."
            ),
            detector=DETECTOR,
            detector_version=VERSION,
            severity="note",
            score=round(min(1.0, beyond / 90), 6),
            score_name="degrees outside the plausible range, of 90",
            marked=not experimental,
            field="skin_tone_group",
            found=tone,
            expected=vocabulary.ita_class(angle),
            evidence={
                VALUE: round(angle, 2),
                "low": round(low, 2),
                "high": round(high, 2),
                "experimental": experimental,
            },
            compared=[tone, str(row["pixel_sha256"])],
        )


def _angles(measures: pd.DataFrame) -> pd.DataFrame:
    """Return angle and interval of the pictures that have one; one row per sample."""
    columns = ["sample_id", VALUE, LOW, HIGH]
    if measures.empty:
        return pd.DataFrame(columns=columns)
    mine = measures[(measures["method"] == SKIN_TONE.name) & (measures["status"] == "ok")]
    wide = pd.DataFrame({name: rows.set_index("sample_id")["value"] for name, rows in mine.groupby("measure")})
    return wide.reindex(columns=columns[1:]).dropna().rename_axis("sample_id").reset_index()


CHECK = Check(name=DETECTOR, version=VERSION, needs=(SKIN_TONE.name, "splits", "findings"), find=find)
