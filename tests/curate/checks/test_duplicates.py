"""Duplicates are found, told apart by kind, and what they contradict is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from curate.checks.check import CheckContext, Finding
from curate.checks.duplicates import CHECK
from curate.dataset import Dataset

Image = npt.NDArray[np.uint8]
Maker = Callable[..., Dataset]
NEVUS = "Benign:Benign melanocytic proliferations:Nevus"
MELANOMA = "Malignant:Malignant melanocytic proliferations (Melanoma)"


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("DERMACURATE_CACHE", str(tmp_path_factory.mktemp("cache")))


def skin(seed: int, *, width: int = 300, height: int = 225) -> Image:
    """A picture with texture at several scales, each seed another patch of skin."""
    rng = np.random.default_rng(seed)
    shape = (width, height)
    layers = [(2, 4.0), (5, 8.0), (11, 10.0), (40, 15.0)]
    noise = [rng.normal(0, a, (height // k + 1, width // k + 1)) for k, a in layers]
    texture = sum(cv2.resize(layer, shape, interpolation=cv2.INTER_CUBIC) for layer in noise)
    return np.clip(np.array([190, 150, 130]) + np.asarray(texture)[..., None], 0, 255).astype(np.uint8)


def png(image: Image) -> bytes:
    return cv2.imencode(".png", np.ascontiguousarray(image))[1].tobytes()


def jpeg(image: Image, quality: int = 92) -> bytes:
    return cv2.imencode(".jpg", np.ascontiguousarray(image), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def second_photo(image: Image) -> Image:
    """The same skin again: other angle, other distance, stretched by the hand that holds the camera, other light."""
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    stretched_x = x + 5 * np.sin(y / 45) + 3 * np.cos(x / 60)
    stretched_y = y + 5 * np.cos(x / 50) + 3 * np.sin(y / 37)
    moved = cv2.remap(image, stretched_x, stretched_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 17, 1.25)
    photo = cv2.warpAffine(moved, matrix, (width, height), borderMode=cv2.BORDER_REFLECT).astype(float)
    return np.clip(photo * np.array([0.9, 0.95, 1.0]) + 6, 0, 255).astype(np.uint8)


def check(dataset: Dataset, **options: object) -> list[Finding]:
    samples = dataset.view().frame.sort_values("sample_id").reset_index(drop=True)
    return CHECK.find(CheckContext(dataset=dataset, samples=samples, **options))  # type: ignore[arg-type]


def pairs(findings: list[Finding], kind: str) -> set[tuple[str, ...]]:
    return {tuple(s.removeprefix("clinic:") for s in f.sample_ids) for f in findings if f.kind == kind and f.marked}


@pytest.fixture
def files() -> dict[str, bytes]:
    """Three skins; one with a byte copy, a re-wrapped copy, an edited, a mirrored and a second photo."""
    return {
        "a": png(skin(1)),
        "b-bytes": png(skin(1)),
        "c-pixels": cv2.imencode(".png", skin(1), [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes(),
        "d-edited": jpeg(cv2.resize(skin(1), None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)[10:, 12:]),
        "e-mirror": jpeg(skin(1)[:, ::-1]),
        "f-second": jpeg(second_photo(skin(1))),
        "x": png(skin(2)),
        "y": png(skin(3)),
    }


def test_each_kind_of_copy_is_found_by_its_name(dataset_of_files: Maker, files: dict[str, bytes]) -> None:
    found = check(dataset_of_files(files))
    exact = {("a", "b-bytes"), ("a", "c-pixels"), ("b-bytes", "c-pixels")}
    assert pairs(found, "exact") == exact
    assert {("a", "d-edited"), ("a", "e-mirror")} <= pairs(found, "same_photo")
    assert ("a", "f-second") in pairs(found, "same_lesion")
    members = {"a", "b-bytes", "c-pixels", "d-edited", "e-mirror", "f-second"}
    marked = pairs(found, "exact") | pairs(found, "same_photo") | pairs(found, "same_lesion")
    assert {name for pair in marked for name in pair} == members
    assert len(marked) == 15  # every pair of the six, no other


def test_evidence_shows_the_matched_points(dataset_of_files: Maker, files: dict[str, bytes]) -> None:
    found = check(dataset_of_files({name: files[name] for name in ("a", "e-mirror")}))
    (pair,) = [f for f in found if f.marked]
    assert pair.evidence["mirror"] is True
    assert isinstance(pair.evidence["points"], list)
    assert len(pair.evidence["points"]) > 20
    assert pair.group_id == "clinic:a"
    assert pair.score is not None
    assert pair.score > 0.99


def test_order_of_rows_and_workers_change_nothing(dataset_of_files: Maker, files: dict[str, bytes]) -> None:
    many = files | {f"skin{seed}": png(skin(seed, width=120, height=90)) for seed in range(20, 90)}
    forward = check(dataset_of_files(many, name="forward"))
    backward = check(dataset_of_files(dict(reversed(many.items())), name="backward"), workers=2)
    assert forward == backward


def test_added_in_two_steps_is_found_as_at_once(dataset_of_files: Maker, files: dict[str, bytes]) -> None:
    half = {name: files[name] for name in ("a", "d-edited", "x")}
    check(dataset_of_files(half, name="first"))  # its facts stay in the cache
    assert check(dataset_of_files(files, name="both")) == check(dataset_of_files(files, name="again"))


def test_one_lesion_under_two_ids_is_a_conflict_of_ids(dataset_of_files: Maker, files: dict[str, bytes]) -> None:
    fields = {
        "a": {"lesion_id": "clinic:L1", "patient_id": "clinic:P1"},
        "f-second": {"lesion_id": "clinic:L2", "patient_id": "clinic:P1"},
        "d-edited": {"lesion_id": "other:7"},
    }
    found = check(dataset_of_files({name: files[name] for name in fields}, fields))
    conflicts = [f for f in found if f.kind == "id_conflict"]
    assert [(f.field, f.expected, f.found) for f in conflicts] == [("lesion_id", "clinic:L1", "clinic:L2")]


@pytest.mark.parametrize(
    ("other", "expected"),
    [(MELANOMA, 1), ("Benign", 0), (f"{NEVUS}:Nevus, Spitz", 0), (None, 0)],
)
def test_labels_conflict_where_neither_says_less_than_the_other(
    dataset_of_files: Maker, files: dict[str, bytes], other: str | None, expected: int
) -> None:
    fields: Mapping[str, Mapping[str, object]] = {"a": {"diagnosis_path": NEVUS}, "d-edited": {"diagnosis_path": other}}
    found = check(dataset_of_files({name: files[name] for name in fields}, fields))
    assert sum(f.kind == "label_conflict" for f in found) == expected


def test_facts_of_one_photo_must_agree(dataset_of_files: Maker, files: dict[str, bytes]) -> None:
    fields: Mapping[str, Mapping[str, object]] = {
        "a": {"sex": "male", "age_low": 40, "age_high": 44},
        "d-edited": {"sex": "female", "age_low": 60, "age_high": 64},
    }
    found = check(dataset_of_files({name: files[name] for name in fields}, fields))
    assert {f.field for f in found if f.kind == "meta_conflict"} == {"sex", "age_low"}
    assert all(f.severity == "note" for f in found if f.kind == "meta_conflict")


def test_within_a_source_no_pair_crosses_sources(dataset_of_files: Maker, files: dict[str, bytes]) -> None:
    fields = {"a": {"source": "clinic"}, "d-edited": {"source": "other", "sample_id": "other:d"}}
    dataset = dataset_of_files({name: files[name] for name in fields}, fields)
    assert any(f.marked for f in check(dataset))
    assert check(dataset, within="source") == []


def test_a_threshold_of_the_policy_moves_the_mark_and_not_the_score(
    dataset_of_files: Maker, files: dict[str, bytes]
) -> None:
    dataset = dataset_of_files({name: files[name] for name in ("a", "f-second")})
    (marked,) = check(dataset)
    (unmarked,) = check(dataset, policy={"duplicates": {"one_lesion": 1.1}})
    assert marked.marked
    assert not unmarked.marked
    assert (marked.score, marked.finding_id) == (unmarked.score, unmarked.finding_id)


def test_a_large_group_is_joined_to_its_first_member(dataset_of_files: Maker) -> None:
    found = check(dataset_of_files({f"p{i:02d}": png(skin(1)) for i in range(25)}))
    assert len(found) < 25 * 24 // 2
    assert {("p00", f"p{i:02d}") for i in range(1, 25)} <= pairs(found, "exact")


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_pictures_are_no_fault(dataset_of_files: Maker, count: int) -> None:
    assert check(dataset_of_files({f"p{i}": png(skin(i)) for i in range(count)})) == []


def test_rows_without_pictures_are_compared_by_the_hash_of_their_file(
    dataset_of: Callable[..., Dataset], row: Callable[..., dict[str, object]]
) -> None:
    rows = [row("a", file_sha256="1" * 64), row("b", file_sha256="1" * 64), row("c", file_sha256="2" * 64)]
    assert pairs(check(dataset_of(rows)), "exact") == {("a", "b")}


def test_a_damaged_file_is_left_out_and_stops_nothing(dataset_of_files: Maker, files: dict[str, bytes]) -> None:
    dataset = dataset_of_files({name: files[name] for name in ("a", "d-edited", "x")})
    facts = {r["sample_id"]: r for r in dataset.read("samples").to_pylist()}["clinic:x"]
    dataset.image_file(facts["stored_sha256"], facts["format"]).write_bytes(b"damaged")
    assert pairs(check(dataset), "same_photo") == {("a", "d-edited")}


@pytest.mark.real
@pytest.mark.slow
def test_other_publishers_copies_of_real_pictures_are_found_and_nothing_else(
    shared: Path, dataset_of_files: Maker
) -> None:
    images = shared / "data" / "images"
    copied = sorted((images / "isic2017_copies").glob("*.jpg"))[:20]
    files = {f"copy-{path.stem}": path.read_bytes() for path in copied}
    files |= {f"own-{path.stem}": (images / "uda1" / path.name).read_bytes() for path in copied}
    found = check(dataset_of_files(files))
    marked = pairs(found, "same_photo") | pairs(found, "same_lesion") | pairs(found, "exact")
    assert marked == {(f"copy-{path.stem}", f"own-{path.stem}") for path in copied}
