"""DICOM files: Dermoscopic Photography, VL Photographic, Secondary Capture."""

from __future__ import annotations

import logging
import struct
import zlib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from io import BytesIO

import pydicom
import pydicom.config
from django.utils import timezone
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.filereader import read_dataset
from pydicom.pixels.utils import pixel_array
from pydicom.tag import BaseTag

from patients.capture import CaptureFields
from patients.intake import refusals
from patients.intake.pixels import Picture, nothing_but_pixels
from patients.models import Contact, Immersion, Polarisation

# pydicom quotes the values it stumbles over, and those may be a patient's name: nothing of it may reach a log.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)

_UNREADABLE = (
    pydicom.errors.InvalidDicomError, pydicom.errors.BytesLengthException, OSError, ValueError, EOFError, LookupError, TypeError,
    AttributeError, OverflowError, RuntimeError, NotImplementedError, struct.error, zlib.error,
)  # fmt: skip
"""What pydicom and its decoders raise on files that are not what they begin as."""

_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.77.1.7",  # VL Dermoscopic Photographic
    uid.VLPhotographicImageStorage,
    uid.SecondaryCaptureImageStorage,
}
_UNCOMPRESSED = {uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian}
_COMPRESSED = {uid.JPEGBaseline8Bit, uid.JPEG2000Lossless, uid.JPEG2000}
"""Read by Pillow, so their own headers can be compared with the data set's before anything is decoded."""

_MAX_SPACING_MM = 10.0
"""A pixel larger than a lesion is a mistake in the file."""

# Defined terms of the DICOM Dermoscopic Image Module, compared by their beginnings: devices spell them differently.
_POLARISATION = {"NON": Polarisation.NON_POLARISED, "UNPOL": Polarisation.NON_POLARISED, "": Polarisation.POLARISED}
_CONTACT = {"NON": Contact.NON_CONTACT, "": Contact.CONTACT}
_IMMERSION = {
    "GEL": Immersion.GEL,
    "ULTRASOUND": Immersion.GEL,
    "ALCOHOL": Immersion.ALCOHOL,
    "DISINFECT": Immersion.ALCOHOL,
    "OIL": Immersion.OIL,
    "MINERAL": Immersion.OIL,
    "WATER": Immersion.WATER,
    "PLASTIC": Immersion.PLASTIC_CAP,
    "NONE": Immersion.NONE,
    "DRY": Immersion.NONE,
}


def read(data: bytes) -> Picture:
    try:
        dataset = _open(data)
        _check_header(dataset)
        return Picture(_pixels(dataset), _pixel_spacing_mm(dataset), _capture(dataset))
    except _UNREADABLE:
        raise refusals.broken("DICOM") from None


def _open(data: bytes) -> Dataset:
    """The data set, after its transfer syntax was looked at: a deflated one could grow without limit while it is being read."""
    start = BytesIO(data)
    start.seek(132)
    meta = read_dataset(start, is_implicit_VR=False, is_little_endian=True, stop_when=_is_after_meta)
    syntax = uid.UID(str(meta.get("TransferSyntaxUID", uid.ImplicitVRLittleEndian)))
    if syntax not in _UNCOMPRESSED | _COMPRESSED:
        advice = "Export it uncompressed, or as JPEG, and upload that file."
        raise refusals.refusal("compression", f"This DICOM file is compressed in a way that cannot be read here ({syntax.name}). {advice}")
    return pydicom.dcmread(BytesIO(data))


def _is_after_meta(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return tag.group != 2


def _check_header(dataset: Dataset) -> None:
    if dataset.SOPClassUID not in _CLASSES:
        advice = "Dermoscopic, VL Photographic and Secondary Capture images can be stored. Export the picture as one of them or as JPEG."
        raise refusals.refusal("dicom_class", f"This DICOM file is no photograph ({dataset.SOPClassUID.name}). {advice}")
    if int(dataset.get("NumberOfFrames") or 1) != 1:
        raise refusals.several("a multi-frame DICOM file")
    refusals.check_size(int(dataset.Columns), int(dataset.Rows))
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        raise refusals.palette()
    if dataset.SamplesPerPixel != 3:
        raise refusals.grey()
    if dataset.BitsAllocated != 8:
        raise refusals.deep()
    _check_frame(dataset)


def _check_frame(dataset: Dataset) -> None:
    """A compressed frame states its size once more; the two must agree, or a small header could hide a huge picture."""
    if dataset.file_meta.TransferSyntaxUID in _UNCOMPRESSED:
        return
    with Image.open(BytesIO(get_frame(dataset.PixelData, 0, number_of_frames=1))) as frame:
        if frame.size != (dataset.Columns, dataset.Rows):
            raise ValueError("The frame has another size than its header says.")


def _pixels(dataset: Dataset) -> Image.Image:
    """Compressed frames are left to Pillow alone: other decoders that may be installed end the whole process on damaged ones."""
    decoder = "" if dataset.file_meta.TransferSyntaxUID in _UNCOMPRESSED else "pillow"
    rgb = pixel_array(dataset, index=0, decoding_plugin=decoder)
    return nothing_but_pixels(Image.fromarray(rgb, "RGB"), dataset.get("ICCProfile"))


def _pixel_spacing_mm(dataset: Dataset) -> tuple[float, float] | None:
    """Millimetres between rows and between columns; only from Pixel Spacing (0028,0030), never guessed from anything else."""
    try:
        row_mm, column_mm = (float(value) for value in dataset.PixelSpacing)
    except (AttributeError, TypeError, ValueError):
        return None
    plausible = all(0 < spacing_mm < _MAX_SPACING_MM for spacing_mm in (row_mm, column_mm))
    return (row_mm, column_mm) if plausible else None


def _capture(dataset: Dataset) -> CaptureFields:
    return CaptureFields(
        polarisation=_term(dataset, "LightSourcePolarization", _POLARISATION),
        contact=_term(dataset, "ContactMethod", _CONTACT),
        immersion=_term(dataset, "ImmersionMedia", _IMMERSION),
        magnification=_magnification(dataset),
        taken_on=_taken_on(dataset),
    )


def _term(dataset: Dataset, keyword: str, known: Mapping[str, str]) -> str:
    value = dataset.get(keyword) or ""
    first = value if isinstance(value, str) else next(iter(value), "")
    term = str(first).upper()
    return next((meaning for start, meaning in known.items() if term and term.startswith(start)), "")


def _magnification(dataset: Dataset) -> Decimal | None:
    try:
        value = round(Decimal(str(dataset.OpticalMagnificationFactor)), 1)
    except (AttributeError, InvalidOperation, TypeError, ValueError):
        return None
    return value if 0 < value < 1000 else None


def _taken_on(dataset: Dataset) -> date | None:
    """The first date that can be one; tomorrow's come from a camera whose clock is wrong."""
    for keyword in ("AcquisitionDateTime", "AcquisitionDate", "ContentDate", "StudyDate"):
        try:
            stated = date.fromisoformat(str(dataset.get(keyword) or "")[:8])
        except ValueError:
            continue
        if stated <= timezone.localdate():
            return stated
    return None
