from __future__ import annotations

import io
import pickle
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from schemas.errors import DataFault
from sources.transport.archive import members


def zip_of(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name.replace("__", "/"), content)
    return path


def tar_with(path: Path, info: tarfile.TarInfo, content: bytes = b"x") -> Path:
    with tarfile.open(path, "w") as packed:
        good = tarfile.TarInfo("good.jpg")
        good.size = 1
        packed.addfile(good, io.BytesIO(b"g"))
        info.size = len(content) if info.isreg() else 0
        packed.addfile(info, io.BytesIO(content))
    return path


def refused(path: Path) -> str:
    with pytest.raises(DataFault) as caught:
        members(path)
    return str(caught.value)


def test_members_are_sorted_read_lazily_and_cross_a_process_pool(tmp_path: Path) -> None:
    found = members(zip_of(tmp_path / "a.zip", b__two=b"2" * 5000, a__one=b"1"))
    assert [(member.path, member.size) for member in found] == [("a/one", 1), ("b/two", 5000)]
    assert [pickle.loads(pickle.dumps(member)).open() for member in found] == [b"1", b"2" * 5000]
    info = tarfile.TarInfo("dir/second.jpg")
    found = members(tar_with(tmp_path / "a.tar", info, b"second"))
    assert [(member.path, member.open()) for member in found] == [("dir/second.jpg", b"second"), ("good.jpg", b"g")]


@pytest.mark.parametrize("name", ["../../escaped.jpg", "/etc/escaped.jpg", "a/../../b.jpg", "..\\b.jpg", "C:/b.jpg"])
def test_one_path_that_leaves_the_folder_refuses_the_whole_archive(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("good.jpg", b"g")
        packed.writestr(name, b"x")
    assert "leaves the folder" in refused(tmp_path / "a.zip")
    assert "leaves the folder" in refused(tar_with(tmp_path / "a.tar", tarfile.TarInfo(name)))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_refuse_the_whole_archive(kind: bytes, tmp_path: Path) -> None:
    info = tarfile.TarInfo("link")
    info.type, info.linkname = kind, "/etc"
    assert "a link or a device" in refused(tar_with(tmp_path / "a.tar", info))


def test_a_link_in_a_zip_refuses_it(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(info, "/etc")
    assert "a link or a device" in refused(tmp_path / "a.zip")


def test_a_bomb_is_refused_by_its_list_alone(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", zeros=bytes(120 << 20))
    assert "as a bomb does" in refused(path)


def test_a_table_that_shrinks_well_is_no_bomb(tmp_path: Path) -> None:
    assert len(members(zip_of(tmp_path / "a.zip", table=b"0,1,0,0\n" * 100_000))) == 1


def test_damage_is_named(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", one=bytes(range(256)) * 40)
    sound = path.read_bytes()
    path.write_bytes(sound[: len(sound) // 2])
    assert "is damaged" in refused(path)
    path.write_bytes(sound[:60] + bytes([sound[60] ^ 255]) + sound[61:])
    with pytest.raises(OSError, match="is damaged"):
        members(path)[0].open()


def test_names_without_a_mark_of_their_encoding_are_read_as_written(tmp_path: Path) -> None:
    for codec in ("cp866", "utf-8"):
        path = tmp_path / f"{codec}.zip"
        zip_of(path, placeholderxx=b"x")
        written = "невус.jpg".encode(codec)
        # The same length of name, put in the place of the other, without the UTF-8 mark.
        path = zip_of(tmp_path / f"{codec}.zip", **{"p" * len(written): b"x"})
        path.write_bytes(path.read_bytes().replace(b"p" * len(written), written))
        assert members(path)[0].path == "невус.jpg"


def test_a_compressed_tar_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(b"")
    assert "Unpack it" in refused(path)
