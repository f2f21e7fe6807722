"""The order of the stages, what an observer sees, and that the finding lies where the network looked."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

from analysis.vision import classify, light, occlusion, pipeline, quality, second_opinion, segment, weights
from analysis.vision.explain import trust
from analysis.vision.types import CLASSES, RgbImage
from tests.synthetic import draw_lesion
from tests.vision import tiny


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> weights.Bundle:
    return weights.load_bundle(tiny.write_models(tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="module")
def image() -> RgbImage:
    return draw_lesion(width=240, height=160).image


def test_every_stage_is_reported_once_in_order(bundle: weights.Bundle, image: RgbImage) -> None:
    seen: list[str] = []
    pipeline.analyse(image, bundle, on_stage=seen.append)
    assert tuple(seen) == pipeline.STAGES


def test_what_costs_most_can_be_left_out(bundle: weights.Bundle, image: RgbImage) -> None:
    seen: list[str] = []
    output = pipeline.analyse(image, bundle, on_stage=seen.append, weighs=False)
    assert (output.certainty, output.evidence) == (None, ())
    assert tuple(seen) == pipeline.STAGES[:-2]


def test_results_have_the_size_of_the_image(bundle: weights.Bundle, image: RgbImage) -> None:
    output = pipeline.analyse(image, bundle)
    assert (output.height_px, output.width_px) == image.shape[:2]
    assert {structure.mask.shape for structure in output.structures} == {image.shape[:2]}
    assert output.lesion.mask.shape == output.level_set.mask.shape == output.heatmap.signed.shape == image.shape[:2]


def test_there_is_no_evidence_outside_the_square_the_classifier_saw(bundle: weights.Bundle, image: RgbImage) -> None:
    signed = pipeline.analyse(image, bundle).heatmap.signed
    assert not signed[:, :40].any()
    assert not signed[:, 200:].any()
    assert signed[:, 40:200].any()


def test_the_mean_of_the_evidence_is_the_logit_less_its_bias(bundle: weights.Bundle, image: RgbImage) -> None:
    """True of every network that ends in average pooling and one linear layer; Grad-CAM is exact there."""
    heatmap, model = pipeline.analyse(image, bundle).heatmap, bundle.classifier
    index = CLASSES.index(heatmap.label)
    logit = classify.look(classify.prepare(image, model.card), model).scores[0, index]
    bias = float(model.network.state_dict()["classifier.1.bias"][index])
    assert float(heatmap.signed[:, 40:200].mean()) == pytest.approx(logit - bias, rel=0.15, abs=0.02)  # enlarging shifts weight to the rim


def test_an_observer_can_abandon_the_analysis(bundle: weights.Bundle, image: RgbImage) -> None:
    def cancel(stage: str) -> None:
        raise InterruptedError(stage)

    with pytest.raises(InterruptedError, match="classification"):
        pipeline.analyse(image, bundle, on_stage=cancel)


def test_stages_are_timed_only_with_a_clock(bundle: weights.Bundle, image: RgbImage) -> None:
    assert pipeline.analyse(image, bundle).timings_ms == {}
    ticks = count()
    timings = pipeline.analyse(image, bundle, clock=lambda: float(next(ticks))).timings_ms
    assert timings == dict.fromkeys(pipeline.STAGES, 1000.0)


def test_the_same_image_gives_the_same_answer(bundle: weights.Bundle, image: RgbImage) -> None:
    first, second = pipeline.analyse(image, bundle), pipeline.analyse(image.copy(), bundle)
    assert first.classification == second.classification
    assert np.array_equal(first.lesion.mask, second.lesion.mask)


def test_the_models_used_are_named_with_their_scope(bundle: weights.Bundle, image: RgbImage) -> None:
    used = pipeline.analyse(image, bundle).models
    assert [model.task for model in used] == ["classification", "lesion", "structures", "abcd"]
    assert all(len(model.sha256) == 64 and model.validated_scope for model in used)


def test_the_quality_is_judged_inside_the_outline(bundle: weights.Bundle, image: RgbImage) -> None:
    output = pipeline.analyse(image, bundle)
    assert output.quality == quality.judge(image, output.lesion)


def test_the_doubts_about_the_heat_map_go_with_it(bundle: weights.Bundle, image: RgbImage, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit that every map exceeds there is something to doubt, and its figure is that of the map shown."""
    monkeypatch.setattr(trust, "MAX_ON_ARTEFACT", -1.0)
    output = pipeline.analyse(image, bundle)
    share = trust.shares(output.heatmap.signed, output.lesion.mask).edge
    assert share is not None
    assert output.heatmap.doubts[0] == f"{share:.0%} of the evidence lies on the edge of the picture."


def test_hair_is_painted_over_for_the_outline_and_told(bundle: weights.Bundle) -> None:
    """The diagnoses are of the picture as it is; the outline is of the one without hair."""
    hairy, bald = (draw_lesion(width=300, height=200, hairs=hairs).image for hairs in (25, 0))
    output = pipeline.analyse(hairy, bundle)
    assert output.occluded is not None
    assert output.occluded.was_cleared
    assert output.occluded.hair_share > occlusion.MIN_SHARE
    clear, _ = occlusion.cleared(hairy)
    assert np.array_equal(output.lesion.mask, segment.segment(clear, bundle.lesion).mask)
    assert [finding.name for finding in output.evidence if finding.kind == "occlusion"] == ["hair_or_ruler"]
    opaque = output.occluded.painted[..., 3] > 0
    assert opaque[occlusion.find(hairy).mask].all()
    assert np.array_equal(output.occluded.painted[opaque, :3], clear[opaque])
    bare = pipeline.analyse(bald, bundle)
    assert bare.occluded is not None
    assert not bare.occluded.was_cleared
    assert bare.occluded.painted.shape == (0, 0, 4)
    assert bare.lightened is None


def test_hair_is_named_by_the_quality(bundle: weights.Bundle) -> None:
    hairy = draw_lesion(width=300, height=200, hairs=25).image
    output = pipeline.analyse(hairy, bundle)
    assert output.occluded is not None
    assert output.quality.figures["hair_share"] == output.occluded.hair_share
    assert output.quality.figures["ruler_share"] == output.occluded.ruler_share


def test_a_dark_picture_is_made_lighter_and_the_classifier_asked_about_it(bundle: weights.Bundle, image: RgbImage) -> None:
    dark = (image * 0.4).astype(np.uint8)
    output = pipeline.analyse(dark, bundle)
    assert output.lightened is not None
    assert output.lightened.gamma == light.gamma_for(output.quality.figures["brightness"])
    assert np.array_equal(output.lightened.picture, light.lighten(dark, output.lightened.gamma))
    (found,) = (finding for finding in output.evidence if finding.kind == "light")
    model = bundle.classifier
    asked = classify.probabilities(classify.prepare(output.lightened.picture, model.card), model)
    assert found.effect == pytest.approx(output.classification.p_malignant - float(classify.malignant_mass(asked)[0]), abs=1e-5)


def test_the_second_opinion_is_the_one_on_the_measurements(bundle: weights.Bundle, image: RgbImage) -> None:
    output = pipeline.analyse(image, bundle)
    assert output.second_opinion == second_opinion.judge(output.abcd, bundle.second_opinion)
