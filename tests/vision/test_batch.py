"""Many items at once, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier

import pytest

from analysis.vision import batch


def test_results_come_in_the_order_of_the_items() -> None:
    assert list(batch.each(lambda item: item**2, range(20), at_once=3)) == [item**2 for item in range(20)]
    assert list(batch.each(str, [])) == []


def test_so_many_are_computed_at_once() -> None:
    together = Barrier(3, timeout=20)
    assert list(batch.each(lambda _item: together.wait() >= 0, range(6), at_once=3)) == [True] * 6


def test_no_more_are_begun_than_needed() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    results = batch.each(lambda item: item, items(), at_once=2)
    for done in range(1, 5):
        next(results)
        assert len(taken) == done + 3
    results.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(taken) == 7


def test_an_exception_comes_in_its_turn() -> None:
    results = batch.each(lambda item: 1 // item, [2, 1, 0, 1], at_once=2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
