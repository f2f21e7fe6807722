"""Answering fast: what PyTorch defines and trains, ONNX Runtime computes where there is no GPU."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from threading import Lock

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


class Engine:
    """Networks side by side, or a part of each, that only answer: N×3×s×s float32 in [−1, 1] → their outputs, N×ΣC×h×w float32.

    On a processor it takes 45 to 85 % of PyTorch's time (`python -m benchmarks.engine`). It is compiled at the first question, which
    takes about a second a network. On a GPU PyTorch answers, in bfloat16.
    """

    def __init__(self, networks: Sequence[nn.Module], size_px: int, where: torch.device) -> None:
        self._where = where
        self._pool = ThreadPoolExecutor(torch.get_num_threads(), "network")  # threads start when they are first needed
        self._members = [_Member(network, size_px) for network in networks]

    def __call__(self, x: Tensor) -> Tensor:
        """What all networks answer to N pictures. It lies on the networks' device. Raises an error of ONNX Runtime for another size.

        On a processor a single network is given all cores for a single picture. Otherwise every network answers every picture by itself
        on a core of its own, the longest first: layers this small gain little from a second core.
        """
        if self._where.type != "cpu":
            return torch.cat([self._on_gpu(member, x) for member in self._members], dim=1)
        pictures = np.split(np.ascontiguousarray(x.numpy()), len(x))
        if len(pictures) == len(self._members) == 1:
            return torch.from_numpy(_answer(self._members[0].on_all_cores, pictures[0]))
        longest_first = sorted(range(len(self._members)), key=lambda index: -self._members[index].size)
        asked = {
            (index, n): self._pool.submit(_answer, self._members[index].on_one_core, picture)
            for index in longest_first
            for n, picture in enumerate(pictures)
        }
        answers = [np.concatenate([asked[index, n].result() for n in range(len(pictures))]) for index in range(len(self._members))]
        return torch.from_numpy(np.concatenate(answers, axis=1))

    def _on_gpu(self, member: _Member, x: Tensor) -> Tensor:
        with torch.inference_mode(), torch.autocast(self._where.type, torch.bfloat16):
            placed: Tensor = member.network(x.to(self._where, memory_format=torch.channels_last))
            return placed.float()


_COMPILING = Lock()
"""PyTorch's exporter refuses to run twice at once, and pictures may be analysed side by side."""


class _Member:
    """One network, compiled when it is first needed."""

    def __init__(self, network: nn.Module, size_px: int) -> None:
        self.network, self._size_px = network, size_px

    @cached_property
    def size(self) -> int:
        """Number of weights: which network takes longest."""
        return sum(weights.numel() for weights in self.network.parameters())

    @property
    def on_all_cores(self) -> onnxruntime.InferenceSession:
        with _COMPILING:
            return self._on_all_cores

    @property
    def on_one_core(self) -> onnxruntime.InferenceSession:
        with _COMPILING:
            return self._on_one_core

    @cached_property
    def _on_all_cores(self) -> onnxruntime.InferenceSession:
        return self._session(torch.get_num_threads())

    @cached_property
    def _on_one_core(self) -> onnxruntime.InferenceSession:
        return self._session(1)

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
                self.network,
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
