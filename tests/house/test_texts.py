"""Rules on what stands in files: pages obey the Content-Security-Policy, nothing names the machine it was written on."""

from __future__ import annotations

import ast
import re

import pytest
from django.core.management import call_command

from tests.house.sources import ROOT, python_files, tracked, tree, where

LONGEST_FILE_LINES = 600
LONGEST_FUNCTION_P90_LINES = 30

INLINE = {
    "a script in the page": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", re.IGNORECASE),
    "a style in the page": re.compile(r"<style\b|\sstyle=", re.IGNORECASE),
    "an event handler in the page": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "an evaluated htmx attribute": re.compile(r"\shx-on[:-]|hx-vals=[\"']js:|javascript:", re.IGNORECASE),
    "a file from another host": re.compile(r"(?:src|href)=[\"'](?:https?:)?//[^\"']+\.(?:js|css|woff2?|png|svg)", re.IGNORECASE),
    "text that is not escaped": re.compile(r"autoescape off"),
}
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:home|work|root|Users|mnt)/[\w.-]+")


@pytest.mark.parametrize("rule", INLINE)
def test_pages_obey_the_content_security_policy(rule: str) -> None:
    found = [f"{where(path)}: {match.group()}" for path in tracked(".html") for match in INLINE[rule].finditer(path.read_text())]
    assert found == [], rule


def test_style_sheets_and_scripts_load_nothing_from_elsewhere() -> None:
    elsewhere = re.compile(r"(?:url\(|import |from |fetch\()\s*[\"']?(?:https?:)?//", re.IGNORECASE)
    assert [where(path) for path in tracked(".css", ".js") if elsewhere.search(path.read_text())] == []


def test_nothing_names_the_machine_it_was_written_on() -> None:
    texts = tracked(".py", ".md", ".toml", ".json", ".html", ".yml", ".js", ".css", ".cfg", "")
    found = [f"{where(path)}: {match.group()}" for path in texts for match in MACHINE_PATHS.finditer(path.read_text(errors="ignore"))]
    assert [line for line in found if "tests/house/test_texts.py" not in line] == []


def test_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()


def test_files_stay_readable() -> None:
    long = [
        f"{where(path)}: {lines}"
        for path in tracked(".py", ".js", ".css", ".html")
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE_LINES
    ]
    assert [line for line in long if "migrations" not in line] == []


def test_functions_stay_short() -> None:
    lengths = sorted(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for path in python_files(with_tests=False)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert lengths[int(0.9 * len(lengths))] <= LONGEST_FUNCTION_P90_LINES


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
