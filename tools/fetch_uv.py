"""Put the program `uv` into a folder, from the package index, with nothing but the standard library.

    python tools/fetch_uv.py FOLDER

Exit code 1, with one line, where no wheel fits this machine or the index cannot be reached.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

# Two machines with the same checkout install with the same program.
VERSION = "0.13.9"
INDEX = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/")
TIMEOUT_SECONDS = 60


def wheel_pattern() -> str | None:
    """Return what the file name of the fitting wheel ends with, as a regular expression."""
    machine = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    if sys.platform == "linux":
        libc = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
        return rf"py3-none-{libc}_[\w.]*{machine}\.whl$"
    if sys.platform == "darwin":
        return rf"py3-none-macosx_[\w]*{'arm64' if machine == 'aarch64' else machine}\.whl$"
    return None


def get(url: str, accept: str = "*/*") -> bytes:
    """Return the body of a page."""
    request = urllib.request.Request(url, headers={"Accept": accept, "User-Agent": "dermacurate-setup"})  # noqa: S310 (the index of the user)
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
        return bytes(answer.read())


def fetch(folder: Path) -> str | None:
    """Write FOLDER/uv; return what stood in the way, or None."""
    pattern = wheel_pattern()
    if pattern is None:
        return f"no wheel of uv for {sys.platform}"
    page = f"{INDEX}/uv/"
    listing = json.loads(get(page, accept="application/vnd.pypi.simple.v1+json"))
    fitting = [
        file
        for file in listing["files"]
        if file["filename"].startswith(f"uv-{VERSION}-") and re.search(pattern, file["filename"])
    ]
    if not fitting:
        return f"no wheel of uv {VERSION} for {platform.machine()} at {page}"
    data = get(urllib.parse.urljoin(page, fitting[0]["url"]))
    if hashlib.sha256(data).hexdigest() != fitting[0]["hashes"]["sha256"]:
        return f"{fitting[0]['filename']} has another hash than the index says"
    with zipfile.ZipFile(io.BytesIO(data)) as wheel:
        program = wheel.read(f"uv-{VERSION}.data/scripts/uv")
    target = folder / "uv"
    target.write_bytes(program)
    target.chmod(0o755)
    return None


def main() -> int:
    """Fetch the program and say what went wrong, if anything did."""
    folder = Path(sys.argv[1])
    if (folder / "uv").is_file():
        return 0
    try:
        fault = fetch(folder)
    except (urllib.error.URLError, OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        fault = str(error)
    if fault is not None:
        print(f"uv could not be fetched ({fault}); pip is used instead.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
