"""Fit the two tables of `curate/matching/scores.py` on real pairs and planted copies, and say how good they are.

    python benchmarks/quality/fit_duplicates.py IMAGES METADATA.csv --confirmed PAIRS.csv ... --copies OUT ...

IMAGES holds the HAM10000 pictures that METADATA.csv (image_id, lesion_id) names; PAIRS.csv are pairs that were looked
at (image, other, same); each OUT is a folder that `accept/duplicates.py copies` wrote. Pairs of different recorded
lesions with seven or more matched points that nobody looked at are left out: about nine of ten of them show one
lesion. Features are kept in the user's cache, so a second run takes minutes.
"""

from __future__ import annotations

import argparse
import csv
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from curate import imaging
from curate.matching import scores
from curate.matching.features import INDEXED
from curate.matching.linking import components
from curate.matching.verify import PairFacts
from curate.matching.votes import vote
from curate.measures.keypoints import feature_folder, has_features, load_features, store_features
from curate.measures.pairs import Pair, measure_pairs

FOLDS = 5
UNLOOKED_FROM = 7  # matched points
COPY_WEIGHT = 0.05  # copies teach what flips and vignettes do; real pairs set the calibration
BY_HAND = ("constant", "line")
LESION = [name for name in scores.SAME_LESION if name not in BY_HAND]
PHOTO = [name for name in scores.SAME_PHOTO if name != "constant"]
Matrix = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def pixel_hashes(files: Iterable[Path]) -> dict[str, str]:
    """Return name of the picture -> pixel hash; features go to the cache."""
    folder, found = feature_folder(), {}
    for file in files:
        image = imaging.decode(file.read_bytes())
        found[file.stem] = imaging.pixel_sha256(image)
        if not has_features(folder, found[file.stem]):
            store_features(folder, found[file.stem], image)
    return found


def real_pairs(args: argparse.Namespace) -> tuple[list[PairFacts], Mask, npt.NDArray[np.int64], Mask, int]:
    """Return facts, whether both show one lesion, fold, whether votes listed the pair, and the count of true pairs."""
    hashes = pixel_hashes(sorted(args.images.rglob("*.jpg")))
    names = sorted(hashes, key=lambda name: (hashes[name], name))
    place = {name: index for index, name in enumerate(names)}
    true, other = _truth(args, place)
    descriptors = [load_features(feature_folder(), hashes[name]).descriptors[:INDEXED].copy() for name in names]
    voted = set(vote(descriptors))
    asked = {*voted, *((left, right, False) for left, right in true)}
    pairs = {_pair(hashes[names[a]], hashes[names[b]], mirror): (a, b) for a, b, mirror in sorted(asked)}
    measured = measure_pairs(list(pairs), workers=args.workers)
    lesion = {member: group[0] for group in components(true) for member in group}
    facts, same, fold, listed = [], [], [], []
    for pair, (a, b) in pairs.items():
        found = measured[pair]
        unlooked = (a, b) not in true and (a, b) not in other
        if found is None or (unlooked and found.inliers >= UNLOOKED_FROM):
            continue
        facts.append(found)
        same.append((a, b) in true)
        fold.append(int(hashes[names[lesion.get(a, a)]], 16) % FOLDS)
        listed.append((a, b, pair.mirror) in voted)
    return facts, np.array(same), np.array(fold), np.array(listed), len(true)


def _pair(one: str, other: str, mirror: bool) -> Pair:
    return Pair(min(one, other), max(one, other), mirror)


