"""From the dataclasses of `vision` to what is stored: one JSON document, and one file per array."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, fields, is_dataclass, replace
from time import perf_counter
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.models import Kind
from analysis.vision import change, imaging, metrics, overlay
from analysis.vision.change import Comparison
from analysis.vision.overlay import DISPLAY_SIDE_PX
from analysis.vision.types import Outline, Output, SignedMap
from analysis.visits import SinceLastVisit

CNN_RGB = (0, 229, 255)
"""Cyan: the network's outline. Both colours stand out from skin and from pigment."""
LEVEL_SET_RGB = (255, 214, 0)
"""Yellow: the outline by image processing."""
SCHEMA = 2
"""Version of the result document. Later keys are added beside it; it grows when a key is renamed, removed or means something else.
2: a finding is clear when it does more than an equal place elsewhere; no finding is of the kind `heat`."""


@dataclass(frozen=True)
class Findings:
    """What one analysis leaves behind. `files` maps the kind of artefact to its file name and bytes."""

    result: dict[str, Any]
    p_malignant: float
    models_used: list[dict[str, str]]
    timings_ms: dict[str, float]
    files: dict[Kind, tuple[str, bytes]]


def pack(output: Output, since: SinceLastVisit | None = None, pixel_spacing_mm: tuple[float, float] | None = None) -> Findings:
    """Split an Output, the scale it was measured with, and what has changed since an earlier visit, into rows and files.

    Drawing is work like any stage and is timed as one.
    """
    started_s = perf_counter()
    files = files_of(output) | (files_of_change(since.comparison) if since else {})
    document = {"schema": SCHEMA, **to_json(output), "outline_agreement": agreement(output.lesion, output.level_set)}
    document["pixel_spacing_mm"] = to_json(pixel_spacing_mm)
    models_used, timings_ms = document.pop("models"), document.pop("timings_ms")
    document["classification"]["is_suspicious"] = output.classification.is_suspicious
    document["familiarity"]["is_unfamiliar"] = output.familiarity.is_unfamiliar
    document["altered"] = [kind.value for kind in (Kind.CLEARED, Kind.LIGHTENED) if kind in files]
    if since:
        compared_with = {"since": since.day.isoformat(), "image": str(since.image_id)}
        document["change"] = {**compared_with, "usual": change.NOISE, **to_json(since.comparison)}
        timings_ms["comparison"] = since.took_ms
    timings_ms["drawing"] = (perf_counter() - started_s) * 1000
    return Findings(document, output.classification.p_malignant, models_used, timings_ms, files)


def to_json(value: Any) -> Any:
    """Dataclasses as objects. Arrays are left out: shapes are in the masks and overlays, which are files.

    Numbers that are not finite become null: undefined is shown as undefined, and PostgreSQL refuses NaN.
    """
    if is_dataclass(value):
        members = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: to_json(member) for name, member in members.items() if not isinstance(member, np.ndarray)}
    if isinstance(value, dict):
        return {key: to_json(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(member) for member in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def agreement(one: Outline, other: Outline) -> float | None:
    """Jaccard index of two outlines, area(A ∩ B) / area(A ∪ B), [0, 1]; None unless both were found."""
    return metrics.jaccard(one.mask, other.mask) if one.area_px and other.area_px else None


def files_of(output: Output) -> dict[Kind, tuple[str, bytes]]:
    """Every array of the output as a file, and the overlays that the page lays over the image."""
    masks = {Kind.LESION: output.lesion.mask, Kind.LEVEL_SET: output.level_set.mask}
    pictures = masks | {Kind(structure.name): structure.mask for structure in output.structures} | overlays_of(output)
    files = {kind: (f"{kind}.png", imaging.encode_png(picture)) for kind, picture in pictures.items()}
    if output.lightened:
        files[Kind.LIGHTENED] = (f"{Kind.LIGHTENED}.jpg", imaging.encode_jpeg(output.lightened.picture))
    return files | {Kind.HEATMAP_RAW: ("heatmap_raw.npz", packed_map(shrunk(output.heatmap.signed)))}


def files_of_change(comparison: Comparison) -> dict[Kind, tuple[str, bytes]]:
    """The earlier picture as this one's frame would show it, and where colours have changed; nothing where they could not be compared."""
    if comparison.change is None or comparison.earlier_seen is None:
        return {}
    heat = overlay.change_overlay(comparison.change.heat, change.NOISE["spot"])
    pictures = {Kind.EARLIER: comparison.earlier_seen, Kind.CHANGE: heat}
    return {kind: (f"{kind}.png", imaging.encode_png(picture)) for kind, picture in pictures.items()}


def overlays_of(output: Output) -> dict[Kind, NDArray[Any]]:
    """H×W×4 RGBA pictures of the image's proportions, at most DISPLAY_SIDE_PX on the long side."""
    lesion, level_set = shrunk(output.lesion.mask), shrunk(output.level_set.mask)
    height, width = lesion.shape
    scale, line_px = np.float32(width / output.width_px), max(2, width // 300)
    regions = [replace(region, contour=region.contour * scale) for region in output.abcd.regions]
    painted = {Kind.CLEARED: output.occluded.painted} if output.occluded and output.occluded.was_cleared else {}
    return painted | {
        Kind.LESION_OUTLINE: overlay.mask_outline_overlay(lesion, CNN_RGB, line_px),
        Kind.LEVEL_SET_OUTLINE: overlay.mask_outline_overlay(level_set, LEVEL_SET_RGB, line_px),
        Kind.COLOURS: overlay.colour_map(regions, width, height),
        Kind.STRUCTURES: overlay.structure_map(
            {structure.name: shrunk(structure.mask & structure.is_validated) for structure in output.structures}
        ),
        Kind.HEATMAP: overlay.heat_overlay(shrunk(output.heatmap.signed)),
    }


def shrunk(values: NDArray[Any]) -> NDArray[Any]:
    """An H×W mask or map at most DISPLAY_SIDE_PX on the long side; smaller ones as they are. Masks are stored at the size of the image
    too; of Grad-CAM, a grid of a few cells enlarged, nothing is lost.

    A pixel of a smaller mask is inside when more than half of what it covers is.
    """
    height, width = values.shape
    scale = DISPLAY_SIDE_PX / max(height, width)
    if scale >= 1:
        return values
    size = round(width * scale), round(height * scale)
    averaged = cv2.resize(values.astype(np.float32, copy=False), size, interpolation=cv2.INTER_AREA)
    return averaged > 0.5 if values.dtype == np.bool_ else averaged


def packed_map(signed: SignedMap) -> bytes:
    """The raw map as a compressed npz with the one array `signed`, float16, readable without pickle."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, signed=signed.astype(np.float16))
    return buffer.getvalue()
