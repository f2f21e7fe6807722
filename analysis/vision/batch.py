"""Many pictures: one on each core, which the stages of a single picture do not keep busy all the time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(work: Callable[[Item], Result], items: Iterable[Item], at_once: int | None = None) -> Iterator[Result]:
    """`work` on every item, `at_once` at a time (a core each where nothing is said), results in the order of the items.

    No more are begun than are computed at once and one besides, so that memory does not depend on how many there are. An exception of
    `work` comes out in its item's turn and ends it.
    """
    count = at_once or torch.get_num_threads()
    waiting = iter(items)
    with ThreadPoolExecutor(count, "picture") as pool:
        begun: deque[Future[Result]] = deque(pool.submit(work, item) for item in islice(waiting, count + 1))
        while begun:
            result = begun.popleft().result()
            begun.extend(pool.submit(work, item) for item in islice(waiting, 1))
            yield result
