"""Answering fast: what PyTorch defines and trains, ONNX Runtime computes where there is no GPU."""

from __future__ import annotations

import io
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


class Engine:
    """A network, or a part of one, that only answers: N×3×s×s float32 in [−1, 1] → its output, N×C×h×w float32.

    On a processor it takes 60 to 85 % of PyTorch's time (`python -m benchmarks.engine`). It is compiled at the first question, which
    takes about a second. On a GPU PyTorch answers, in bfloat16.
    """

    def __init__(self, network: nn.Module, size_px: int, where: torch.device) -> None:
        self._network, self._size_px, self._where = network, size_px, where

    def __call__(self, x: Tensor) -> Tensor:
        """The answer lies on the network's device. Raises an error of ONNX Runtime for another size than `size_px`.

        On a processor one picture is computed by all cores, several by a core each: layers this small gain little from a second core.
        """
        if self._where.type == "cpu":
            pictures = np.ascontiguousarray(x.numpy())
            if len(pictures) == 1:
                return torch.from_numpy(_answer(self._on_all_cores, pictures))
            alone = partial(_answer, self._on_one_core)
            return torch.from_numpy(np.concatenate(list(self._pool.map(alone, np.split(pictures, len(pictures))))))
        with torch.inference_mode(), torch.autocast(self._where.type, torch.bfloat16):
            placed: Tensor = self._network(x.to(self._where, memory_format=torch.channels_last))
            return placed.float()

    @cached_property
    def _on_all_cores(self) -> onnxruntime.InferenceSession:
        return self._session(torch.get_num_threads())

    @cached_property
    def _on_one_core(self) -> onnxruntime.InferenceSession:
        return self._session(1)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(torch.get_num_threads(), "network")

    def _session(self, threads: int) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads would keep cores from other stages
        return onnxruntime.InferenceSession(self._exported, options, providers=["CPUExecutionProvider"])

    @cached_property
    def _exported(self) -> bytes:
        """The network as ONNX. By the older of PyTorch's two exporters: the newer takes ten times as long and needs another library."""
        target, example = io.BytesIO(), torch.zeros(1, 3, self._size_px, self._size_px)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that it is the older one, and that sizes become constants, as they should
            torch.onnx.export(
                self._network,
                (example,),
                target,  # type: ignore[arg-type]  # torch's stubs lack what this exporter takes
                dynamo=False,
                input_names=["x"],
                output_names=["y"],
                dynamic_axes={"x": {0: "n"}},
            )
        return target.getvalue()


def _answer(session: onnxruntime.InferenceSession, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    (answer,) = session.run(None, {"x": pictures})
    found: NDArray[np.float32] = answer
    return found
