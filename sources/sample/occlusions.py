"""What lies between skin and camera: hair, gel bubbles, a ruler, skin marker, the dark edge of a dermoscope."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from sources.sample.exposure import Exposure, Setup

__all__ = ["behind_glass", "on_skin"]

Photo = npt.NDArray[np.float32]
Mask = npt.NDArray[np.float32]
_SHIFT = 4


def _lay(photo: Photo, mask: Mask, color: tuple[float, float, float]) -> Photo:
    """Return a photo with a color laid over it where a mask is 1."""
    return np.asarray(photo + mask[..., None] * (np.array(color, np.float32) - photo), np.float32)


def _blank(photo: Photo) -> npt.NDArray[np.uint8]:
    return np.zeros(photo.shape[:2], np.uint8)


def _as_mask(marks: npt.NDArray[np.uint8], blur_px: float = 0.0) -> Mask:
    mask = marks.astype(np.float32) / np.float32(255)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), blur_px), np.float32) if blur_px > 0 else mask


def _curve(start: npt.NDArray[np.float64], angle: float, length: float, bend: float) -> npt.NDArray[np.int32]:
    turns = angle + np.linspace(0, bend, 24)
    steps = np.column_stack([np.cos(turns), np.sin(turns)]) * (length / 24)
    return np.rint((start + np.cumsum(steps, axis=0)) * (1 << _SHIFT)).astype(np.int32)


def _hair(photo: Photo, exposure: Exposure, how: Setup) -> Photo:
    rng = exposure.stream("hair")
    patient = exposure.lesion.patient
    height, width = photo.shape[:2]
    scale = exposure.camera.px_per_mm * how.zoom / 26.0
    main = rng.uniform(0, 2 * math.pi)
    marks, shadow, shine = _blank(photo), _blank(photo), _blank(photo)
    for _ in range(how.hairs):
        start = rng.uniform(-0.1, 1.1, 2) * (width, height)
        points = _curve(start, main + rng.normal(0, 0.7), rng.uniform(120, 460) * max(0.55, scale), rng.normal(0, 0.9))
        thick = max(1, round(rng.uniform(0.7, 2.6) * scale))
        cv2.polylines(shadow, [points[:21] + np.array([24, 40], np.int32)], False, 90, thick + 1, cv2.LINE_AA, _SHIFT)
        dark = int(rng.integers(170, 256))
        cv2.polylines(marks, [points[:17]], False, dark, thick, cv2.LINE_AA, _SHIFT)
        cv2.polylines(marks, [points[16:21]], False, dark, max(1, thick - 1), cv2.LINE_AA, _SHIFT)
        cv2.polylines(marks, [points[20:]], False, dark // 2, 1, cv2.LINE_AA, _SHIFT)
        if thick >= 2:
            cv2.polylines(shine, [points[:17] - np.array([6, 10], np.int32)], False, 70, 1, cv2.LINE_AA, _SHIFT)
    old = patient.age_years > 68 and rng.random() < 0.6
    if old:
        color = (0.30, 0.27, 0.23)
    elif patient.tone in {"I", "II"} and rng.random() < 0.35:
        color = (0.13, 0.065, 0.03)
    else:
        color = (0.022, 0.014, 0.011)
    shaded = photo * (1 - 0.45 * _as_mask(shadow, 1.6))[..., None]
    covered = _lay(np.asarray(shaded, np.float32), _as_mask(marks), color)
    return _lay(covered, _as_mask(shine), (0.5, 0.45, 0.4))


def _ink(photo: Photo, exposure: Exposure, how: Setup) -> Photo:
    """Draw a broken ring of surgical marker around the lesion."""
    rng = exposure.stream("ink")
    height, width = photo.shape[:2]
    scale = exposure.camera.px_per_mm * how.zoom
    center = np.array([width / 2, height / 2]) + np.array(how.shift_mm) * scale
    turns = np.linspace(0, 2 * math.pi, 60) + rng.uniform(0, 6)
    radius = (
        (exposure.lesion.diameter_mm / 2 * rng.uniform(1.25, 1.7))
        * scale
        * (1 + 0.08 * np.sin(2 * turns + rng.uniform(0, 6)))
    )
    ring = center + np.column_stack([np.cos(turns), np.sin(turns) * rng.uniform(0.8, 1.0)]) * radius[:, None]
    marks = _blank(photo)
    gap = int(rng.integers(4, 12))
    for first in range(0, 60, gap + 8):
        points = np.rint(ring[first : first + gap + 4] * (1 << _SHIFT)).astype(np.int32)
        cv2.polylines(marks, [points], False, 235, max(2, round(0.55 * scale)), cv2.LINE_AA, _SHIFT)
    grain = 0.75 + 0.25 * rng.random(photo.shape[:2], dtype=np.float32)
    mask = _as_mask(marks, 0.8)[..., None] * grain[..., None] * np.array([0.86, 0.93, 0.62], np.float32)
    return np.asarray(photo * (1 - mask) + mask * photo * np.array([0.1, 0.06, 0.3], np.float32), np.float32)


def _limb(photo: Photo, exposure: Exposure, how: Setup) -> Photo:
    """Bend the skin away from the light toward the edges of an arm or a cheek; beyond the edge lies a cloth."""
    rng = exposure.stream("limb")
    height, width = photo.shape[:2]
    angle = rng.uniform(0, math.pi)
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(width / 2)
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(height / 2)
    across = x * np.float32(math.cos(angle)) + y * np.float32(math.sin(angle)) + np.float32(rng.normal(0, 0.06) * width)
    place = np.abs(across) / np.float32(how.limb * width)
    shade = np.sqrt(np.clip(1 - np.square(place), 0.0, 1)) * np.float32(0.75) + np.float32(0.25)
    beyond = np.clip((place - 1) * np.float32(how.limb * width / 3), 0, 1)
    weave = 0.9 + 0.1 * np.sin(x * np.float32(1.1)) * np.sin(y * np.float32(1.1))
    cloths = np.array([[0.05, 0.11, 0.2], [0.06, 0.16, 0.13], [0.5, 0.5, 0.48], [0.03, 0.03, 0.035]], np.float32)
    cloth = cloths[int(rng.integers(len(cloths)))] * weave[..., None]
    return np.asarray(photo * shade[..., None] * (1 - beyond[..., None]) + beyond[..., None] * cloth, np.float32)


def on_skin(photo: Photo, exposure: Exposure, how: Setup) -> Photo:
    """Return a photo (linear sRGB) with the roundness of the limb, marker and hair."""
    if how.limb > 0:
        photo = _limb(photo, exposure, how)
    if how.ink:
        photo = _ink(photo, exposure, how)
    return _hair(photo, exposure, how) if how.hairs else photo


def _bubbles(photo: Photo, exposure: Exposure, how: Setup) -> Photo:
    rng = exposure.stream("bubbles")
    height, width = photo.shape[:2]
    rim, inner, glint = _blank(photo), _blank(photo), _blank(photo)
    for _ in range(how.bubbles):
        center = rng.uniform(0, 1, 2) * (width, height)
        radius = float(np.exp(rng.normal(1.35, 0.6)))
        place = tuple(int(value * 16) for value in center)
        cv2.circle(inner, place, int(radius * 16), 60, -1, cv2.LINE_AA, _SHIFT)
        cv2.circle(rim, place, int(radius * 16), 150, 1, cv2.LINE_AA, _SHIFT)
        bright = tuple(int(value * 16) for value in center - radius * 0.4)
        cv2.circle(glint, bright, int(max(0.8, radius * 0.22) * 16), 255, -1, cv2.LINE_AA, _SHIFT)
    lifted = _lay(photo, _as_mask(inner), (0.75, 0.68, 0.62))
    ringed = np.asarray(lifted * (1 - 0.45 * _as_mask(rim))[..., None], np.float32)
    return _lay(ringed, _as_mask(glint, 0.5), (1.0, 1.0, 1.0))


def _ticks(photo: Photo, exposure: Exposure, how: Setup) -> Photo:
    """Draw the scale etched into the glass of a dermoscope: ticks along one border, every fifth longer."""
    rng = exposure.stream("ruler")
    height, width = photo.shape[:2]
    step = exposure.camera.px_per_mm * how.zoom * 0.5
    vertical, far = rng.random() < 0.5, rng.random() < 0.5
    length = height if vertical else width
    marks = _blank(photo)
    offset, phase = rng.uniform(4, 12), rng.uniform(0, step)
    for number in range(int(length / step) + 1):
        along, reach = phase + number * step, offset + (15.0 if number % 5 else 27.0)
        points = (
            np.array([[offset, along], [reach, along]]) if vertical else np.array([[along, offset], [along, reach]])
        )
        if far:
            points = np.array([width, height]) - points
        cv2.polylines(marks, [np.rint(points * 16).astype(np.int32)], False, 240, 1, cv2.LINE_AA, _SHIFT)
    return _lay(photo, _as_mask(marks), (0.02, 0.02, 0.022))


def _paper_ruler(photo: Photo, exposure: Exposure, how: Setup) -> Photo:
    """Lay a paper ruler along one border of a close-up, with a millimeter scale."""
    rng = exposure.stream("ruler")
    height, width = photo.shape[:2]
    step = exposure.camera.px_per_mm * how.zoom
    wide, slant = int(rng.uniform(34, 52)), rng.normal(0, 0.04)
    paper, marks = _blank(photo), _blank(photo)
    top = height - wide
    corners = np.array(
        [[0, top + slant * width / 2], [width, top - slant * width / 2], [width, height + 9], [0, height + 9]]
    )
    cv2.fillPoly(paper, [np.rint(corners * 16).astype(np.int32)], 255, cv2.LINE_AA, _SHIFT)
    for number in range(int(width / step) + 1):
        x = (number + 0.4) * step
        y = top + slant * (width / 2 - x) + 1
        end = y + (16 if number % 10 == 0 else 11 if number % 5 == 0 else 7)
        cv2.polylines(
            marks, [np.rint(np.array([[x, y], [x, end]]) * 16).astype(np.int32)], False, 255, 1, cv2.LINE_AA, _SHIFT
        )
        if number % 10 == 0:
            cv2.putText(
                marks,
                str(number // 10),
                (int(x) - 3, int(end) + 11),
                cv2.FONT_HERSHEY_SIMPLEX,
                0.34,
                255,
                1,
                cv2.LINE_AA,
            )
    shaded = np.asarray(
        photo * (1 - 0.5 * np.clip(_as_mask(paper, 3.0) - _as_mask(paper), 0, 1))[..., None], np.float32
    )
    covered = _lay(shaded, _as_mask(paper), (0.78, 0.77, 0.74))
    return _lay(covered, _as_mask(marks), (0.03, 0.03, 0.04))


def _vignette(photo: Photo, exposure: Exposure, how: Setup) -> Photo:
    rng = exposure.stream("vignette")
    height, width = photo.shape[:2]
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(width / 2 + rng.normal(0, 6))
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(height / 2 + rng.normal(0, 6))
    radius = how.vignette * math.hypot(width, height) / 2
    bright = 1 / (
        1 + np.exp(np.clip((np.hypot(x, y) - np.float32(radius)) / np.float32(rng.uniform(1.5, 5.0)), -40, 40))
    )
    rim = np.clip(1 - np.square(np.hypot(x, y) / np.float32(radius)) * np.float32(0.18), 0.3, 1)
    return np.asarray(photo * (bright * rim)[..., None] + np.float32(0.004) * (1 - bright)[..., None], np.float32)


def behind_glass(photo: Photo, exposure: Exposure, how: Setup) -> Photo:
    """Return a photo (linear sRGB) with what the device adds: bubbles under the glass, the scale, the dark edge."""
    if how.bubbles:
        photo = _bubbles(photo, exposure, how)
    if how.ruler:
        dermoscopic = exposure.camera.modality == "dermoscopic"
        photo = _ticks(photo, exposure, how) if dermoscopic else _paper_ruler(photo, exposure, how)
    return _vignette(photo, exposure, how) if how.vignette > 0 else photo
