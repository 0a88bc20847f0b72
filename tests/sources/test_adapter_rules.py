"""What is special to one adapter: keys, labels of several tables, what counts as not known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import sources
from schemas import derived, vocabulary
from schemas.errors import DataFault, Fault, Unavailable
from sources.source import Options, Row

Read = Callable[[str], dict[str, dict[str, object]]]


def rows_in(name: str, folder: Path) -> list[Row | Fault]:
    return list(sources.load(name).rows(Options(location=str(folder), metadata_only=True)))


def substitute(file: Path, old: str, new: str) -> None:
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
    substitute(folder / "ISIC_2019_Training_GroundTruth.csv", old, new)
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
    substitute(folder / "dataset" / "scin_labels.csv", "{'Eczema': 0.5, 'Folliculitis': 0.5}", "print('ran')")
    faults = [each for each in rows_in("scin", folder) if isinstance(each, Fault)]
    assert [fault.rule for fault in faults] == ["V20"]


# --- all -------------------------------------------------------------------------------------------------------------


def test_every_mapped_diagnosis_is_a_node_and_its_malignancy_is_that_of_the_tree() -> None:
    for row in vocabulary.read("map_diagnosis"):
        label = vocabulary.label(row["source"], row["field"], row["raw_value"])
        assert all(vocabulary.diagnosis(path) for path in (label.path, *label.candidates) if path), row
        if row["kind"] != "none":
            assert label.malignancy == row["malignancy"], row


# --- derm7pt ---------------------------------------------------------------------------------------------------------


def test_both_pictures_of_a_case_are_one_lesion_of_two_types(read: Read) -> None:
    found = read("derm7pt")
    assert {found[name]["lesion_id"] for name in ("1/derm", "1/clinic")} == {"derm7pt:case_1"}
    assert [found[name]["image_type"] for name in ("1/derm", "1/clinic")] == ["dermoscopic", "clinical: close-up"]


def test_index_files_count_rows_of_the_table_from_zero(read: Read) -> None:
    found = read("derm7pt")
    assert [found[f"{case}/derm"]["source_split"] for case in (1, 2, 3)] == ["train", "test", "val"]


def test_a_name_of_a_melanoma_gives_its_interval_of_thickness(read: Read) -> None:
    fields = read("derm7pt")["1/derm"]
    assert (fields["breslow_low"], fields["breslow_high"], fields["malignancy"]) == (0.76, 1.5, "malignant")


def test_melanosis_is_benign_and_miscellaneous_is_unknown(read: Read) -> None:
    found = read("derm7pt")
    assert [found[name]["malignancy"] for name in ("2/derm", "3/derm")] == ["benign", "unknown"]


def test_equal_names_in_two_folders_are_two_pictures_whatever_the_case(fake: Callable[[str], Path]) -> None:
    rows = sources.load("derm7pt").rows(Options(location=str(fake("derm7pt"))))
    images = {str(row.fields["source_image_id"]): row.image for row in rows if isinstance(row, Row)}
    names = {name: image.name for name, image in images.items() if image is not None}
    assert names["1/clinic"].endswith("NEL/nel025.jpg")
    assert names["2/clinic"] == names["3/clinic"] == "release_v0/images/ACL/Nel025.jpg"


def test_notes_on_a_patient_do_not_enter(fake: Callable[[str], Path]) -> None:
    rows = [each for each in rows_in("derm7pt", fake("derm7pt")) if isinstance(each, Row)]
    assert not [row for row in rows if "notes" in row.raw]


# --- ISIC Archive exports --------------------------------------------------------------------------------------------


def archive_rows(folder: Path, text: str, name: str = "metadata.csv") -> list[Row | Fault]:
    (folder / name).write_text(text, encoding="utf-8")
    return rows_in("isic_csv", folder)


def archive_fields(folder: Path, text: str, name: str = "metadata.csv") -> dict[str, object]:
    [row] = archive_rows(folder, text, name)
    assert isinstance(row, Row), str(row)
    return {**row.fields, **derived.derive(row.fields)}


def test_a_path_in_columns_is_read_down_to_the_deepest_that_is_filled(read: Read) -> None:
    found = read("isic_csv")
    assert found["ISIC_0000000"]["diagnosis_path"] == "Benign:Benign melanocytic proliferations:Nevus"
    assert (found["ISIC_0000002"]["diagnosis_path"], found["ISIC_0000002"]["diagnosis_kind"]) == ("Benign", "top")
    assert found["ISIC_0000000"]["site_path"] == "Trunk:Anterior trunk"


def test_each_row_of_the_archive_has_its_own_licence_and_attribution(read: Read) -> None:
    found = read("isic_csv")
    assert [found[f"ISIC_000000{at}"]["licence"] for at in range(3)] == ["CC0-1.0", "CC-BY-NC-4.0", "CC-BY-4.0"]
    assert found["ISIC_0000001"]["attribution"] == 'Hospital, "A"'


def test_eighty_five_in_the_archive_means_that_or_older(read: Read) -> None:
    fields = read("isic_csv")["ISIC_0000002"]
    assert (fields["age_low"], fields["age_high"]) == (83, None)


@pytest.mark.parametrize(
    ("columns", "cells", "leaf"),
    [
        ("diagnosis,mel_class,mel_type", "melanoma,melanoma in situ,lentigo maligna melanoma", "Lentigo maligna type"),
        ("diagnosis,mel_class,mel_type", "melanoma,invasive melanoma,melanoma NOS", "Melanoma Invasive"),
        ("diagnosis,mel_type", "melanoma,nodular melanoma", "Melanoma Invasive, Nodular"),
        ("diagnosis,nevus_type", "nevus,blue", "Blue nevus"),
        ("diagnosis,nevus_type", "solar lentigo,blue", "Solar lentigo"),
        ("diagnosis,benign_malignant", ",indeterminate/benign", "Indeterminate"),
        ("diagnosis_1,diagnosis_2", "Malignant,", "Malignant"),
    ],
)
def test_the_finest_column_that_agrees_with_the_coarse_one_is_the_label(
    columns: str, cells: str, leaf: str, tmp_path: Path
) -> None:
    fields = archive_fields(tmp_path, f"isic_id,{columns}\nISIC_0000000,{cells}\n")
    assert str(fields["diagnosis_path"]).rsplit(":", 1)[-1].endswith(leaf)


def test_a_word_that_no_era_knows_is_unmapped(tmp_path: Path) -> None:
    [row] = archive_rows(tmp_path, "isic_id,diagnosis,image_type\nISIC_0000000,wart,hologram\n")
    assert isinstance(row, Row)
    assert row.unmapped == {"diagnosis_path": "wart", "image_type": "hologram"}


def test_a_tab_before_a_formula_is_cut_off(tmp_path: Path) -> None:
    assert archive_fields(tmp_path, "isic_id,attribution\nISIC_0000000,\t=A\n")["attribution"] == "=A"


def test_a_patient_that_is_the_picture_is_a_placeholder_and_said_so(tmp_path: Path) -> None:
    row, note = archive_rows(tmp_path, "isic_id,patient_id\nISIC_0000000,ISIC_0000000\n")
    assert isinstance(row, Row)
    assert row.fields["patient_id"] is None
    assert isinstance(note, Fault)
    assert (note.rule, note.severity) == ("P16", "note")


RECORD = (
    '{"_id": "1", "name": "ISIC_0000002", "created": "2014-10-09", "creator": {"name": "User 6VSN"}, '
    '"dataset": {"license": "CC-0", "name": "UDA-1"}, "meta": {"acquisition": {"image_type": "dermoscopic"}, '
    '"clinical": {"age_approx": 60, "benign_malignant": "malignant", "diagnosis": "melanoma", "melanocytic": true, '
    '"sex": null}, "unstructured": {"patient_id": "17"}}, "notes": {"tags": ["ISBI 2016: Training", "ISBI 2017"]}}'
)


@pytest.mark.parametrize("text", [RECORD, f"[{RECORD}]"])
def test_a_record_of_api_v1_is_read_without_people_and_dates(text: str, tmp_path: Path) -> None:
    [row] = archive_rows(tmp_path, text, "ISIC_0000002.json")
    assert isinstance(row, Row)
    assert (row.fields["licence"], row.fields["attribution"], row.fields["age_years"]) == ("CC0-1.0", "UDA-1", 60)
    assert row.fields["attributes"] == {"tags": "ISBI 2016: Training; ISBI 2017"}
    assert row.fields["source_malignancy"] == "malignant"
    assert set(row.raw) & {"created", "creator.name", "meta.unstructured.patient_id"} == set()


def test_a_file_that_is_no_record_is_a_fault(tmp_path: Path) -> None:
    [fault] = archive_rows(tmp_path, "{", "ISIC_0000002.json")
    assert isinstance(fault, Fault)
    assert fault.rule == "K04"


# --- BCN20000, ISIC 2024, DDI ----------------------------------------------------------------------------------------


def test_days_become_an_order_within_a_lesion_and_do_not_enter(fake: Callable[[str], Path]) -> None:
    rows = [each for each in rows_in("bcn20000", fake("bcn20000")) if isinstance(each, Row)]
    assert [row.fields["series_order"] for row in rows] == [1, 0, None, None]
    assert not [row for row in rows if "capture_date" in row.raw]


def test_out_of_distribution_is_not_benign(read: Read) -> None:
    assert read("bcn20000")["BCN_0000000007"]["malignancy"] == "unknown"


def test_an_indeterminate_crop_is_indeterminate_though_its_target_is_zero(read: Read) -> None:
    fields = read("isic2024")["ISIC_0015864"]
    assert (fields["malignancy"], fields["source_malignancy"]) == ("indeterminate", "indeterminate")


def test_the_body_model_says_more_than_the_word_of_the_center(read: Read) -> None:
    found = read("isic2024")
    assert found["ISIC_0015670"]["site_path"] == "Trunk:Posterior trunk:Upper back"
    assert (found["ISIC_0015845"]["site_path"], found["ISIC_0015845"]["laterality"]) == ("Lower extremity", "left")


def test_crops_in_hdf5_alone_are_refused_with_a_way_out(fake: Callable[[str], Path]) -> None:
    folder = fake("isic2024")
    for file in folder.rglob("*.jpg"):
        file.unlink()
    (folder / "train-image.hdf5").write_bytes(b"\x89HDF")
    with pytest.raises(Unavailable, match=r"train-image\.hdf5.*--metadata-only"):
        list(sources.load("isic2024").rows(Options(location=str(folder))))
    assert len(rows_in("isic2024", folder)) == 3


def test_twelve_is_a_group_of_two_types(read: Read) -> None:
    found = read("ddi")
    assert (found["2"]["fitzpatrick"], found["2"]["skin_tone_group"]) == ("I-II", "light")
    assert (found["2"]["malignancy"], found["2"]["source_malignancy"]) == ("indeterminate", "benign")


# --- DermaMNIST, PH2, MED-NODE, MIDAS --------------------------------------------------------------------------------


def test_dermamnist_knows_its_lesions_through_the_list_of_ids(read: Read) -> None:
    found = read("dermamnist")
    assert found["train_0"]["lesion_id"] == found["test_0"]["lesion_id"] == "ham10000:HAM_0000550"
    assert (found["train_1"]["isic_id"], found["train_1"]["malignancy"]) == ("ISIC_0024307", "mixed")


def test_dermamnist_alone_has_neither_lesion_nor_isic_id(fake: Callable[[str], Path]) -> None:
    folder = fake("dermamnist")
    (folder / "dermamnist_split_info.csv").unlink()
    rows = [each for each in rows_in("dermamnist", folder) if isinstance(each, Row)]
    assert [row.fields.get("lesion_id") or row.fields["isic_id"] for row in rows] == [None] * 4


def test_an_archive_of_objects_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "dermamnist.npz", train_labels=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataFault, match="is no archive of DermaMNIST"):
        rows_in("dermamnist", tmp_path)


def test_histology_outweighs_the_clinical_word(read: Read) -> None:
    found = read("ph2")
    assert str(found["IMD009"]["diagnosis_path"]).endswith("Lentigo maligna type")
    assert [found[name]["confirm_type"] for name in ("IMD003", "IMD009")] == [None, "histopathology"]
    attributes = found["IMD009"]["attributes"]
    assert (attributes["Pigment Network"], attributes["colors"]) == ("AT", "White Dark-Brown Black")


def test_masks_of_ph2_are_no_pictures(fake: Callable[[str], Path]) -> None:
    folder = fake("ph2")
    for mask in ("IMD003_lesion/IMD003_lesion.bmp", "IMD003_roi/IMD003_R1_Label3.bmp"):
        path = folder / "PH2 Dataset images" / "IMD003" / mask
        path.parent.mkdir()
        path.write_bytes(b"BM")
    assert not [each for each in sources.load("ph2").rows(Options(location=str(folder))) if isinstance(each, Fault)]


def test_the_folder_of_a_picture_is_its_label(read: Read) -> None:
    said = {name: fields["source_malignancy"] for name, fields in read("mednode").items()}
    assert said == {"1697738": "malignant", "19085": "benign", "19086": "benign"}


def test_pictures_of_one_lesion_from_two_distances_share_a_derived_lesion(read: Read) -> None:
    found = read("midas")
    close, scope, control = (found[f"s-prd-39896640{at}"] for at in (7, 8, 9))
    assert close["lesion_id"] == scope["lesion_id"] != control["lesion_id"]
    assert str(close["lesion_id"]).startswith("midas:1/derived-")
    assert [each["image_type"] for each in (close, scope, control)] == [
        "clinical: close-up",
        "dermoscopic",
        "clinical: overview",
    ]


def test_a_control_has_no_label_whatever_midas_melanoma_says(read: Read) -> None:
    control = read("midas")["s-prd-398966409"]
    assert (control["diagnosis_kind"], control["malignancy"], control["confirm_type"]) == ("none", "unknown", None)


def test_unknown_words_of_pathology_keep_their_first_level_and_are_counted(
    fake: Callable[[str], Path], change: Callable[[Path, Callable[[str], str]], None]
) -> None:
    folder = fake("midas")
    change(folder / "release_midas.xlsx", lambda text: text.replace("malignant- sccis", "malignant- other"))
    row = next(each for each in rows_in("midas", folder) if isinstance(each, Row))
    assert (row.fields["diagnosis_path"], row.fields["diagnosis_kind"]) == ("Malignant", "top")
    assert row.unmapped == {"diagnosis_path": "malignant- other"}
