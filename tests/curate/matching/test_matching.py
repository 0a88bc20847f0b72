"""Local features find the map between two pictures of one skin, and none between two skins."""

from __future__ import annotations

import math

import cv2
import networkx as nx
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.matching.features import KEPT, MIRROR, extract, mirrored, mixed_order, without_print
from curate.matching.geometry import Matches, align, nearest
from curate.matching.linking import chains_from, components
from curate.matching.neighbors import nearest_pictures
from curate.matching.scores import same_lesion_probability, same_photo_probability
from curate.matching.verify import verify
from curate.matching.votes import vote

Image = npt.NDArray[np.uint8]


def skin(seed: int, *, width: int = 300, height: int = 225) -> Image:
    """A picture with texture at several scales and a darker middle, as skin with a lesion has."""
    rng = np.random.default_rng(seed)
    texture = sum(
        cv2.resize(rng.normal(0, 1, (height // k + 1, width // k + 1)), (width, height), interpolation=cv2.INTER_CUBIC)
        * a
        for k, a in ((2, 4), (5, 8), (11, 10), (40, 15))
    )
    y, x = np.mgrid[0:height, 0:width]
    spot = 60 * np.exp(-(((x - width / 2) / 50) ** 2 + ((y - height / 2) / 35) ** 2))
    color = np.array([205, 160, 140])[None, None] + (texture - spot)[..., None] * np.array([0.8, 1.0, 1.0])
    return np.clip(color, 0, 255).astype(np.uint8)


def turned(image: Image, degrees: float, scale: float = 1.0) -> Image:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("half size", lambda i: cv2.resize(i, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)),
        ("squeezed", lambda i: cv2.resize(i, (224, 224), interpolation=cv2.INTER_AREA)),
        ("darker", lambda i: (i * 0.6).astype(np.uint8)),
        ("cropped", lambda i: i[20:190, 30:270]),
        ("turned by 90", lambda i: np.ascontiguousarray(np.rot90(i))),
        ("turned by 30", lambda i: turned(i, 30)),
        ("zoomed", lambda i: turned(i, -12, 1.6)),
    ],
)
def test_an_edited_copy_is_told_from_another_skin(name: str, change: object) -> None:
    original, copy = skin(1), np.asarray(change(skin(1)), np.uint8)  # type: ignore[operator]
    facts = verify(extract(original), extract(copy), mirror=False)
    assert facts is not None, name
    assert same_lesion_probability(facts) > 0.99
    other = verify(extract(skin(2)), extract(copy), mirror=False)
    assert other is None or same_lesion_probability(other) < 0.05


def test_the_map_carries_points_where_they_went() -> None:
    facts = verify(extract(skin(3)), extract(turned(skin(3), 20, 1.2)), mirror=False)
    assert facts is not None
    truth = cv2.getRotationMatrix2D((150, 112.5), 20, 1.2)
    for x, y in ((0.3, 0.3), (0.6, 0.4)):
        expected = truth @ [x * 300, y * 300, 1] / 300
        found = np.array(facts.matrix).reshape(2, 3) @ [x, y, 1]
        assert found == pytest.approx(expected, abs=0.01)


def test_a_mirror_image_is_found_from_the_features_of_the_original_alone() -> None:
    facts = verify(extract(skin(4)), extract(np.ascontiguousarray(skin(4)[:, ::-1])), mirror=True)
    assert facts is not None
    assert same_photo_probability(facts) > 0.9
    assert facts.scale == pytest.approx(1, abs=0.01)
    shown = np.array(facts.points)
    assert shown[:, 0] + shown[:, 2] == pytest.approx(np.ones(len(shown)), abs=0.02)  # x in A is 1 - x in B


def test_mirroring_twice_gives_the_same_features() -> None:
    features = extract(skin(5))
    twice = mirrored(mirrored(features))
    np.testing.assert_array_equal(twice.descriptors, features.descriptors)
    np.testing.assert_allclose(twice.points, features.points, atol=1e-6)
    assert sorted(MIRROR) == list(range(128))


def test_a_common_line_of_print_does_not_join_two_skins() -> None:
    def printed(image: Image) -> Image:
        out = image.copy()
        cv2.putText(out, "CLINIC 0042", (10, 200), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1, cv2.LINE_AA)
        return out

    facts = verify(extract(printed(skin(6))), extract(printed(skin(7))), mirror=False)
    assert facts is None or same_lesion_probability(facts) < 0.05


def test_two_lesions_beside_one_ruler_are_not_one_lesion() -> None:
    def measured(image: Image) -> Image:
        out = image.copy()
        cv2.rectangle(out, (0, 190), (300, 225), (240, 240, 235), -1)
        for tick in range(30):
            x = 12 + tick * 9 + (tick * tick) % 4
            cv2.line(out, (x, 190), (x, 196 + 5 * (tick % 5 == 0) + tick % 3), (30, 30, 30), 1, cv2.LINE_AA)
        return out

    facts = verify(extract(measured(skin(16))), extract(measured(skin(17))), mirror=False)
    assert facts is not None
    assert facts.inliers >= 7
    assert same_lesion_probability(facts) < 0.5


def test_skin_without_print_is_left_as_it_is() -> None:
    image = (skin(8) * 0.8).astype(np.uint8)
    np.testing.assert_array_equal(without_print(image), cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


@pytest.mark.parametrize("pixels", [np.zeros((64, 64, 3), np.uint8), np.full((40, 300, 3), 200, np.uint8)])
def test_a_picture_without_texture_has_no_features_and_matches_nothing(pixels: Image) -> None:
    features = extract(pixels)
    assert len(features.points) == 0
    assert verify(features, features, mirror=False) is None
    assert vote([features.descriptors, features.descriptors]) == []


@given(st.integers(0, 2**32 - 1), st.integers(1, 900))
def test_kept_keypoints_are_different_ones_and_as_many_as_there_are(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    points = (rng.random((count, 2)) * [225, 170]).astype(np.float32)
    order = mixed_order(points, rng.random(count).astype(np.float32), width_px=225, height_px=170)
    assert len(set(order.tolist())) == len(order) == min(count, KEPT)


def test_the_strongest_keypoint_comes_first_and_an_empty_corner_is_not_forgotten() -> None:
    points = np.array([[10, 10]] * 50 + [[220, 160]], np.float32)
    responses = np.array([*range(100, 50, -1), 1], np.float32)
    order = mixed_order(points, responses, width_px=225, height_px=170).tolist()
    assert order[0] == 0
    assert order.index(50) < 10


def test_nearest_neighbors_must_be_mutual_and_clear() -> None:
    similarity = np.array([[0.99, 0.1, 0.1], [0.989, 0.2, 0.1], [0.1, 0.1, 0.95]], np.float32)
    matches = nearest(similarity)
    assert set(zip(matches.left.tolist(), matches.right.tolist(), strict=True)) == {(2, 2)}


def test_two_matches_make_no_alignment() -> None:
    features = extract(skin(9))
    two = np.array([0, 1])
    assert align(features, features, Matches(two, two, np.array([0.1, 0.1]))) is None


def test_votes_list_the_copy_first_whatever_stands_between() -> None:
    pictures = [skin(seed) for seed in range(10, 22)]
    descriptors = [extract(image).descriptors for image in [*pictures, turned(pictures[3], 15)]]
    assert any(c.left == 3 and c.right == 12 and not c.mirror for c in vote(descriptors))


def test_neighbors_by_embedding_skip_pictures_without_a_vector() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 16)).astype(np.float32)
    vectors[7] = vectors[30] + 0.01
    vectors[3] = np.nan
    found = nearest_pictures(vectors, first=1)
    assert any((c.left, c.right) == (7, 30) for c in found)
    assert all(3 not in (c.left, c.right) for c in found)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(lambda p: p[0] != p[1]), max_size=25))
def test_groups_are_those_of_networkx(pairs: list[tuple[int, int]]) -> None:
    graph = nx.Graph(pairs)
    assert components(pairs) == sorted(sorted(each) for each in nx.connected_components(graph))


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda p: p[0] < p[1]),
        st.floats(0.5, 1.0),
        min_size=1,
        max_size=15,
    )
)
def test_the_surest_chain_has_the_product_that_networkx_finds(pairs: dict[tuple[int, int], float]) -> None:
    graph = nx.Graph()
    near: dict[int, dict[int, float]] = {}
    for (a, b), p in pairs.items():
        graph.add_edge(a, b, weight=-math.log(p))
        near.setdefault(a, {})[b] = near.setdefault(b, {})[a] = p
    start = min(near)
    expected = nx.single_source_dijkstra_path_length(graph, start)
    found = chains_from(start, near)
    assert set(found) == set(expected) - {start}
    for end, chain in found.items():
        assert -math.log(chain.probability) == pytest.approx(expected[end], abs=1e-9)
        assert (chain.members[0], chain.members[-1]) == (start, end)
