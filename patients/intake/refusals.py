"""What is wrong with a file and what to do about it, in words for the person who sent it."""

from __future__ import annotations

from patients import limits
from skinclinic.errors import ClinicError


def refusal(code: str, message: str) -> ClinicError:
    return ClinicError(f"image_{code}", message)


def empty() -> ClinicError:
    return refusal("empty", "This file is empty. Check that it was saved completely and upload it again.")


def too_large() -> ClinicError:
    megabytes = limits.MAX_BYTES // 2**20
    return refusal("too_large", f"This file has more than {megabytes} MB. Export the picture as JPEG and upload that file.")


def unknown_format(description: str) -> ClinicError:
    advice = "Export the picture as JPEG or PNG and upload that file."
    return refusal("format", f"This is {description} and cannot be stored here. {advice}")


def broken(kind: str) -> ClinicError:
    advice = "Copy or export it again from where it came from and upload it again."
    return refusal("broken", f"This {kind} file is damaged or incomplete. {advice}")


def too_many_pixels(size: str = "too many pixels") -> ClinicError:
    million = limits.MAX_PIXELS // 10**6
    return refusal(
        "too_many_pixels", f"This picture has {size}; at most {million} million are allowed. Export it smaller and upload it again."
    )


def too_small(size: str) -> ClinicError:
    advice = f"Each side needs at least {limits.MIN_SIDE_PX}. Upload the picture in its full size."
    return refusal("too_small", f"This picture has only {size}. {advice}")


def strip(size: str) -> ClinicError:
    return refusal("strip", f"This picture is a narrow strip of {size}. Upload the whole photograph of the lesion.")


def grey() -> ClinicError:
    return refusal("grey", "This picture has no colour, and the colours of a lesion matter. Upload the colour original.")


def deep() -> ClinicError:
    return refusal(
        "deep", "This picture has more than 8 bits per colour. Export it with 8 bits, for example as JPEG, and upload that file."
    )


def alpha() -> ClinicError:
    return refusal(
        "alpha", "This PNG file has a transparency channel, so its colours are not certain. Export it as JPEG and upload that file."
    )


def palette() -> ClinicError:
    return refusal("palette", "This DICOM file keeps its colours in a palette, which cannot be read here. Export it in RGB or as JPEG.")


def cmyk() -> ClinicError:
    return refusal("cmyk", "This JPEG file has the colours of a printing press (CMYK). Export it in RGB and upload it again.")


def several(what: str) -> ClinicError:
    return refusal("several", f"This file holds several pictures ({what}). Export the one you need as JPEG or PNG and upload that file.")


def check_size(width_px: int, height_px: int) -> None:
    """From the header alone, before anything is decoded."""
    size = f"{width_px:,} × {height_px:,} pixels"
    if width_px * height_px > limits.MAX_PIXELS:
        raise too_many_pixels(size)
    if min(width_px, height_px) < limits.MIN_SIDE_PX:
        raise too_small(size)
    if max(width_px, height_px) > limits.MAX_ASPECT * min(width_px, height_px):
        raise strip(size)
