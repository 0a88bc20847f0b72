"""What is special to one adapter: keys, labels of several tables, what counts as not known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import sources
from schemas import derived, vocabulary
from schemas.errors import Fault
from sources.source import Options, Row

Read = Callable[[str], dict[str, dict[str, object]]]


def rows_in(name: str, folder: Path) -> list[Row | Fault]:
    return list(sources.load(name).rows(Options(location=str(folder), metadata_only=True)))


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def read(fake: Callable[[str], Path]) -> Read:
    """Reads a fake; fields, derived ones included, by image id."""

    def found(name: str) -> dict[str, dict[str, object]]:
        rows = [each for each in rows_in(name, fake(name)) if isinstance(each, Row)]
        return {str(row.fields["source_image_id"]): {**row.fields, **derived.derive(row.fields)} for row in rows}

    return found


# --- ISIC 2019 -------------------------------------------------------------------------------------------------------


def test_a_lesion_of_isic_2019_keeps_the_issuer_of_the_collection_it_comes_from(read: Read) -> None:
    lesions = {name: fields["lesion_id"] for name, fields in read("isic2019").items()}
    assert lesions == {
        "ISIC_0000000": None,
        "ISIC_0000040_downsampled": "msk:MSK4_0012066",
        "ISIC_0024306": "ham10000:HAM_0000550",
        "ISIC_0053453": "bcn20000:BCN_0000001",
        "ISIC_0034321": None,
    }


def test_a_downsampled_copy_is_linked_to_its_original_by_isic_id(read: Read) -> None:
    assert read("isic2019")["ISIC_0000040_downsampled"]["isic_id"] == "ISIC_0000040"


def test_an_age_of_zero_is_an_age_and_an_empty_one_is_none(read: Read) -> None:
    found = read("isic2019")
    assert found["ISIC_0000040_downsampled"]["age_years"] == 0
    assert found["ISIC_0053453"].get("age_years") is None


def test_the_test_set_of_isic_2019_has_no_label_and_its_own_split(read: Read) -> None:
    fields = read("isic2019")["ISIC_0034321"]
    assert (fields["source_split"], fields["diagnosis_kind"], fields["malignancy"]) == ("test", "none", "unknown")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ISIC_0000000,0.0,1.0,", "ISIC_0000000,1.0,1.0,"),
        ("ISIC_0000000,0.0,1.0,", "ISIC_0000000,0.0,0.0,"),
        ("ISIC_0000000,0.0,1.0,", "ISIC_0000000,0.5,0.5,"),
        ("ISIC_0000000,", "ISIC_0000099,"),
    ],
)
def test_a_row_without_exactly_one_class_is_a_fault(fake: Callable[[str], Path], old: str, new: str) -> None:
    folder = fake("isic2019")
    change(folder / "ISIC_2019_Training_GroundTruth.csv", old, new)
    faults = [each for each in rows_in("isic2019", folder) if isinstance(each, Fault)]
    assert [(fault.rule, fault.place.row if fault.place else None) for fault in faults] == [("V19", 2)]


# --- ISIC 2020 -------------------------------------------------------------------------------------------------------


def test_the_lesion_zero_of_isic_2020_is_not_known_and_its_patient_is(read: Read) -> None:
    fields = read("isic2020")["ISIC_3746471"]
    assert (fields["patient_id"], fields["lesion_id"]) == ("isic:IP_2842074", None)


def test_an_unknown_benign_row_is_benign_and_nothing_finer(read: Read) -> None:
    fields = read("isic2020")["ISIC_2637011"]
    assert (fields["diagnosis_path"], fields["diagnosis_kind"], fields["source_malignancy"]) == (
        "Benign",
        "top",
        "benign",
    )


def test_an_age_of_ninety_is_not_capped(read: Read) -> None:
    fields = read("isic2020")["ISIC_0079038"]
    assert (fields["age_low"], fields["age_high"]) == (88, 92)


def test_published_duplicates_name_each_other(read: Read) -> None:
    found = {name: fields["attributes"] for name, fields in read("isic2020").items() if fields["attributes"]}
    assert found == {
        "ISIC_0079038": {"published_duplicate": "ISIC_8521950"},
        "ISIC_8521950": {"published_duplicate": "ISIC_0079038"},
    }


# --- MILK10k ---------------------------------------------------------------------------------------------------------


def test_a_full_diagnosis_under_the_class_of_its_lesion_wins(read: Read) -> None:
    fields = read("milk10k")["ISIC_8149219"]
    assert str(fields["diagnosis_path"]).endswith("Bowens disease")
    assert [each["raw"] for each in fields["diagnoses"]] == [
        "Squamous cell carcinoma in situ, Bowens disease",
        "AKIEC",
    ]


def test_a_full_diagnosis_of_another_branch_does_not_outweigh_the_class(read: Read) -> None:
    fields = read("milk10k")["ISIC_0073863"]
    assert fields["diagnosis_path"] == "Malignant:Malignant melanocytic proliferations (Melanoma)"


def test_the_tone_of_milk10k_is_no_fitzpatrick_type(read: Read) -> None:
    fields = read("milk10k")["ISIC_8149219"]
    assert [each["scale"] for each in fields["skin_tones"]] == ["milk10k_0_5"]
    assert fields["fitzpatrick"] is None


def test_an_open_interval_of_thickness_has_no_upper_end(read: Read) -> None:
    fields = read("milk10k")["ISIC_0051817"]
    assert (fields["breslow_low"], fields["breslow_high"]) == (4.0, None)


# --- Fitzpatrick17k --------------------------------------------------------------------------------------------------


def test_minus_one_is_no_skin_type(read: Read) -> None:
    tones = {name[:4]: fields["skin_tones"] for name, fields in read("fitzpatrick17k").items()}
    assert [[(each["rater"], each["value"]) for each in tones[name]] for name in ("5e82", "fa29", "d2ba")] == [
        [("annotators", "III"), ("annotators_centaur", "III")],
        [("annotators_centaur", "II")],
        [("annotators", "VI")],
    ]


def test_an_actinic_keratosis_of_the_atlas_is_malignant_by_the_source_only(read: Read) -> None:
    fields = read("fitzpatrick17k")["fa2911a9b13b6f8af79cb700937cc14f"]
    assert (fields["malignancy"], fields["source_malignancy"]) == ("indeterminate", "malignant")
    assert fields["attributes"] == {"qc": "3"}


# --- SCIN ------------------------------------------------------------------------------------------------------------


def test_a_condition_with_more_than_half_of_the_weight_is_the_label(read: Read) -> None:
    fields = read("scin")["-1000600354148496558/1"]
    assert str(fields["diagnosis_path"]).endswith("Nevus")
    assert fields["diagnosis_certainty"] == "differential"
    assert [(each["raw"], each["confidence"]) for each in fields["diagnoses"]] == [
        ("Melanocytic Nevus", 4.0),
        ("Melanoma", 2.0),
    ]


def test_a_tie_is_no_label_and_keeps_both(read: Read) -> None:
    fields = read("scin")["42/1"]
    assert (fields["diagnosis_kind"], fields["malignancy"], len(fields["diagnoses"])) == ("none", "unknown", 2)


def test_a_case_that_nobody_could_judge_says_who_and_why(read: Read) -> None:
    [only] = read("scin")["9094416934450217084/1"]["diagnoses"]
    assert (only["rater"], only["gradable"]) == ("dermatologist_1", "not_gradable")


def test_two_ticked_parts_are_two_sites_and_no_single_one(read: Read) -> None:
    fields = read("scin")["9094416934450217084/1"]
    assert fields["site_path"] is None
    assert fields["sites"] == ["Upper extremity", "Lower extremity"]


def test_a_range_of_ages_has_no_point(read: Read) -> None:
    found = read("scin")
    assert [found[name].get("age_years") for name in ("-1000600354148496558/1", "42/1")] == [None, None]
    assert [(found[name]["age_low"], found[name]["age_high"]) for name in ("-1000600354148496558/1", "42/1")] == [
        (30, 39),
        (80, None),
    ]


def test_race_does_not_enter_and_the_sheet_names_its_columns(fake: Callable[[str], Path]) -> None:
    rows = [each for each in rows_in("scin", fake("scin")) if isinstance(each, Row)]
    assert not [key for row in rows for key in row.raw if "race" in key]
    assert "combined_race" in sources.load("scin").sheet.refused_columns


def test_a_cell_of_conditions_is_parsed_and_never_evaluated(fake: Callable[[str], Path]) -> None:
    folder = fake("scin")
    change(folder / "dataset" / "scin_labels.csv", "{'Eczema': 0.5, 'Folliculitis': 0.5}", "print('ran')")
    faults = [each for each in rows_in("scin", folder) if isinstance(each, Fault)]
    assert [fault.rule for fault in faults] == ["V20"]


# --- all -------------------------------------------------------------------------------------------------------------


def test_every_mapped_diagnosis_is_a_node_and_its_malignancy_is_that_of_the_tree() -> None:
    for row in vocabulary.read("map_diagnosis"):
        label = vocabulary.label(row["source"], row["field"], row["raw_value"])
        assert all(vocabulary.diagnosis(path) for path in (label.path, *label.candidates) if path), row
        if row["kind"] != "none":
            assert label.malignancy == row["malignancy"], row
