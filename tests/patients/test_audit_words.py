"""Every act the code records can be said in plain words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from patients import audit
from patients.models import AuditEntry
from patients.trail import words
from tests.cast import Cast
from tests.house.sources import python_files, tree, where

RECORDERS = {"record", "trace", "_record", "_audit", "_trace", "_record_read"}
CODE = re.compile(r"[a-z]+(-[a-z0-9]+)*\.[a-z]+(-[a-z0-9]+)*")


def codes() -> Iterator[tuple[str, str]]:
    """What is given to a function that records, or called an action before it is."""
    for path in python_files(with_tests=False):
        for node in ast.walk(tree(path)):
            for part in _arguments(node):
                yield from ((code, where(path, part)) for code in _codes_in(part))


def _arguments(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in RECORDERS:
            return [*node.args, *(keyword.value for keyword in node.keywords)]
        case ast.Assign(targets=[ast.Name(id="action")]):
            return [node.value]
        case ast.keyword(arg="action"):
            return [node.value]
    return []


def _codes_in(part: ast.expr) -> list[str]:
    texts = [node.value for node in ast.walk(part) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [text for text in texts if CODE.fullmatch(text)]


BY_DJANGOS_ADMIN = {f"{noun}.{verb}" for noun in ("account", "practice", "pool") for verb in ("create", "change", "delete")}


def test_every_code_has_words() -> None:
    found = dict(codes())
    assert {"patient.read", "case.claim", "answer.supersede", "image.export-original", "analysis.submit"} <= set(found)
    unknown = {code: place for code, place in found.items() if not words.is_known(code)} | {
        code: "patients/admin.py" for code in BY_DJANGOS_ADMIN if not words.is_known(code)
    }
    assert unknown == {}, "give the noun or the verb its words in patients/trail/words.py"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("lesion.read", "opened a lesion"),
        ("image.export-original", "downloaded the original of a picture"),
        ("patient.list", "saw the patient's name in a list of patients"),
        ("case.second-opinion", "asked for a second opinion on a case"),
        ("skin-map.read", "opened skin map"),
        ("lesion.archive", "archived a lesion"),
        ("lesion.mark-again", "marked again a lesion"),
        ("x", "touched x"),
    ],
)
def test_codes_are_never_shown(code: str, said: str) -> None:
    assert words.in_words(code) == said


def test_the_trail_keeps_the_role_somebody_had_then(cast: Cast) -> None:
    audit.record(actor=cast.dana, action="lesion.read", obj=cast.lesion)
    cast.dana.role = ""
    cast.dana.save()
    assert words.role(AuditEntry.objects.get()) == "Dermatologist"


def test_details_are_said_by_the_names_on_the_form(cast: Cast) -> None:
    fields = {"fields": ["birth_date", "skin_type", "something_gone"]}
    changed = audit.record(actor=cast.ada, action="patient.change", obj=cast.patient, detail=fields)
    assert words.sentence(changed) == "changed the patient's record (date of birth, Fitzpatrick skin type, something gone)"
    given = audit.record(actor=cast.ada, action="consent.give", obj=cast.patient, detail={"purpose": "teaching"})
    assert words.sentence(given) == "recorded a consent (teaching)"
    seen = audit.record(actor=cast.ada, action="image.read", obj=cast.image, detail={"variant": "thumbnail", "fields": "odd"})
    assert words.sentence(seen) == "opened a picture (as a small preview)"
