"""A network as a model: fitted by the recipe's loop, asked for probabilities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import nn

from harness.protocol import Context, ImageTable
from harness.training.inputs import logits
from harness.training.loop import Plan, Trained, Training, deterministic


class RecipeModel:
    """A network that the harness trains.

    Parameters
    ----------
    body : torch.nn.Module
        Untrained, from normalized images to logits.
    plan : Plan
        How to train it.
    """

    def __init__(self, body: nn.Module, plan: Plan) -> None:
        self.body, self.plan = body, plan
        self.trained: Trained | None = None
        self.n_classes = 0

    def fit(self, train: ImageTable, valid: ImageTable, context: Context) -> None:
        """Train, from the newest checkpoint where there is one."""
        training = Training(
            self.body, (train, valid), self.plan, report=context.report, should_stop=context.should_stop
        )
        self.trained = training.run()
        self.n_classes = len(context.classes)

    def predict_proba(self, images: ImageTable) -> npt.NDArray[np.float64]:
        """Return the softmax of the logits, in float64."""
        if len(images) == 0:
            return np.empty((0, self.n_classes))
        with deterministic():
            found = logits(self.body, images, self.plan.wanted, device=self.plan.device)
        probabilities: npt.NDArray[np.float64] = found.double().softmax(dim=1).numpy()
        return probabilities

    def info(self) -> dict[str, object]:
        """Return the size of the network and how training ended."""
        facts: dict[str, object] = {"parameters": sum(each.numel() for each in self.body.parameters())}
        if self.trained is not None:
            facts |= {
                "epochs": self.trained.epochs_trained,
                "chosen_epoch": self.trained.epoch,
                "ended": self.trained.reason,
            }
        return facts