def _truth(args: argparse.Namespace, place: dict[str, int]) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Return all pairs of one lesion, closed over groups, and pairs that were looked at and are not."""
    members: dict[str, list[int]] = {}
    with args.metadata.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["image_id"] in place:
                members.setdefault(row["lesion_id"], []).append(place[row["image_id"]])
    chain = [pair for each in members.values() for pair in itertools.pairwise(sorted(each))]
    looked: dict[str, list[tuple[int, int]]] = {"1": [], "0": []}
    for path in args.confirmed:
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                a, b = sorted((place[row["image"]], place[row["other"]]))
                looked[row["same"]].append((a, b))
    groups = components([*chain, *looked["1"]])
    return {pair for group in groups for pair in itertools.combinations(group, 2)}, set(looked["0"])


def copies(folders: Sequence[Path], workers: int) -> list[PairFacts]:
    """Return the facts of each planted copy against its original."""
    found: list[PairFacts] = []
    for folder in folders:
        hashes = pixel_hashes(sorted((folder / "images").iterdir()))
        with (folder / "truth.csv").open(encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if hashes[row["image"]] != hashes[row["other"]]]
        pairs = [_pair(hashes[r["image"]], hashes[r["other"]], r["transform"].startswith("flip")) for r in rows]
        found += [facts for facts in measure_pairs(pairs, workers=workers).values() if facts is not None]
    return found


def numbers(facts: Sequence[PairFacts], names: Sequence[str]) -> Matrix:
    """Return the named numbers of each pair, shape (n, names)."""
    described = [scores.describe(each) for each in facts]
    return np.array([[each[name] for name in names] for each in described]).reshape(len(facts), len(names))


def fit(x: Matrix, y: Mask, weight: Matrix) -> Matrix:
    """Return the constant and the coefficients on the numbers as they are."""
    scaler = StandardScaler().fit(x)
    model = LogisticRegression(max_iter=5000).fit(scaler.transform(x), y, sample_weight=weight)
    slopes = model.coef_[0] / scaler.scale_
    return np.asarray(np.r_[model.intercept_[0] - slopes @ scaler.mean_, slopes], np.float64)


def probability(x: Matrix, table: Matrix) -> Matrix:
    """Return the logistic probabilities."""
    chance: Matrix = 1 / (1 + np.exp(-(table[0] + x @ table[1:])))
    return chance


def report(chance: Matrix, same: Mask, total: int, what: str) -> None:
    """Print recall at two precisions and the expected calibration error."""
    order = np.argsort(-chance, kind="stable")
    precision = np.cumsum(same[order]) / np.arange(1, len(order) + 1)
    for wanted in (0.99, 0.95):
        last = np.flatnonzero(precision >= wanted)[-1]
        recall = same[order][: last + 1].sum() / total
        print(f"{what}: recall {recall:.4f} at precision {wanted}, from P {chance[order][last]:.3f}")
    bins = np.minimum((chance * 10).astype(int), 9)
    gaps = [abs(chance[bins == b].mean() - same[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    print(f"{what}: expected calibration error {sum(gaps):.4f} over {len(chance)} pairs")


def show(name: str, names: Sequence[str], table: Matrix) -> None:
    """Print a table as it stands in the module."""
    print(f"{name}: Mapping[str, float] = {{")
    for each, value in zip(["constant", *names], table, strict=True):
        print(f'    "{each}": {value:.3f},')
    print("}")


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("metadata", type=Path)
    parser.add_argument("--confirmed", type=Path, nargs="+", default=[])
    parser.add_argument("--copies", type=Path, nargs="+", required=True)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    facts, same, fold, listed, total = real_pairs(args)
    planted = copies(args.copies, args.workers)
    x, extra = numbers(facts, LESION), numbers(planted, LESION)
    light = np.full(len(extra), COPY_WEIGHT)

    def train(rows: Mask) -> Matrix:
        y = np.r_[same[rows], np.ones(len(extra), bool)]
        return fit(np.r_[x[rows], extra], y, np.r_[np.ones(int(rows.sum())), light])

    chance = np.zeros(len(x))
    for each in range(FOLDS):
        chance[fold == each] = probability(x[fold == each], train(fold != each))
    report(chance[listed], same[listed], total, "candidates by votes")
    report(chance, same, total, "candidates by votes and recorded ids")
    show("SAME_LESION", LESION, train(np.ones(len(x), bool)))
    print(f"lowest P of {len(planted)} copies: {probability(extra, train(np.ones(len(x), bool))).min():.3f}")
    second = [each for each, p, yes in zip(facts, chance, same, strict=True) if yes and p > 0.9 and not each.mirror]
    old, new = numbers(second, PHOTO), numbers(planted, PHOTO)
    y = np.r_[np.zeros(len(old), bool), np.ones(len(new), bool)]
    table = fit(np.r_[old, new], y, np.r_[np.ones(len(old)), np.full(len(new), len(old) / len(new))])
    show("SAME_PHOTO", PHOTO, table)
    print(f"copies told: {(probability(new, table) >= 0.5).mean():.3f}")
    print(f"second photos called copies: {(probability(old, table) >= 0.5).mean():.3f} of {len(old)}")


if __name__ == "__main__":
    main()
