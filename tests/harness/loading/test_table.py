"""What a model is given: images and nothing that tells their labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from harness.loading.pixels import decoded
from harness.loading.table import PackedTable, patient_codes, table_frame
from harness.protocol import LabelsHidden

SALT = "ab" * 32
N = 12


def picture(name: str) -> npt.NDArray[np.uint8]:
    return np.full((20 + int(name), 30, 3), 10 * int(name), dtype=np.uint8)


def frame(tmp_path: Path, *, labels: bool = True) -> pd.DataFrame:
    places = decoded({f"sha{number}": str(number) for number in range(N)}, picture, shorter_px=20, folder=tmp_path)
    rows = pd.DataFrame(
        {
            "sample_id": [f"clinic:mel_{number}" for number in range(N)],
            "stored_sha256": [f"sha{number}" for number in range(N)],
            "group": [number // 2 for number in range(N)],
            "y_true": [number % 2 for number in range(N)],
        }
    )
    metadata = pd.DataFrame({"age": np.arange(N) + 30.0})
    return table_frame(rows, places, metadata, salt=SALT, labels=labels)


def test_images_come_in_order_and_are_the_models_own(tmp_path: Path) -> None:
    table = PackedTable(frame(tmp_path))
    image = table[3]
    assert image.shape == (20, 26, 3)
    assert image.flags["C_CONTIGUOUS"]
    assert (image == 30).all()
    image[:] = 0
    assert (table[3] == 30).all()


def test_batches_cover_the_table_once(tmp_path: Path) -> None:
    table = PackedTable(frame(tmp_path))
    values = [int(image[0, 0, 0]) for batch in table.batches(5) for image in batch]
    assert values == [10 * number for number in range(N)]
    assert [len(batch) for batch in table.batches(2, [7, 1, 4])] == [2, 1]
    assert {min(image.shape[:2]) for batch in table.batches(5, size_px=8) for image in batch} == {8}


def test_labels_of_images_to_be_predicted_are_hidden(tmp_path: Path) -> None:
    known = PackedTable(frame(tmp_path))
    assert known.labels.tolist() == [number % 2 for number in range(N)]
    for table in (known.hidden(), PackedTable(frame(tmp_path, labels=False))):
        with pytest.raises(LabelsHidden):
            _ = table.labels


def test_the_file_of_a_table_holds_no_public_id(tmp_path: Path) -> None:
    held = frame(tmp_path, labels=False)
    held.to_parquet(tmp_path / "table.parquet")
    assert b"mel_" not in (tmp_path / "table.parquet").read_bytes()
    assert list(held) == ["id", "group", "pack", "offset", "height", "width", "metadata.age"]


def test_ids_and_patient_codes_differ_between_runs_and_agree_within_one(tmp_path: Path) -> None:
    patients = pd.Series([f"clinic:{number // 2}" for number in range(40)], dtype="str")
    one, again, other = (patient_codes(patients, salt) for salt in (SALT, SALT, "cd" * 32))
    assert one.tolist() == again.tolist()
    assert one.tolist() != other.tolist()
    assert (one[::2] == one[1::2]).all()
    assert len(set(one)) == 20
    assert len(set(PackedTable(frame(tmp_path)).ids)) == N


def test_the_torch_dataset_gives_the_same_pixels_and_labels(tmp_path: Path) -> None:
    table = PackedTable(frame(tmp_path))
    image, label = table.torch_dataset()[5]  # type: ignore[misc]
    np.testing.assert_array_equal(image.permute(1, 2, 0).numpy(), table[5])
    assert label == 1
    assert table.hidden().torch_dataset(transform=lambda array: array.mean())[5] == pytest.approx(50)


def test_metadata_holds_the_allowed_columns_only(tmp_path: Path) -> None:
    assert list(PackedTable(frame(tmp_path)).metadata) == ["age"]
