"""The run folder: names of its files, and how they are read and written.

::

    OUT/<model>/run.json predictions.parquet metrics.json metrics.parquet gaps.parquet comparisons.parquet ...
    OUT/metrics.json metrics.parquet report.html report.md

Every file is replaced atomically; JSON keys are sorted and hold neither NaN nor infinity, so equal results are equal
bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import cast

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import DataFault, DatasetConflict, Place

METRICS_VERSION = 1
RUN = "run.json"
PREDICTIONS = "predictions.parquet"
METRICS = "metrics.json"
METRICS_TABLE = "metrics.parquet"
GAPS = "gaps.parquet"
COMPARISONS = "comparisons.parquet"
RESAMPLES = "bootstrap.parquet"
THUMBNAILS = "thumbnails"
_INDEX = "index.json"
BASELINE = "baseline"

Json = Mapping[str, object]

# Columns of predictions.parquet that are neither a probability nor an attribute.
KEYS = ("sample_id", "split", "y_true", "patient_id", "lesion_id")
_PROBABILITY = re.compile(r"^p_\d+$")


# --- any file ---------------------------------------------------------------------------------------------------------


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file atomically: readers see the old bytes or the new ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes private files; a run folder is shared like any other
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Json) -> None:
    """Write JSON with sorted keys; NaN and infinity raise ValueError."""
    text = json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False, separators=(", ", ": "))
    write_bytes(path, text.encode() + b"\n")


def read_json(path: Path) -> dict[str, object]:
    """Return the JSON object in a file.

    Raises
    ------
    DataFault
        Where the file is missing or is no JSON object.
    """
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise DataFault(
            "there is no such file", place=Place(str(path)), remedy="Name a folder that `harness` has written."
        ) from error
    except ValueError as error:
        raise DataFault(
            f"is no JSON: {error}", place=Place(str(path)), remedy="Evaluate the run again with --force."
        ) from error
    if not isinstance(value, dict):
        raise DataFault("holds no JSON object", place=Place(str(path)), remedy="Evaluate the run again with --force.")
    return value


def table_bytes(table: pa.Table) -> bytes:
    """Return a table as the content of a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet file."""
    write_bytes(path, table_bytes(table))


# --- a run ------------------------------------------------------------------------------------------------------------


def utc_now() -> datetime:
    """Return the time now, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def config_hash(config: Json) -> str:
    """Return the SHA-256 of resolved options, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()


def run_id(started: datetime, model: str, seed: int, config: Json) -> str:
    """Return the name of a run: UTC time, model, seed, 4 hex of the hash of its options."""
    return f"{started:%Y%m%dT%H%M%S}-{model}-s{seed}-{config_hash(config)[:4]}"


def write_run(folder: Path, facts: Json) -> None:
    """Replace ``run.json`` of a model: status, options, versions, times."""
    write_json(folder / RUN, facts)


def read_run(folder: Path) -> dict[str, object]:
    """Return ``run.json`` of a model; empty where there is none."""
    return read_json(folder / RUN) if (folder / RUN).exists() else {}


def model_folders(out: Path) -> list[Path]:
    """Return the folders of judged models below a run folder, the baseline first, then by name."""
    found = [path.parent for path in out.glob(f"*/{METRICS}")]
    return sorted(found, key=lambda folder: (folder.name != BASELINE, folder.name))


# --- predictions ------------------------------------------------------------------------------------------------------


def probability_columns(names: Iterable[str]) -> list[str]:
    """Return the columns ``p_0``, ``p_1``, ... in the order of the classes."""
    found = [name for name in names if _PROBABILITY.match(name)]
    return sorted(found, key=lambda name: int(name[2:]))


def attribute_columns(names: Iterable[str]) -> list[str]:
    """Return the columns of predictions that groups are made of."""
    return [name for name in names if name not in KEYS and not _PROBABILITY.match(name)]


def write_predictions(folder: Path, predictions: pd.DataFrame) -> str:
    """Write ``predictions.parquet`` of a model and return the SHA-256 of the file."""
    content = predictions_bytes(predictions)
    write_bytes(folder / PREDICTIONS, content)
    return hashlib.sha256(content).hexdigest()


def predictions_bytes(predictions: pd.DataFrame) -> bytes:
    """Return the content of ``predictions.parquet``, in the order of the sample ids.

    Parameters
    ----------
    predictions : DataFrame
        ``sample_id``, ``split`` (val, test), ``y_true`` (int), ``p_0`` ... ``p_k``, ``patient_id``, ``lesion_id``,
        and one text column per attribute; other columns must not be there.
    """
    ordered = predictions.sort_values(["split", "sample_id"], kind="stable").reset_index(drop=True)
    names = [*KEYS, *probability_columns(ordered.columns), *attribute_columns(ordered.columns)]
    types = {"y_true": pa.int64(), **dict.fromkeys(probability_columns(names), pa.float64())}
    schema = pa.schema([pa.field(name, types.get(name, pa.string())) for name in names])
    table = pa.Table.from_pandas(ordered[names], schema=schema, preserve_index=False).replace_schema_metadata(None)
    return table_bytes(table)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_predictions(folder: Path) -> pd.DataFrame:
    """Return ``predictions.parquet`` of a model.

    Raises
    ------
    DataFault
        Where the folder has none, or one that cannot be read.
    """
    path = folder / PREDICTIONS
    try:
        table = pq.read_table(path)
    except FileNotFoundError as error:
        raise DataFault(
            "there are no predictions", place=Place(str(path)), remedy="Name the folder of one model, RUN/MODEL."
        ) from error
    except pa.ArrowInvalid as error:
        raise DataFault(f"is no Parquet file: {error}", place=Place(str(path))) from error
    absent = [name for name in KEYS if name not in table.column_names]
    if absent:
        raise DataFault("there is no such column", place=Place(str(path), column=absent[0]))
    return cast("pd.DataFrame", table.to_pandas())


# --- metrics ----------------------------------------------------------------------------------------------------------


def metrics_schema() -> dict[str, object]:
    """Return the JSON Schema of one model's ``metrics.json``, version 1."""
    return cast("dict[str, object]", json.loads((resources.files("harness") / "metrics_schema.json").read_bytes()))


