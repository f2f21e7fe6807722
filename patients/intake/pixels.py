"""What every decoder hands over, and the derivatives made of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO

from PIL import Image, ImageCms

from patients import limits
from patients.capture import CaptureFields
from patients.intake import sniff


@dataclass(frozen=True)
class Picture:
    """A decoded file: upright, sRGB, 8 bits a channel, nothing but pixels; and what else its file states."""

    pixels: Image.Image
    pixel_spacing_mm: tuple[float, float] | None = None
    capture: CaptureFields = field(default_factory=CaptureFields)


def nothing_but_pixels(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The same image in sRGB; whatever Pillow kept beside the pixels is dropped, for it would be written into the derivatives."""
    if profile:
        _convert_to_srgb(image, profile)
    image.info = {}
    return image


def _convert_to_srgb(image: Image.Image, profile: bytes) -> None:
    """Phones store colours in wider spaces than browsers and networks assume. A profile that cannot be read is ignored."""
    with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), inPlace=True)


def encode(image: Image.Image, media_type: str, quality: int = 95) -> bytes:
    """As lossy as its source: JPEG stays JPEG with full colour resolution, everything else becomes PNG."""
    buffer = BytesIO()
    if media_type == sniff.JPEG:
        image.save(buffer, "JPEG", quality=quality, subsampling="4:4:4")
    else:
        image.save(buffer, "PNG", compress_level=3)  # the default, 6, takes half as long again for a few per cent
    return buffer.getvalue()


def fit(image: Image.Image, media_type: str) -> bytes:
    """What pages show of a large picture. Shrinks the image itself, like `shrink`, and comes before it."""
    image.thumbnail((limits.DISPLAY_SIDE_PX, limits.DISPLAY_SIDE_PX), reducing_gap=2.0)
    return encode(image, media_type, quality=90)


def shrink(image: Image.Image) -> bytes:
    """The thumbnail. Shrinks the image itself: it comes last, and a copy would cost memory."""
    image.thumbnail((limits.THUMBNAIL_SIDE_PX, limits.THUMBNAIL_SIDE_PX), reducing_gap=2.0)
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
