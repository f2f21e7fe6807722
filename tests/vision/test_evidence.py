"""Named findings: what is found, where it is said to lie, and what covering it does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from analysis.vision import abcd, classify, evidence, weights
from analysis.vision.evidence import Altered, Found
from analysis.vision.types import CLASSES, Abcd, Certainty, Finding, Mask, Structure
from analysis.vision.weights import Model
from tests.synthetic import draw_lesion
from tests.vision import tiny

SIDE = 64
STEADY = Certainty((0.5,), 0.5, 0.5, 1.0, 1.0)


def lesion() -> Mask:
    """A square of 40×40 in the middle."""
    mask = np.zeros((SIDE, SIDE), dtype=np.bool_)
    mask[12:52, 12:52] = True
    return mask


def part(rows: slice, columns: slice) -> Mask:
    mask = np.zeros((SIDE, SIDE), dtype=np.bool_)
    mask[rows, columns] = True
    return mask


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return weights.load_model(tiny.write_model(tmp_path_factory.mktemp("models"), "classification"))


def unremarkable() -> Abcd:
    """Measurements of a round lesion of one colour, and nothing else."""
    drawn = draw_lesion(width=SIDE, height=SIDE, axes=(18, 17))
    return replace(abcd.measure(drawn.image, drawn.mask), colours=("light_brown",), regions=())


def marked(name: str, mask: Mask, *, is_validated: bool = True) -> Structure:
    return Structure(name, 0.9, mask, is_validated, int(mask.sum()), None)


def found(*structures: Structure, mask: Mask | None = None, measured: Abcd | None = None) -> Found:
    return Found(lesion() if mask is None else mask, structures, measured or unremarkable(), 0.5, STEADY)


def picture(red_rows: slice = slice(0)) -> Tensor:
    """Grey; red in some rows."""
    x = torch.zeros(1, 3, SIDE, SIDE)
    x[:, 0, red_rows] = 1.0
    return x


@pytest.fixture
def likes_red(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A classifier whose malignancy is the share of red in the picture, and how many pictures it was asked about."""
    asked: list[int] = []

    def probabilities(x: Tensor, _model: Model) -> np.ndarray:
        asked.append(len(x))
        red = x[:, 0].clamp(0, 1).mean(dim=(1, 2)).numpy()
        return np.array([[p if label == "MEL" else 1 - p if label == "NV" else 0 for label in CLASSES] for p in red])

    monkeypatch.setattr(classify, "probabilities", probabilities)
    return asked


@pytest.mark.parametrize(
    ("region", "place"),
    [
        (part(slice(12, 22), slice(12, 22)), "upper left"),
        (part(slice(42, 52), slice(28, 36)), "lower"),
        (part(slice(28, 36), slice(44, 52)), "right"),
        (part(slice(28, 36), slice(28, 36)), "throughout"),
        (part(slice(29, 31), slice(29, 31)), "centre"),
        (lesion(), "throughout"),
        (part(slice(0), slice(0)), None),
    ],
)
def test_places_are_named_by_where_they_lie_in_the_lesion(region: Mask, place: str | None) -> None:
    assert evidence.where(region, lesion()) == place


def test_covering_what_raised_the_malignancy_is_said_to_lower_it(model: Model, likes_red: list[int]) -> None:
    """Red fills the upper quarter of the lesion and nothing else; 40·10 of 64² pixels are red."""
    x = torch.zeros(1, 3, SIDE, SIDE)
    x[0, 0, 12:22, 12:52] = 1.0
    p = float(x[0, 0].mean())
    given = replace(
        found(marked("globules", part(slice(12, 22), slice(12, 52)))), p_malignant=p, certainty=replace(STEADY, mirrored=p, enlarged=p)
    )
    (finding,) = evidence.find(x, given, model)
    assert finding == Finding("structure", "globules", "upper", 0.25, finding.effect, finding.elsewhere, is_clear=True)
    assert finding.effect == pytest.approx(p, rel=0.1), "nothing red is left but a seam"
    assert finding.elsewhere == pytest.approx(0, abs=0.01), "as much of the lower part was not red"
    assert likes_red == [2]


def test_what_an_equal_place_elsewhere_does_too_is_not_clear(model: Model, likes_red: list[int]) -> None:
    """Red above and red below: covering either takes half of it."""
    x = torch.zeros(1, 3, SIDE, SIDE)
    x[0, 0, 12:22, 12:52] = x[0, 0, 42:52, 12:52] = 1.0
    p = float(x[0, 0].mean())
    given = replace(
        found(marked("globules", part(slice(12, 22), slice(12, 52)))), p_malignant=p, certainty=replace(STEADY, mirrored=p, enlarged=p)
    )
    (finding,) = evidence.find(x, given, model)
    assert finding.effect == pytest.approx(p / 2, rel=0.2)
    assert finding.elsewhere == pytest.approx(p / 2, rel=0.2)
    assert not finding.is_clear


