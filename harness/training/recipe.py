"""The fixed recipe ``resnet-v1``: every number that decides how a network is trained, in one place.

The numbers are a design choice, not tuned. Any change gets a new name, because runs are compared under one recipe only.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args

from schemas.errors import UserError

BudgetName = Literal["full", "small", "smoke"]
AugmentName = Literal["none", "light", "standard", "angle-light"]

# Mean and standard deviation of ImageNet's pixels in 0..1, with which torchvision's weights were trained.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# The shorter side before the center crop, as in torchvision's reference: 256 for a crop of 224.
RESIZE_RATIO = 256 / 224
SMALLEST_IMAGE_SIZE_PX = 32


@dataclass(frozen=True, slots=True)
class Recipe:
    """One size of the recipe, resolved.

    Parameters
    ----------
    budget : {"full", "small", "smoke"}
        Name of the size.
    image_size_px : int
        Side of the square that the network sees.
    epochs : int
        Passes over the training images.
    patience : int, optional
        Epochs without a better validation AUROC before training ends; None: all are trained and the last is used.
    lr_head, lr_rest : float
        Peak learning rates of AdamW for the last layer and for everything else.
    ema : bool
        Whether an exponential moving average of the weights is validated and kept instead of the weights.
    precision : {"fp32", "bf16"}
        Of the forward pass. On a processor without matrix units bf16 is 17-25 % slower than float32.
    max_train_images : int, optional
        Training images drawn at most, whole patients, classes in proportion.
    name, batch, weight_decay, betas, clip_norm, warmup_epochs, augment : optional
        The same in every size.
    """

    budget: BudgetName
    image_size_px: int
    epochs: int
    patience: int | None
    lr_head: float
    lr_rest: float
    ema: bool
    precision: Literal["fp32", "bf16"]
    max_train_images: int | None
    name: str = "resnet-v1"
    batch: int = 32
    weight_decay: float = 0.05
    betas: tuple[float, float] = (0.9, 0.999)
    clip_norm: float = 1.0
    warmup_epochs: int = 1
    augment: AugmentName = "standard"

    @property
    def resize_px(self) -> int:
        """Shorter side that an image is resized to before the crop: 256 for 224, 146 for 128, 73 for 64."""
        return round(self.image_size_px * RESIZE_RATIO)

    @property
    def recipe_id(self) -> str:
        """First 16 hex digits of the SHA-256 of every number above."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


RECIPES: dict[BudgetName, Recipe] = {
    "full": Recipe(
        budget="full",
        image_size_px=224,
        epochs=20,
        patience=5,
        lr_head=3e-4,
        lr_rest=1e-4,
        ema=True,
        precision="bf16",
        max_train_images=None,
    ),
    "small": Recipe(
        budget="small",
        image_size_px=128,
        epochs=5,
        patience=3,
        lr_head=3e-4,
        lr_rest=1e-4,
        ema=True,
        precision="fp32",
        max_train_images=None,
    ),
    # Proves the path, not the model. An average over fewer than 200 steps would keep the untrained weights in, and 360
    # images have too few positives in validation to choose an epoch by.
    "smoke": Recipe(
        budget="smoke",
        image_size_px=64,
        epochs=8,
        patience=None,
        lr_head=1e-3,
        lr_rest=1e-3,
        ema=False,
        precision="fp32",
        max_train_images=360,
    ),
}


def resolve(
    budget: BudgetName,
    *,
    device: str = "cpu",
    epochs: int | None = None,
    image_size_px: int | None = None,
    augment: AugmentName | None = None,
) -> Recipe:
    """Return the recipe of a budget with what the user changed.

    Parameters
    ----------
    budget : {"full", "small", "smoke"}
        Size of the recipe.
    device : str
        On ``cpu`` the precision is float32 whatever the size.
    epochs, image_size_px, augment : optional
        Changes; each gives another `Recipe.recipe_id`.

    Raises
    ------
    UserError
        A number out of range, or an unknown augmentation.
    """
    recipe = RECIPES[budget]
    if epochs is not None and epochs < 1:
        raise UserError("is not a number of epochs", value=str(epochs), remedy="Give --epochs 1 or more.")
    if image_size_px is not None and image_size_px < SMALLEST_IMAGE_SIZE_PX:
        raise UserError(
            "is too small for the networks here",
            value=str(image_size_px),
            remedy=f"Give --image-size {SMALLEST_IMAGE_SIZE_PX} or more.",
        )
    if augment is not None and augment not in get_args(AugmentName):
        raise UserError(
            "is no augmentation", value=augment, remedy=f"Choose one of {', '.join(get_args(AugmentName))}."
        )
    return replace(
        recipe,
        epochs=recipe.epochs if epochs is None else epochs,
        image_size_px=recipe.image_size_px if image_size_px is None else image_size_px,
        augment=recipe.augment if augment is None else augment,
        precision="fp32" if device == "cpu" else recipe.precision,
    )
