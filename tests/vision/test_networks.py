from __future__ import annotations

import pytest
import torch
from torch import nn

from analysis.vision import networks
from analysis.vision.errors import ModelError


def test_the_unet_is_the_reports() -> None:
    network = networks.UNet()
    blocks = [module for module in network.modules() if isinstance(module, networks.ConvBlock)]
    assert len(blocks) == 9
    assert [next(block.children()).out_channels for block in network.down] == [32, 64, 128, 256, 512]


@pytest.mark.parametrize("size", [(180, 180), (48, 64), (17, 31)])
def test_the_unet_answers_at_the_size_it_was_asked(size: tuple[int, int]) -> None:
    network = networks.UNet(filters=2).eval()
    assert network(torch.zeros(1, 3, *size)).shape == (1, 1, *size)


def test_the_classifier_gives_one_score_per_class() -> None:
    assert networks.build("mobilenet_v2", 8).eval()(torch.zeros(2, 3, 32, 32)).shape == (2, 8)


def test_the_evidence_layer_of_every_classifier_exists() -> None:
    for architecture, layer in networks.EVIDENCE_LAYERS.items():
        assert isinstance(networks.build(architecture, 8).get_submodule(layer), nn.Module)


def test_an_unknown_architecture_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"mobilenet_v2, unet"):
        networks.build("vgg99", 8)


def test_bfloat16_and_float32_agree() -> None:
    """Whatever precision the hardware prefers, the answer is the same within what bfloat16 can hold."""
    torch.manual_seed(3)
    network, x = networks.UNet(filters=4, depth=2).eval(), torch.rand(1, 3, 32, 32) * 2 - 1
    with torch.inference_mode():
        exact = torch.sigmoid(network(x))
        with torch.autocast("cpu", torch.bfloat16):
            coarse = torch.sigmoid(network(x)).float()
    assert torch.allclose(exact, coarse, atol=0.02)
    assert not torch.equal(exact, coarse), "autocast did nothing: this test would prove nothing"
