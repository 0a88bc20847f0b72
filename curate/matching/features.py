"""Local features of one picture: SIFT keypoints in a mixed order, RootSIFT descriptors and their mirror twin.

Coordinates are in units of the long side (0..1 along it), so that two pictures of different size compare directly.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Gray = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

# design/curation.md 3.3 and 3.7: 225 px beats 300 px in recall and in cost; contrast .008 because OpenCV's default
# finds a median of 12 keypoints on skin; two of the strongest and one from a grid, because the strongest alone are
# lost to a text overlay and the grid alone loses real pairs.
LONG_SIDE_PX = 225
KEPT = 300
INDEXED = 100
CONTRAST, EDGE = 0.008, 20.0
# Described at most this many, the strongest: one call that detects and describes builds the pyramid once (15 v 19 ms).
DESCRIBED = 600
GRID_COLUMNS, GRID_ROWS = 8, 6
THUMBNAIL_PX = 160
# Print: whiter than this in each channel, nearly colorless, clearly brighter than its ground, strokes thinner than 1/40
# of the long side; their blurred edges go with them.
PRINT_WHITE, PRINT_CHROMA, PRINT_CONTRAST = 180, 60, 30
PRINT_STROKES, PRINT_EDGES, PRINT_LEAST_PX = 40, 200, 12
# Darker than this and connected to the border: the tube of the dermatoscope (curation.md 7.2), whose rim and dust are
# the same in all pictures of one device (14 of the 33 pairs that were looked at and proved false).
FRAME_GRAY, FRAME_MARGIN_PX = 35, 10
PARAMETERS = f"sift-{LONG_SIDE_PX}-{KEPT}-{CONTRAST}-{EDGE:g}-{DESCRIBED}-{GRID_COLUMNS}x{GRID_ROWS}-{THUMBNAIL_PX}-v3"

# The descriptor of a mirrored patch: rows of the 4 x 4 cells in reverse, orientation bin o becomes -o (852 of 852
# keypoints match their mirror image with cosine 1.000: curation.md 3.3).
MIRROR = np.arange(128).reshape(4, 4, 8)[::-1][:, :, (8 - np.arange(8)) % 8].ravel()


@dataclass(frozen=True, slots=True)
class Features:
    """What is kept of one picture for matching; about 60 kB.

    Parameters
    ----------
    points : array, shape (k, 2), float32
        x and y in units of the long side; the first `INDEXED` are the ones that vote.
    sizes : array, shape (k,), float32
        Diameter of the keypoint, units of the long side.
    angles : array, shape (k,), float32
        Orientation in radians, y downwards.
    descriptors : array, shape (k, 128), uint8
        RootSIFT x 512.
    thumbnail : array, shape (h, w), uint8
        Gray picture of at most `THUMBNAIL_PX` on the long side.
    width_px, height_px : int
        Size of the picture itself.
    """

    points: Floats
    sizes: Floats
    angles: Floats
    descriptors: npt.NDArray[np.uint8]
    thumbnail: Gray
    width_px: int
    height_px: int

    @property
    def frame(self) -> tuple[float, float]:
        """Width and height in units of the long side."""
        long_side = max(self.width_px, self.height_px)
        return self.width_px / long_side, self.height_px / long_side


def extract(image: npt.NDArray[np.uint8]) -> Features:
    """Return the features of a picture.

    Parameters
    ----------
    image : array, shape (h, w, 3), uint8
        Upright sRGB.
    """
    height, width = image.shape[:2]
    gray = without_print(shrink(image, 4 * LONG_SIDE_PX))
    small = to_long_side(gray, LONG_SIDE_PX)
    keypoints, found = _sift().detectAndCompute(small, _outside_frame(small))
    descriptors = np.asarray(found, np.float32) if keypoints else np.empty((0, 128), np.float32)
    raw = np.array([(*k.pt, k.size, k.angle, k.response) for k in keypoints], np.float32).reshape(-1, 5)
    order = mixed_order(raw[:, :2], raw[:, 4], width_px=small.shape[1], height_px=small.shape[0])
    raw, descriptors = raw[order], descriptors[order]
    return Features(
        points=(raw[:, :2] + np.float32(0.5)) / np.float32(LONG_SIDE_PX),
        sizes=raw[:, 2] / np.float32(LONG_SIDE_PX),
        angles=np.deg2rad(raw[:, 3]),
        descriptors=root_sift(descriptors),
        thumbnail=to_long_side(gray, THUMBNAIL_PX),
        width_px=width,
        height_px=height,
    )


def without_print(image: npt.NDArray[np.uint8]) -> Gray:
    """Return a picture in gray with thin white print and reflections filled by what lies around them.

    Two exports of one device carry the same text: without this its letters match like skin does (of 1,252 pairs of
    different lesions with one printed line every one reached five matched points; without the print none of them).

    Parameters
    ----------
    image : array, shape (h, w, 3), uint8
        Upright sRGB.
    """
    gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    red, green, blue = cv2.split(image)  # numpy's minimum over an axis of three takes ten times as long
    darkest, brightest = cv2.min(cv2.min(red, green), blue), cv2.max(cv2.max(red, green), blue)
    white = (np.asarray(darkest) > PRINT_WHITE) & (np.asarray(cv2.subtract(brightest, darkest)) < PRINT_CHROMA)
    if not white.any():
        return gray
    side = 2 * round(max(max(gray.shape) / PRINT_STROKES, PRINT_LEAST_PX) / 2) + 1
    ground = np.asarray(cv2.morphologyEx(gray, cv2.MORPH_OPEN, np.ones((side, side), np.uint8)), np.uint8)
    thin = (white & (gray - ground > PRINT_CONTRAST)).astype(np.uint8)
    edge = 2 * round(max(gray.shape) / PRINT_EDGES) + 1
    return np.where(cv2.dilate(thin, np.ones((edge, edge), np.uint8)) > 0, ground, gray)


def shrink(image: npt.NDArray[np.uint8], long_side_px: int) -> npt.NDArray[np.uint8]:
    """Return a picture no longer than a side; a smaller one is returned as it is."""
    return to_long_side(image, long_side_px) if max(image.shape[:2]) > long_side_px else image


def to_long_side(image: npt.NDArray[np.uint8], long_side_px: int) -> npt.NDArray[np.uint8]:
    """Return a picture resized to a long side: by area when it shrinks, cubic when it grows."""
    height, width = image.shape[:2]
    scale = long_side_px / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=way), np.uint8)


def _sift() -> cv2.SIFT:
    return cv2.SIFT.create(nfeatures=DESCRIBED, contrastThreshold=CONTRAST, edgeThreshold=EDGE)


def _outside_frame(gray: Gray) -> Gray:
    """Return 255 where keypoints may lie: not in the black that touches the border of the picture."""
    dark = (cv2.blur(gray, (5, 5)) < FRAME_GRAY).astype(np.uint8)
    if not dark.any():
        return np.full_like(gray, 255)
    _, labels = cv2.connectedComponents(dark)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    frame = np.isin(labels, np.unique(rim[rim > 0])).astype(np.uint8)
    side = 2 * FRAME_MARGIN_PX + 1
    return np.where(cv2.dilate(frame, np.ones((side, side), np.uint8)) > 0, 0, 255).astype(np.uint8)


def mixed_order(points: Floats, responses: Floats, *, width_px: int, height_px: int) -> npt.NDArray[np.intp]:
    """Return which keypoints are kept and in which order: two of the strongest, one from a grid, in turn.

    Parameters
    ----------
    points : array, shape (n, 2), float32
        In pixels.
    responses : array, shape (n,), float32
        Strength; ties go to the upper left.
    width_px, height_px : int
        Size of the picture.

    References
    ----------
    curation.md 3.3 (8 x 6 cells, round robin over the cells, the strongest first in each).
    """
    strongest = np.lexsort((points[:, 0], points[:, 1], -responses))
    column = np.minimum((points[:, 0] * GRID_COLUMNS / width_px).astype(int), GRID_COLUMNS - 1)
    row = np.minimum((points[:, 1] * GRID_ROWS / height_px).astype(int), GRID_ROWS - 1)
    cell = (row * GRID_COLUMNS + column)[strongest]
    turn = np.empty(len(cell), int)
    for index in np.unique(cell):
        inside = cell == index
        turn[inside] = np.arange(inside.sum())
    spread = strongest[np.lexsort((cell, turn))]
    return np.array(_in_turn(strongest.tolist(), spread.tolist()), np.intp)


def _in_turn(strongest: list[int], spread: list[int]) -> list[int]:
    queues = (iter(strongest), iter(strongest), iter(spread))
    taken: dict[int, None] = {}
    wanted = min(KEPT, len(strongest))
    while len(taken) < wanted:
        for queue in queues:
            item = next((i for i in queue if i not in taken), None)
            if item is not None and len(taken) < wanted:
                taken[item] = None
    return list(taken)


def root_sift(descriptors: Floats) -> npt.NDArray[np.uint8]:
    """Return RootSIFT descriptors as bytes: L1 normalized, square root, times 512.

    References
    ----------
    Arandjelovic and Zisserman, Three things everyone should know to improve object retrieval, CVPR 2012.
    """
    total = np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-12)
    scaled: npt.NDArray[np.uint8] = np.clip(np.rint(512 * np.sqrt(descriptors / total)), 0, 255).astype(np.uint8)
    return scaled


def mirrored(features: Features) -> Features:
    """Return the features of the mirrored picture (left and right exchanged), without looking at pixels again."""
    width = features.frame[0]
    points = features.points * np.array([-1, 1], np.float32) + np.array([width, 0], np.float32)
    return Features(
        points=points,
        sizes=features.sizes,
        angles=(np.pi - features.angles).astype(np.float32),
        descriptors=features.descriptors[:, MIRROR],
        thumbnail=np.ascontiguousarray(features.thumbnail[:, ::-1]),
        width_px=features.width_px,
        height_px=features.height_px,
    )
