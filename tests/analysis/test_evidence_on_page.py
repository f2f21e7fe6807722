"""Named findings and certainty in the words of the page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from analysis.models import Analysis
from analysis.presentation.evidence import named
from analysis.presentation.report import Report
from tests.analysis.pages import page, with_result

STEADY: dict[str, Any] = {"networks": [0.1, 0.2, 0.3], "mirrored": 0.25, "enlarged": 0.15, "agreeing": 1.0, "same_diagnosis": 1.0}


def finding(kind: str, name: str, **changes: Any) -> dict[str, Any]:
    return {"kind": kind, "name": name, "place": None, "share_of_lesion": None, "effect": None, "is_clear": False} | changes


@pytest.mark.parametrize(
    ("stored", "name", "where", "effect"),
    [
        (
            finding("structure", "negative_network", place="upper left", share_of_lesion=0.11, effect=0.051, elsewhere=0.01, is_clear=True),
            "Negative network",
            "upper left, 11 % of the lesion",
            "18.0 % without it, 22.1 % without an equal place elsewhere",
        ),
        (
            finding("colour", "blue_grey", place="throughout", share_of_lesion=0.004, effect=-0.002, elsewhere=0.01),
            "Blue-grey areas",
            "throughout, under 1 % of the lesion",
            "not clearly more than an equal place elsewhere",
        ),
        (
            finding("structure", "globules", place="left", share_of_lesion=0.6, effect=0.2, elsewhere=None),
            "Globules",
            "left, 60 % of the lesion",
            "no equal place elsewhere to compare with",
        ),
        (
            finding("structure", "globules", place="left", share_of_lesion=0.6, effect=0.2, is_clear=True),
            "Globules",
            "left, 60 % of the lesion",
            "not compared with another place",
        ),
        (finding("occlusion", "hair_or_ruler", effect=0.1, is_clear=True), "Hair or a ruler", "", "13.1 % without it"),
        (finding("occlusion", "hair_or_ruler", effect=0.001), "Hair or a ruler", "", "no clear change without it"),
        (finding("heat", "MEL", place="centre", share_of_lesion=0.3), "Hottest part of the Grad-CAM map", "centre, 30 % of the lesion", ""),
        (finding("asymmetry", "both_axes"), "Asymmetry in both axes", "", ""),
        (finding("border", "irregular"), "Irregular border", "", ""),
        (finding("colours", "4"), "4 colours", "", ""),
    ],
)
def test_a_finding_is_told_in_words(stored: dict[str, Any], name: str, where: str, effect: str) -> None:
    """23.1 % less 5.1 is 18.0 %."""
    found = named(stored, 0.231)
    assert (found.name, found.where, found.effect) == (name, where, effect)
    assert found.meaning


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "It holds in all 5 other ways of asking."),
        (
            {"agreeing": 0.6, "same_diagnosis": 0.8},
            "It wavers: 2 of 5 other ways of asking would have changed the alert. Such answers are wrong",
        ),
        ({"same_diagnosis": 0.8}, "The alert would not change, but 1 of 5 other ways of asking name another diagnosis first."),
    ],
)
def test_whether_the_answer_holds_is_one_statement(ada: Client, finished: Analysis, changes: dict[str, Any], words: str) -> None:
    content = page(ada, "analysis:detail", with_result(finished, certainty=STEADY | changes).pk)
    assert words in content
    assert "each network alone 10.0 %, 20.0 %, 30.0 %; the mirrored picture 25.0 %, enlarged 15.0 %." in content


def test_one_network_alone_is_not_told_as_an_opinion_of_its_own(ada: Client, finished: Analysis) -> None:
    content = page(ada, "analysis:detail", with_result(finished, certainty=STEADY | {"networks": []}).pk)
    assert "It holds in all 2 other ways of asking." in content
    assert "Malignancy by the mirrored picture 25.0 %" in content


def test_findings_are_shown_unless_the_answers_mean_nothing(ada: Client, finished: Analysis) -> None:
    """Of an image unlike the validated ones there is no answer that could hang on anything."""
    content = page(ada, "analysis:detail", finished.pk)
    assert "What was found" in content
    assert "39.0 % without it" in content, "0.7 less 0.31"
    unlike = {"unfamiliar": 0.9, "is_unfamiliar": True}
    content = page(ada, "analysis:detail", with_result(finished, familiarity=unlike).pk)
    assert "What was found" not in content
    assert "Asked in other ways" not in content


def test_results_from_before_findings_were_named_say_nothing_of_them(ada: Client, finished: Analysis) -> None:
    result = {key: value for key, value in (finished.result or {}).items() if key not in ("certainty", "evidence")}
    Analysis.objects.filter(pk=finished.pk).update(result=result)
    finished.refresh_from_db()
    assert Report(finished).certainty == {}
    assert Report(finished).evidence == []
    content = page(ada, "analysis:detail", finished.pk)
    assert "What was found" not in content
