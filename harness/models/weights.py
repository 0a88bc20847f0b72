"""Starting weights of a network: torchvision's ImageNet files with their hashes, a file of the user's, or none.

They are looked for before anything is trained. Random numbers are never a silent way out: they are asked for by name.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.models.catalogue import Target
from schemas import cache
from schemas.errors import Unavailable, UserError

# Where torchvision's own files lie, unless this environment variable names a mirror of that folder.
MIRROR_VARIABLE = "DERMACURATE_WEIGHTS_URL"
_SECONDS_TO_ANSWER = 30.0
# The recipe names its weights; for other networks torchvision's best are taken.
_CHOSEN = {"resnet18": "IMAGENET1K_V1", "resnet50": "IMAGENET1K_V2"}
# The file of the baseline, known without importing torchvision.
_FILES = {"resnet18": "resnet18-f37072fd.pth", "resnet50": "resnet50-11ad3fa6.pth"}
_HOME = "https://download.pytorch.org/models/"


@dataclass(frozen=True, slots=True)
class Weights:
    """Where a network starts from.

    Parameters
    ----------
    choice : str
        ``imagenet``, ``none`` or ``file``.
    file : Path, optional
        None: random numbers.
    sha256 : str
        Of the file.
    """

    choice: str
    file: Path | None = None
    sha256: str = ""

    @property
    def title(self) -> str:
        """How reports call it."""
        if self.file is None:
            return "random initialization"
        return f"ImageNet ({self.file.name})" if self.choice == "imagenet" else self.file.name


def resolve(choice: str, target: Target) -> Weights:
    """Return the starting weights of a network, fetched where they are not at hand.

    Parameters
    ----------
    choice : str
        ``imagenet``, ``none`` or a path.
    target : Target
        The network.

    Raises
    ------
    UserError
        There is no such file.
    Unavailable
        ImageNet weights are neither in the cache nor to be fetched.
    """
    if choice == "none" or target.architecture is None:
        return Weights("none")
    if choice != "imagenet":
        file = Path(choice).expanduser()
        if not file.is_file():
            raise UserError(
                "there is no such file of weights", value=choice, remedy="Give --weights imagenet, none or a file."
            )
        return Weights("file", file.resolve(), _sha256(file))
    file = _timm_file(target.architecture) if target.kind == "timm" else _torchvision_file(target.architecture)
    return Weights("imagenet", file, _sha256(file))


def _torchvision_file(architecture: str) -> Path:
    name = _FILES.get(architecture) or _address(architecture).rpartition("/")[2]
    prefix = _hash_prefix(name)
    place = cache.folder("weights") / name
    for file in (place, _torch_folder() / name):
        if file.is_file():
            return _checked(file, prefix)
    url = f"{(os.environ.get(MIRROR_VARIABLE) or _HOME).rstrip('/')}/{name}"
    try:
        with _impatient():
            # torchvision's own way to a file: a temporary name, the hash checked, then the rename
            from torch.hub import download_url_to_file

            download_url_to_file(url, str(place), hash_prefix=prefix, progress=False)
    except (urllib.error.URLError, OSError, RuntimeError) as error:
        raise _missing(name, place, url, _reason(error)) from error
    return place


def _address(architecture: str) -> str:
    from torchvision import models

    known = models.get_model_weights(architecture)
    chosen = known[_CHOSEN[architecture]] if architecture in _CHOSEN else known.DEFAULT
    return str(chosen.url)


def _torch_folder() -> Path:
    """Return where torch itself keeps what it has fetched, without importing it."""
    home = os.environ.get("TORCH_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "torch"
    return Path(home).expanduser() / "hub" / "checkpoints"


def _checked(file: Path, prefix: str) -> Path:
    if not _sha256(file).startswith(prefix):
        raise Unavailable(
            f"is not torchvision's file: its SHA-256 does not start with {prefix}",
            value=str(file),
            remedy="Remove it and run again, or put the right file there.",
        )
    return file


def _hash_prefix(name: str) -> str:
    found = re.search(r"-([0-9a-f]{8,})\.", name)
    return found.group(1) if found else ""


@contextmanager
def _impatient() -> Iterator[None]:
    """Let a connection that does not answer end in half a minute; torch's function sets no limit of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SECONDS_TO_ANSWER)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return f"the server answers {error.code}"
    if isinstance(error, urllib.error.URLError):
        return f"there is no way to the server ({error.reason})"
    if isinstance(error, RuntimeError):
        return "what arrived has another hash"
    return str(error)


def _missing(name: str, place: Path, url: str, reason: str) -> Unavailable:
    return Unavailable(
        f"ImageNet weights are not here and cannot be fetched: {reason}",
        value=name,
        remedy=f"Fetch {url} on another machine and put it at {place}; or name a file with --weights PATH; "
        "or start from random numbers with --weights none.",
    )


def _timm_file(name: str) -> Path:
    """Return the pre-trained weights of a timm model, fetched by timm itself and kept as safetensors."""
    file = cache.folder("weights") / f"timm-{name}.safetensors"
    if file.is_file():
        return file
    import timm
    from safetensors.torch import save_file

    try:
        with _impatient():
            model = timm.create_model(name, pretrained=True)
    except (RuntimeError, OSError, ValueError) as error:
        raise _missing(f"timm/{name}", file, "the model's page", str(error).partition("\n")[0]) from error
    fresh = file.with_suffix(".new")
    save_file(dict(model.state_dict()), fresh)
    fresh.replace(file)
    return file


def _sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
