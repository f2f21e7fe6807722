"""Recipes: every number has a reason, what cannot be meant is refused, and a run knows its own plan."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from analysis.vision.training import recipe, schedules


@pytest.mark.parametrize("path", sorted(recipe.RECIPES_DIR.glob("*.toml")), ids=lambda path: path.stem)
def test_every_number_of_a_recipe_has_its_reason(path: Path) -> None:
    recipe.read(str(path))
    lines = [line for line in path.read_text().splitlines() if " = " in line and not line.startswith("#")]
    explained = [line for line in lines if "#" in line]
    assert len(explained) >= 0.6 * len(lines)


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("lesion-unet", {"phases": (recipe.Phase(64, 0),)}, "learns for some epochs or joins"),
        ("classification-joined", {"phases": (recipe.Phase(64, 2),)}, "learns for some epochs or joins"),
        ("lesion-unet", {"initial_weights": "a.safetensors", "starts_from": ("lesion-unet",)}, "two ways"),
        ("lesion-unet", {"cutmix": 1.0}, "not masks"),
    ],
)
def test_a_recipe_that_cannot_be_meant_is_refused(name: str, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(recipe.read(name), **changes)


def test_the_plan_of_a_run_names_every_epoch() -> None:
    phases = (recipe.Phase(32, 1), recipe.Phase(64, 1), recipe.Phase(64, 1, learning_rate=0.5))
    assert replace(recipe.read("lesion-unet"), phases=phases, learning_rate=1.0).plan == [[32, 1.0], [64, 1.0], [64, 0.5]]


def test_the_learning_rate_warms_up_and_falls() -> None:
    factors = [schedules.warm_cosine(step, 100, 10) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[9] == pytest.approx(1.0)
    assert factors[55] == pytest.approx(0.01 + 0.99 * 0.5)
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[-1] < 0.02


def test_a_phase_with_its_own_rate_starts_a_new_cycle() -> None:
    phases = (recipe.Phase(32, 1), recipe.Phase(64, 1), recipe.Phase(64, 2, learning_rate=0.5))
    settings = replace(recipe.read("lesion-unet"), phases=phases, samples_per_epoch=40, batch_size=4, learning_rate=1.0, warmup_steps=2)
    rates = [settings.learning_rate_at(step) for step in range(40)]
    assert [round(rate, 2) for rate in rates[:2]] == [0.5, 1.0]
    assert rates[:20] == pytest.approx([schedules.warm_cosine(step, 20, 2) for step in range(20)])  # two phases, one cycle
    assert rates[20:] == pytest.approx([0.5 * schedules.warm_cosine(step, 20, 2) for step in range(20)])


def test_a_phase_may_zoom_otherwise_than_the_recipe() -> None:
    phases = (recipe.Phase(32, 2), recipe.Phase(32, 1, learning_rate=0.5, scale=(0.7, 1.0)))
    settings = replace(recipe.read("lesion-unet"), phases=phases, scale=(0.5, 1.1))
    assert [settings.scale_at(epoch) for epoch in range(3)] == [(0.5, 1.1), (0.5, 1.1), (0.7, 1.0)]
    assert settings.plan[1:] == [[32, settings.learning_rate], [32, 0.5, 0.7, 1.0]], "a run with another zoom is another run"
    assert recipe.restore(asdict(settings)) == settings


def test_what_a_run_has_learnt_from_is_told_by_a_digest_that_outlives_new_fields() -> None:
    """Written down once: if this changes, no run of today can be continued."""
    settings = recipe.read("lesion-unet")
    assert replace(settings, phases=settings.phases[:1], name="other", target_sensitivity=0.5).digest == settings.digest
    assert replace(settings, mixup=0.0).digest == settings.digest, "a field at its default might not have existed"
    assert replace(settings, mixup=0.1).digest != settings.digest
    pinned = replace(
        settings,
        seed=1,
        architecture="unet",
        samples_per_epoch=10,
        batch_size=2,
        learning_rate=0.5,
        weight_decay=0.0,
        warmup_steps=1,
        ema_decay=0.5,
        sampling_power=0.0,
        label_smoothing=0.0,
        scale=(1.0, 1.0),
        shift=0.0,
        colour_strength=0.0,
        optics=0.0,
        max_train_per_dataset={},
    )
    assert pinned.digest == "639d4f0570086e2c90c76331bfa38bcd89530ed73dbcbd0b551c381e024ad217"
