"""What a file is, told from its first bytes. Its name and the sender's word for its type are never asked."""

from __future__ import annotations

JPEG, PNG, DICOM = "image/jpeg", "image/png", "application/dicom"

_ACCEPTED = ((0, b"\xff\xd8\xff", JPEG), (0, b"\x89PNG\r\n\x1a\n", PNG), (128, b"DICM", DICOM))

_REFUSED = (
    (0, b"GIF8", "a GIF picture"),
    (8, b"WEBP", "a WebP picture"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftyphei", "a HEIC picture, as iPhones take them,"),
    (4, b"ftyphev", "a HEIC picture, as iPhones take them,"),
    (4, b"ftypmif1", "a HEIC picture, as iPhones take them,"),
    (4, b"ftypmsf1", "a HEIC picture, as iPhones take them,"),
    (4, b"ftyp", "a video"),
    (0, b"II*\x00", "a TIFF or camera raw picture"),
    (0, b"MM\x00*", "a TIFF or camera raw picture"),
    (0, b"%PDF", "a PDF document"),
    (0, b"BM", "a BMP picture"),
    (0, b"PK\x03\x04", "a ZIP archive or an office document"),
    (0, b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (0, b"\xffO\xffQ", "a JPEG 2000 picture"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"8BPS", "a Photoshop document"),
)


def media_type(data: bytes) -> str | None:
    """JPEG, PNG or DICOM; None for everything else."""
    return next((kind for at, magic, kind in _ACCEPTED if data[at : at + len(magic)] == magic), None)


def describe(data: bytes) -> str:
    """What a refused file seems to be, in words that fit after "This is"."""
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start:
        return "an SVG drawing"
    for at, magic, name in _REFUSED:
        if data[at : at + len(magic)] == magic:
            return name
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    return "a text file" if _is_text(data[:1024]) else "no image that can be recognised"


def _is_text(start: bytes) -> bool:
    return all(byte >= 0x20 or byte in b"\t\r\n\f" for byte in start)
