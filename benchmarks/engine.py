"""What compiling the networks saves: the active models, one image, on PyTorch and on ONNX Runtime in turns, in one run.

`python -m benchmarks.engine`; last line JSON: milliseconds (medians) and their ratio for each task.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from torch import Tensor

from analysis.vision import weights
from analysis.vision.weights import Model

MODELS_DIR = Path(__file__).parents[1] / "models"
WARM_UP, REPEATS = 5, 40


def main() -> None:
    bundle = weights.load_bundle(MODELS_DIR)
    figures = {model.card.task: _compare(model) for model in (bundle.classifier, bundle.lesion, bundle.structures)}
    print(f"{torch.get_num_threads()} threads")
    for task, row in figures.items():
        print(f"{task:16}" + "".join(f"{name} {value:8.2f}   " for name, value in row.items()))
    print(json.dumps(figures))


def _compare(model: Model) -> dict[str, float]:
    """In turns, so that whatever else the machine does befalls both alike."""
    network = model.network.get_submodule("features") if model.card.task == "classification" else model.network
    x = torch.rand(1, 3, model.card.input_px, model.card.input_px).contiguous(memory_format=torch.channels_last) * 2 - 1

    def by_pytorch() -> Tensor:
        with torch.inference_mode():
            answer: Tensor = network(x)
        return answer

    def by_onnxruntime() -> Tensor:
        return model.maps(x)

    pairs = [(_milliseconds(by_pytorch), _milliseconds(by_onnxruntime)) for _ in range(WARM_UP + REPEATS)]
    pytorch_ms, onnxruntime_ms = (median(times) for times in zip(*pairs[WARM_UP:], strict=True))
    difference = float((by_pytorch() - by_onnxruntime()).abs().max())
    return {
        "pytorch_ms": round(pytorch_ms, 1),
        "onnxruntime_ms": round(onnxruntime_ms, 1),
        "ratio": round(pytorch_ms / onnxruntime_ms, 2),
        "largest_difference": round(difference, 6),
    }


def _milliseconds(compute: Callable[[], Tensor]) -> float:
    start = perf_counter()
    compute()
    return (perf_counter() - start) * 1000


if __name__ == "__main__":
    main()
