"""Starting weights: fetched with their hash, taken from a file, or a clear word on both ways out."""

from __future__ import annotations

import gc
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.models import weights
from harness.models.catalogue import resolve
from schemas.errors import Unavailable, UserError

# torch.hub leaves its connection to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

CONTENT = b"weights of a test"
NAME = f"resnet18-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"
RESNET = resolve("resnet18")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serve a folder on this machine in place of torchvision's server; the cache is empty."""
    served = tmp_path / "served"
    served.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object, **more: object) -> None:
            super().__init__(*args, directory=str(served), **more)  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        monkeypatch.setenv(weights.MIRROR_VARIABLE, f"http://127.0.0.1:{running.server_port}")
        monkeypatch.setenv("DERMACURATE_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
        # The real file is 45 MB; this one has its hash in its name as that has.
        monkeypatch.setitem(weights._FILES, "resnet18", NAME)
        yield served
        running.shutdown()
    gc.collect()


def test_imagenet_weights_are_fetched_once_and_checked(server: Path, tmp_path: Path) -> None:
    (server / NAME).write_bytes(CONTENT)
    found = weights.resolve("imagenet", RESNET)
    assert found.file == tmp_path / "cache" / "weights" / NAME
    assert found.sha256 == hashlib.sha256(CONTENT).hexdigest()
    (server / NAME).unlink()
    assert weights.resolve("imagenet", RESNET) == found


def test_a_file_with_another_hash_is_not_kept(server: Path, tmp_path: Path) -> None:
    (server / NAME).write_bytes(b"something else")
    with pytest.raises(Unavailable, match="what arrived has another hash"):
        weights.resolve("imagenet", RESNET)
    assert list((tmp_path / "cache" / "weights").iterdir()) == []


@pytest.mark.usefixtures("server")
def test_a_file_that_the_server_does_not_have_is_named_with_both_ways_out(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        weights.resolve("imagenet", RESNET)
    said = str(caught.value)
    assert caught.value.exit_code == 4
    for part in (NAME, "404", str(tmp_path / "cache" / "weights" / NAME), "--weights PATH", "--weights none"):
        assert part in said


@pytest.mark.usefixtures("server")
def test_no_way_to_the_server_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(weights.MIRROR_VARIABLE, "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="there is no way to the server"):
        weights.resolve("imagenet", RESNET)


@pytest.mark.usefixtures("server")
def test_what_torch_has_fetched_before_is_used(tmp_path: Path) -> None:
    kept = tmp_path / "torch" / "hub" / "checkpoints" / NAME
    kept.parent.mkdir(parents=True)
    kept.write_bytes(CONTENT)
    assert weights.resolve("imagenet", RESNET).file == kept


@pytest.mark.usefixtures("server")
def test_a_wrong_file_put_in_the_cache_by_hand_is_named(tmp_path: Path) -> None:
    place = tmp_path / "cache" / "weights" / NAME
    place.parent.mkdir(parents=True)
    place.write_bytes(b"of another network")
    with pytest.raises(Unavailable, match="is not torchvision's file"):
        weights.resolve("imagenet", RESNET)


def test_a_path_must_be_a_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file of weights"):
        weights.resolve(str(tmp_path / "none.pth"), RESNET)
    (tmp_path / "own.pth").write_bytes(CONTENT)
    assert weights.resolve(str(tmp_path / "own.pth"), RESNET).title == "own.pth"


def test_none_is_asked_for_by_name_and_plugins_have_none() -> None:
    assert weights.resolve("none", RESNET).title == "random initialization"
    assert weights.resolve("imagenet", resolve("prior")).file is None


def test_the_names_of_the_baselines_files_are_those_of_torchvision() -> None:
    for architecture, name in weights._FILES.items():
        assert weights._address(architecture).endswith(f"/{name}")
