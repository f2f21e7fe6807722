"""What may be imported where, beyond the layers that import-linter watches."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.house.sources import ROOT, python_files, tree, where

UNPICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
UNPICKLING_CALLS = {"torch.load", "torch.hub.load", "np.load", "numpy.load"}


def imported_modules(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node


def test_the_web_process_does_not_import_torch() -> None:
    script = (
        "import sys, django; django.setup()\n"
        "import skinclinic.wsgi, skinclinic.urls\n"
        "from django.urls import get_resolver; get_resolver().url_patterns\n"
        "heavy = {'torch', 'torchvision', 'onnxruntime', 'skimage', 'sklearn'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nothing_unpickles() -> None:
    """A pickle runs code when it is read; weights are safetensors, messages are JSON."""
    found = [where(path, node) for path in python_files() for name, node in imported_modules(path) if name.split(".")[0] in UNPICKLERS]
    found += [
        where(path, node)
        for path in python_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in UNPICKLING_CALLS and not refuses_pickle(node)
    ]
    assert found == []


def refuses_pickle(call: ast.Call) -> bool:
    """numpy's own format without objects is only numbers, and numpy says so by default; say it aloud."""
    return any(keyword.arg == "allow_pickle" and ast.unparse(keyword.value) == "False" for keyword in call.keywords)


def test_no_signals_between_apps() -> None:
    found = [
        where(path, node)
        for path in python_files(with_tests=False)
        for name, node in imported_modules(path)
        if name.startswith("django.db.models.signals")
    ]
    assert found == [], "what an upper app must do has its entry point there, or it finds the work by state"
