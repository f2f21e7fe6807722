"""The files of this repository, as the house rules look at them."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("skinclinic", "patients", "analysis", "feedback", "evaluation")


@cache
def tracked(*suffixes: str) -> tuple[Path, ...]:
    """What git keeps (or is about to keep), so nothing of a virtual environment or a build is looked at."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return tuple(path for name in listed if (path := ROOT / name).is_file() and path.suffix in suffixes)


def python_files(*, with_tests: bool = True) -> list[Path]:
    outside = () if with_tests else ("tests", "benchmarks")
    return [path for path in tracked(".py") if path.relative_to(ROOT).parts[0] not in outside and "migrations" not in path.parts]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def where(path: Path, node: ast.AST | None = None) -> str:
    line = f":{node.lineno}" if isinstance(node, ast.expr | ast.stmt) else ""
    return f"{path.relative_to(ROOT)}{line}"
