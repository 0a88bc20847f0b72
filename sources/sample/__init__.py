"""The built-in sample: synthetic patients of two clinics, pictures drawn on the spot, defects planted and known."""

from __future__ import annotations

from sources.sample.clinics import ISSUER, NEVER_TAKEN, rows
from sources.sample.planted import truth, truth_rows
from sources.source import FactSheet, Source

__all__ = ["SOURCE", "truth_rows"]

_SHEET = FactSheet(
    title="Sample (SYNTHETIC: drawn by dermacurate, no real person, no medical value)",
    version="1",
    language="en, ru",
    licence="synthetic",
    access="open",
    summary="About 600 SYNTHETIC dermoscopic and clinical pictures of 350 invented patients of two clinics.",
    how_to_get="Built in: `curate ingest sample --into DATASET`; --seed draws another one.",
    size="about 600 pictures, 20 MB",
    attribution="Synthetic sample drawn by dermacurate",
    consent="Not applicable: nobody is shown.",
    collection_process="Drawn by a program: skin color from melanin and hemoglobin, lesions from rules per diagnosis.",
    annotation_process="The program knows what it drew; about 4 % of the labels were made wrong on purpose.",
    label_basis="synthetic truth",
    population="Invented. Frequencies of age, sex, site, skin tone and diagnosis were chosen, not measured.",
    biases="Few melanomas, few people with dark skin, few children, on purpose.",
    limitations="SYNTHETIC. Good for trying the tools; a model trained on it and a score on it say nothing.",
    known_problems=(
        "Planted: byte copies, altered copies, second photos of one lesion, persons under two ids, wrong labels.",
        "Planted: the published split (source_split) leaks.",
        "Planted: in clinic volga a ruler goes with melanoma.",
    ),
    id_issuers={ISSUER: "the built-in sample; ids carry the seed"},
    refused_columns=NEVER_TAKEN,
    synthetic=True,
)

SOURCE = Source(name="sample", adapter_version="1", sheet=_SHEET, rows=rows, truth=truth)
