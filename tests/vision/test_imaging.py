"""Files a person can hand in by mistake or malice, and the geometry every stage relies on."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from analysis.vision import imaging
from analysis.vision.errors import ImageError


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def corners() -> Image.Image:
    """64×48, red upper left quarter on green."""
    picture = Image.new("RGB", (64, 48), (0, 255, 0))
    picture.paste((255, 0, 0), (0, 0, 32, 24))
    return picture


def png_header(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG that claims a size and holds no pixels worth the name."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


def sixteen_bit_rgb() -> bytes:
    _, data = cv2.imencode(".png", np.zeros((64, 64, 3), dtype=np.uint16))
    return bytes(data)


BAD_FILES = {
    "empty-file": b"",
    "not-an-image": b"Dear colleague, please find attached",
    "wrong-format": encoded(corners(), "GIF"),
    "too-large": png_header(30_000, 30_000),
    "too-small": encoded(Image.new("RGB", (8, 8))),
    "strange-shape": encoded(Image.new("RGB", (1000, 40))),
    "has-alpha": encoded(Image.new("RGBA", (64, 64))),
    "damaged": encoded(corners(), "JPEG")[:400],
}
NOT_COLOUR = {
    "cmyk": encoded(Image.new("CMYK", (64, 64)), "JPEG"),
    "grey": encoded(Image.new("L", (64, 64))),
    "grey-16": encoded(Image.new("I;16", (64, 64))),
    "rgb-16": sixteen_bit_rgb(),
}


@pytest.mark.parametrize("code", BAD_FILES)
def test_a_bad_file_is_refused_with_its_reason(code: str) -> None:
    with pytest.raises(ImageError) as refusal:
        imaging.decode(BAD_FILES[code])
    assert refusal.value.code == code
    assert refusal.value.message.endswith(".")


@pytest.mark.parametrize("name", NOT_COLOUR)
def test_anything_but_eight_bit_rgb_is_refused(name: str) -> None:
    with pytest.raises(ImageError) as refusal:
        imaging.decode(NOT_COLOUR[name])
    assert refusal.value.code == "not-colour"


def test_a_palette_without_transparency_is_an_image_like_any_other() -> None:
    assert imaging.decode(encoded(corners().quantize(8))).shape == (48, 64, 3)


def test_a_palette_with_transparency_is_refused() -> None:
    with pytest.raises(ImageError, match="transparent"):
        imaging.decode(encoded(corners().quantize(8), transparency=0))


def test_orientation_from_the_camera_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # "rotate 90° clockwise to see it upright"
    upright = imaging.decode(encoded(corners(), "JPEG", exif=exif, quality=95))
    assert upright.shape == (64, 48, 3)
    assert upright[5, 40, 0] > 200, "the red quarter has moved to the upper right"
    assert upright[5, 5, 0] < 60


def test_an_embedded_colour_profile_is_applied() -> None:
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = imaging.decode(encoded(corners()))
    assert np.abs(imaging.decode(encoded(corners(), icc_profile=swapped)).astype(int) - plain).max() <= 2
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert np.array_equal(imaging.decode(encoded(corners(), icc_profile=lab)), plain), "no RGB profile: ignored"
    assert np.array_equal(imaging.decode(encoded(corners(), icc_profile=b"nonsense")), plain)


def test_a_missing_file_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as refusal:
        imaging.read(tmp_path / "gone.jpg")
    assert refusal.value.code == "unreadable"


def test_png_round_trip_keeps_every_pixel() -> None:
    image = np.random.default_rng(1).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    assert np.array_equal(imaging.decode(imaging.encode_png(image)), image)


def test_a_mask_is_written_with_one_channel_of_0_and_255() -> None:
    mask = np.zeros((40, 50), dtype=np.bool_)
    mask[10:20, 5:30] = True
    picture = Image.open(io.BytesIO(imaging.encode_png(mask)))
    assert picture.mode == "L"
    assert np.array_equal(np.asarray(picture), mask * np.uint8(255))


def test_lab_is_that_of_the_standard() -> None:
    """sRGB red, white and black under D65: 53.24, 80.09, 67.20; 100, 0, 0; 0, 0, 0 (CIE 15, IEC 61966-2-1)."""
    found = imaging.lab(np.array([[[255, 0, 0], [255, 255, 255], [0, 0, 0]]], dtype=np.uint8))
    assert found[0] == pytest.approx(np.array([[53.24, 80.09, 67.20], [100, 0, 0], [0, 0, 0]]), abs=0.05)


def test_the_centred_square_loses_the_same_on_both_sides() -> None:
    image = np.arange(4 * 10, dtype=np.uint8).reshape(4, 10)
    assert np.array_equal(imaging.centre_square(image), image[:, 3:7])


def test_shrinking_averages_instead_of_skipping() -> None:
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, ::2] = 200
    assert np.all(imaging.resize(stripes, 32, 32) == 100)


@pytest.mark.parametrize("levels", [[7], [3, 4], [255, 0, 0, 255], [250, 1, 90], [5, 5, 5, 9, 200, 201]])
def test_a_median_from_the_histogram_is_that_of_the_sorted_values(levels: list[int]) -> None:
    assert imaging.median(np.array(levels, dtype=np.uint8)) == np.median(levels)
    square = np.random.default_rng(len(levels)).integers(0, 256, (31, 32, 3)).astype(np.uint8)
    assert imaging.median(square[..., 1]) == np.median(square[..., 1])
