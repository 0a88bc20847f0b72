"""A control without pixels: an image model that does not beat it has learned little from the images."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.models.linear import fit_head
from harness.protocol import Context, ImageTable


class Encoding:
    """Metadata as numbers, as training rows define them.

    Numbers are standardized, missing is 0 plus a flag; words become one column per level seen in training, one for
    missing and one for levels not seen.

    Parameters
    ----------
    frame : DataFrame
        Metadata of the training images.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.numbers = {
            str(name): _mean_and_spread(column)
            for name, column in frame.items()
            if pd.api.types.is_numeric_dtype(column)
        }
        self.levels = {
            str(name): sorted(str(level) for level in column.dropna().unique())
            for name, column in frame.items()
            if str(name) not in self.numbers
        }

    def __call__(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return one row of numbers per image."""
        columns = []
        for name, (mean, spread) in self.numbers.items():
            values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
            missing = np.isnan(values)
            columns += [np.where(missing, 0.0, (values - mean) / spread), missing]
        for name, levels in self.levels.items():
            column = frame[name]
            columns += [(column == level).to_numpy(dtype=np.float64, na_value=0.0) for level in levels]
            columns += [column.isna().to_numpy(), (column.notna() & ~column.isin(levels)).to_numpy()]
        return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])


def _mean_and_spread(column: pd.Series[float]) -> tuple[float, float]:
    values = column.dropna().to_numpy(dtype=np.float64)
    return (float(values.mean()), float(values.std()) or 1.0) if len(values) else (0.0, 1.0)


class MetadataOnly:
    """Logistic regression on age, sex and site."""

    def fit(self, train: ImageTable, valid: ImageTable, context: Context) -> None:
        """Fit encoding and regression; the penalty is chosen on validation."""
        self.encoding = Encoding(train.metadata)
        self.head = fit_head(
            (self.encoding(train.metadata), train.labels),
            (self.encoding(valid.metadata), valid.labels),
            n_classes=len(context.classes),
            seed=context.seed,
        )

    def predict_proba(self, images: ImageTable) -> npt.NDArray[np.float64]:
        """Return probabilities from the metadata alone."""
        return self.head.predict_proba(self.encoding(images.metadata))

    def info(self) -> dict[str, object]:
        """Return the chosen penalty."""
        return {"penalty": self.head.penalty}
