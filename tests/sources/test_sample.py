"""The sample: equal bytes, ids with the seed, tables read as real ones are, a truth that the pictures bear out."""

from __future__ import annotations

import hashlib
import itertools
import pickle
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt
import pytest

import sources
from schemas import vocabulary
from sources.sample.clinics import table_north, table_volga
from sources.sample.facts import facts
from sources.sample.photograph import draw, picture_bytes
from sources.sample.planted import Picture, TruthRow, pictures, seed_of, truth_rows
from sources.sample.population import KINDS
from sources.source import Options, Row

Image = npt.NDArray[np.uint8]
PATHS = {kind.name: kind.path for kind in KINDS}


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    found = [row for row in sources.load("sample").rows(Options()) if isinstance(row, Row)]
    assert len(found) == len(pictures(0))
    return found


@pytest.fixture(scope="module")
def by_id() -> dict[str, Picture]:
    return {picture.image_id: picture for picture in pictures(0)}


@pytest.fixture(scope="module")
def planted() -> dict[str, list[TruthRow]]:
    found: dict[str, list[TruthRow]] = defaultdict(list)
    for row in truth_rows(frozenset(picture.image_id for picture in pictures(0))):
        found[row.kind].append(row)
    return found


def decode(data: bytes) -> Image:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def of_pair(row: TruthRow, by_id: Mapping[str, Picture]) -> tuple[Picture, Picture]:
    one, other = sorted(row.ids)
    return by_id[one], by_id[other]


# --- the same for the same seed --------------------------------------------------------------------------------------


