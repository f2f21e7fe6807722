"""`python -m skinclinic.local run | vendor [--copy-only] | exec COMMAND…` (and `prepare`, which `run` calls)."""

from __future__ import annotations

import sys


def main(argv: list[str]) -> int:
    match argv:
        case ["run"]:
            from skinclinic.local.runner import run

            return run()
        case ["prepare"]:
            from skinclinic.local.prepare import prepare

            return prepare()
        case ["vendor"]:
            from skinclinic.local.vendor import vendor

            return vendor()
        case ["vendor", "--copy-only"]:
            from skinclinic.local.vendor import copy

            return copy()
        case ["exec", *command] if command:
            from skinclinic.local.runner import run_command

            return run_command(command)
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
