"""Names of embedders resolve to vectors, and what is missing is said with the way on."""

from __future__ import annotations

import pickle
import urllib.request
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from curate.measures.embeddings import resolve
from schemas.errors import Unavailable, UserError

Image = npt.NDArray[np.uint8]


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("DERMACURATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "cache"


def pictures(count: int) -> list[Image]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (60 + 7 * i, 90, 3), dtype=np.uint8) for i in range(count)]


def constant_network(path: Path, side_px: int = 8) -> Path:
    """Write a network that flattens its input: what it gives can be computed by hand."""
    import onnx
    from onnx import TensorProto, helper

    taken = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, side_px, side_px])
    given = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3 * side_px * side_px])
    graph = helper.make_graph([helper.make_node("Flatten", ["x"], ["y"], axis=1)], "flat", [taken], [given])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def test_classical_vectors_do_not_depend_on_the_batch_and_tell_color_and_texture_apart() -> None:
    embedder = resolve("classical")
    together = embedder.of(pictures(3))
    assert together.dtype == np.float32
    assert np.isfinite(together).all()
    np.testing.assert_array_equal(together[1], embedder.of(pictures(3)[1:2])[0])
    plain = np.full((80, 80, 3), 120, np.uint8)
    assert np.isfinite(embedder.of([plain, np.zeros((16, 300, 3), np.uint8)])).all()
    red = plain + np.array([40, 0, 0], np.uint8)
    assert np.abs(embedder.of([plain])[0] - embedder.of([red])[0]).max() > 0.1


def test_an_embedder_crosses_to_worker_processes() -> None:
    embedder = pickle.loads(pickle.dumps(resolve("classical")))
    assert embedder.of(pictures(1)).shape[0] == 1


def test_a_users_onnx_file_is_run_on_pictures_of_its_own_size(cache: Path, tmp_path: Path) -> None:
    embedder = resolve(str(constant_network(tmp_path / "flat.onnx")))
    gray = np.full((100, 140, 3), 128, np.uint8)
    vectors = embedder.of([gray] * 11)
    expected = (128 / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    assert vectors.shape == (11, 192)
    np.testing.assert_allclose(vectors[10], np.repeat(expected, 64), atol=1e-5)
    assert embedder.name.startswith("onnx-")


def test_missing_weights_without_a_network_name_the_file_the_folder_and_the_way_on(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # urllib keeps the opener of its first call for the whole process, proxies included.
    monkeypatch.setattr(urllib.request, "_opener", None)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nobody listens on port 9
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(Unavailable) as told:
        resolve("mobilenet_v2")
    message = str(told.value)
    assert told.value.exit_code == 4
    for word in ("mobilenet_v2-7ebf99e0.pth", str(cache / "weights"), "--embedder classical"):
        assert word in message
    assert list((cache / "weights").iterdir()) == []


def test_a_misspelt_name_gets_a_proposal(cache: Path) -> None:
    with pytest.raises(UserError, match=r"Did you mean mobilenet_v2"):
        resolve("mobilnet_v2")


@pytest.mark.parametrize("spec", ["nothing.onnx", "mobilenet_v2=nothing.pth"])
def test_a_file_that_is_not_there_is_named(cache: Path, spec: str) -> None:
    with pytest.raises(Unavailable, match="nothing"):
        resolve(spec)


def test_a_file_that_is_no_network_is_refused(cache: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network")
    with pytest.raises(Unavailable, match="no network that onnxruntime can run"):
        resolve(str(broken))


def test_weights_of_another_network_are_refused(cache: Path, tmp_path: Path) -> None:
    import torch

    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(UserError, match="does not hold the weights of mobilenet_v2"):
        resolve(f"mobilenet_v2={tmp_path / 'other.pth'}")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenet_v2", "timm/resnet10t"])
def test_an_exported_backbone_gives_what_torch_gives_for_any_batch(cache: Path, tmp_path: Path, name: str) -> None:
    import torch

    from curate.measures.embeddings.backbones import _untrained

    torch.manual_seed(0)
    network = _untrained(name).eval()
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    embedder = resolve(f"{name}={tmp_path / 'weights.pth'}")
    small = np.full((224, 224, 3), 200, np.uint8)
    vectors = embedder.of([small] * 9)
    for head in ("classifier", "fc"):
        if hasattr(network, head):
            setattr(network, head, torch.nn.Identity())
    with torch.no_grad():
        side = 224 if name == "mobilenet_v2" else 176
        value = (200 / 255 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
        expected = network(value[None, :, None, None].expand(1, 3, side, side)).numpy()
    np.testing.assert_allclose(vectors, np.repeat(expected, 9, axis=0), rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(vectors[8], embedder.of([small])[0])
    assert resolve(f"{name}={tmp_path / 'weights.pth'}").sha256 == embedder.sha256
