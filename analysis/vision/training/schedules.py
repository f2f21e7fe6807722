"""Learning rate as a pure function of the step."""

from __future__ import annotations

import math


def warm_cosine(step: int, steps: int, warmup: int) -> float:
    """Factor on the base learning rate: linear from 0 during `warmup` steps, then half a cosine down to 1 %.

    Loshchilov & Hutter 2017 (arXiv:1608.03983), one cycle.
    """
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
