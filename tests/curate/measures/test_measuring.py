"""Measures are computed once for the same pixels and stored as the contract has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
import pytest

from curate.dataset import Dataset, load_dataset
from curate.measures.embeddings import Embedder, resolve
from curate.measures.keypoints import feature_folder, load_features
from curate.measures.measure import Image, Measure, Reading
from curate.measures.measuring import Plan, measure_dataset

Maker = Callable[..., Dataset]


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("DERMACURATE_CACHE", str(tmp_path_factory.mktemp("cache")))


def picture(seed: int, *, side: int = 64) -> bytes:
    """A noisy picture as a lossless file."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side + 16, 3), dtype=np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


def brightness(image: Image) -> Mapping[str, Reading]:
    if image.shape[0] < 50:
        return {"brightness": Reading(None, "declined", "too small")}
    return {"brightness": Reading(float(image.mean()))}


BRIGHTNESS = Measure("brightness", "1", {"brightness": ""}, brightness)


def test_equal_pixels_are_measured_once_and_each_row_gets_its_value(dataset_of_files: Maker) -> None:
    dataset = dataset_of_files({"a": picture(1), "b": picture(1), "c": picture(2)})
    measured = measure_dataset(dataset, None, Plan((BRIGHTNESS,)))
    values = dict(zip(measured.measures["sample_id"].to_pylist(), measured.measures["value"].to_pylist(), strict=True))
    assert measured.computed == 2
    assert values["clinic:a"] == values["clinic:b"] == pytest.approx(dataset.image("clinic:a").mean())
    assert values["clinic:c"] == pytest.approx(dataset.image("clinic:c").mean())


def test_a_second_run_computes_nothing_and_makes_no_version(dataset_of_files: Maker) -> None:
    dataset = dataset_of_files({"a": picture(1), "b": picture(2)})
    plan = Plan((BRIGHTNESS,), resolve("classical"), keypoints=True)
    for expected in (2, 0):
        with dataset.writer("check", {}) as writer:
            measured = measure_dataset(dataset, writer, plan)
            version = writer.commit("measured")
        assert measured.computed == expected
        assert version == 2
    assert load_dataset(dataset.root).embeddings("classical").num_rows == 2


def test_a_new_version_of_a_method_takes_the_place_of_the_old_values(dataset_of_files: Maker) -> None:
    dataset = dataset_of_files({"a": picture(1)})
    for version in ("1", "2"):
        with dataset.writer("check", {}) as writer:
            measure_dataset(dataset, writer, Plan((Measure("brightness", version, {"brightness": ""}, brightness),)))
            writer.commit("measured")
    assert dataset.read("measures")["method_version"].to_pylist() == ["2"]


def test_a_refused_value_keeps_its_reason(dataset_of_files: Maker) -> None:
    dataset = dataset_of_files({"small": picture(1, side=40)})
    row = measure_dataset(dataset, None, Plan((BRIGHTNESS,))).measures.to_pylist()[0]
    assert (row["value"], row["status"], row["detail"]) == (None, "declined", "too small")


def test_a_picture_that_cannot_be_read_is_a_failed_row_and_stops_nothing(dataset_of_files: Maker) -> None:
    dataset = dataset_of_files({"a": picture(1), "b": picture(2)})
    row = next(r for r in dataset.read("samples").to_pylist() if r["sample_id"] == "clinic:a")
    dataset.image_file(row["stored_sha256"], row["format"]).write_bytes(b"no picture")
    measured = measure_dataset(dataset, None, Plan((BRIGHTNESS,)))
    status = dict(zip(measured.measures["sample_id"].to_pylist(), measured.measures["status"].to_pylist(), strict=True))
    assert status == {"clinic:a": "failed", "clinic:b": "ok"}
    assert [fault.sample_ids for fault in measured.faults] == [("clinic:a",)]


def test_rows_without_a_picture_are_left_out_and_counted(
    dataset_of: Callable[..., Dataset], row: Callable[..., dict[str, object]]
) -> None:
    measured = measure_dataset(dataset_of([row("a"), row("b")]), None, Plan((BRIGHTNESS,)))
    assert (measured.measures.num_rows, measured.skipped) == (0, 2)


def test_published_values_stay(dataset_of_files: Maker) -> None:
    from schemas.tables import from_rows

    dataset = dataset_of_files({"a": picture(1)})
    published = {
        "sample_id": "clinic:a",
        "measure": "source.MONET_hair",
        "value": 0.25,
        "status": "ok",
        "method": "source",
        "method_version": "1",
        "run_id": "run-0",
    }
    with dataset.writer("ingest", {}) as writer:
        writer.append("measures", from_rows("measures", [published]))
        writer.commit("published values")
    measured = measure_dataset(dataset, None, Plan((BRIGHTNESS,)))
    assert set(measured.measures["measure"].to_pylist()) == {"brightness", "source.MONET_hair"}


def test_two_workers_find_what_one_finds(dataset_of_files: Maker) -> None:
    dataset = dataset_of_files({f"p{i}": picture(i) for i in range(70)})
    plan = Plan((BRIGHTNESS,), resolve("classical"))
    one, two = (measure_dataset(dataset, None, plan, workers=workers) for workers in (1, 2))
    assert one.measures == two.measures
    assert one.embeddings == two.embeddings


def test_features_come_back_from_the_cache_as_they_were(dataset_of_files: Maker) -> None:
    from curate.matching.features import extract

    dataset = dataset_of_files({"a": picture(3)})
    measure_dataset(dataset, None, Plan(keypoints=True))
    expected = extract(dataset.image("clinic:a"))
    found = load_features(feature_folder(), str(dataset.samples()["pixel_sha256"].iloc[0]))
    for name in ("points", "sizes", "angles", "descriptors", "thumbnail"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert found.frame == expected.frame


def test_an_embedder_of_other_weights_is_computed_anew(dataset_of_files: Maker) -> None:
    dataset = dataset_of_files({"a": picture(1)})
    first = resolve("classical")
    with dataset.writer("check", {}) as writer:
        measure_dataset(dataset, writer, Plan(embedder=first))
        writer.commit("measured")
    again = measure_dataset(dataset, None, Plan(embedder=Embedder("classical", "0" * 64, first.of)))
    assert again.computed == 1
    assert again.embeddings["model_sha256"].to_pylist() == ["0" * 64]
