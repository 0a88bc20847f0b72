"""Logistic regression with its penalty chosen on validation: the head of every model here that trains no network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.int64]

PENALTIES = tuple(10.0**power for power in range(-4, 3))


@dataclass(frozen=True, slots=True)
class LinearHead:
    """A fitted head.

    Parameters
    ----------
    pipeline : sklearn Pipeline
        Standardization and logistic regression.
    n_classes : int
        Columns of the probabilities.
    penalty : float
        The chosen ``C``; smaller is simpler.
    """

    pipeline: Pipeline
    n_classes: int
    penalty: float

    def predict_proba(self, features: Floats) -> npt.NDArray[np.float64]:
        """Return probabilities, shape (n, n_classes); 0 for a class that training did not have."""
        probabilities = np.zeros((len(features), self.n_classes))
        if len(features):
            probabilities[:, self.pipeline.classes_] = self.pipeline.predict_proba(features)
        return probabilities


def fit_head(train: tuple[Floats, Labels], valid: tuple[Floats, Labels], *, n_classes: int, seed: int) -> LinearHead:
    """Return the head whose penalty gives the smallest log loss on validation; ties go to the simpler one.

    Parameters
    ----------
    train, valid : (array of shape (n, d), array of shape (n,))
        Features and class numbers.
    n_classes : int
        Classes of the task.
    seed : int
        Of the solver.
    """
    best: tuple[float, LinearHead] | None = None
    for penalty in PENALTIES:
        model = LogisticRegression(C=penalty, max_iter=2000, random_state=seed)
        head = LinearHead(make_pipeline(StandardScaler(), model).fit(*train), n_classes, penalty)
        loss = float(log_loss(valid[1], head.predict_proba(valid[0]), labels=list(range(n_classes))))
        if best is None or loss < best[0]:
            best = (loss, head)
    if best is None:
        raise ValueError("no penalty to choose from")
    return best[1]
