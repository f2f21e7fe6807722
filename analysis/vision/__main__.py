"""Command line without server or database: `python -m analysis.vision predict|benchmark|train|fit-abcd|try|evaluate …`."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from pathlib import Path

from analysis.vision import cli
from analysis.vision.errors import VisionError

MODELS_DIR = Path(__file__).resolve().parents[2] / "models"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when it did its work, 2 when it could not start (bad path, no models)."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (VisionError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m analysis.vision", description=__doc__)
    parser.add_argument("--models", type=Path, default=MODELS_DIR, help="folder of models (default: %(default)s)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    predict = commands.add_parser("predict", help="analyse images, write predictions.csv and masks")
    predict.add_argument("paths", nargs="*", metavar="PATH", help="image files or folders of them")
    predict.add_argument("--list", type=Path, metavar="FILE", help="text file with one path a line")
    predict.add_argument("--out", type=Path, required=True, metavar="DIR")
    predict.add_argument("--findings", action="store_true", help="write findings.json beside the masks too; doubles the time")
    predict.add_argument("--at-once", type=int, metavar="N", help=f"side by side; if not given one a core, {cli.AT_ONCE} at most")
    predict.set_defaults(run=_predict)

    benchmark = commands.add_parser("benchmark", help="median milliseconds of every stage on warm networks")
    benchmark.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    benchmark.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    benchmark.add_argument("--repeats", type=int, default=5, help="runs per image (default: %(default)s)")
    benchmark.set_defaults(run=_benchmark)

    train = commands.add_parser("train", help="train by a recipe (resumes what is in --out), write a model folder")
    train.add_argument("recipe", help="a TOML file, or the name of one in analysis/vision/training/recipes")
    train.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with labels.csv and its shards")
    train.add_argument("--out", type=Path, required=True, metavar="DIR")
    train.set_defaults(run=_train)

    fit = commands.add_parser("fit-abcd", help="fit the second opinion on the ABCD measurements, write a model folder")
    fit.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with labels.csv, structures.csv and their shards")
    fit.add_argument("--out", type=Path, required=True, metavar="DIR")
    fit.set_defaults(run=_fit_abcd)

    trials = commands.add_parser("try", help="short runs of one recipe with one thing changed at a time, compared on val")
    trials.add_argument("trials", type=Path, help="a TOML file: base, seeds, [shared], [trials.NAME]")
    trials.add_argument("--data", type=Path, required=True, metavar="DIR")
    trials.add_argument("--out", type=Path, required=True, metavar="DIR")
    trials.set_defaults(run=_try)

    evaluate = commands.add_parser("evaluate", help="print the figures of a model's card, computed anew")
    evaluate.add_argument("model", type=Path, help="model folder")
    evaluate.add_argument("--data", type=Path, required=True, metavar="DIR")
    evaluate.add_argument("--split", choices=("val", "test"), default="test")
    evaluate.set_defaults(run=_evaluate)
    return parser


def _predict(options: argparse.Namespace) -> int:
    paths = cli.expand(options.paths, options.list)
    failed = cli.predict(paths, options.models, options.out, findings=options.findings, at_once=options.at_once)
    print(f"{len(paths) - failed} analysed, {failed} failed: {options.out / cli.PREDICTIONS_FILE}", file=sys.stderr)
    return 0


def _benchmark(options: argparse.Namespace) -> int:
    medians = cli.benchmark(options.images, options.models, options.repeats)
    if options.json:
        print(json.dumps({stage: round(ms, 2) for stage, ms in medians.items()}))
    else:
        for stage, ms in medians.items():
            print(f"{stage:16}{ms:8.1f} ms")
    return 0


def _train(options: argparse.Namespace) -> int:
    from analysis.vision.training import memory, recipe, run  # the training side is only loaded by who trains

    memory.keep_freed_memory()
    print(run.train(recipe.read(options.recipe), options.data, options.out, _today(), _log))
    return 0


def _fit_abcd(options: argparse.Namespace) -> int:
    from analysis.vision.training import second_opinion

    print(second_opinion.train(options.data, options.out, _today()))
    return 0


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y%m%d")


def _try(options: argparse.Namespace) -> int:
    from analysis.vision.training import memory, trials

    memory.keep_freed_memory()
    options.out.mkdir(parents=True, exist_ok=True)
    print(trials.run_all(trials.read(options.trials), options.data, options.out, _log).read_text(encoding="utf-8"), end="")
    return 0


def _log(line: str) -> None:
    """Progress goes to standard error, results to standard output."""
    print(line, file=sys.stderr, flush=True)


def _evaluate(options: argparse.Namespace) -> int:
    from analysis.vision.second_opinion import TASK
    from analysis.vision.training import run, second_opinion

    is_opinion = options.model.resolve().name.startswith(f"{TASK}-")
    evaluate_folder = second_opinion.evaluate_folder if is_opinion else run.evaluate_folder
    print(json.dumps(evaluate_folder(options.model, options.data, options.split), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
