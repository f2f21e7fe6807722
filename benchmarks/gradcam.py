"""Grad-CAM of the active classifier's last maps, most probable class: ours and `grad-cam` from PyPI, one drawn image, in turns, one run.

Both start from the prepared input and end with a map of its size: ours through the compiled network and the pipeline's head, the
package through PyTorch. Ours through PyTorch as well, on the same layer, is timed beside them. The maps are compared by their
correlation where positive, since the package cuts off what is negative and rescales the rest to [0, 1].

`python -m benchmarks.gradcam`; last line JSON: milliseconds (best of all), ratio. Without the package (`pip install grad-cam`, in an
environment of its own: it replaces opencv-python-headless) it says so in one line.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import Tensor

from analysis.vision import classify, weights
from analysis.vision.explain import frame
from analysis.vision.explain.grad_cam import grad_cam
from analysis.vision.networks.backbones import Head
from analysis.vision.types import SignedMap
from analysis.vision.weights import Model
from tests.synthetic import draw_lesion

MODELS_DIR = Path(__file__).parents[1] / "models"
WARM_UP, REPEATS = 3, 30
PACKAGE = "pytorch_grad_cam"

Compute = Callable[[], SignedMap]
Target = Callable[[Tensor], Tensor]


def main() -> None:
    if find_spec(PACKAGE) is None:
        print(json.dumps({"skipped": "the package grad-cam is not installed"}))
        return
    model = weights.load_bundle(MODELS_DIR).classifier
    x = classify.prepare(draw_lesion(width=600, height=450).image, model.card)
    index = int(classify.probabilities(x, model).argmax())

    def logit(logits: Tensor) -> Tensor:
        return logits[0, index]

    methods = {"ours": _ours(model, x, logit), "ours_in_pytorch": _ours_in_pytorch(model, x, logit), "package": _package(model, x, index)}
    times_ms = [[_milliseconds(compute) for compute in methods.values()] for _ in range(WARM_UP + REPEATS)]
    best_ms = {name: min(times) for name, times in zip(methods, zip(*times_ms[WARM_UP:], strict=True), strict=True)}
    ours, package = (np.maximum(methods[name](), 0).ravel() for name in ("ours", "package"))
    figures = {f"{name}_ms": round(value, 1) for name, value in best_ms.items()}
    figures["ratio"] = round(best_ms["package"] / best_ms["ours"], 2)
    figures["correlation"] = round(float(np.corrcoef(ours, package)[0, 1]), 4)
    print(f"{torch.get_num_threads()} threads, {model.card.name}")
    for name, figure in figures.items():
        print(f"{name:20}{figure:10.2f}")
    print(json.dumps(figures))


def _ours(model: Model, x: Tensor, target: Target) -> Compute:
    head = Head(model.network)  # type: ignore[arg-type]  # classifiers are backbones

    def compute() -> SignedMap:
        return frame.enlarge(grad_cam(head, head.maps, model.maps(x), target), *x.shape[-2:])

    return compute


def _ours_in_pytorch(model: Model, x: Tensor, target: Target) -> Compute:
    layer = model.network.get_submodule("features")
    return lambda: frame.enlarge(grad_cam(model.network, layer, x, target), *x.shape[-2:])


def _package(model: Model, x: Tensor, index: int) -> Compute:
    package = import_module(PACKAGE)
    target = import_module(f"{PACKAGE}.utils.model_targets").ClassifierOutputTarget(index)
    explainer = package.GradCAM(model=model.network, target_layers=[model.network.get_submodule("features")])
    picture = x.clone().requires_grad_()  # the network is frozen: without this nothing could be differentiated

    def compute() -> SignedMap:
        found: SignedMap = explainer(input_tensor=picture, targets=[target])[0]
        return found

    return compute


def _milliseconds(compute: Compute) -> float:
    start = perf_counter()
    compute()
    return (perf_counter() - start) * 1000


if __name__ == "__main__":
    main()
