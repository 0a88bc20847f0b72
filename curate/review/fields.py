"""Records into a FiftyOne dataset, and back to the state of the tables when something changed there.

The dataset in FiftyOne is a projection: what is deleted or edited there comes back with the next review. Only rows
whose hash changed are written. It runs as a process of its own
(`python -m curate.review.fields`), for the reasons in `curate.review.server`.
"""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Sequence
from dataclasses import asdict

import fiftyone as fo
from fiftyone import ViewField as F

from curate.review.projection import MIME_TYPES, NUMBER_FIELDS, STRING_FIELDS, Changes, Record, kinds

BATCH = 2000
# Okabe-Ito, which color-blind people can tell apart; benign and malignant far from each other.
MALIGNANCY_COLORS = {
    "benign": "#0072b2",
    "malignant": "#d55e00",
    "indeterminate": "#e69f00",
    "mixed": "#cc79a7",
    "non_neoplastic": "#009e73",
    "unknown": "#999999",
}
SIDEBAR = (
    ("findings", ("findings", "dup_cluster")),
    ("label", ("diagnosis", "label_malignancy", "diagnosis_certainty", "confirm_type", "excluded_reason")),
    ("person", ("patient_id", "lesion_id", "sex", "age_years", "site_group", "fitzpatrick", "skin_tone_group")),
    ("picture", ("source", "image_type", "format", "width", "height", "file_bytes", "licence")),
    ("keys", ("sample_id", "row_hash", "filepath", "id")),
)
INDEXED = ("patient_id", "lesion_id", "dup_cluster", "source", "findings.classifications.label")


def sync(name: str, records: Sequence[Record], facts: dict[str, object]) -> Changes:
    """Make the FiftyOne dataset of a name show exactly these records.

    Parameters
    ----------
    name : str
        Name of the dataset in FiftyOne.
    records : sequence of Record
        What is shown.
    facts : dict
        Small facts of the dataset: version, folder.
    """
    shown = _dataset(name)
    there = dict(zip(*shown.values(["sample_id", "row_hash"]), strict=True)) if shown.count() else {}
    hashes = {record.sample_id: record.row_hash for record in records}
    new = [record for record in records if record.sample_id not in there]
    changed = {
        record.sample_id: record
        for record in records
        if record.sample_id in there and there[record.sample_id] != hashes[record.sample_id]
    }
    gone = [sample_id for sample_id in there if sample_id not in hashes]
    for start in range(0, len(new), BATCH):
        # No reference to the samples may be kept: FiftyOne reloads every living one at each later write.
        shown.add_samples([_sample(record) for record in new[start : start + BATCH]], progress=False)
    if changed:
        for sample in shown.select_by("sample_id", list(changed)).iter_samples(autosave=True):
            _update(sample, changed[sample["sample_id"]])
    if gone:
        shown.delete_samples(shown.select_by("sample_id", gone))
    _lay_out(shown, records, facts)
    return Changes(len(new), len(changed), len(gone), len(records) - len(new) - len(changed))


def _dataset(name: str) -> fo.Dataset:
    if fo.dataset_exists(name):
        return fo.load_dataset(name)
    dataset = fo.Dataset(name, persistent=True)
    for field in ("sample_id", "row_hash", "dup_cluster", *STRING_FIELDS):
        dataset.add_sample_field(field, fo.StringField)
    for field in NUMBER_FIELDS:
        dataset.add_sample_field(field, fo.FloatField)
    dataset.add_sample_field("diagnosis", fo.EmbeddedDocumentField, embedded_doc_type=fo.Classification)
    dataset.add_sample_field("findings", fo.EmbeddedDocumentField, embedded_doc_type=fo.Classifications)
    dataset.create_index("sample_id", unique=True)
    for field in INDEXED:
        dataset.create_index(field)
    return dataset


def _values(record: Record) -> dict[str, object]:
    findings = [
        fo.Classification(
            label=finding.kind,
            confidence=finding.score,
            message=finding.message,
            finding_id=finding.finding_id,
            other=finding.other,
        )
        for finding in record.findings
    ]
    return {
        "sample_id": record.sample_id,
        "row_hash": record.row_hash,
        "tags": list(record.tags),
        "diagnosis": fo.Classification(label=record.diagnosis) if record.diagnosis else None,
        "findings": fo.Classifications(classifications=findings) if findings else None,
        "dup_cluster": record.strings.get("dup_cluster"),
        **{field: record.strings.get(field) for field in STRING_FIELDS},
        **{field: record.numbers.get(field) for field in NUMBER_FIELDS},
    }


def _sample(record: Record) -> fo.Sample:
    # The tables know what the App would open every file for.
    metadata = fo.ImageMetadata(
        width=int(record.numbers["width"]),
        height=int(record.numbers["height"]),
        size_bytes=int(record.numbers["file_bytes"]),
        mime_type=MIME_TYPES.get(record.strings["format"]),
        num_channels=3,
    )
    return fo.Sample(filepath=record.file, metadata=metadata, **_values(record))


def _update(sample: fo.Sample, record: Record) -> None:
    sample["filepath"] = record.file
    for field, value in _values(record).items():
        sample[field] = value


def _lay_out(shown: fo.Dataset, records: Sequence[Record], facts: dict[str, object]) -> None:
    shown.info = facts
    shown.app_config.sidebar_groups = [
        fo.SidebarGroupDocument(name="tags", paths=[], expanded=True),
        *(fo.SidebarGroupDocument(name=name, paths=list(paths), expanded=name != "keys") for name, paths in SIDEBAR),
    ]
    shown.app_config.color_scheme = fo.ColorScheme(
        color_by="value",
        fields=[
            {
                "path": "label_malignancy",
                "valueColors": [{"value": code, "color": color} for code, color in MALIGNANCY_COLORS.items()],
            }
        ],
    )
    shown.save()
    for kind in kinds(records):
        view = shown.filter_labels("findings", F("label") == kind).sort_by("dup_cluster")
        shown.save_view(kind, view, description=f"Samples with a marked finding of kind {kind}", overwrite=True)


def main() -> None:
    """Read name, records and facts from stdin, sync, and print the changes as JSON."""
    name, records, facts = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by `curate.review.app`, our own parent
    print(json.dumps(asdict(sync(name, records, facts))))


if __name__ == "__main__":
    main()
