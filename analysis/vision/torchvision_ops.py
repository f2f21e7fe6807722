"""Import `torchvision.models` beside a CPU-only torch.

PyPI's torchvision wheels are built for CUDA; beside a CPU build of torch their C++ operators do not load, and since
0.2x even the import fails (`operator torchvision::nms does not exist`). Declaring the two operator schemas before
the import is enough for `torchvision.models`, which never calls them. Where the operators exist nothing is declared.
"""

from __future__ import annotations

import torch

_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


def _is_missing(operator: str) -> bool:
    try:
        getattr(torch.ops.torchvision, operator)
    except (AttributeError, RuntimeError):
        return True
    return False


def _cuda_operators_load() -> bool:
    """True where torchvision will register its own operators (a CUDA torch), so that ours would clash."""
    return torch.version.cuda is not None


_library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]  # kept alive: declarations die with it
if not _cuda_operators_load():
    for _name, _schema in _SCHEMAS.items():
        if _is_missing(_name):
            _library.define(_schema)  # type: ignore[no-untyped-call]

from torchvision import models  # noqa: E402  (must follow the declarations above)

__all__ = ["models"]
