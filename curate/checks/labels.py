"""Labels that the picture argues against: every labeled image gets a rank, those above the operating point are marked.

Two heads on one cached embedding predict each image from images of other groups (patient, lesion, copies): a second
picture of the lesion in training would make its wrong label look right. The mean of both goes to cleanlab's
self-confidence, and a member of the same lesion that carries another diagnosis counts as odds.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from curate.checks.check import Check, CheckContext, Finding
from curate.groups import leak_graph
from schemas import vocabulary

DETECTOR, VERSION = "labels", "1"
FOLDS = 5
# Fewer groups than this say nothing about a class over five folds.
MIN_GROUPS = 2 * FOLDS
COMPONENTS = 160
INVERSE_PENALTY = 0.05
# Root of the summed variances that the vectors are scaled to: networks differ in the size of their numbers, and the
# penalty must mean the same for all. 4, 8, 12, 22 gave an average precision of .660, .665, .661, .652 on flipped
# lesions.
SPREAD = 8.0
# Ways of cutting the folds whose probabilities are averaged; a second one gave .005 of average precision.
REPEATS = 2
NEIGHBORS, SHARPNESS = 25, 8.0
# Logits that another label inside the lesion adds, and that agreement takes away. On 6,715 HAM10000 images (ImageNet
# MobileNetV2, 5 % flips, two seeds) with the mean evidence of a lesion that agrees: +2/-1 gave an average precision of
# .84 and .85 where images were flipped, .73 and .67 where whole lesions were; +2/-2 without that mean .85, .85, .67,
# .63.
DISAGREEMENT, AGREEMENT = 2.0, 1.0
# Rank score from which a label is marked: on the same flips .76 of the marked images and .82 of the marked lesions'
# images were planted, which is .76 and .55 of all planted.
MARKED_FROM = 0.97
# A label on the wrong side of the border between benign and malignant costs this many times another one (section 6.3).
BORDER_COST = 3
# Pictures of the given and of the suggested class that are shown beside a marked one.
SHOWN = 5
CHUNK_ROWS = 2048
BAG = " or "

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Labeled:
    """Images that can be judged: classes as codes and names, vectors, groups that one fold holds whole, lesions."""

    frame: pd.DataFrame
    code: Ints
    names: tuple[str, ...]
    vectors: Vectors
    group: Ints
    lesion: Ints

    def overlaps(self) -> npt.NDArray[np.bool_]:
        """Return which classes can both be right, shape (k, k): "ak or scc" says less than "scc", nothing else."""
        families = [set(name.split(BAG)) for name in self.names]
        return np.array([[not one.isdisjoint(other) for other in families] for one in families])

    def is_malignant(self, code: int) -> bool:
        """Return whether most images of a class are malignant."""
        return bool((self.frame.loc[self.code == code, "label_malignancy"] == "malignant").mean() > 0.5)

    def nearest(self, row: int, code: int) -> list[str]:
        """Return the images of a class that look most like one, from other groups, nearest first."""
        rows = np.flatnonzero((self.code == code) & (self.group != self.group[row]))
        away = ((self.vectors[rows].astype(np.float64) - self.vectors[row]) ** 2).sum(axis=1)
        return self.frame["sample_id"].iloc[rows[np.argsort(away, kind="stable")[:SHOWN]]].tolist()


def label_class(path: str | None, candidates: Sequence[str] | None) -> str | None:
    """Return the class that a label is judged as: its family in the diagnosis tree, or several where it is a bag.

    Subtypes of one family (a junctional and a compound nevus) are one class: an embedding does not tell them apart.

    Parameters
    ----------
    path : str or None
        Node of the tree.
    candidates : sequence of str or None
        Members of a label of kind ``group``.
    """
    paths = list(candidates) if candidates is not None and len(candidates) else [path]
    nodes = [vocabulary.diagnosis(each) for each in paths if isinstance(each, str)]
    families = sorted({node.family for node in nodes if node is not None and node.family})
    return BAG.join(families) or None


def find(context: CheckContext) -> list[Finding]:
    """Return a finding per labeled image with a vector, most of them unmarked; none where only one class can be judged.

    Parameters
    ----------
    context : CheckContext
        Samples, embeddings and the pairs that were found before.
    """
    labeled = _labeled(context)
    if labeled is None:
        return []
    probabilities = out_of_fold(labeled.vectors, labeled.code, labeled.group)
    score = _scores(labeled, probabilities)
    marked_from = context.threshold(DETECTOR, "marked", MARKED_FROM)
    return [_finding(labeled, probabilities, score, row, marked_from) for row in range(len(labeled.frame))]


def _labeled(context: CheckContext) -> _Labeled | None:
    if context.embeddings is None or not context.embeddings.shape[1]:
        return None
    samples = context.samples
    names = [
        label_class(path, candidates)
        for path, candidates in zip(samples["label_path"], samples["diagnosis_candidates"], strict=True)
    ]
    groups = leak_graph(samples, context.findings, context.decisions).group_id
    lesions = leak_graph(_lesions_only(samples), context.findings, context.decisions).group_id
    frame = samples.assign(
        label_class=pd.array(names, dtype="str"),
        group=groups.reindex(samples["sample_id"]).to_numpy(),
        lesion=lesions.reindex(samples["sample_id"]).to_numpy(),
    )
    certain = frame["diagnosis_certainty"].fillna("definite") == "definite"
    stands = (frame["row_status"] == "active") & ~frame["excluded"].astype(bool)
    labeled = (frame["label_class"].notna() & certain & stands).to_numpy(bool)
    usable = labeled & np.isfinite(context.embeddings).all(axis=1)
    enough = frame[usable].groupby("label_class")["group"].nunique()
    usable = usable & frame["label_class"].isin(enough.index[enough >= MIN_GROUPS]).to_numpy(bool)
    chosen = frame[usable].reset_index(drop=True)
    code, classes = pd.factorize(chosen["label_class"], sort=True)
    if len(classes) < 2:
        return None
    return _Labeled(
        frame=chosen,
        code=code.astype(np.int64),
        names=tuple(map(str, classes)),
        vectors=context.embeddings[usable],
        group=pd.factorize(chosen["group"], sort=True)[0].astype(np.int64),
        lesion=pd.factorize(chosen["lesion"], sort=True)[0].astype(np.int64),
    )


def _lesions_only(samples: pd.DataFrame) -> pd.DataFrame:
    """Return what joins images of one lesion: two lesions of a patient may well have two diagnoses."""
    return samples[["sample_id", "lesion_id", "pixel_sha256", "file_sha256"]]


def out_of_fold(vectors: Vectors, code: Ints, group: Ints) -> Floats:
    """Return class probabilities of each image from models that saw no image of its group.

    Parameters
    ----------
    vectors : array, shape (n, d)
        One per image.
    code : array, shape (n,)
        Class, 0..k-1.
    group : array, shape (n,)
        Images of one group are in one fold.

    Returns
    -------
    array, shape (n, k)
        Mean of a multinomial logistic regression and of weighted nearest neighbors, both on principal components that
        were fitted on the training folds; rounded to 9 digits, so that the last bits of a matrix product decide
        nothing.
    """
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold

    k = int(code.max()) + 1
    out = np.zeros((len(code), k))
    cuts = [StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed) for seed in range(REPEATS)]
    for train, test in itertools.chain.from_iterable(cut.split(vectors, code, group) for cut in cuts):
        spread = float(np.sqrt(vectors[train].var(axis=0, dtype=np.float64).sum()))
        scale = SPREAD / max(spread, 1e-12)
        size = min(COMPONENTS, vectors.shape[1], len(train))
        components = PCA(size, svd_solver="covariance_eigh" if vectors.shape[1] <= len(train) else "full")
        known = components.fit_transform(vectors[train].astype(np.float64) * scale)
        asked = components.transform(vectors[test].astype(np.float64) * scale)
        head = LogisticRegression(C=INVERSE_PENALTY, max_iter=2000).fit(known, code[train])
        linear = np.zeros((len(test), k))
        linear[:, head.classes_] = head.predict_proba(asked)
        out[test] += (linear + _neighbor_shares(known, code[train], asked, k)) / 2
    return np.round(out / REPEATS, 9)


def _neighbor_shares(known: Floats, code: Ints, asked: Floats, k: int) -> Floats:
    """Return the weighted share of each class among the nearest images by cosine; weight exp(8 (cosine - 1))."""
    unit = known / np.maximum(np.linalg.norm(known, axis=1, keepdims=True), 1e-12)
    asked_unit = asked / np.maximum(np.linalg.norm(asked, axis=1, keepdims=True), 1e-12)
    count = min(NEIGHBORS, len(known))
    one_hot = np.eye(k)[code]
    shares = np.zeros((len(asked), k))
    for start in range(0, len(asked), CHUNK_ROWS):
        cosine = asked_unit[start : start + CHUNK_ROWS] @ unit.T
        nearest = np.argpartition(-cosine, count - 1, axis=1)[:, :count]
        weight = np.exp(SHARPNESS * (np.take_along_axis(cosine, nearest, axis=1) - 1))
        votes = np.einsum("nj,njk->nk", weight, one_hot[nearest])
        shares[start : start + CHUNK_ROWS] = votes / votes.sum(axis=1, keepdims=True)
    return shares


def _scores(labeled: _Labeled, probabilities: Floats) -> Floats:
    """Return the rank of each label in 0..1: one minus self-confidence, moved by what the rest of the lesion says."""
    from cleanlab.rank import get_label_quality_scores

    overlaps = labeled.overlaps()
    rows = np.arange(len(labeled.code))
    judged = probabilities.copy()
    judged[rows, labeled.code] = np.minimum((probabilities * overlaps[labeled.code]).sum(axis=1), 1.0)
    confidence = get_label_quality_scores(labeled.code, judged, method="self_confidence")
    error = np.clip(1 - np.asarray(confidence, np.float64), 1e-6, 1 - 1e-6)
    logit = np.log(error / (1 - error))
    said = np.eye(len(labeled.names), dtype=bool)[labeled.code]
    by_lesion = pd.DataFrame(said).groupby(labeled.lesion)
    disagree = (by_lesion.transform("any").to_numpy() & ~overlaps[labeled.code]).any(axis=1)
    agree = (by_lesion[0].transform("size") > 1).to_numpy() & ~disagree
    # Photos of one lesion under one label are right or wrong together: their evidence is one.
    together = pd.Series(logit).groupby(labeled.lesion).transform("mean").to_numpy()
    logit = np.where(agree, together - AGREEMENT, logit) + DISAGREEMENT * disagree
    return np.asarray(1 / (1 + np.exp(-logit)), np.float64)


def _finding(labeled: _Labeled, probabilities: Floats, score: Floats, row: int, marked_from: float) -> Finding:
    sample_id = str(labeled.frame["sample_id"].iloc[row])
    given, likely = int(labeled.code[row]), int(probabilities[row].argmax())
    differs = (labeled.lesion == labeled.lesion[row]) & ~labeled.overlaps()[given][labeled.code]
    others = labeled.frame.loc[differs, "sample_id"]
    marked = bool(score[row] >= marked_from)
    evidence: dict[str, object] = {
        "p_given": round(float(probabilities[row, given]), 6),
        "p_suggested": round(float(probabilities[row, likely]), 6),
        "disagree": sorted(others)[:SHOWN],
        "cost": BORDER_COST if labeled.is_malignant(given) != labeled.is_malignant(likely) else 1,
    }
    if marked:
        evidence["nearest_given"] = labeled.nearest(row, given)
        evidence["nearest_suggested"] = labeled.nearest(row, likely)
    return Finding(
        kind="label_error",
        sample_ids=(sample_id,),
        message=f"{sample_id} {_sentence(labeled, probabilities[row], given, others=len(others))}",
        detector=DETECTOR,
        detector_version=VERSION,
        score=round(float(score[row]), 6),
        score_name="rank of label suspicion",
        marked=marked,
        field="diagnosis_path",
        found=labeled.names[given],
        expected=labeled.names[likely],
        evidence=evidence,
        compared=_compared(labeled.frame, row),
    )


def _sentence(labeled: _Labeled, probabilities: Floats, given: int, *, others: int) -> str:
    likely = int(probabilities.argmax())
    looks = f"like {labeled.names[likely]} (P {probabilities[likely]:.2f})" if likely != given else "like its label"
    reason = f"; {others} other images of the lesion say otherwise" if others else ""
    return f"is labeled {labeled.names[given]} (P {probabilities[given]:.2f}) and looks {looks}{reason}."


def _compared(frame: pd.DataFrame, row: int) -> list[object]:
    """Return what the source says and the pixels: a label that a reviewer has set does not make the verdict stale."""
    recorded = [frame[name].iloc[row] for name in ("diagnosis_path", "diagnosis_candidates", "pixel_sha256")]
    return [list(each) if isinstance(each, list) else (each if isinstance(each, str) else None) for each in recorded]


CHECK = Check(name=DETECTOR, version=VERSION, needs=("embedding", "findings"), find=find)