def test_without_room_for_an_equal_place_nothing_is_clear(model: Model, likes_red: list[int]) -> None:
    x = picture(slice(12, 39))
    (finding,) = evidence.find(x, found(marked("globules", part(slice(12, 39), slice(12, 52)))), model)
    assert finding.effect is not None
    assert (finding.elsewhere, finding.is_clear) == (None, False)
    assert likes_red == [1]


def test_an_effect_within_what_another_view_changes_is_not_clear(model: Model, likes_red: list[int]) -> None:
    x = torch.zeros(1, 3, SIDE, SIDE)
    x[0, 0, 12:22, 12:52] = 1.0
    p = float(x[0, 0].mean())
    wavering = replace(STEADY, mirrored=p + 0.2, enlarged=p)
    given = replace(found(marked("globules", part(slice(12, 22), slice(12, 52)))), p_malignant=p, certainty=wavering)
    (finding,) = evidence.find(x, given, model)
    assert finding.effect == pytest.approx(p, rel=0.1)
    assert not finding.is_clear


def test_specks_and_nearly_the_whole_lesion_are_named_but_not_covered(model: Model, likes_red: list[int]) -> None:
    named = evidence.find(picture(), found(marked("globules", part(slice(12, 14), slice(12, 14))), marked("streaks", lesion())), model)
    assert [(finding.name, finding.place, finding.effect) for finding in named] == [
        ("globules", "upper left", None),
        ("streaks", "throughout", None),
    ]
    assert not likes_red


def test_structures_beside_the_lesion_or_not_validated_are_no_findings(model: Model) -> None:
    beside = marked("globules", part(slice(0, 5), slice(0, 5)))
    assert evidence.find(picture(), found(beside, marked("streaks", lesion(), is_validated=False)), model) == ()


def test_without_an_outline_nothing_is_named(model: Model) -> None:
    assert evidence.find(picture(), found(marked("globules", lesion()), mask=np.zeros((SIDE, SIDE), dtype=np.bool_)), model) == ()


def test_what_hair_does_to_the_answer_is_a_finding_with_or_without_a_lesion(model: Model, likes_red: list[int]) -> None:
    """A red ruler on top: without it half of the malignancy is gone."""
    clear = Altered("occlusion", "hair_or_ruler", picture(slice(0, 8)))
    given = replace(found(), p_malignant=16 / 64, certainty=replace(STEADY, mirrored=16 / 64, enlarged=16 / 64))
    (finding,) = evidence.find(picture(slice(0, 16)), given, model, [clear])
    assert finding == Finding("occlusion", "hair_or_ruler", effect=finding.effect, is_clear=True)
    assert finding.effect == pytest.approx(16 / 64 - 8 / 64)
    nothing = replace(given, lesion=np.zeros((SIDE, SIDE), dtype=np.bool_))
    assert evidence.find(picture(slice(0, 16)), nothing, model, [clear]) == (finding,)
    assert likes_red == [1, 1]


def test_places_and_altered_pictures_are_asked_about_at_once(model: Model, likes_red: list[int]) -> None:
    """The lighter picture is half red: what changes the answer most comes first, in whichever order it was asked."""
    x = picture(slice(12, 22))
    given = replace(
        found(marked("globules", part(slice(12, 22), slice(12, 52)))),
        p_malignant=10 / 64,
        certainty=replace(STEADY, mirrored=10 / 64, enlarged=10 / 64),
    )
    clear = Altered("occlusion", "hair_or_ruler", picture(slice(12, 22)))
    lighter = Altered("light", "lightened", picture(slice(0, 32)))
    named = evidence.find(x, given, model, [clear, lighter])
    assert [(finding.kind, finding.is_clear) for finding in named] == [("light", True), ("structure", True), ("occlusion", False)]
    assert named[0].effect == pytest.approx(10 / 64 - 32 / 64), "lighter, it would be called more malignant"
    assert likes_red == [4]


