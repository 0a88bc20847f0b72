"""Changes of angle and light that a training image may come in, drawn per image.

Every number is drawn from the generator that the caller hands over, never from torch's own, so that the number of
workers and the order of the images change nothing. Crop and shrink come first: the rest is cheap at the small size.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image
from torchvision.transforms.v2 import InterpolationMode, functional

from harness.training.recipe import AugmentName

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Probabilities and ranges of one preset; a probability of 0 leaves a change out.

    Parameters
    ----------
    crop_scale, crop_ratio : (float, float)
        Share of the area and width over height of the crop that training starts from.
    flips, turns : bool
        Mirror images, each with probability 1/2, and one of the four quarter turns.
    affine, perspective, jitter, blur, jpeg, gradient : float
        Probabilities.
    tilt : float
        Largest shift of a corner in the perspective, as a share of half the side.
    gamma : (float, float), optional
        Exponents of brightness, drawn evenly on the log scale.
    illuminant : float
        Standard deviation of the log gain of each color channel.
    """

    crop_scale: Range = (0.6, 1.0)
    crop_ratio: Range = (0.8, 1.25)
    flips: bool = True
    turns: bool = False
    affine: float = 0.0
    perspective: float = 0.0
    tilt: float = 0.2
    jitter: float = 0.0
    blur: float = 0.0
    jpeg: float = 0.0
    gamma: Range | None = None
    illuminant: float = 0.0
    gradient: float = 0.0


_STANDARD = Augmentation(turns=True, affine=0.5, perspective=0.3, jitter=0.8, blur=0.1, jpeg=0.2)
PRESETS: dict[AugmentName, Augmentation] = {
    "none": Augmentation(flips=False, crop_scale=(1.0, 1.0), crop_ratio=(1.0, 1.0)),
    "light": Augmentation(),
    "standard": _STANDARD,
    "angle-light": replace(_STANDARD, perspective=0.5, tilt=0.4, gamma=(0.7, 1.4), illuminant=0.1, gradient=0.3),
}


def augment(image: torch.Tensor, size_px: int, preset: Augmentation, rng: np.random.Generator) -> torch.Tensor:
    """Return a changed square of an image.

    Parameters
    ----------
    image : uint8 tensor, shape (3, height, width)
        A picture at its stored size.
    size_px : int
        Side of the square.
    preset : Augmentation
        What may change and how far.
    rng : numpy.random.Generator
        Source of every number drawn.

    Returns
    -------
    uint8 tensor, shape (3, size_px, size_px)
    """
    top, left, height, width = _crop(image.shape[1], image.shape[2], preset, rng)
    square = functional.resized_crop(image, top, left, height, width, [size_px, size_px], antialias=True)
    return _light(_angle(square, preset, rng), preset, rng)


