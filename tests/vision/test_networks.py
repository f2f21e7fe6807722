from __future__ import annotations

import pytest
import torch
from torch import nn

from analysis.vision import networks
from analysis.vision.classify import to_input
from analysis.vision.errors import ModelError
from analysis.vision.networks import joined
from analysis.vision.networks.backbones import EfficientNetLite, Head, MobileNetV2
from analysis.vision.networks.unet import ConvBlock, EncoderUNet, UNet
from analysis.vision.training import losses
from tests.synthetic import draw_lesion


def test_the_unet_is_the_reports() -> None:
    network = UNet()
    blocks = [module for module in network.modules() if isinstance(module, ConvBlock)]
    assert len(blocks) == 9
    assert [next(block.children()).out_channels for block in network.down] == [32, 64, 128, 256, 512]


@pytest.mark.parametrize(("scale", "parameters"), [(0, 4_652_008), (1, 5_416_680), (2, 6_092_072)])
def test_efficientnet_lite_is_the_published_one(scale: int, parameters: int) -> None:
    """The published counts: 4.7, 5.4 and 6.1 million parameters with 1000 classes."""
    assert sum(parameter.numel() for parameter in EfficientNetLite(1000, scale).parameters()) == parameters


@pytest.mark.parametrize("backbone", [MobileNetV2, EfficientNetLite])
def test_taps_are_where_the_picture_has_been_halved(backbone: type[MobileNetV2] | type[EfficientNetLite]) -> None:
    network, x, sizes = backbone(1).eval(), torch.zeros(1, 3, 64, 64), []
    for index, layer in enumerate(network.features):
        x = layer(x)
        if index in network.taps:
            sizes.append((x.shape[1], x.shape[2]))
    assert sizes == list(zip(network.tap_channels, [32, 16, 8, 4, 2], strict=True))


@pytest.mark.parametrize("size", [(64, 64), (50, 70)])
def test_an_encoder_unet_answers_at_the_size_it_was_asked(size: tuple[int, int]) -> None:
    network = EncoderUNet(MobileNetV2(1), outputs=5).eval()
    assert network(torch.zeros(1, 3, *size)).shape == (1, 5, *size)


@pytest.mark.parametrize("architecture", ["mobilenet_v2", "efficientnet_lite0_unet"])
def test_folding_changes_nothing_but_the_time(architecture: str) -> None:
    torch.manual_seed(4)
    network = networks.build(architecture, 3).eval().requires_grad_(False)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.running_mean.normal_(0, 0.2)  # type: ignore[union-attr]
        norm.running_var.uniform_(0.5, 2.0)  # type: ignore[union-attr]
    x = torch.rand(1, 3, 64, 64) * 2 - 1
    before = network(x)
    after = networks.folded(network)(x)
    assert norms
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    assert torch.allclose(before, after, atol=1e-4)
    assert float(before.abs().max()) > 0.01


def test_joined_networks_answer_with_the_mean_of_their_answers() -> None:
    torch.manual_seed(6)
    members = [networks.build(architecture, 4).eval() for architecture in ("mobilenet_v2", "efficientnet_lite2", "efficientnet_lite0")]
    three = networks.build("mobilenet_v2_efficientnet_lite2_lite0", 4).eval()
    three.load_state_dict(joined.join([member.state_dict() for member in members]))
    x = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        expected = torch.stack([member(x) for member in members]).mean(dim=0)
        assert torch.allclose(three(x), expected, atol=1e-5)
        assert torch.allclose(networks.folded(three)(x), expected, atol=1e-4)
    assert float(expected.abs().max()) > 0.005


def test_joined_networks_can_be_trained_on() -> None:
    network = networks.build("mobilenet_v2_efficientnet_lite2_lite0", 4)
    network(torch.rand(2, 3, 64, 64)).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize("size", [(180, 180), (48, 64), (17, 31)])
def test_the_unet_answers_at_the_size_it_was_asked(size: tuple[int, int]) -> None:
    network = UNet(filters=2).eval()
    assert network(torch.zeros(1, 3, *size)).shape == (1, 1, *size)


def test_the_classifier_gives_one_score_per_class() -> None:
    assert networks.build("mobilenet_v2", 8).eval()(torch.zeros(2, 3, 32, 32)).shape == (2, 8)


@pytest.mark.parametrize("architecture", ["mobilenet_v2", "efficientnet_lite0", "mobilenet_v2_efficientnet_lite2_lite0"])
def test_the_head_says_of_the_feature_maps_what_the_network_says_of_the_image(architecture: str) -> None:
    torch.manual_seed(5)
    network, x = networks.build(architecture, 4).eval(), torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        assert torch.allclose(Head(network)(network.features(x)), network(x), atol=1e-6)  # type: ignore[arg-type, operator]


def test_an_unknown_architecture_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"mobilenet_v2_unet, unet"):
        networks.build("vgg99", 8)


def test_bfloat16_and_float32_give_the_same_answers() -> None:
    """Emulated where the processor has none. The answers' own spread is the measure: untrained networks answer nearly alike everywhere."""
    torch.manual_seed(3)
    network, x = networks.build("mobilenet_v2", 8).eval(), torch.rand(2, 3, 32, 32) * 2 - 1
    with torch.inference_mode():
        exact = network(x)
        with torch.autocast("cpu", torch.bfloat16):
            coarse = network(x).float()
    assert float((exact - coarse).abs().max()) < 0.05 * float(exact.std())
    assert not torch.equal(exact, coarse), "autocast did nothing: this test would prove nothing"


def test_bfloat16_and_float32_learn_alike() -> None:
    """Training is where bfloat16 is used: the same steps lead to the same losses, and those fall."""
    exact, coarse = (losses_of_training(in_bfloat16=in_bfloat16) for in_bfloat16 in (False, True))
    assert exact == pytest.approx(coarse, abs=0.01)
    assert exact[-1] < exact[0] - 0.2
    assert exact != coarse, "autocast did nothing: this test would prove nothing"


def losses_of_training(*, in_bfloat16: bool) -> list[float]:
    """Of five steps of a tiny U-Net on four drawn lesions."""
    drawn = [draw_lesion(width=32, height=32, axes=(10, 7), angle_deg=40 * seed, seed=seed) for seed in range(4)]
    x = torch.cat([to_input(lesion.image, 32) for lesion in drawn])
    target = torch.stack([torch.from_numpy(lesion.mask)[None].float() for lesion in drawn])
    torch.manual_seed(5)
    network, found = UNet(filters=4, depth=2), []
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(5):
        optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=in_bfloat16):
            logits = network(x)
        loss = losses.lesion_loss(logits.float(), target)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        found.append(float(loss.detach()))
    return found


@pytest.mark.parametrize("is_fast", [True, False])
def test_bfloat16_is_used_where_the_processor_computes_in_it(monkeypatch: pytest.MonkeyPatch, is_fast: bool) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: is_fast)
    with networks.half_precision(torch.device("cpu")):
        assert torch.is_autocast_enabled("cpu") is is_fast
        assert torch.get_autocast_dtype("cpu") == torch.bfloat16
    assert not torch.is_autocast_enabled("cpu")
