"""The intake: every bad file ends in one sentence, every good one becomes an upright picture without a past."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil
from PIL import ImageCms, PngImagePlugin
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit

from patients import intake, limits
from patients.capture import CaptureFields
from skinclinic.errors import ClinicError
from tests.factories import drawn_pixels, encoded, jpeg_bytes, png_bytes, upload
from tests.patients.pictures import BAD, PHOTOGRAPHIC, SECONDARY_CAPTURE, dicom_bytes, phone_jpeg, with_mode

QUADRANTS = np.zeros((120, 160, 3), np.uint8)
QUADRANTS[:60, :80], QUADRANTS[:60, 80:], QUADRANTS[60:, :80] = (200, 0, 0), (0, 200, 0), (0, 0, 200)
"""Red, green / blue, black: tells every orientation from every other."""


def opened(data: bytes) -> Pil.Image:
    image = Pil.open(BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("name", BAD)
def test_every_bad_file_ends_in_one_sentence(name: str) -> None:
    data, code = BAD[name]
    with pytest.raises(ClinicError) as refused:
        intake.take_in(intake.read_limited(upload(data)))
    assert refused.value.code == code
    assert refused.value.http_status == 400
    assert 40 < len(refused.value.message) < 220
    assert refused.value.message.endswith(".")


def test_a_large_file_is_refused_before_it_is_read() -> None:
    class Unread(BytesIO):
        size = 60 * 2**20

        def read(self, _size: int | None = -1) -> bytes:
            raise AssertionError("read")

    with pytest.raises(ClinicError, match="more than 20 MB") as refused:
        intake.read_limited(Unread())  # type: ignore[arg-type]
    assert refused.value.code == "image_too_large"


def test_a_bomb_is_refused_without_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pil.Image, "load", lambda _self: pytest.fail("decoded"))
    for name in ("png bomb", "jpeg bomb", "jpeg just too big"):
        with pytest.raises(ClinicError, match="million"):
            intake.take_in(BAD[name][0])


def damaged_files() -> Iterator[bytes]:
    rng = np.random.default_rng(20)
    for whole in (jpeg_bytes(), png_bytes(), phone_jpeg(), dicom_bytes(), dicom_bytes(syntax=JPEGBaseline8Bit)):
        for _ in range(60):
            data = bytearray(whole)
            for at in rng.integers(0, min(len(data), 1500), 4):
                data[at] = rng.integers(256)
            yield bytes(data)


def code_of_refusal(data: bytes) -> str:
    try:
        intake.take_in(data)
    except ClinicError as refused:
        return refused.code
    return "image_accepted"


@pytest.mark.filterwarnings("ignore")
def test_damage_anywhere_is_either_harmless_or_refused() -> None:
    assert all(code_of_refusal(data).startswith("image_") for data in damaged_files())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_every_orientation_is_turned_upright(orientation: int, kind: str) -> None:
    """What was stored turned by `orientation` must come out as the picture that was taken."""
    undo = {1: [], 2: ["H"], 3: ["R", "R"], 4: ["V"], 5: ["T"], 6: ["R"], 7: ["R", "R", "T"], 8: ["R", "R", "R"]}[orientation]
    turn: dict[str, Callable[[Any], Any]] = {"H": np.fliplr, "V": np.flipud, "R": np.rot90, "T": lambda a: a.transpose(1, 0, 2)}
    stored = QUADRANTS
    for step in undo:
        stored = turn[step](stored)
    exif = Pil.Exif()
    exif[0x0112] = orientation
    taken = intake.take_in(encoded(Pil.fromarray(np.ascontiguousarray(stored)), kind, exif=exif))
    assert (taken.width_px, taken.height_px) == (160, 120)
    assert np.abs(np.asarray(opened(taken.upright), int) - QUADRANTS)[20:40, 20:60].max() < 20
    assert np.abs(np.asarray(opened(taken.upright), int) - QUADRANTS)[80:100, 20:60].max() < 20


def _with_a_past() -> list[bytes]:
    exif = Pil.Exif()
    exif[0x010F] = "SECRETCAMERA"
    exif.get_ifd(0x8825)[1] = "SECRETNORTH"
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "SECRETCOMMENT")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return [
        jpeg_bytes(exif=exif, comment=b"SECRETCOMMENT", icc_profile=profile, dpi=(300, 300)),
        png_bytes(exif=exif, pnginfo=text, icc_profile=profile),
        dicom_bytes(),
    ]


@pytest.mark.parametrize("data", _with_a_past(), ids=["jpeg", "png", "dicom"])
def test_derivatives_carry_no_metadata(data: bytes) -> None:
    taken = intake.take_in(data)
    for derivative in (taken.upright, taken.thumbnail):
        assert b"SECRET" not in derivative.upper()
        assert not opened(derivative).getexif()
        assert not {"exif", "icc_profile", "comment", "Comment", "dpi"} & set(opened(derivative).info)


def test_jpeg_stays_jpeg_and_the_rest_becomes_png() -> None:
    jpeg, png, dicom = (opened(intake.take_in(data).upright) for data in (jpeg_bytes(), png_bytes(), dicom_bytes()))
    assert (jpeg.format, png.format, dicom.format) == ("JPEG", "PNG", "PNG")
    assert jpeg.layer == [(1, 1, 1, 0), (2, 1, 1, 1), (3, 1, 1, 1)]  # type: ignore[attr-defined]  # 4:4:4
    assert np.array_equal(np.asarray(png), drawn_pixels())
    assert np.array_equal(np.asarray(dicom), drawn_pixels())


def test_pages_are_spared_what_they_cannot_show() -> None:
    large, small = intake.take_in(png_bytes(1700, 1000)), intake.take_in(jpeg_bytes())
    assert (opened(large.display).size, opened(large.display).format, opened(large.upright).size) == ((1600, 941), "PNG", (1700, 1000))
    assert small.display is small.upright


def test_thumbnails_are_small_jpegs_of_the_same_shape() -> None:
    thumbnail = opened(intake.take_in(jpeg_bytes(1200, 800)).thumbnail)
    assert (thumbnail.format, thumbnail.size) == ("JPEG", (limits.THUMBNAIL_SIDE_PX, 213))


def test_colours_of_a_wider_space_are_converted() -> None:
    """With a profile that swaps red and blue, what is stored as blue is red."""
    swapped = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = swapped.index(b"rXYZ"), swapped.index(b"bXYZ")
    swapped[red : red + 4], swapped[blue : blue + 4] = b"bXYZ", b"rXYZ"
    blue_square = np.zeros((120, 120, 3), np.uint8)
    blue_square[..., 2] = 255
    taken = intake.take_in(encoded(Pil.fromarray(blue_square), "PNG", icc_profile=bytes(swapped)))
    red_level, _, blue_level = opened(taken.upright).getpixel((5, 5))  # type: ignore[misc]
    assert red_level > 200 > 60 > blue_level


def test_a_damaged_profile_is_ignored() -> None:
    taken = intake.take_in(png_bytes(icc_profile=b"not a profile"))
    assert np.array_equal(np.asarray(opened(taken.upright)), drawn_pixels())


def test_a_picture_with_a_hidden_preview_is_its_main_picture() -> None:
    assert intake.take_in(phone_jpeg()).width_px == 160


def test_a_palette_png_is_accepted() -> None:
    assert opened(intake.take_in(with_mode("P", "PNG")).upright).mode == "RGB"


@pytest.mark.parametrize("sop_class", [None, PHOTOGRAPHIC, SECONDARY_CAPTURE])
def test_three_dicom_classes_are_photographs(sop_class: str | None) -> None:
    data = dicom_bytes(sop_class) if sop_class else dicom_bytes()
    assert intake.take_in(data).media_type == "application/dicom"


def test_compressed_dicom_is_decoded_to_rgb() -> None:
    taken = intake.take_in(dicom_bytes(syntax=JPEGBaseline8Bit))
    assert np.abs(np.asarray(opened(taken.upright), int) - drawn_pixels()).mean() < 8


def test_jpeg_2000_dicom_is_decoded_exactly() -> None:
    from pydicom.encaps import encapsulate

    frame = encoded(Pil.fromarray(drawn_pixels()), "JPEG2000", no_jp2=True, irreversible=False, mct=0)
    taken = intake.take_in(dicom_bytes(syntax=JPEG2000Lossless, PixelData=encapsulate([frame])))
    assert np.array_equal(np.asarray(opened(taken.upright)), drawn_pixels())


def test_millimetres_come_from_dicom_pixel_spacing_alone() -> None:
    assert intake.take_in(dicom_bytes(PixelSpacing=["0.05", "0.04"])).pixel_spacing_mm == (0.05, 0.04)
    assert intake.take_in(dicom_bytes()).pixel_spacing_mm is None
    assert intake.take_in(dicom_bytes(PixelSpacing=["0", "0.04"])).pixel_spacing_mm is None
    assert intake.take_in(dicom_bytes(ImagerPixelSpacing=["0.05", "0.04"])).pixel_spacing_mm is None
    assert intake.take_in(jpeg_bytes(dpi=(300, 300))).pixel_spacing_mm is None


def test_capture_fields_are_read_from_dicom() -> None:
    data = dicom_bytes(
        LightSourcePolarization="NONPOLARIZED",
        ContactMethod="CONTACT",
        ImmersionMedia=["ULTRASOUND_GEL"],
        OpticalMagnificationFactor="10",
        ContentDate="20240229",
    )
    expected = CaptureFields("", "non_polarised", "contact", "gel", Decimal(10), date(2024, 2, 29))
    assert intake.take_in(data).capture == expected


def test_a_plastic_cap_and_a_wrong_clock() -> None:
    capture = intake.take_in(dicom_bytes(ImmersionMedia="PLASTIC_CAP", AcquisitionDate="29990101", ContentDate="20240229")).capture
    assert (capture.immersion, capture.taken_on) == ("plastic_cap", date(2024, 2, 29))


def test_strange_capture_fields_are_not_stated() -> None:
    data = dicom_bytes(LightSourcePolarization="", ImmersionMedia="SYRUP", OpticalMagnificationFactor="-1", ContentDate="2024")
    assert intake.take_in(data).capture == CaptureFields()