def test_large_pictures_give_the_same_findings(model: Model, likes_red: list[int]) -> None:
    """At twenty times the size: the same place, share and effect."""
    x = torch.zeros(1, 3, SIDE, SIDE)
    x[0, 0, 12:22, 12:52] = 1.0
    upper = part(slice(12, 22), slice(12, 52))
    twenty = np.ones((20, 20), dtype=np.bool_)
    small = replace(found(marked("globules", upper)), p_malignant=float(x[0, 0].mean()))
    large = replace(
        small,
        lesion=np.kron(lesion(), twenty) > 0,
        structures=[marked("globules", np.kron(upper, twenty) > 0)],
    )
    one, other = (evidence.find(x, given, model) for given in (small, large))
    assert [(finding.name, finding.place) for finding in one] == [(finding.name, finding.place) for finding in other]
    assert [finding.share_of_lesion for finding in one] == pytest.approx([finding.share_of_lesion for finding in other], abs=0.02)
    assert [finding.effect for finding in one] == pytest.approx([finding.effect for finding in other], abs=0.02)
    assert likes_red == [2, 2]


def test_at_most_two_places_are_covered_the_largest(model: Model, likes_red: list[int]) -> None:
    bands = [part(slice(12, 52), slice(start, start + width)) for start, width in ((12, 3), (16, 4), (21, 5), (27, 6), (34, 7))]
    named = evidence.find(picture(), found(*(marked(f"band{index}", band) for index, band in enumerate(bands))), model)
    assert {finding.name for finding in named if finding.effect is None} == {"band0", "band1", "band2"}
    assert likes_red == [4], "two, and an equal place for each"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"asymmetry_1": 0.2, "asymmetry_2": 0.2}, ("asymmetry", "both_axes")),
        ({"asymmetry_1": 0.2, "asymmetry_2": 0.1}, ("asymmetry", "long_axis")),
        ({"asymmetry_1": 0.1, "asymmetry_2": 0.2}, ("asymmetry", "short_axis")),
        ({"border_irregularity": 1.4}, ("border", "irregular")),
        ({"colours": ("light_brown", "dark_brown", "black")}, ("colours", "3")),
    ],
)
def test_measurements_are_findings_beyond_what_is_usual(
    changes: dict[str, object], expected: tuple[str, str], model: Model, likes_red: list[int]
) -> None:
    usual = {"asymmetry_1": 0.1, "asymmetry_2": 0.1, "border_irregularity": 1.2}
    named = evidence.find(picture(), found(measured=replace(unremarkable(), **{**usual, **changes})), model)  # type: ignore[arg-type]
    assert [(finding.kind, finding.name) for finding in named if finding.kind != "colour"] == [expected]
    assert all(finding.place is None and finding.effect is None for finding in named if finding.kind != "colour")
    assert sum(likes_red) <= 2


def test_undefined_measurements_are_no_findings(model: Model) -> None:
    nothing = replace(unremarkable(), asymmetry_1=None, asymmetry_2=None, border_irregularity=None, colours=())
    assert evidence.find(picture(), found(measured=nothing), model) == ()


def test_what_is_covered_becomes_like_its_side_of_the_outline_and_the_rest_stays() -> None:
    """Skin 1, lesion −1, a spot of 5 across the outline."""
    pixels = np.ones((SIDE, SIDE, 3), dtype=np.float32)
    pixels[lesion()] = -1
    spot = part(slice(28, 36), slice(46, 58))
    pixels[spot] = 5
    covered = evidence.cover(pixels, spot, lesion())
    assert covered[32, 49] == pytest.approx([-1] * 3, abs=0.1), "lesion by lesion"
    assert covered[32, 55] == pytest.approx([1] * 3, abs=0.1), "skin by skin"
    far = np.ones((SIDE, SIDE), dtype=np.bool_)
    far[18:46, 36:] = False
    assert np.array_equal(covered[far], pixels[far])


def test_a_lesion_that_is_all_hidden_is_left_as_it_is() -> None:
    pixels = np.ones((SIDE, SIDE, 3), dtype=np.float32)
    everything = np.ones((SIDE, SIDE), dtype=np.bool_)
    assert np.array_equal(evidence.cover(pixels, everything, everything), pixels)


def test_colours_are_found_where_they_are_drawn(model: Model, tmp_path: Path) -> None:
    """Half black, half brown: black lies on one side and is half of the lesion."""
    drawn = draw_lesion(width=256, height=256, colours=("light_brown", "black"), angle_deg=0)
    measured = abcd.measure(drawn.image, drawn.mask)
    given = Found(drawn.mask, (), measured, 0.5, STEADY)
    (finding,) = (finding for finding in evidence.find(picture(), given, model) if finding.kind == "colour")
    assert (finding.name, finding.place) == ("black", "right")
    assert finding.share_of_lesion == pytest.approx(0.5, abs=0.05)
