"""Files as people send them: good, strange and bad. Each is made here, byte by byte where no library would write it."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image as Pil
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGBaseline8Bit, generate_uid

from tests.factories import drawn_pixels, encoded, jpeg_bytes, png_bytes

DERMOSCOPIC = "1.2.840.10008.5.1.4.1.1.77.1.7"
PHOTOGRAPHIC = "1.2.840.10008.5.1.4.1.1.77.1.4"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CT = "1.2.840.10008.5.1.4.1.1.2"
RLE = "1.2.840.10008.1.2.5"
DEFLATED = "1.2.840.10008.1.2.1.99"


def dicom_bytes(sop_class: str = DERMOSCOPIC, syntax: str = ExplicitVRLittleEndian, pixels: Any = None, **elements: Any) -> bytes:
    """A DICOM file of our own drawing; `elements` overrides or adds attributes, None removes one."""
    dataset = _dataset(sop_class, drawn_pixels() if pixels is None else pixels)
    if UID(syntax) == JPEGBaseline8Bit:
        dataset.PixelData = encapsulate([jpeg_bytes(dataset.Columns, dataset.Rows)])
        dataset.PhotometricInterpretation = "YBR_FULL_422"
    for keyword, value in elements.items():
        delattr(dataset, keyword) if value is None else setattr(dataset, keyword, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _dataset(sop_class: str, pixels: Any) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, generate_uid()
    dataset.PatientName = "Secret^Sam"
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = 3 if pixels.ndim == 3 else 1
    dataset.PhotometricInterpretation = "RGB" if pixels.ndim == 3 else "MONOCHROME2"
    if pixels.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = dataset.BitsStored = pixels.dtype.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = 0
    dataset.PixelData = pixels.tobytes()
    return dataset


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_bomb(side_px: int = 30_000) -> bytes:
    """A small file that says it is 30,000 × 30,000 pixels, and would be."""
    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    packed = zlib.compress(b"\0" * 10**6, 9)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", packed) + png_chunk(b"IEND", b"")


def png_16_bit() -> bytes:
    header = struct.pack(">IIBBBBB", 120, 120, 16, 2, 0, 0, 0)
    packed = zlib.compress((b"\0" + b"\x80\x00" * 3 * 120) * 120)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", packed) + png_chunk(b"IEND", b"")


def jpeg_bomb(side_px: int = 30_000) -> bytes:
    """A JPEG whose header alone was changed."""
    data = bytearray(jpeg_bytes())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", side_px, side_px)
    return bytes(data)


def multi_view_jpeg() -> bytes:
    """A stereo pair: Pillow writes the pair, the type of its second picture is set by hand (CIPA DC-007: 0x020002 is disparity)."""
    pair = [Pil.fromarray(drawn_pixels(seed=seed)) for seed in (1, 2)]
    data = encoded(pair[0], "MPO", save_all=True, append_images=pair[1:])
    entries = data.index(b"MPF\0") + 54  # signature, TIFF header, three tags; then 16 bytes a picture, each beginning with its type
    assert data[entries : entries + 4] == struct.pack("<L", 0x030000)
    return data[: entries + 16] + struct.pack("<L", 0x020002) + data[entries + 20 :]


def phone_jpeg() -> bytes:
    """A picture with a preview hidden behind it, as many phones write it."""
    picture = Pil.fromarray(drawn_pixels())
    return encoded(picture, "MPO", save_all=True, append_images=[picture.resize((80, 60))])


def animated_png() -> bytes:
    frames = [Pil.fromarray(drawn_pixels(seed=seed)) for seed in (1, 2)]
    return encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])


def with_mode(mode: str, kind: str, **options: Any) -> bytes:
    return encoded(Pil.fromarray(drawn_pixels()).convert(mode), kind, **options)


def palette_with_transparency() -> bytes:
    return encoded(Pil.fromarray(drawn_pixels()).quantize(16), "PNG", transparency=0)


def grey_dicom() -> bytes:
    return dicom_bytes(pixels=drawn_pixels()[..., 0].copy())


def deep_dicom() -> bytes:
    return dicom_bytes(pixels=drawn_pixels().astype(np.uint16))


def lying_dicom() -> bytes:
    """The header says 160×120, the compressed frame inside is far larger."""
    return dicom_bytes(syntax=JPEGBaseline8Bit, PixelData=encapsulate([jpeg_bytes(1600, 1200)]))


BAD = {
    "empty": (b"", "image_empty"),
    "text renamed .jpg": (b"Dear colleague,\nplease find attached", "image_format"),
    "web page": (b"<!DOCTYPE html><html></html>", "image_format"),
    "svg": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "image_format"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "image_format"),
    "gif": (with_mode("P", "GIF"), "image_format"),
    "webp": (with_mode("RGB", "WEBP"), "image_format"),
    "tiff": (with_mode("RGB", "TIFF"), "image_format"),
    "bmp": (with_mode("RGB", "BMP"), "image_format"),
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image_format"),
    "avif": (b"\0\0\0\x1cftypavif\0\0\0\0", "image_format"),
    "video": (b"\0\0\0\x18ftypmp42\0\0\0\0", "image_format"),
    "zip": (b"PK\x03\x04\x14\0", "image_format"),
    "nothing known": (bytes(range(256)), "image_format"),
    "nul bytes": (bytes(5000), "image_format"),
    "truncated jpeg": (jpeg_bytes()[: len(jpeg_bytes()) // 2], "image_broken"),
    "jpeg of three bytes": (b"\xff\xd8\xff", "image_broken"),
    "truncated png": (png_bytes()[: len(png_bytes()) // 2], "image_broken"),
    "png without its end": (png_bytes()[:-12], "image_broken"),
    "png signature alone": (png_bytes()[:8], "image_broken"),
    "png with a flipped bit": (png_bytes()[:2000] + bytes([png_bytes()[2000] ^ 1]) + png_bytes()[2001:], "image_broken"),
    "png with alpha": (with_mode("RGBA", "PNG"), "image_alpha"),
    "grey png with alpha": (with_mode("LA", "PNG"), "image_alpha"),
    "palette png with transparency": (palette_with_transparency(), "image_alpha"),
    "cmyk jpeg": (with_mode("CMYK", "JPEG"), "image_cmyk"),
    "grey jpeg": (with_mode("L", "JPEG"), "image_grey"),
    "grey png": (with_mode("L", "PNG"), "image_grey"),
    "black and white png": (with_mode("1", "PNG"), "image_grey"),
    "16-bit grey png": (with_mode("I;16", "PNG"), "image_deep"),
    "16-bit png": (png_16_bit(), "image_deep"),
    "png bomb": (png_bomb(), "image_too_many_pixels"),
    "jpeg bomb": (jpeg_bomb(), "image_too_many_pixels"),
    "jpeg just too big": (jpeg_bomb(7_000), "image_too_many_pixels"),
    "small jpeg": (jpeg_bytes(99, 400), "image_too_small"),
    "small png": (png_bytes(400, 99), "image_too_small"),
    "strip": (jpeg_bytes(1300, 200), "image_strip"),
    "animated png": (animated_png(), "image_several"),
    "stereo pair": (multi_view_jpeg(), "image_several"),
    "dicom preamble alone": (bytes(128) + b"DICM", "image_broken"),
    "truncated dicom": (dicom_bytes()[:-1000], "image_broken"),
    "dicom cut in its header": (dicom_bytes()[:300], "image_broken"),
    "dicom of noise": (bytes(128) + b"DICM" + bytes(range(256)) * 8, "image_broken"),
    "dicom without pixels": (dicom_bytes(PixelData=None), "image_broken"),
    "dicom without rows": (dicom_bytes(Rows=None), "image_broken"),
    "dicom whose frame is larger than it says": (lying_dicom(), "image_broken"),
    "multi-frame dicom": (dicom_bytes(NumberOfFrames=2), "image_several"),
    "ct dicom": (dicom_bytes(sop_class=CT), "image_dicom_class"),
    "rle dicom": (dicom_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"), "image_compression"),
    "deflated dicom": (dicom_bytes(syntax=DEFLATED), "image_compression"),
    "grey dicom": (grey_dicom(), "image_grey"),
    "palette dicom": (dicom_bytes(pixels=drawn_pixels()[..., 0].copy(), PhotometricInterpretation="PALETTE COLOR"), "image_palette"),
    "16-bit dicom": (deep_dicom(), "image_deep"),
    "dicom bomb": (dicom_bytes(Rows=30_000, Columns=30_000), "image_too_many_pixels"),
    "small dicom": (dicom_bytes(pixels=drawn_pixels(64, 64)), "image_too_small"),
}
