"""The body map: every site of the list has its region, and right is right."""

from __future__ import annotations

from itertools import combinations
from math import dist

import pytest

from patients import bodymap
from patients.bodydrawing import VIEWS, smooth
from patients.models import Lesion
from patients.sites import BodySite, body_sites

BY_LABEL = {site.label: site for site in body_sites().values()}
BY_VIEW = {view.key: view for view in VIEWS}


def lesion(label: str, side: str, number: int = 1) -> Lesion:
    site = BY_LABEL[label]
    return Lesion(number=number, site_code=site.code, site_scheme=site.scheme, site_meaning=site.meaning, laterality=side)


def test_every_site_is_at_home_in_one_region() -> None:
    homes = [label for region in bodymap.REGIONS.values() for label in region.sites]
    assert sorted(homes) == sorted(BY_LABEL)
    assert len(BY_LABEL) == len(body_sites())
    assert set(bodymap.home_of()) == set(body_sites())


def test_no_region_offers_a_site_twice() -> None:
    for key in bodymap.REGIONS:
        sites = bodymap.sites_of(key)
        assert len(sites) == len(set(sites)), key


def test_every_region_is_drawn_or_offered_in_words() -> None:
    drawn = {area.region for view in VIEWS for area in view.areas}
    assert drawn | set(bodymap.NOT_DRAWN) == set(bodymap.REGIONS)
    assert not drawn & set(bodymap.NOT_DRAWN)
    assert [words.region for words in bodymap.not_drawn()] == list(bodymap.NOT_DRAWN)


def test_a_region_that_has_sides_is_drawn_on_both() -> None:
    for figure in bodymap.figures():
        sided = [shape for shape in figure.shapes if shape.side]
        assert sorted(shape.region for shape in sided if shape.side == "L") == sorted(shape.region for shape in sided if shape.side == "R")
        assert len({shape.name for shape in figure.shapes}) == len(figure.shapes)


def test_the_name_of_an_area_says_the_side() -> None:
    names = {shape.name for figure in bodymap.figures() for shape in figure.shapes}
    assert {"Left thigh, front", "Right thigh, front", "Nose", "Left calf"} <= names


@pytest.mark.parametrize(
    ("label", "view", "left_is_to_the_viewers"), [("Anterior surface of thigh", "front", "right"), ("Mid back", "back", "left")]
)
def test_the_patients_left_is_on_the_viewers_right_in_front_alone(label: str, view: str, left_is_to_the_viewers: str) -> None:
    left, right = bodymap.place_of(lesion(label, "L")), bodymap.place_of(lesion(label, "R"))
    assert left
    assert right
    assert left[0] == right[0] == view
    middle = BY_VIEW[view].middle
    assert (left[1][0] > middle) == (left_is_to_the_viewers == "right")
    assert left[1][0] + right[1][0] == pytest.approx(2 * middle)


def test_what_lies_on_the_middle_line_is_marked_there() -> None:
    assert bodymap.place_of(lesion("Sternal skin", "U")) == ("front", (120.0, 136))
    assert bodymap.place_of(lesion("Nose", "U")) == ("face", (90.0, 130))
    assert bodymap.place_of(lesion("Anterior surface of thigh", "U")) is None


@pytest.mark.parametrize("label", ["Oral mucosa", "Skin", "Lower extremity", "Tooth"])
def test_what_cannot_be_drawn_is_not_marked(label: str) -> None:
    assert all(bodymap.place_of(lesion(label, side)) is None for side in "LRU")


def test_every_site_that_is_drawn_can_be_marked_on_either_side() -> None:
    for key, home in bodymap.home_of().items():
        if home not in bodymap.NOT_DRAWN:
            site: BodySite = body_sites()[key]
            assert all(bodymap.place_of(lesion(site.label, side)) for side in "LR"), site


def test_a_site_of_an_older_list_is_not_marked() -> None:
    assert bodymap.place_of(Lesion(site_code="T-02000", site_scheme="SRT", site_meaning="Skin of face", laterality="U")) is None


def test_marks_lie_apart_and_on_their_side() -> None:
    crowded = [lesion(label, side, number) for number, (label, side) in enumerate([("Neck", "L"), ("Neck", "R"), ("Neck", "U")] * 3, 1)]
    front = bodymap.marked(crowded)[0]
    places = [(float(dot.x), float(dot.y)) for dot in front.dots]
    assert len(places) == 9
    assert all(dist(one, other) >= bodymap.DOT_STEP - 0.2 for one, other in combinations(places, 2))
    on_side = {"L": lambda x: x > 120, "R": lambda x: x < 120, "U": lambda x: x == 120}
    assert all(on_side[dot.lesion.laterality](float(dot.x)) for dot in front.dots)


def test_a_full_figure_keeps_its_marks_inside() -> None:
    soles = bodymap.marked([lesion("Sole of forefoot", "L", number) for number in range(1, 40)])[-1]
    assert len(soles.dots) == 39
    assert all(75 < float(dot.x) < 150 and float(dot.y) < 152 for dot in soles.dots)


def test_the_body_is_always_shown_face_and_soles_where_there_is_something() -> None:
    assert [figure.view.key for figure in bodymap.marked([])] == ["front", "back"]
    shown = bodymap.marked([lesion("Cheek", "L"), lesion("Sole of forefoot", "R", 2)])
    assert [figure.view.key for figure in shown] == ["front", "back", "face", "soles"]
    assert [len(figure.dots) for figure in shown] == [0, 0, 1, 1]


def test_the_site_that_names_its_side() -> None:
    sided = {site.label: site.only_side for site in body_sites().values() if site.only_side}
    assert sided == {"Upper outer quadrant of left breast": "L"}


def test_a_smooth_line_goes_through_its_points() -> None:
    path = smooth(((0, 0), (10, 5), (20, 0)))
    assert path.startswith("M0.0,0.0C")
    assert " 10.0,5.0C" in path
    assert path.endswith(" 20.0,0.0")
    assert smooth(((0, 0), (10, 5), (20, 0)), is_closed=True).endswith(" 0.0,0.0Z")
