"""JPEG and PNG files."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

from PIL import Image
from PIL.Image import Transpose

from patients.intake import refusals
from patients.intake.pixels import Picture, nothing_but_pixels

UNREADABLE = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, OverflowError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow raises on files that are not what they begin as."""

_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""EXIF orientation → what turns the picture upright."""
_ORIENTATION_TAG = 0x0112
_MP_ENTRIES = 0xB002


def read_jpeg(data: bytes) -> Picture:
    image = _open(data, "JPEG")
    if image.mode == "L":
        raise refusals.grey()
    if image.mode != "RGB":
        raise refusals.cmyk()
    if _holds_several_views(image):
        raise refusals.several("a panorama or a 3D pair")
    return _decode(image, "JPEG")


def read_png(data: bytes) -> Picture:
    _check_png_header(data)
    image = _open(data, "PNG")
    if getattr(image, "is_animated", False):
        raise refusals.several("an animation")
    if "transparency" in image.info:
        raise refusals.alpha()
    _verify_png(data)
    return _decode(image, "PNG")


def _open(data: bytes, kind: str) -> Image.Image:
    """Reads the header and checks the size it states; decodes nothing."""
    try:
        image = Image.open(BytesIO(data), formats=[kind])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise refusals.too_many_pixels() from None
    except UNREADABLE:
        raise refusals.broken(kind) from None
    refusals.check_size(*image.size)
    return image


def _check_png_header(data: bytes) -> None:
    """Pillow would quietly cut 16 bits down to 8, so depth and colour type are read from the IHDR chunk."""
    try:
        width_px, height_px, depth, colour = struct.unpack_from(">IIBB", data, 16)
    except struct.error:
        raise refusals.broken("PNG") from None
    refusals.check_size(width_px, height_px)
    if depth == 16:
        raise refusals.deep()
    if colour in {4, 6}:
        raise refusals.alpha()
    if colour == 0:
        raise refusals.grey()


def _verify_png(data: bytes) -> None:
    """Compares the checksums of all chunks, which decoding alone does not."""
    try:
        Image.open(BytesIO(data), formats=["PNG"]).verify()
    except UNREADABLE:
        raise refusals.broken("PNG") from None


def _holds_several_views(image: Image.Image) -> bool:
    """Panoramas and stereo pairs. The previews and brightness maps that phones hide behind a picture are no pictures of their own."""
    entries = (getattr(image, "mpinfo", None) or {}).get(_MP_ENTRIES, [])
    return any(str(entry["Attribute"]["MPType"]).startswith("Multi-Frame") for entry in entries)


def _decode(image: Image.Image, kind: str) -> Picture:
    profile = image.info.get("icc_profile")
    turn = _UPRIGHT.get(_orientation(image))
    try:
        image.load()
        pixels = image.convert("RGB") if image.mode != "RGB" else image
        pixels = pixels.transpose(turn) if turn is not None else pixels
    except UNREADABLE:
        raise refusals.broken(kind) from None
    return Picture(nothing_but_pixels(pixels, profile))


def _orientation(image: Image.Image) -> int:
    """1 where the EXIF block is missing or unreadable: the picture itself may still be fine."""
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except UNREADABLE:
        return 1
