"""The compiled network answers what the defined one does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from analysis.vision import networks
from analysis.vision.networks.engine import Engine

CPU = torch.device("cpu")


@pytest.mark.parametrize("architecture", ["mobilenet_v2", "mobilenet_v2_efficientnet_lite2_lite0", "efficientnet_lite0_unet", "unet"])
@pytest.mark.parametrize("size_px", [64, 90])
def test_it_answers_what_pytorch_does(architecture: str, size_px: int) -> None:
    torch.manual_seed(4)
    network = networks.folded(networks.build(architecture, 3).eval())
    engine = Engine([network], size_px, CPU)
    for count in (1, 2):
        x = torch.rand(count, 3, size_px, size_px) * 2 - 1
        with torch.inference_mode():
            expected = network(x)
        answer = engine(x.contiguous(memory_format=torch.channels_last))
        assert answer.dtype == torch.float32
        assert torch.allclose(answer, expected, atol=1e-4 * float(expected.abs().max()))
        assert float(expected.std()) > 0


@pytest.mark.parametrize("count", [1, 3])
def test_networks_side_by_side_answer_in_their_order(count: int) -> None:
    torch.manual_seed(5)
    small, large = torch.nn.Conv2d(3, 2, 1), torch.nn.Sequential(torch.nn.Conv2d(3, 9, 3, padding=1), torch.nn.Conv2d(9, 4, 1))
    engine = Engine([small, large], 8, CPU)
    x = torch.rand(count, 3, 8, 8)
    with torch.inference_mode():
        expected = [small(x), large(x)]
    assert torch.allclose(engine(x), torch.cat(expected, dim=1), atol=1e-6)


def test_first_questions_may_come_at_the_same_time() -> None:
    engine, x = Engine([torch.nn.Conv2d(3, 2, 1), torch.nn.Conv2d(3, 2, 3, padding=1)], 8, CPU), torch.rand(1, 3, 8, 8)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: engine(x), range(8)))
    assert all(torch.equal(answer, answers[0]) for answer in answers)


def test_what_it_answered_earlier_stays_as_it_was() -> None:
    engine = Engine([torch.nn.Conv2d(3, 2, 1)], 8, CPU)
    first = engine(torch.ones(1, 3, 8, 8))
    kept = first.clone()
    engine(torch.zeros(1, 3, 8, 8))
    assert torch.equal(first, kept)


def test_another_size_is_refused() -> None:
    with pytest.raises(Exception, match="Got invalid dimensions"):
        Engine([torch.nn.Conv2d(3, 2, 1)], 8, CPU)(torch.zeros(1, 3, 9, 9))
