"""Every published table at hand, read whole: the counts of the publishers' pages and of the mapping that was checked.

Expected figures are those of design/sources/README.md and design/schema.md, section 12, written out by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import sources
from schemas import derived
from schemas.errors import Fault
from sources.source import Options, Row

pytestmark = pytest.mark.real


@dataclass(frozen=True)
class Truth:
    """What a table holds."""

    name: str
    files: Mapping[str, str]
    rows: int
    malignancy: Mapping[str, int]
    lesions: int = 0
    patients: int = 0
    cases: int = 0
    with_path: int = 0
    with_site: int = 0
    with_sex: int = 0
    with_age: int = 0
    with_tone: int = 0
    unmapped: Mapping[tuple[str, str], int] = field(default_factory=dict)


TRUTHS = {
    "isic2019": Truth(
        "isic2019",
        {file: file for file in ("ISIC_2019_Training_Metadata.csv", "ISIC_2019_Training_GroundTruth.csv")},
        rows=25_331,
        malignancy={"benign": 15_991, "indeterminate": 867, "malignant": 8_473},
        lesions=11_847,
        with_path=25_331,
        with_site=22_243,
        with_sex=24_947,
        with_age=24_894,
    ),
    "isic2020": Truth(
        "isic2020",
        {file: file for file in ("ISIC_2020_Training_GroundTruth_v2.csv", "ISIC_2020_Training_Duplicates.csv")},
        rows=33_126,
        malignancy={"benign": 32_541, "indeterminate": 1, "malignant": 584},
        lesions=32_700,
        patients=2_056,
        with_path=33_126,
        with_site=32_100,
        with_sex=33_061,
        with_age=33_058,
    ),
    "isic2020 as Kaggle has it, with its test set": Truth(
        "isic2020",
        {"train.csv": "ISIC_2020_kaggle_train.csv", "test.csv": "ISIC_2020_kaggle_test.csv"},
        rows=44_108,
        malignancy={"benign": 32_541, "indeterminate": 1, "malignant": 584, "unknown": 10_982},
        patients=2_746,
        with_path=33_126,
        with_site=42_597,
        with_sex=44_043,
        with_age=44_040,
    ),
}


TRUTHS |= {
    "milk10k with its test set": Truth(
        "milk10k",
        {
            file: file
            for file in (
                "MILK10k_Training_Metadata.csv",
                "MILK10k_Training_GroundTruth.csv",
                "MILK10k_Training_Supplement.csv",
                "MILK10k_Test_Metadata.csv",
            )
        },
        rows=11_438,
        malignancy={"benign": 2_966, "indeterminate": 246, "malignant": 7_268, "unknown": 958},
        lesions=5_719,
        cases=5_719,
        with_path=10_480,
        with_site=11_364,
        with_sex=11_438,
        with_age=11_398,
        with_tone=11_438,
    ),
    "fitzpatrick17k": Truth(
        "fitzpatrick17k",
        {"fitzpatrick17k.csv": "fitzpatrick17k.csv"},
        rows=16_577,
        malignancy={"benign": 11_588, "indeterminate": 175, "malignant": 2_088, "non_neoplastic": 2_645, "unknown": 81},
        with_path=13_851,
        # 16,012 rows have a type on the first scale, 274 more on the second only.
        with_tone=16_286,
    ),
    "scin": Truth(
        "scin",
        {file: file for file in ("scin_cases.csv", "scin_labels.csv")},
        rows=10_407,
        malignancy={"benign": 141, "indeterminate": 11, "malignant": 34, "non_neoplastic": 3_747, "unknown": 6_474},
        cases=5_033,
        with_path=186,
        with_site=4_642,
        with_sex=5_364,
        with_age=4_723,
        with_tone=10_393,
    ),
}


TRUTHS |= {
    "derm7pt without its column of clinical files": Truth(
        "derm7pt",
        {"meta.csv": "derm7pt_meta.csv"},
        rows=1_011,
        malignancy={"benign": 709, "malignant": 294, "unknown": 8},
        lesions=1_011,
        cases=1_011,
        with_path=987,
    ),
    "isic_csv, era 0 as records": Truth(
        "isic_csv",
        {"records.json": "isic_archive_era0_api_v1_records.json"},
        rows=5,
        malignancy={"benign": 3, "malignant": 2},
        with_path=5,
        with_site=5,
        with_sex=5,
        with_age=5,
    ),
    "isic_csv, era 0 as a table": Truth(
        "isic_csv",
        {"metadata.csv": "isic_archive_era0_flat_v1.csv"},
        rows=5,
        malignancy={"benign": 3, "malignant": 2},
        with_path=5,
        with_site=5,
        with_sex=5,
        with_age=5,
    ),
    # The two tables together: 7,556 benign, 455 indeterminate, 9,038 malignant, 11 unknown; 17,049 with a path.
    "isic_csv, era 1, dicm17k train": Truth(
        "isic_csv",
        {"metadata.csv": "isic_archive_era1_dicm17k_train.csv"},
        rows=15_098,
        malignancy={"benign": 6_668, "indeterminate": 439, "malignant": 7_980, "unknown": 11},
        lesions=8_045,
        patients=3_671,
        with_path=15_087,
        with_site=14_005,
        with_sex=14_845,
        with_age=14_814,
    ),
    "isic_csv, era 1, dicm17k valid": Truth(
        "isic_csv",
        {"metadata.csv": "isic_archive_era1_dicm17k_valid.csv"},
        rows=1_962,
        malignancy={"benign": 888, "indeterminate": 16, "malignant": 1_058},
        lesions=1_631,
        patients=572,
        with_path=1_962,
        with_site=1_790,
        with_sex=1_945,
        with_age=1_942,
    ),
    # 1,295 patient ids equal the image ids: placeholders.
    "isic_csv, era 1 by isic-cli": Truth(
        "isic_csv",
        {"metadata.csv": "isic_archive_era1_cli_lesion_size_2020.csv"},
        rows=1_295,
        malignancy={"benign": 1_025, "indeterminate": 121, "malignant": 148, "unknown": 1},
        with_path=1_294,
        with_site=1_276,
        with_sex=1_295,
        with_age=1_295,
    ),
    "isic2024, three test rows": Truth(
        "isic2024",
        {"test-metadata.csv": "ISIC_2024_test-metadata.csv"},
        rows=3,
        malignancy={"unknown": 3},
        patients=3,
        with_site=3,
        with_sex=3,
        with_age=3,
    ),
    "ham10000": Truth(
        "ham10000",
        {"HAM10000_metadata.csv": "HAM10000_metadata.csv"},
        rows=10_015,
        malignancy={"benign": 8_061, "malignant": 1_627, "mixed": 327},
        lesions=7_470,
        with_path=9_688,
        with_site=9_774,
        with_sex=9_958,
        with_age=9_958,
    ),
    "pad_ufes20": Truth(
        "pad_ufes20",
        {"metadata.csv": "PAD-UFES-20_metadata.csv"},
        rows=2_298,
        malignancy={"benign": 479, "indeterminate": 730, "malignant": 1_089},
        lesions=1_891,
        patients=1_373,
        with_path=2_298,
        with_site=2_298,
        with_sex=1_494,
        with_age=2_298,
        with_tone=1_494,
    ),
}


def is_said(value: object) -> bool:
    """Whether a cell says something: no null, no empty list, no word for not known."""
    return value is not None and value != [] and value not in ("unknown", "unspecified")


@pytest.mark.parametrize("case", sorted(TRUTHS))
def test_a_published_table_gives_the_published_counts(case: str, shared: Path, tmp_path: Path) -> None:
    truth = TRUTHS[case]
    for name, file in truth.files.items():
        (tmp_path / name).symlink_to(shared / "data" / "tables" / file)
    found = list(sources.load(truth.name).rows(Options(location=str(tmp_path), metadata_only=True)))
    assert [str(each) for each in found if isinstance(each, Fault) and each.severity == "error"] == []
    rows = [each for each in found if isinstance(each, Row)]
    assert len({row.fields["source_image_id"] for row in rows}) == len(rows) == truth.rows
    made = [{**row.fields, **derived.derive(row.fields)} for row in rows]
    assert Counter(each["malignancy"] for each in made) == truth.malignancy
    keys = ("lesion_id", "patient_id", "case_id")
    distinct = [len({each.get(key) for each in made} - {None}) for key in keys]
    assert distinct == [truth.lesions, truth.patients, truth.cases]
    filled = {
        "diagnosis_path": truth.with_path,
        "site_path": truth.with_site,
        "sex": truth.with_sex,
        "age_low": truth.with_age,
        "skin_tones": truth.with_tone,
    }
    said = {key: sum(is_said(each.get(key)) for each in made) for key in filled}
    assert said == filled
    assert Counter(item for row in rows for item in row.unmapped.items()) == truth.unmapped
