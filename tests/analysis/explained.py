"""A tiny explanation with figures anybody can check by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from analysis.vision.closer import CloserLook
from analysis.vision.evolution import Frame
from analysis.vision.explain.account import METHODS, Account, Explained, Question
from analysis.vision.explain.trust import Agreement, Curve, Faithfulness, Shares
from analysis.vision.types import Region
from tests.analysis.tiny import mask, rectangle

FALLING, RISING = Curve(np.array([0.8, 0.4, 0.0])), Curve(np.array([0.0, 0.4, 0.8]))
DOUBT = "Another method marks other places."


def explained(method: str) -> Explained:
    return Explained(
        method,
        signed=np.where(mask(), 0.04, -0.01).astype(np.float32),
        shares=Shares(lesion=0.75, lesion_area=0.1, edge=0.05, hair=0.0, ruler=None),
        faithfulness=Faithfulness(deletion=FALLING, insertion=RISING, reverse=RISING),
        agreement=Agreement(0.6, 0.3),
        compared_with="grad_cam" if method == "rise" else "rise",
        reliability=0.91 if method == "rise" else None,
        doubts=(DOUBT,) if method == "visual_backprop" else (),
    )


def account(question: Question) -> Account:
    return Account(question, 0.67, 160, tuple(explained(method) for method in METHODS))


@dataclass
class TinyExplainer:
    """Tells of every tenth; `before` is called with the share about to be told."""

    before: Callable[[float], None] = lambda _share: None
    asked: list[dict[str, Any]] = field(default_factory=list)
    regions: list[Region | None] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)

    def __call__(
        self,
        data: bytes,
        *,
        region: Region | None,
        on_progress: Callable[[str, float], None],
        label: str,
        masks: int,
        cells: int,
        visible_percent: int,
        seed: int,
    ) -> CloserLook:
        self.seen.append(data)
        self.asked.append({"label": label, "masks": masks, "cells": cells, "visible_percent": visible_percent, "seed": seed})
        for tenth in range(10):
            self.before(tenth / 10)
            on_progress("rise", tenth / 10)
        self.regions.append(region)
        return CloserLook(account(Question(label, masks, cells, visible_percent / 100, seed)), (Frame(0, ()), Frame(12, (rectangle(),))))
