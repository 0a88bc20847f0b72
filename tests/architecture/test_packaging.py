"""What is shipped: the four rooms with their data, a lock without a host, and no file of the shared folder."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    code = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(out)], cwd=ROOT, check=True, capture_output=True)
    return next(out.glob("*.whl"))


def test_the_wheel_holds_the_four_rooms_and_their_data_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"curate", "harness", "schemas", "sources"}
    for needed in ("schemas/codes/diagnosis.csv", "schemas/py.typed", "curate/checks/policy.yaml"):
        assert needed in names
    assert any(re.fullmatch(r"harness/report/templates/.+\.j2", name) for name in names)


def test_code_lists_are_read_from_the_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = "import schemas.vocabulary as v; print(v.__file__); print(len(v.codes('diagnosis')))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    file, count = done.stdout.split()
    assert Path(file).is_relative_to(tmp_path)
    assert int(count) == 418


def test_the_lock_pins_every_package_by_hash_and_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"https?://|index-url|find-links", lock)
    pins = re.findall(r"^[a-z0-9][\w.-]*(?:\[[\w,]+\])?==\S+.*\\$", lock, re.MULTILINE)
    assert len(pins) > 100
    assert lock.count("--hash=sha256:") >= len(pins)


@pytest.mark.real
def test_no_file_of_the_shared_folder_is_in_the_project(shared: Path) -> None:
    ours = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\0"
    )
    sizes = {file.stat().st_size for file in shared.rglob("*") if file.is_file() and file.suffix != ".md"}
    suspects = [
        name for name in ours if name and (ROOT / name).stat().st_size in sizes and (ROOT / name).stat().st_size > 0
    ]
    bytes_of_ours = {(ROOT / name).read_bytes(): name for name in suspects}
    for file in shared.rglob("*"):
        if file.is_file() and bytes_of_ours and file.stat().st_size in {len(data) for data in bytes_of_ours}:
            assert file.read_bytes() not in bytes_of_ours, f"{file.name} was committed"
