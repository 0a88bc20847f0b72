"""From a patch of skin to a photo: viewpoint, light, glass and sensor."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from sources.sample.canvas import Canvas, Field
from sources.sample.exposure import Exposure, Setup

__all__ = ["develop", "light_up", "stored_levels", "viewpoint"]

Photo = npt.NDArray[np.float32]
# Skin beyond the picture, so that what lies on its border is drawn whole.
_MARGIN_PX = 16


def viewpoint(exposure: Exposure, how: Setup) -> tuple[Canvas, Field, Field]:
    """Return the skin that a photo shows, and for each pixel of the photo the place on it, px.

    Turn, shift, perspective and stretched skin; the canvas is as small as the view allows.
    """
    camera, lesion = exposure.camera, exposure.lesion
    px_per_mm = camera.px_per_mm * how.zoom
    column, row = np.meshgrid(np.arange(camera.width, dtype=np.float32), np.arange(camera.height, dtype=np.float32))
    x = column - np.float32((camera.width - 1) / 2)
    y = row - np.float32((camera.height - 1) / 2)
    depth = 1 + np.float32(how.tilt[0] * 2 / camera.width) * x + np.float32(how.tilt[1] * 2 / camera.height) * y
    x, y = x / depth, y / depth
    if how.stretch_px > 0:
        grid = exposure.stream("stretch").standard_normal((5, 6, 2)).astype(np.float32)
        bend = cv2.resize(grid, (camera.width, camera.height), interpolation=cv2.INTER_CUBIC)
        x, y = x + bend[..., 0] * np.float32(how.stretch_px), y + bend[..., 1] * np.float32(how.stretch_px)
    cos, sin = np.float32(math.cos(how.turn)), np.float32(math.sin(how.turn))
    # Positions relative to the center of the lesion, then to the corner of the canvas.
    across = np.asarray(cos * x + sin * y - np.float32(how.shift_mm[0] * px_per_mm), np.float32)
    down = np.asarray(cos * y - sin * x - np.float32(how.shift_mm[1] * px_per_mm), np.float32)
    left, top = math.floor(across.min()) - _MARGIN_PX, math.floor(down.min()) - _MARGIN_PX
    width, height = math.ceil(across.max()) + _MARGIN_PX - left, math.ceil(down.max()) + _MARGIN_PX - top
    canvas = Canvas(lesion.seed, lesion.number, px_per_mm, width, height, (-float(left), -float(top)))
    return canvas, across - np.float32(left), down - np.float32(top)


def light_up(linear: Photo, relief: Field, exposure: Exposure, how: Setup, canvas: Canvas) -> Photo:
    """Return the canvas under a lamp: shading of the relief and, without polarizers, its gloss.

    Parameters
    ----------
    linear : array, shape (height, width, 3)
        Linear sRGB under even light.
    relief : array, shape (height, width)
        Height, mm.
    """
    dermoscopic = exposure.camera.modality == "dermoscopic"
    if dermoscopic and exposure.camera.polarized:
        # The glass presses the skin flat and crossed polarizers take the gloss away.
        return linear
    rng = exposure.stream("lamp")
    angle = float(rng.uniform(0, 2 * math.pi)) - how.turn
    slope_x = cv2.Sobel(relief, cv2.CV_32F, 1, 0, ksize=3, scale=canvas.px_per_mm / 8)
    slope_y = cv2.Sobel(relief, cv2.CV_32F, 0, 1, ksize=3, scale=canvas.px_per_mm / 8)
    toward = slope_x * np.float32(math.cos(angle)) + slope_y * np.float32(math.sin(angle))
    if dermoscopic:
        return np.asarray(linear * (1 + 0.12 * np.tanh(toward * 2))[..., None], np.float32)
    shade = 1 + 0.5 * np.tanh(toward * 1.1)
    facing = toward - np.float32(rng.uniform(0.55, 0.75))
    gloss = np.exp(-np.square(facing / 0.16)) * np.float32(rng.uniform(0.05, 0.28))
    return np.asarray(linear * shade[..., None] + gloss[..., None] * np.float32(0.9), np.float32)


_STEPS = 65535


@lru_cache(maxsize=8)
def _response(contrast: float) -> Field:
    """Return gray level 0..255 for linear light in steps of 1/65535: the camera's contrast, then the curve of sRGB."""
    light = (np.arange(_STEPS + 1) / _STEPS) ** contrast
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(255 * encoded, np.float32)


def stored_levels(light: Photo, exposure: Exposure, how: Setup) -> Photo:
    """Return gray levels 0..255 that the camera makes of light, without noise and rounding.

    Parameters
    ----------
    light : array, shape (..., 3)
        Linear sRGB under even white light.
    """
    camera = exposure.camera
    gains = np.array(camera.white_balance, np.float32) * np.array(how.tint, np.float32) * np.float32(how.brightness)
    return _response(camera.contrast)[(np.clip(light * gains, 0, 1) * np.float32(_STEPS)).astype(np.uint16)]


def develop(photo: Photo, exposure: Exposure, how: Setup) -> npt.NDArray[np.uint8]:
    """Return what the camera stores of a photo, uint8 sRGB: uneven light, blur, tone curve, noise.

    Parameters
    ----------
    photo : array, shape (height, width, 3)
        Linear sRGB.
    """
    camera = exposure.camera
    x = np.linspace(-1, 1, camera.width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, camera.height, dtype=np.float32)[:, None]
    # The lamp sits over the middle: the corners get a fifth less.
    field = 1 + np.float32(how.gradient[0]) * x + np.float32(how.gradient[1]) * y - np.float32(0.10) * (x * x + y * y)
    lit = cv2.GaussianBlur(np.asarray(photo * field[..., None], np.float32), (0, 0), camera.blur_px)
    noise = exposure.stream("sensor").standard_normal(photo.shape, dtype=np.float32) * np.float32(camera.noise)
    levels = stored_levels(np.asarray(lit, np.float32), exposure, how)
    return np.clip(levels + noise + np.float32(0.5), 0, 255).astype(np.uint8)
