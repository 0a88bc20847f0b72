from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from curate.imaging import decode, pixel_sha256, receive
from schemas.errors import DataFault

Encode = Callable[..., bytes]
SECRET = "Ivanova Maria"


def full_exif(orientation: int = 6) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x013B] = SECRET
    exif[0x0132] = "2019:03:12 10:00:00"
    exif.get_ifd(0x8825).update({1: "N", 2: (55.0, 45.0, 0.0)})
    exif.get_ifd(0x8769)[0xA431] = "SN-" + SECRET
    return exif


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_goes_but_for_the_orientation_and_no_pixel_changes(
    image_format: str, picture: Image.Image, encode: Encode
) -> None:
    data = encode(picture, image_format, exif=full_exif())
    got = receive(data)
    # Pillow does not write the GPS block into a TIFF.
    gps = set() if image_format == "TIFF" else {"exif.gps"}
    assert {"exif.datetime", "exif.other"} | gps <= set(got.metadata_removed)
    assert SECRET.encode() not in got.stored
    assert b"2019:03:12" not in got.stored
    kept = Image.open(io.BytesIO(got.stored)).getexif()
    assert set(kept) - {*range(254, 340), 34675} == set()
    assert (decode(got.stored) == decode(data)).all()
    assert (got.width, got.height) == (48, 64)


def test_a_serial_number_is_named_as_what_it_is(picture: Image.Image, encode: Encode) -> None:
    assert "exif.serial" in receive(encode(picture, "JPEG", exif=full_exif())).metadata_removed


def test_comment_xmp_and_iptc_of_a_jpeg_go(picture: Image.Image, encode: Encode) -> None:
    xmp = b"<x:xmpmeta>" + SECRET.encode() + b"</x:xmpmeta>"
    plain = encode(picture, "JPEG", comment=SECRET, xmp=xmp)
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00" + SECRET.encode()
    data = plain[:2] + b"\xff\xed" + (len(iptc) + 2).to_bytes(2, "big") + iptc + plain[2:]
    got = receive(data)
    assert got.metadata_removed == ("comment", "iptc", "xmp")
    assert SECRET.encode() not in got.stored


def test_what_hangs_behind_the_end_of_a_jpeg_goes(picture: Image.Image, encode: Encode) -> None:
    data = encode(picture, "JPEG")
    got = receive(data + SECRET.encode())
    assert got.stored == data
    assert got.metadata_removed == ("comment",)


def test_a_thumbnail_inside_the_jfif_header_goes(picture: Image.Image, encode: Encode) -> None:
    data = encode(picture, "JPEG")
    size = int.from_bytes(data[4:6], "big")
    assert data[2:4] == b"\xff\xe0"
    assert size == 16
    jfif = data[6:18] + b"\x01\x01" + b"abc"
    grown = data[:2] + b"\xff\xe0" + (len(jfif) + 2).to_bytes(2, "big") + jfif + data[20:]
    got = receive(grown)
    assert got.stored == data
    assert got.metadata_removed == ("exif.other",)


def test_text_of_a_png_goes(picture: Image.Image, encode: Encode) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", SECRET)
    text.add_itxt("XML:com.adobe.xmp", SECRET)
    got = receive(encode(picture, "PNG", pnginfo=text))
    assert got.metadata_removed == ("png_text", "xmp")
    assert SECRET.encode() not in got.stored


def test_a_comment_of_a_gif_goes(picture: Image.Image, encode: Encode) -> None:
    got = receive(encode(picture.convert("P"), "GIF", comment=SECRET))
    assert "comment" in got.metadata_removed
    assert SECRET.encode() not in got.stored


def test_the_color_profile_stays(picture: Image.Image, encode: Encode) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for image_format in ("JPEG", "PNG", "WEBP"):
        stored = receive(encode(picture, image_format, icc_profile=profile, exif=full_exif())).stored
        assert Image.open(io.BytesIO(stored)).info["icc_profile"] == profile


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_a_file_without_metadata_is_stored_byte_for_byte(
    image_format: str, picture: Image.Image, encode: Encode
) -> None:
    data = encode(picture, image_format)
    got = receive(data)
    assert got.stored == data
    assert got.metadata_removed == ()
    assert got.file_sha256 == got.stored_sha256 == hashlib.sha256(data).hexdigest()


def test_a_progressive_jpeg_keeps_all_its_scans(picture: Image.Image, encode: Encode) -> None:
    data = encode(picture, "JPEG", progressive=True, comment=SECRET)
    got = receive(data)
    assert (decode(got.stored) == decode(data)).all()


def test_the_pixel_hash_follows_its_formula_and_is_that_of_a_lossless_copy(
    picture: Image.Image, encode: Encode
) -> None:
    jpeg = receive(encode(picture, "JPEG"))
    pixels = decode(jpeg.stored)
    by_hand = hashlib.sha256(b"v1 RGB8 64x48\n" + pixels.tobytes()).hexdigest()
    assert jpeg.pixel_sha256 == by_hand == pixel_sha256(pixels)
    assert receive(encode(Image.fromarray(pixels), "PNG")).pixel_sha256 == by_hand


@pytest.mark.real
def test_real_pictures_with_exif_lose_it_and_keep_their_pixels(shared: Path) -> None:
    files = [path.read_bytes() for path in sorted((shared / "data/images/uda1").glob("*.jpg"))]
    with_exif = [data for data in files if b"Exif" in data[:4096]][:4]
    assert with_exif
    for data in with_exif:
        got = receive(data)
        assert b"Exif" not in got.stored
        assert any(kind.startswith("exif") for kind in got.metadata_removed)
        assert (decode(got.stored) == decode(data)).all()


@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF", "TIFF"])
def test_a_damaged_file_is_taken_or_refused_and_never_a_crash(
    image_format: str, data: st.DataObject, encode: Encode
) -> None:
    small = Image.fromarray(np.arange(24 * 20 * 3, dtype=np.uint8).reshape(20, 24, 3))
    broken = bytearray(encode(small.convert("P") if image_format == "GIF" else small, image_format))
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    # Any other exception than a refusal fails the test.
    with contextlib.suppress(DataFault):
        got = receive(bytes(broken))
        assert receive(got.stored).pixel_sha256 == got.pixel_sha256
