"""Every job has a queue and limits, carries keys alone, and is sent only when the transaction that asks for it has committed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from celery import Task
from django.conf import settings

from skinclinic.celery import QUEUES, app
from tests.house.sources import python_files, tree, where

SENDERS = {"delay", "apply_async", "send_task", "apply"}
KEY_TYPES = {"str", "int", "UUID"}


def task_functions() -> Iterator[tuple[Path, ast.FunctionDef, ast.expr]]:
    for path in python_files(with_tests=False):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef):
                yield from ((path, node, mark) for mark in node.decorator_list if is_task_mark(mark))


def is_task_mark(mark: ast.expr) -> bool:
    name = ast.unparse(mark.func if isinstance(mark, ast.Call) else mark)
    return name.endswith(("shared_task", "app.task"))


def our_tasks() -> list[Task[..., object]]:
    app.loader.import_default_modules()
    return [task for name, task in app.tasks.items() if not name.startswith("celery.")]


def test_every_task_is_routed_to_a_known_queue() -> None:
    routes = settings.CELERY_TASK_ROUTES
    assert {task.name for task in our_tasks()} == set(routes), "name each task and its queue in CELERY_TASK_ROUTES"
    assert {route["queue"] for route in routes.values()} <= set(QUEUES)


def test_every_task_has_limits() -> None:
    for task in our_tasks():
        soft_s, hard_s = task.soft_time_limit or app.conf.task_soft_time_limit, task.time_limit or app.conf.task_time_limit
        assert 0 < soft_s < hard_s < app.conf.broker_transport_options["visibility_timeout"], task.name
        assert task.acks_late or app.conf.task_acks_late, task.name


def test_limits_come_from_one_number() -> None:
    assert settings.JOB_LIMIT_S == settings.CELERY_TASK_SOFT_TIME_LIMIT < settings.CELERY_TASK_TIME_LIMIT


def test_tasks_are_sent_on_commit_only() -> None:
    """A function `publish`, itself called on commit, may send at once: it is where a broker that is down is dealt with."""
    early = [
        where(path, call)
        for path in python_files(with_tests=False)
        for function in ast.walk(tree(path))
        if isinstance(function, ast.FunctionDef) and function.name != "publish"
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in SENDERS
        and "task" in ast.unparse(call.func.value)
    ]
    assert early == [], "use delay_on_commit"


def test_task_arguments_are_keys() -> None:
    others = [
        f"{where(path, function)} {argument.arg}"
        for path, function, _ in task_functions()
        for argument in function.args.args + function.args.kwonlyargs
        if argument.arg != "self" and not is_key(argument)
    ]
    assert others == [], "a task is given primary keys and reads the rest from the database"


def is_key(argument: ast.arg) -> bool:
    type_name = ast.unparse(argument.annotation) if argument.annotation else ""
    return type_name in KEY_TYPES and (argument.arg == "pk" or argument.arg.endswith(("_id", "_pk")))


def test_every_periodic_task_exists() -> None:
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled <= {task.name for task in our_tasks()}