def test_another_process_draws_the_same_bytes(rows: list[Row]) -> None:
    shown = [row for row in rows if row.image is not None][:4]
    program = (
        "import hashlib, sources; from sources.source import Options\n"
        "for row, _ in zip(sources.load('sample').rows(Options()), range(4)):\n"
        "    print(hashlib.sha256(row.image.open()).hexdigest())"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert said == [hashlib.sha256(row.image.open()).hexdigest() for row in shown if row.image is not None]


def test_a_picture_can_be_drawn_by_a_worker(rows: list[Row]) -> None:
    image = rows[7].image
    assert image is not None
    assert pickle.loads(pickle.dumps(image.open))() == image.open()


def test_another_seed_adds_rows_and_replaces_none() -> None:
    here, there = pictures(0), pictures(11)
    assert {picture.image_id for picture in here}.isdisjoint(picture.image_id for picture in there)
    assert {seed_of(picture.image_id) for picture in there} == {11}
    assert {picture.patient_id for picture in here}.isdisjoint(picture.patient_id for picture in there)
    assert picture_bytes(here[0]) != picture_bytes(there[0])


def test_an_id_of_another_source_is_refused() -> None:
    with pytest.raises(ValueError, match="no image id of the sample"):
        seed_of("ISIC_0024306")


# --- who is in it ----------------------------------------------------------------------------------------------------


def test_the_mixture_is_skewed_as_in_practice(by_id: Mapping[str, Picture]) -> None:
    everything = list(by_id.values())
    people = {picture.lesion.patient.number: picture.lesion.patient for picture in everything}
    dark = sum(patient.tone in {"V", "VI"} for patient in people.values()) / len(people)
    children = sum(patient.age_years < 16 for patient in people.values()) / len(people)
    malignant = sum(picture.lesion.malignant for picture in everything) / len(everything)
    melanoma = sum(picture.lesion.kind.startswith("melanoma") for picture in everything) / len(everything)
    assert 580 <= len(everything) <= 640
    assert len(people) == 350
    assert 0.12 < malignant < 0.22
    assert 0.05 < melanoma < 0.12
    assert 0.03 < dark < 0.13
    assert 0.01 < children < 0.07
    assert {patient.tone for patient in people.values()} == {"I", "II", "III", "IV", "V", "VI"}


def test_every_kind_and_site_is_a_node_of_its_tree(by_id: Mapping[str, Picture]) -> None:
    assert all(vocabulary.diagnosis(kind.path) is not None for kind in KINDS)
    assert all(vocabulary.site_group(picture.lesion.site) is not None for picture in by_id.values())


# --- the two tables --------------------------------------------------------------------------------------------------


def test_the_russian_table_is_one(rows: list[Row]) -> None:
    data = table_volga(0)
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")
    lines = data.decode("cp1251").split("\r\n")
    assert "СИНТЕТИЧЕСКИЕ" in lines[0]
    assert lines[3].startswith("№ п/п;Снимок;Код пациента")
    assert lines[-2].startswith("Итого;")
    assert any(re.search(r";\d+,\d;", line) for line in lines[4:])
    assert table_north(0).decode("utf-8").startswith("image,patient_id,")
    assert Counter(row.place.file for row in rows)["volga.csv"] == len(lines) - 6


def test_what_is_read_back_is_what_was_drawn(rows: list[Row], by_id: Mapping[str, Picture]) -> None:
    for row in rows:
        picture = by_id[str(row.fields["source_image_id"])]
        lesion = picture.lesion
        assert row.fields.get("sex", lesion.patient.sex) == lesion.patient.sex
        assert row.fields.get("age_years", lesion.patient.age_years) == lesion.patient.age_years
        assert row.fields.get("site_path", lesion.site) == lesion.site
        assert row.fields.get("laterality", lesion.side) == lesion.side
        assert row.fields["image_type"] == picture.exposure.camera.modality
        assert row.fields["source_split"] == picture.split
        assert row.fields["manipulation"] == "synthetic"
        if row.fields["diagnosis_certainty" if "diagnosis_certainty" in row.fields else "diagnosis_kind"] == "definite":
            assert row.fields.get("diagnosis_path", PATHS[picture.kind]) == PATHS[picture.kind]


def test_a_skin_type_that_was_read_holds_the_true_one(rows: list[Row], by_id: Mapping[str, Picture]) -> None:
    tones = [
        (row.fields["skin_tones"], by_id[str(row.fields["source_image_id"])])
        for row in rows
        if "skin_tones" in row.fields
    ]
    assert len(tones) > 400
    for recorded, picture in tones:
        assert isinstance(recorded, list)
        value = recorded[0]["value"]
        assert value in vocabulary.codes("fitzpatrick")
        assert picture.lesion.patient.tone in value.split("-")


def test_doubt_and_unmapped_values_of_the_russian_clinic_come_through(rows: list[Row]) -> None:
    certainties = Counter(str(row.fields.get("diagnosis_certainty")) for row in rows if row.place.file == "volga.csv")
    assert certainties["suspected"] >= 3
    assert certainties["differential"] >= 1
    unmapped = {column for row in rows for column in row.unmapped}
    assert {"site_path", "skin_tones", "diagnosis_path"} <= unmapped
    assert all(row.fields.get("diagnosis_path") is None for row in rows if "diagnosis_path" in row.unmapped)


def test_no_full_date_enters_a_row(rows: list[Row]) -> None:
    assert not any(re.search(r"\d{2}\.\d{2}\.\d{4}", cell) for row in rows for cell in row.raw.values())
    assert all("acquisition_year" in row.fields for row in rows if row.place.file == "volga.csv")


# --- the truth -------------------------------------------------------------------------------------------------------


def test_the_truth_of_a_part_is_the_part_of_the_truth(planted: Mapping[str, list[TruthRow]]) -> None:
    truth = sources.load("sample").truth
    assert truth is not None
    half = frozenset(picture.image_id for picture in pictures(0)[:300])
    kept = {row.ids for row in planted["same_lesion"] if row.ids <= half}
    assert truth(half)["same_lesion"] == kept
    assert truth(frozenset()) == {}


def test_byte_copies_have_equal_bytes(planted: Mapping[str, list[TruthRow]], by_id: Mapping[str, Picture]) -> None:
    assert len(planted["exact"]) >= 8
    for row in planted["exact"][:4]:
        one, other = of_pair(row, by_id)
        assert picture_bytes(one) == picture_bytes(other)


def test_altered_copies_show_the_same_picture_in_other_bytes(
    planted: Mapping[str, list[TruthRow]], by_id: Mapping[str, Picture]
) -> None:
    """Undo the alteration by hand and compare gray levels with the original."""
    undo = {"mirrored": lambda image: cv2.flip(image, 1), "upended": lambda image: cv2.flip(image, 0)}
    seen = set()
    for row in planted["same_photo"]:
        one, other = of_pair(row, by_id)
        edits = {one.edit, other.edit} - {"", "same"}
        if len(edits) > 1 or edits <= seen or "cropped" in edits:
            continue
        seen |= edits
        first, second = (one, other) if one.edit in {"", "same"} else (other, one)
        original, copy = decode(picture_bytes(first)), decode(picture_bytes(second))
        restored = cv2.resize(
            undo.get(second.edit, lambda image: image)(copy), original.shape[1::-1], interpolation=cv2.INTER_AREA
        )
        likeness = np.corrcoef(original.ravel(), restored.ravel())[0, 1]
        assert picture_bytes(first) != picture_bytes(second)
        assert likeness > 0.98, second.edit
    assert seen == {"resaved", "resized", "mirrored", "upended"}


def inliers(one: Image, other: Image) -> int:
    """Count skin points that one similarity carries from picture to picture; OpenCV's own features and search."""
    found = []
    for image in (one, other):
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        found.append(cv2.SIFT.create(300, 3, 0.008, 20).detectAndCompute(gray, np.full(gray.shape, 255, np.uint8)))
    pairs = cv2.BFMatcher(cv2.NORM_L2, crossCheck=True).match(found[0][1], found[1][1])
    if len(pairs) < 4:
        return 0
    start = np.array([found[0][0][pair.queryIdx].pt for pair in pairs])
    end = np.array([found[1][0][pair.trainIdx].pt for pair in pairs])
    _, kept = cv2.estimateAffinePartial2D(start, end, ransacReprojThreshold=6.0)
    return int(kept.sum()) if kept is not None else 0


def test_a_second_photo_shows_the_same_skin_and_another_lesion_does_not(
    planted: Mapping[str, list[TruthRow]], by_id: Mapping[str, Picture]
) -> None:
    plain = [row for row in planted["same_lesion"] if not any(by_id[each].edit for each in row.ids)]
    of_each = {by_id[min(row.ids)].lesion.number: row for row in plain}
    chosen = list(of_each.values())[:8]
    images = [tuple(decode(picture_bytes(picture)) for picture in of_pair(row, by_id)) for row in chosen]
    same = [inliers(one, other) for one, other in images]
    different = [inliers(images[index][0], images[index - 1][1]) for index in range(len(images))]
    assert np.median(same) > 3 * max(different)
    assert sum(count > max(different) for count in same) >= 7


def test_one_person_under_two_ids_is_joined_by_a_pair_of_pictures(
    planted: Mapping[str, list[TruthRow]], by_id: Mapping[str, Picture]
) -> None:
    pairs = {row.ids for kind in ("exact", "same_photo", "same_lesion") for row in planted[kind]}
    assert len(planted["same_patient"]) >= 10
    for row in planted["same_patient"]:
        joined = [pair for pair in itertools.combinations(sorted(row.ids), 2) if frozenset(pair) in pairs]
        assert any(by_id[one].patient_id != by_id[other].patient_id for one, other in joined)


def test_the_published_split_leaks_where_the_truth_says_and_nowhere_else(
    planted: Mapping[str, list[TruthRow]], by_id: Mapping[str, Picture]
) -> None:
    leaking = set().union(*(row.ids for row in planted["leak"]))
    parts: dict[int, set[str]] = defaultdict(set)
    for picture in by_id.values():
        parts[picture.lesion.patient.number].add(picture.split)
    assert leaking == {picture.image_id for picture in by_id.values() if len(parts[picture.lesion.patient.number]) > 1}
    assert 0.02 < len(planted["leak"]) / len(parts) < 0.3


def test_about_four_percent_of_the_labels_are_wrong(
    planted: Mapping[str, list[TruthRow]], rows: list[Row], by_id: Mapping[str, Picture]
) -> None:
    wrong = {next(iter(row.ids)) for row in planted["label_error"]}
    assert len(wrong) / len(by_id) == pytest.approx(0.04, abs=0.005)
    recorded = {str(row.fields["source_image_id"]): row.fields.get("diagnosis_path") for row in rows}
    for image_id in wrong:
        said = recorded[image_id]
        assert said != by_id[image_id].lesion.path


def test_a_ruler_goes_with_melanoma_in_one_clinic_only(by_id: Mapping[str, Picture]) -> None:
    def share(clinic: str, *, melanoma: bool) -> float:
        rulers = [
            picture.setup.ruler
            for picture in by_id.values()
            if picture.lesion.patient.clinic == clinic and picture.lesion.kind.startswith("melanoma") is melanoma
        ]
        return sum(rulers) / len(rulers)

    assert share("volga", melanoma=True) > 0.6
    assert share("volga", melanoma=False) < 0.12
    assert abs(share("north", melanoma=True) - share("north", melanoma=False)) < 0.15


# --- the pictures ----------------------------------------------------------------------------------------------------


def test_pictures_are_large_enough_and_differ_in_size(rows: list[Row]) -> None:
    shapes = Counter(decode(row.image.open()).shape for row in rows[::80] if row.image is not None)
    assert all(max(shape[:2]) >= 256 for shape in shapes)
    assert len(shapes) >= 2


def test_the_color_of_bare_skin_follows_the_tone_and_agrees_with_another_library() -> None:
    found = facts(0)
    medians = [
        np.median([fact.ita_degrees for fact in found if fact.tone == tone])
        for tone in ("I", "II", "III", "IV", "V", "VI")
    ]
    assert medians == sorted(medians, reverse=True)
    assert medians[0] > 45
    assert medians[-1] < -20
    for fact in found[:40]:
        lightness, red, yellow = fact.skin_lab
        rgb = cv2.cvtColor(np.array([[fact.skin_lab]], np.float32), cv2.COLOR_LAB2RGB)
        assert cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[0, 0] == pytest.approx((lightness, red, yellow), abs=0.35)


def test_the_skin_of_a_clean_picture_has_the_color_that_the_facts_say(by_id: Mapping[str, Picture]) -> None:
    clean = [
        fact
        for fact in facts(0)
        if fact.dermoscopic and not (fact.edit or fact.hairs or fact.bubbles or fact.ruler or fact.vignette)
    ]
    errors = []
    for fact in clean[:6]:
        image = draw(by_id[fact.image_id].exposure)
        lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        border = np.concatenate([lab[:20].reshape(-1, 3), lab[-20:].reshape(-1, 3)])
        errors.append(np.abs(np.median(border, axis=0) - fact.shown_lab))
    assert np.median(errors, axis=0) == pytest.approx((0, 0, 0), abs=6)


def test_a_melanoma_is_darker_than_the_skin_around_it(by_id: Mapping[str, Picture]) -> None:
    shown = [
        picture for picture in by_id.values() if picture.lesion.kind == "melanoma_superficial" and not picture.edit
    ][:5]
    for picture in shown:
        gray = cv2.cvtColor(draw(picture.exposure), cv2.COLOR_RGB2GRAY)
        height, width = gray.shape
        middle = gray[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3]
        assert np.percentile(middle, 10) < np.median(gray) - 15


@pytest.mark.slow
def test_color_and_texture_tell_malignant_lesions_apart_but_not_perfectly(by_id: Mapping[str, Picture]) -> None:
    """A linear probe on a handful of colors: far above chance, far below 1, on people that it has not seen."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    shown = [picture for picture in by_id.values() if picture.exposure.number == 0 and not picture.edit]

    def features(picture: Picture) -> list[float]:
        small = cv2.resize(draw(picture.exposure), (96, 96), interpolation=cv2.INTER_AREA)
        lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).reshape(-1, 3)
        return [*lab.mean(0), *lab.std(0), *np.percentile(lab, [2, 10, 90, 98], axis=0).ravel()]

    x = np.array([features(picture) for picture in shown])
    y = np.array([picture.lesion.malignant for picture in shown])
    people = [picture.lesion.patient.number for picture in shown]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000))
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    scored = cross_val_predict(model, x, y, groups=people, cv=folds, method="predict_proba")[:, 1]
    assert 0.65 < roc_auc_score(y, scored) < 0.97
