"""A letter as a list of parts, before it has pages: what is read here is what the PDF says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Heading:
    text: str


@dataclass(frozen=True)
class Paragraph:
    text: str
    """Plain text; line breaks are kept."""
    is_quiet: bool = False


@dataclass(frozen=True)
class Bullets:
    items: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Names and values, a line each."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Figure:
    jpeg: bytes | None
    caption: str
    missing: str
    """What stands instead of a picture whose file cannot be read."""


@dataclass(frozen=True)
class Figures:
    """Two beside one another."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Box:
    """Set apart by a frame, its title repeated on every page it reaches."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Signature:
    """Kept together on one page."""

    lines: tuple[str, ...]


Block: TypeAlias = Heading | Paragraph | Bullets | Facts | Figures | Box | Signature


@dataclass(frozen=True)
class Document:
    language: str
    title: str
    """In the file's properties: no patient's name."""
    author: str
    head: tuple[str, ...]
    """Who writes, the first line large."""
    window: tuple[str, ...]
    """Name and address behind the window of the envelope."""
    details: tuple[tuple[str, str], ...]
    """Beside the window: reference, date."""
    subject: str
    page: str
    """Page {0} of {1}."""
    stamp: str = ""
    """Across every page; empty on a letter that is valid."""
    blocks: tuple[Block, ...] = ()


def texts(document: Document) -> list[str]:
    """All that a reader reads, in order."""
    fixed = [*document.head, *document.window, *(part for row in document.details for part in row), document.subject]
    return fixed + [text for block in document.blocks for text in _texts_of(block)]


def _texts_of(block: Block) -> list[str]:
    match block:
        case Heading(text) | Paragraph(text):
            return [text]
        case Bullets(items):
            return list(items)
        case Facts(rows):
            return [part for row in rows for part in row]
        case Figures(figures):
            return [figure.caption if figure.jpeg else f"{figure.caption}. {figure.missing}" for figure in figures]
        case Box(title, lines):
            return [title, *lines]
        case Signature(lines):
            return list(lines)
