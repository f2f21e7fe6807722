"""The development data as arrays: rows of `labels.csv` and `structures.csv`, images out of zip shards, one cache file each.

Images are decoded once into a memory-mapped uint8 array (`CACHE_PX` square) that every epoch and every process shares.
"""

from __future__ import annotations

import csv
import hashlib
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.vision import imaging
from analysis.vision.errors import ImageError
from analysis.vision.types import CLASSES, RgbImage

CACHE_PX = 256
"""The data is delivered at 256 pixels; caching smaller would throw detail away, larger would invent it."""


@dataclass(frozen=True)
class Example:
    """One labelled image. `label` is None where only the mask is used, `mask` where there is none."""

    name: str
    shard: str
    path: str
    split: str
    group_id: str
    dataset: str
    modality: str
    label: str | None
    mask_shard: str | None
    mask: str | None
    structures: str | None
    skin_type: str
    site: str
    licence: str


def read_labels(data_dir: Path) -> list[Example]:
    """All rows of labels.csv; HAM10000 rows carry their lesion mask."""
    return [
        Example(
            name=row["isic_id"] or Path(row["path"]).stem,
            shard=row["shard"],
            path=row["path"],
            split=row["split"],
            group_id=row["group_id"],
            dataset=row["dataset"],
            modality=row["modality"],
            label=row["label8"] or None,
            mask_shard="ham10000-masks-00.zip" if row["lesion_mask"] else None,
            mask=row["lesion_mask"] or None,
            structures=None,
            skin_type=row["skin_type"],
            site=row["site"],
            licence=row["licence"].replace(" (stated from memory; not confirmed offline)", ", unconfirmed"),
        )
        for row in _rows(data_dir / "labels.csv")
    ]


def read_task1(data_dir: Path) -> list[Example]:
    """All rows of structures.csv: ISIC 2018 Task 1/2 images, full frame, with their lesion mask."""
    groups = {example.name: example.group_id for example in read_labels(data_dir)}
    return [
        Example(
            name=row["isic_id"],
            shard=row["shard"],
            path=row["image"],
            split=row["split"],
            group_id=groups.get(row["isic_id"], row["isic_id"]),
            dataset="isic2018_task1",
            modality="dermoscopic",
            label=row["label8"] or None,
            mask_shard=row["shard"],
            mask=row["lesion"],
            structures=row["structures"],
            skin_type="",
            site="",
            licence="CC BY-NC 4.0 (ISIC 2018 Task 1-2)",
        )
        for row in _rows(data_dir / "structures.csv")
    ]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


SPLITS = ("train", "val", "test")


def select(examples: Sequence[Example], split: str) -> list[Example]:
    """The examples of a split, less those of whose group an earlier split holds a member.

    The delivered splits are meant to keep groups together, but four groups (two lesions among them) straddle two.
    """
    earlier = SPLITS[: SPLITS.index(split)]
    known = {example.group_id for example in examples if example.split in earlier}
    return [example for example in examples if example.split == split and example.group_id not in known]


def class_indices(examples: Sequence[Example]) -> NDArray[np.int64]:
    """Index into CLASSES per example. Raises ValueError for an unlabelled one."""
    return np.array([CLASSES.index(example.label or "") for example in examples], dtype=np.int64)


def file_digests(data_dir: Path, examples: Iterable[Example]) -> dict[str, str]:
    """SHA-256 of the tables and of every shard the examples come from: what exactly a model was trained on."""
    shards = {example.shard for example in examples} | {e.mask_shard for e in examples if e.mask_shard}
    names = {"labels.csv", "structures.csv", *shards}
    return {name: sha256(data_dir / name) for name in sorted(names)}


def selection_digest(examples: Iterable[Example]) -> str:
    """SHA-256 of the names of the examples, in order."""
    return hashlib.sha256("\n".join(f"{e.dataset}/{e.name}" for e in examples).encode()).hexdigest()


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Shards:
    """Open zip shards, by name."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._open: dict[str, zipfile.ZipFile] = {}

    def image(self, example: Example) -> RgbImage:
        return imaging.decode(self._bytes(example.shard, example.path))

    def mask(self, example: Example) -> NDArray[np.uint8]:
        """H×W uint8, 0 or 255. Raises ImageError when the example has no readable mask."""
        if example.mask is None or example.mask_shard is None:
            raise ImageError("no-mask", f"{example.name} has no lesion mask.")
        return np.where(self._grey(example.mask_shard, example.mask) > 0, 255, 0).astype(np.uint8)

    def structures(self, example: Example) -> NDArray[np.uint8]:
        """H×W uint8, one bit per structure in the order of STRUCTURES. Raises ImageError when there is no readable annotation."""
        if example.structures is None:
            raise ImageError("no-mask", f"The structures of {example.name} are not annotated.")
        return self._grey(example.shard, example.structures)

    def _grey(self, shard: str, path: str) -> NDArray[np.uint8]:
        pixels = cv2.imdecode(np.frombuffer(self._bytes(shard, path), dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
        if pixels is None:
            raise ImageError("damaged", f"{path} cannot be decoded.")
        return pixels.astype(np.uint8, copy=False)

    def _bytes(self, shard: str, path: str) -> bytes:
        if shard not in self._open:
            self._open[shard] = zipfile.ZipFile(self._data_dir / shard)
        return self._open[shard].read(path)


def cached(cache_dir: Path, examples: Sequence[Example], load: Callable[[Example], NDArray[np.uint8]], kind: str) -> NDArray[np.uint8]:
    """One row per example, read from the cache file or loaded now and written to it (write, then rename)."""
    digest = hashlib.sha256("\n".join(f"{e.shard}/{e.path}" for e in examples).encode()).hexdigest()[:16]
    target = cache_dir / f"{kind}-{digest}.npy"
    if not target.exists():
        cache_dir.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".partial.npy")
        shape = (len(examples), *load(examples[0]).shape)
        rows = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
        for index, example in enumerate(examples):
            rows[index] = load(example)
        rows.flush()
        partial.rename(target)
    pixels: NDArray[np.uint8] = np.load(target, mmap_mode="r", allow_pickle=False)
    return pixels


def classification_images(data_dir: Path, cache_dir: Path, examples: Sequence[Example]) -> NDArray[np.uint8]:
    """N×256×256×3: the centred square of each image, as `classify` sees it."""
    shards = Shards(data_dir)

    def load(example: Example) -> NDArray[np.uint8]:
        return imaging.resize(imaging.centre_square(shards.image(example)), CACHE_PX, CACHE_PX)

    return cached(cache_dir, examples, load, "square")


def lesion_images(data_dir: Path, cache_dir: Path, examples: Sequence[Example]) -> NDArray[np.uint8]:
    """N×256×256×4: the whole image squashed to a square, with the mask as fourth channel, as `segment` sees it."""
    shards = Shards(data_dir)
    return cached(cache_dir, examples, lambda example: _squashed(shards.image(example), shards.mask(example)), "masked")


def structure_images(data_dir: Path, cache_dir: Path, examples: Sequence[Example]) -> NDArray[np.uint8]:
    """N×256×256×4: the same with the structures' bits as fourth channel."""
    shards = Shards(data_dir)
    return cached(cache_dir, examples, lambda example: _squashed(shards.image(example), shards.structures(example)), "structures")


def _squashed(image: RgbImage, marks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    square = cv2.resize(marks, (CACHE_PX, CACHE_PX), interpolation=cv2.INTER_NEAREST)
    return np.dstack([imaging.resize(image, CACHE_PX, CACHE_PX), square])