def _crop(height: int, width: int, preset: Augmentation, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Draw a rectangle as torchvision's RandomResizedCrop does; after ten misfits the largest centered square."""
    low, high = math.log(preset.crop_ratio[0]), math.log(preset.crop_ratio[1])
    for _ in range(10):
        area = height * width * rng.uniform(*preset.crop_scale)
        ratio = math.exp(rng.uniform(low, high))
        wide, tall = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < wide <= width and 0 < tall <= height:
            return int(rng.integers(height - tall + 1)), int(rng.integers(width - wide + 1)), tall, wide
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side, side


def _border_color(image: torch.Tensor) -> list[float]:
    """Return the mean color of the border: corners filled with black look like the ring of a dermatoscope."""
    edges = torch.cat([image[:, 0], image[:, -1], image[:, :, 0], image[:, :, -1]], dim=1)
    return [float(value) for value in edges.float().mean(dim=1)]


def _angle(image: torch.Tensor, preset: Augmentation, rng: np.random.Generator) -> torch.Tensor:
    if preset.flips and rng.random() < 0.5:
        image = functional.horizontal_flip(image)
    if preset.flips and rng.random() < 0.5:
        image = functional.vertical_flip(image)
    if preset.turns:
        image = torch.rot90(image, int(rng.integers(4)), (1, 2))
    if rng.random() < preset.affine:
        image = _affine(image, rng)
    if rng.random() < preset.perspective:
        image = _perspective(image, preset.tilt, rng)
    return image


def _affine(image: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    side = image.shape[-1]
    turned: torch.Tensor = functional.affine(
        image,
        angle=rng.uniform(-15, 15),
        translate=[round(rng.uniform(-0.05, 0.05) * side), round(rng.uniform(-0.05, 0.05) * side)],
        scale=rng.uniform(0.9, 1.1),
        shear=[rng.uniform(-5, 5), 0.0],
        interpolation=InterpolationMode.BILINEAR,
        fill=_border_color(image),
    )
    return turned


def _perspective(image: torch.Tensor, tilt: float, rng: np.random.Generator) -> torch.Tensor:
    last = image.shape[-1] - 1
    corners = [[0, 0], [last, 0], [last, last], [0, last]]
    reach = rng.integers(0, int(tilt * (last + 1) / 2) + 1, size=(4, 2))
    moved = [
        [x + int(dx) if x == 0 else x - int(dx), y + int(dy) if y == 0 else y - int(dy)]
        for (x, y), (dx, dy) in zip(corners, reach, strict=True)
    ]
    fill = _border_color(image)
    tilted: torch.Tensor = functional.perspective(image, corners, moved, InterpolationMode.BILINEAR, fill)
    return tilted


def _light(image: torch.Tensor, preset: Augmentation, rng: np.random.Generator) -> torch.Tensor:
    if rng.random() < preset.jitter:
        image = _jitter(image, rng)
    if preset.gamma is not None:
        low, high = math.log(preset.gamma[0]), math.log(preset.gamma[1])
        image = functional.adjust_gamma(image, math.exp(rng.uniform(low, high)))
    if preset.illuminant:
        gains = torch.from_numpy(np.exp(rng.normal(0, preset.illuminant, 3)).astype(np.float32))
        image = _scaled(image, gains[:, None, None])
    if rng.random() < preset.gradient:
        image = _scaled(image, _slope(image.shape[-1], rng))
    if rng.random() < preset.blur:
        sigma = rng.uniform(0.1, 1.0)
        image = functional.gaussian_blur(image, [5, 5], [sigma, sigma])
    if rng.random() < preset.jpeg:
        image = _saved_as_jpeg(image, quality=int(rng.integers(60, 96)))
    return image


def _saved_as_jpeg(image: torch.Tensor, *, quality: int) -> torch.Tensor:
    # By Pillow: torchvision's own encoder is deprecated since 0.29.
    buffer = io.BytesIO()
    Image.fromarray(image.permute(1, 2, 0).numpy()).save(buffer, "JPEG", quality=quality)
    return torch.from_numpy(np.array(Image.open(buffer))).permute(2, 0, 1)


def _jitter(image: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Change brightness, contrast, saturation (each by up to a fifth) and hue (up to 7 degrees), in a drawn order."""
    brightness, contrast, saturation = rng.uniform(0.8, 1.2, 3)
    hue = rng.uniform(-0.02, 0.02)
    for change in rng.permutation(4):
        if change == 0:
            image = functional.adjust_brightness(image, brightness)
        elif change == 1:
            image = functional.adjust_contrast(image, contrast)
        elif change == 2:
            image = functional.adjust_saturation(image, saturation)
        else:
            image = functional.adjust_hue(image, hue)
    return image


def _scaled(image: torch.Tensor, gain: torch.Tensor) -> torch.Tensor:
    return (image.float() * gain).round().clamp(0, 255).to(torch.uint8)


def _slope(side_px: int, rng: np.random.Generator) -> torch.Tensor:
    """Return gains that rise in one direction across the image, by at most a quarter at the edges."""
    direction, strength = rng.uniform(0, 2 * math.pi), rng.uniform(0, 0.25)
    steps = torch.linspace(-1, 1, side_px)
    along = math.cos(direction) * steps[None, :] + math.sin(direction) * steps[:, None]
    return 1 + strength * along[None] / math.sqrt(2)
