"""From a closer look to what is stored: one JSON document, and two files for each method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.findings import packed_map, shrunk, to_json
from analysis.vision import imaging, overlay
from analysis.vision.closer import CloserLook
from analysis.vision.explain.account import Explained as Found
from analysis.vision.explain.trust import Faithfulness
from analysis.vision.types import Contour

SCHEMA = 1
"""Version of the result document."""
RAW = "_raw"
"""Ends the name of a method's raw map."""


@dataclass(frozen=True)
class Explained:
    """What one explanation leaves behind. `files` maps the kind of file to its name and bytes."""

    result: dict[str, Any]
    files: dict[str, tuple[str, bytes]]


def pack(look: CloserLook) -> Explained:
    account = look.account
    document = {
        "schema": SCHEMA,
        "probability": account.probability,
        "masks_used": account.masks_used,
        "methods": [_figures(found) for found in account.explained],
        "evolution": [{"step": frame.step, "path": "".join(_path(contour) for contour in frame.contours)} for frame in look.evolution],
    }
    files: dict[str, tuple[str, bytes]] = {}
    for found in account.explained:
        signed = shrunk(found.signed)
        drawn = overlay.heat_overlay(signed, overlay.FULL_OF_METHOD[found.method])
        files[found.method] = (f"{found.method}.png", imaging.encode_png(drawn))
        files[found.method + RAW] = (f"{found.method}{RAW}.npz", packed_map(signed))
    return Explained(to_json(document), files)


def _figures(found: Found) -> dict[str, Any]:
    """The figures of one method, its curves as lists."""
    return {
        "method": found.method,
        "doubts": found.doubts,
        "shares": found.shares,
        "faithfulness": _curves(found.faithfulness),
        "agreement": found.agreement,
        "compared_with": found.compared_with,
        "reliability": found.reliability,
    }


def _curves(faithfulness: Faithfulness) -> dict[str, Any]:
    curves = {"deletion": faithfulness.deletion, "insertion": faithfulness.insertion, "reverse": faithfulness.reverse}
    return {
        "gain": faithfulness.gain,
        **{name: {"scores": curve.scores.tolist(), "area": curve.area} for name, curve in curves.items()},
    }


def _path(contour: Contour) -> str:
    """An SVG path in whole pixels of the picture."""
    points = " ".join(f"{x:.0f},{y:.0f}" for x, y in contour)
    return f"M{points}Z"
