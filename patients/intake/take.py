"""The way of one file through the intake."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.core.files import File

from patients import limits
from patients.capture import CaptureFields
from patients.intake import dicom, photo, refusals, sniff
from patients.intake.pixels import Picture, encode, fit, shrink

_DECODERS: Mapping[str, Callable[[bytes], Picture]] = {sniff.JPEG: photo.read_jpeg, sniff.PNG: photo.read_png, sniff.DICOM: dicom.read}


@dataclass(frozen=True)
class Intake:
    """An accepted file with everything derived from it."""

    original: bytes
    sha256: str
    media_type: str
    width_px: int
    height_px: int
    upright: bytes
    display: bytes
    """The upright itself where that is small enough for a page."""
    thumbnail: bytes
    pixel_spacing_mm: tuple[float, float] | None
    capture: CaptureFields


def read_limited(upload: File[bytes]) -> bytes:
    """The upload's bytes; refused before reading when there are none or too many."""
    if not upload.size:
        raise refusals.empty()
    if upload.size > limits.MAX_BYTES:
        raise refusals.too_large()
    upload.seek(0)
    data: bytes = upload.read()
    return data


def take_in(data: bytes) -> Intake:
    """What is to be stored beside the original, or a ClinicError that says what is wrong with it."""
    media_type = sniff.media_type(data)
    if media_type is None:
        raise refusals.unknown_format(sniff.describe(data))
    picture = _DECODERS[media_type](data)
    width_px, height_px = picture.pixels.size
    upright = encode(picture.pixels, media_type)
    display = fit(picture.pixels, media_type) if max(width_px, height_px) > limits.DISPLAY_SIDE_PX else upright
    thumbnail = shrink(picture.pixels)
    return Intake(
        original=data,
        sha256=hashlib.sha256(data).hexdigest(),
        media_type=media_type,
        width_px=width_px,
        height_px=height_px,
        upright=upright,
        display=display,
        thumbnail=thumbnail,
        pixel_spacing_mm=picture.pixel_spacing_mm,
        capture=picture.capture,
    )