def write_metrics(folder: Path, metrics: Json, tables: Mapping[str, pa.Table]) -> None:
    """Write the numbers of a model.

    Parameters
    ----------
    folder : Path
        Of the model.
    metrics : dict
        Of `metrics_schema`.
    tables : dict
        File name (``metrics.parquet``, ``gaps.parquet``, ...) to table. The JSON file is written last.
    """
    for name, table in tables.items():
        write_table(folder / name, table)
    write_json(folder / METRICS, metrics)


def read_metrics(folder: Path) -> dict[str, object]:
    """Return ``metrics.json`` of a model.

    Raises
    ------
    DatasetConflict
        Where a newer program wrote it.
    """
    metrics = read_json(folder / METRICS)
    _check_version(metrics, folder / METRICS)
    return metrics


def _check_version(metrics: Json, path: Path) -> None:
    version = metrics.get("schema_version")
    if not isinstance(version, int) or version > METRICS_VERSION:
        raise DatasetConflict(
            f"was written with schema version {version}, this program reads {METRICS_VERSION}",
            place=Place(str(path)),
            remedy="Update dermacurate.",
        )


def combine(out: Path) -> list[str]:
    """Write ``metrics.json`` and ``metrics.parquet`` over all judged models of a run folder; return their names."""
    folders = model_folders(out)
    runs = {folder.name: read_metrics(folder) for folder in folders}
    tables = [pq.read_table(folder / METRICS_TABLE) for folder in folders]
    if tables:
        write_table(out / METRICS_TABLE, pa.concat_tables([table.unify_dictionaries() for table in tables]))
    write_json(out / METRICS, {"schema_version": METRICS_VERSION, "runs": runs})
    return list(runs)


# --- thumbnails -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture of one sample with what has to be said beside it.

    Parameters
    ----------
    jpeg : bytes
        Picture; empty where there is none or it may not be copied.
    diagnosis, source, licence : str
        As the dataset has them, empty where unknown.
    findings : tuple of str
        Kinds of the open findings on the sample: a label error may hide there.
    """

    jpeg: bytes
    diagnosis: str = ""
    source: str = ""
    licence: str = ""
    findings: tuple[str, ...] = ()


def write_thumbnails(out: Path, thumbnails: Mapping[str, Thumbnail]) -> None:
    """Keep pictures in a run folder, so that its report can be written again without the dataset.

    Parameters
    ----------
    out : Path
        Folder named by ``--out``.
    thumbnails : dict
        Sample id to picture.
    """
    index: dict[str, object] = {}
    for sample_id, thumbnail in sorted(thumbnails.items()):
        # A sample id may hold what a file name must not.
        name = f"{hashlib.sha256(sample_id.encode()).hexdigest()[:16]}.jpg" if thumbnail.jpeg else ""
        if name:
            write_bytes(out / THUMBNAILS / name, thumbnail.jpeg)
        facts = {key: value for key, value in asdict(thumbnail).items() if key != "jpeg"}
        index[sample_id] = {**facts, "file": name}
    write_json(out / THUMBNAILS / _INDEX, index)


def read_thumbnails(out: Path) -> dict[str, Thumbnail]:
    """Return the pictures that `write_thumbnails` kept; empty where none were."""
    folder = out / THUMBNAILS
    if not (folder / _INDEX).exists():
        return {}
    index = cast("dict[str, dict[str, str]]", read_json(folder / _INDEX))
    return {
        sample_id: Thumbnail(
            jpeg=(folder / facts["file"]).read_bytes() if facts["file"] else b"",
            diagnosis=facts["diagnosis"],
            source=facts["source"],
            licence=facts["licence"],
            findings=tuple(facts["findings"]),
        )
        for sample_id, facts in index.items()
    }
