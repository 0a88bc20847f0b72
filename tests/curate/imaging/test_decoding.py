from __future__ import annotations

import io
import struct
import time
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms

from curate.imaging import decode, read_header
from schemas.errors import DataFault

Encode = Callable[..., bytes]
BLUE = (30, 60, 200)


def refused(data: bytes) -> DataFault:
    with pytest.raises(DataFault) as caught:
        decode(data)
    return caught.value


def blue_corner(pixels: np.ndarray) -> bool:
    return bool(np.allclose(pixels[3:9, 3:12].reshape(-1, 3).mean(0), BLUE, atol=8))


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "TIFF", "BMP", "WEBP"])
def test_every_format_decodes_to_upright_rgb(image_format: str, picture: Image.Image, encode: Encode) -> None:
    pixels = decode(encode(picture, image_format))
    assert pixels.shape == (48, 64, 3)
    assert pixels.dtype == np.uint8
    assert blue_corner(pixels)


@pytest.mark.parametrize("mode", ["CMYK", "RGBA", "LA", "P", "L", "1"])
def test_every_color_mode_becomes_three_channels(mode: str, picture: Image.Image, encode: Encode) -> None:
    data = encode(picture.convert(mode), "JPEG" if mode == "CMYK" else "PNG")
    assert decode(data).shape == (48, 64, 3)
    assert read_header(data).color_mode == mode


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_orientation_tag_stands_the_picture_upright(
    orientation: int, image_format: str, picture: Image.Image, encode: Encode
) -> None:
    # What a camera that was held so stores: the inverse of the turn that the tag asks for (EXIF 2.32, 4.6.4).
    inverse = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = picture.transpose(inverse[orientation]) if orientation > 1 else picture
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(stored, image_format, exif=exif)
    header = read_header(data)
    assert (header.width, header.height, header.orientation) == (64, 48, orientation)
    assert blue_corner(decode(data))


def test_sixteen_bits_become_eight_by_their_range_not_by_clipping(encode: Encode) -> None:
    wide = np.linspace(0, 65535, 64 * 48, dtype=np.uint16).reshape(48, 64)
    data = encode(Image.fromarray(wide), "PNG")
    assert read_header(data).color_mode == "I16"
    assert np.abs(decode(data)[..., 0].astype(int) - wide / 257).max() <= 0.51


def test_transparent_parts_stand_on_white(encode: Encode) -> None:
    clear = Image.new("RGBA", (32, 32), (10, 20, 30, 0))
    assert (decode(encode(clear, "PNG")) == 255).all()


def test_a_color_profile_is_applied(encode: Encode) -> None:
    # A profile whose red and blue are swapped, made by renaming its tags: sRGB red must come out as blue.
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"\0tmp").replace(b"bXYZ", b"rXYZ").replace(b"\0tmp", b"bXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "XRGB".encode("utf-16-be")).replace(b"sRGB", b"XRGB")
    red = Image.new("RGB", (32, 32), (255, 0, 0))
    with_profile, without = encode(red, "PNG", icc_profile=swapped), encode(red, "PNG")
    assert decode(without)[0, 0].tolist() == [255, 0, 0]
    assert decode(with_profile)[0, 0].argmax() == 2


def test_a_profile_that_cannot_be_read_is_as_good_as_none(picture: Image.Image, encode: Encode) -> None:
    assert (decode(encode(picture, "PNG", icc_profile=b"nonsense")) == np.asarray(picture)).all()


def test_a_reduced_jpeg_keeps_the_asked_side(encode: Encode) -> None:
    data = encode(Image.new("RGB", (800, 600), (200, 150, 130)), "JPEG")
    assert decode(data, at_least=200).shape == (150, 200, 3)
    assert decode(data, at_least=801).shape == (600, 800, 3)


# --- refused ---------------------------------------------------------------------------------------------------------


def png_claiming(side: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [10_001, 12_000, 60_000])
def test_a_bomb_is_refused_by_its_header_before_any_pixel_is_decoded(side: int) -> None:
    begun = time.process_time()
    error = refused(png_claiming(side))
    assert error.faults[0].rule == "I07"
    assert "100 megapixels" in error.what
    assert time.process_time() - begun < 0.2


def test_a_picture_of_fifteen_pixels_is_refused_and_one_of_sixteen_is_not(encode: Encode) -> None:
    assert refused(encode(Image.new("RGB", (400, 15)), "PNG")).faults[0].rule == "I07"
    assert decode(encode(Image.new("RGB", (400, 16)), "PNG")).shape == (16, 400, 3)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "TIFF", "BMP", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_refused_not_filled_with_gray(image_format: str, share: float, encode: Encode) -> None:
    rng = np.random.default_rng(1)
    noisy = Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8))
    data = encode(noisy, image_format)
    assert refused(data[: int(len(data) * share)]).faults[0].rule == "I03"


def test_nothing_and_something_else_are_refused_with_what_they_are() -> None:
    assert refused(b"").what == "holds no bytes"
    assert "<html>" in refused(b"<html><body>404 Not Found</body></html>").what


def test_several_frames_are_refused(picture: Image.Image) -> None:
    out = io.BytesIO()
    picture.convert("P").save(out, "GIF", save_all=True, append_images=[Image.new("P", picture.size, 3)])
    assert "2 frames" in refused(out.getvalue()).what
