"""docs/figures.md names every figure of a result, where it is shown, and functions that exist and say what they do."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from functools import cache
from importlib import import_module
from types import SimpleNamespace, UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import numpy as np
import pytest

from analysis.findings import pack
from analysis.models import Analysis
from analysis.presentation.report import Report
from analysis.vision import quality
from analysis.vision.abcd import COLOURS
from analysis.vision.change import Change, Comparison
from analysis.vision.types import Finding, Lightened, Occluded, Output, Quality, SecondOpinion
from analysis.visits import SinceLastVisit
from tests.analysis import tiny
from tests.house.sources import ROOT
from tests.synthetic import draw_lesion

PAGE = ROOT / "docs" / "figures.md"
NOT_SHOWN = "Stored, not shown"
COLUMNS = 7
BESIDE = ("models", "timings_ms")
"""Parts of an Output that `pack` keeps outside the document."""
OTHER_VALUES = (0, 0.05, 0.45, 0.97, 3.2, 70)
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Row:
    panel: str
    keys: tuple[str, ...]
    functions: tuple[str, ...]


@cache
def rows() -> tuple[Row, ...]:
    found, panel = [], ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        panel = line.removeprefix("## ") if line.startswith("## ") else panel
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == COLUMNS and not set(cells[0]) <= {"-"} and cells[1] != "key":
            found.append(Row(panel, tuple(re.findall(r"`([^`]+)`", cells[1])), tuple(re.findall(r"`([^`]+)`", cells[4]))))
    return tuple(found)


def named(*, shown_only: bool = False) -> set[str]:
    return {key for row in rows() for key in row.keys if not (shown_only and row.panel == NOT_SHOWN)}


@cache
def document() -> dict[str, Any]:
    """A result in which every figure there is has a value."""
    drawn, output = draw_lesion(width=60, height=40), tiny.output(pixel_spacing_mm=(0.1, 0.1))
    shown = replace(output.abcd, asymmetry_2=0.2, scores=dict.fromkeys(output.abcd.scores, 5.0))
    output = replace(
        output,
        abcd=shown,
        quality=Quality("good", (), dict.fromkeys(quality.judge(drawn.image, tiny.outline()).figures, 1.0)),
        second_opinion=SecondOpinion(0.4, 0.3),
        occluded=Occluded(0.1, 0.05, was_cleared=True, painted=np.zeros((40, 60, 4), np.uint8)),
        lightened=Lightened(1.3, drawn.image),
        lesion_share_seen=0.8,
        evidence=(Finding("structure", "globules", "left", 0.5, 0.31, elsewhere=0.1, is_clear=True),),
    )
    beyond: dict[str, bool | None] = dict.fromkeys(("area", "outline", "border", "colour"), False)
    change = Change(1.1, 0.1, 0.05, 4.0, np.zeros((tiny.HEIGHT_PX, tiny.WIDTH_PX), np.float32), beyond)
    since = SinceLastVisit(
        date(2026, 1, 2), UUID(int=0), Comparison(0.7, None, change, matrix=((1.0, 0.1, 0.0), (-0.1, 1.0, 0.0))), took_ms=5.0
    )
    return pack(output, since).result


def numbers(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where the numbers are."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from numbers(member, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from numbers(member, (*path, index))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path


def key(path: Path) -> str:
    """As the page writes it: one key for all items of a list and for all colours."""
    steps = ("[]" if isinstance(step, int) else ".*" if step in COLOURS else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def declared(kind: Any, path: str) -> Iterator[str]:
    """The keys that a type's numbers have in a document; `.*` for whatever a dict holds."""
    if kind in (int, float):
        yield path.removeprefix(".")
    elif is_dataclass(kind):
        hints = get_type_hints(kind)
        for field in fields(kind):
            yield from declared(hints[field.name], f"{path}.{field.name}")
    elif get_origin(kind) in (Union, UnionType):
        for member in get_args(kind):
            yield from declared(member, path)
    elif get_origin(kind) is tuple:
        for member in set(get_args(kind)) - {Ellipsis}:
            yield from declared(member, f"{path}[]")
    elif get_origin(kind) is dict:
        yield from declared(get_args(kind)[1], f"{path}.*")


def view(found: dict[str, Any]) -> dict[str, str]:
    """All that the page is made of; nothing where a number makes no sense."""
    image = SimpleNamespace(modality="dermoscopic")
    analysis = SimpleNamespace(result=found, timings_ms={}, models_used=[], image=image, finished_at=None, started_at=None, queued_at=None)
    report = Report(cast("Analysis", analysis))
    properties = [name for name, member in inspect.getmembers(Report, lambda member: isinstance(member, property)) if name != "found"]
    try:
        return {name: repr(getattr(report, name)) for name in properties}
    except ZeroDivisionError:
        return {}


def changed(path: Path, value: float) -> dict[str, Any]:
    found = copy.deepcopy(document())
    place: Any = found
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return found


def test_every_number_of_a_result_is_named() -> None:
    assert {key(path) for path in numbers(document())} - named() == set(), "give each a row in docs/figures.md"


def test_every_figure_that_is_shown_is_named_in_its_panel() -> None:
    before = view(document())
    shown = {key(path) for path in numbers(document()) if any(view(changed(path, value)) != before for value in OTHER_VALUES)}
    assert "classification.p_malignant" in shown, "nothing is shown: this test would prove nothing"
    assert "schema" not in shown
    assert shown - named(shown_only=True) == set(), "the page shows them: give each a row under its panel in docs/figures.md"


def test_no_row_names_what_no_result_has() -> None:
    assert named() - {key(path) for path in numbers(document())} == set()


@pytest.mark.parametrize(("kind", "path"), [(Output, ""), (Comparison, ".change")])
def test_the_result_looked_at_here_has_every_number_there_can_be(kind: type, path: str) -> None:
    there = [key(found) for found in numbers(document())]
    wanted = {name for name in declared(kind, path) if not name.startswith(BESIDE)}
    patterns = {name: re.compile(re.escape(name).replace(r"\.\*", r"\.[^.]+")) for name in wanted}
    assert [name for name, pattern in patterns.items() if not any(pattern.fullmatch(found) for found in there)] == []


def function_called(name: str) -> Callable[..., Any]:
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            found: Any = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            found = getattr(found, part)
        return cast("Callable[..., Any]", found.fget if isinstance(found, property) else found)
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("name", sorted({name for row in rows() for name in row.functions}))
def test_every_named_function_exists_and_says_what_it_does(name: str) -> None:
    assert inspect.getdoc(function_called(name)), f"{name} has no docstring"


def test_every_row_names_a_function() -> None:
    assert [row for row in rows() if not row.functions] == []
    assert len(rows()) > 50
