"""Reading our own PDF files back: what is written on which page, as somebody who copies the text would get it."""

from __future__ import annotations

import base64
import re
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"/Length (\d+)\b.*?\nstream\r?\n", re.DOTALL)
_WRITTEN = re.compile(rb"/(F[\d+]+) [\d.]+ Tf|\(((?:\\.|[^\\()])*)\) Tj|(T\*|BT)", re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pages(pdf: bytes) -> list[str]:
    """The text of every page; lines end where the file ends them."""
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    fonts = {_name(body): _characters(objects, body) for body in objects.values() if b"/ToUnicode" in body}
    contents = [_reference(body, b"Contents") for body in objects.values() if re.search(rb"/Type /Page\b", body)]
    return [_text(_stream(objects[number]), fonts) for number in contents]


def properties(pdf: bytes) -> dict[str, str]:
    """Title, author and whatever else the file says of itself; the language too."""
    return {
        name.decode(): _string(value) for name, value in re.findall(rb"/(Title|Author|Subject|Creator|Lang) \(((?:\\.|[^\\()])*)\)", pdf)
    }


def _reference(body: bytes, key: bytes) -> int:
    found = re.search(rb"/" + key + rb" (\d+) 0 R", body)
    assert found
    return int(found[1])


def _name(font: bytes) -> bytes:
    found = re.search(rb"/Name /(F[\d+]+)", font)
    assert found
    return found[1]


def _characters(objects: dict[int, bytes], font: bytes) -> dict[int, str]:
    """From the bytes of a font to what they mean: its ToUnicode map."""
    table = _stream(objects[_reference(font, b"ToUnicode")])
    known: dict[int, str] = {}
    for code, meaning in re.findall(rb"<([0-9A-F]{2})> <([0-9A-F]{4,})>", table):
        known[int(code, 16)] = _meaning(meaning)
    for first, _last, meanings in re.findall(rb"<([0-9A-F]{2})> <([0-9A-F]{2})> \[(.*?)\]", table, re.DOTALL):
        for offset, meaning in enumerate(re.findall(rb"<([0-9A-F]+)>", meanings)):
            known[int(first, 16) + offset] = _meaning(meaning)
    return known


def _meaning(digits: bytes) -> str:
    """ReportLab writes signs beyond U+FFFF as one number of five digits."""
    return chr(int(digits, 16)) if len(digits) == 5 else bytes.fromhex(digits.decode()).decode("utf-16-be")


def _stream(body: bytes) -> bytes:
    found = _STREAM.search(body)
    assert found
    data = body[found.end() : found.end() + int(found[1])]
    if b"ASCII85Decode" in body:
        data = base64.a85decode(data.strip().removesuffix(b"~>"))
    return zlib.decompress(data) if b"FlateDecode" in body else data


def _text(content: bytes, fonts: dict[bytes, dict[int, str]]) -> str:
    font, text = b"", ""
    for name, written, line_ends in _WRITTEN.findall(content):
        font, known = name or font, fonts.get(name or font, {})
        text += "\n" if line_ends else "".join(known.get(code, chr(code)) for code in _unescaped(written))
    return text


def _unescaped(written: bytes) -> bytes:
    def one(match: re.Match[bytes]) -> bytes:
        sign = match[1]
        return bytes([int(sign, 8)]) if sign[:1].isdigit() else _PLAIN.get(sign, sign)

    return _ESCAPED.sub(one, written)


def _string(value: bytes) -> str:
    raw = _unescaped(value)
    return raw.decode("utf-16") if raw[:2] in {b"\xfe\xff", b"\xff\xfe"} else raw.decode("latin-1")
