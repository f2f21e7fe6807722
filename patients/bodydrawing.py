"""The drawing behind the body map: silhouettes of our own, and the areas that stand for regions of the body.

Everything is written for one half of a figure, as distances from its middle line to the viewer's right, and mirrored. In a view from the
front the viewer's right is the patient's left; in the view from the back it is the patient's right. Units are those of the SVG.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

Point = tuple[float, float]
Points = tuple[Point, ...]

LEFT, RIGHT, MIDDLE = "L", "R", "U"
"""As in `Laterality`."""


@dataclass(frozen=True)
class Area:
    """Where a region is drawn. A sided one exists twice; one across the middle is given as its half, from the middle line to it."""

    region: str
    corners: Points
    anchor: Point
    """Where the mark of a lesion is put, of the half to the viewer's right."""
    is_sided: bool = True


@dataclass(frozen=True)
class View:
    """One figure. An outline that is not closed runs from the middle line above to that below; a closed one is mirrored whole."""

    key: str
    name: str
    width: int
    height: int
    outline: Points
    details: tuple[Points, ...]
    """Thin lines that tell front from back; those that touch the middle line are drawn across it."""
    areas: tuple[Area, ...]
    viewers_right: str
    """Whose side the viewer's right is."""
    is_closed: bool = False

    @property
    def middle(self) -> float:
        return self.width / 2

    @property
    def viewers_left(self) -> str:
        return RIGHT if self.viewers_right == LEFT else LEFT

    @cached_property
    def silhouette(self) -> str:
        """The outline as the attribute `d` of an SVG path."""
        right = self._shifted(self.outline)
        left = self._shifted(_mirrored(self.outline))
        if self.is_closed:
            return f"{smooth(right, is_closed=True)} {smooth(left, is_closed=True)}"
        return smooth((*right, *left[::-1][1:-1]), is_closed=True)

    @cached_property
    def detail_lines(self) -> str:
        return " ".join(smooth(self._shifted(line)) for line in self._both_halves())

    def _both_halves(self) -> Iterator[Points]:
        for line in self.details:
            if line[0][0] == 0 and len({x for x, _ in line}) > 1:
                yield (*_mirrored(line)[::-1], *line[1:])
            else:
                yield line
                yield _mirrored(line)

    def area_path(self, area: Area, side: str) -> str:
        """The corners of an area as the attribute `d` of an SVG path."""
        if not area.is_sided:
            corners = (*area.corners, *_mirrored(area.corners)[::-1])
        else:
            corners = area.corners if side == self.viewers_right else _mirrored(area.corners)
        return "M" + " ".join(f"{x:g},{y:g}" for x, y in self._shifted(corners)) + "Z"

    def anchor(self, area: Area, side: str) -> Point | None:
        """Where a lesion of this side is marked; None where an area has no middle and the lesion is said to lie there."""
        x, y = area.anchor
        if side == MIDDLE:
            return (self.middle, y) if min(corner for corner, _ in area.corners) == 0 else None
        return (self.middle + (x if side == self.viewers_right else -x), y)

    def _shifted(self, points: Points) -> Points:
        return tuple((self.middle + x, y) for x, y in points)


def _mirrored(points: Points) -> Points:
    return tuple((-x, y) for x, y in points)


def smooth(points: Points, *, is_closed: bool = False) -> str:
    """A path through all the points, rounded: Catmull and Rom's spline written as Bézier curves."""
    count = len(points)

    def at(i: int) -> Point:
        return points[i % count if is_closed else min(max(i, 0), count - 1)]

    path = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for i in range(count if is_closed else count - 1):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = (at(i + step) for step in (-1, 0, 1, 2))
        one, two = (x1 + (x2 - x0) / 6, y1 + (y2 - y0) / 6), (x2 - (x3 - x1) / 6, y2 - (y3 - y1) / 6)
        path += f"C{one[0]:.1f},{one[1]:.1f} {two[0]:.1f},{two[1]:.1f} {x2:.1f},{y2:.1f}"
    return path + ("Z" if is_closed else "")


_HEAD: Points = (
    (0, 8), (14, 10.5), (23, 21), (25.5, 36), (25, 44), (28.5, 43), (29, 50), (26.5, 58), (24, 59), (21, 70), (14, 80.5),
)  # fmt: skip
_SHOULDER_AND_ARM: Points = (
    (13.6, 90), (15, 98), (25, 104.5), (42, 109), (56, 114.5), (65, 125), (69, 143), (71.5, 165), (75.5, 190), (80.5, 209), (86, 226),
    (90, 247), (94, 270), (97.5, 283),
)  # fmt: skip
_HAND: Points = (
    (104, 290), (110, 300), (113.5, 310), (112, 314), (107.5, 311), (106.5, 310), (109, 322), (110, 336), (107.5, 338.5), (105.5, 337),
    (103.5, 341), (100.5, 341), (97.5, 340), (95, 338), (92.5, 334), (88.5, 318), (86.5, 303), (86, 288),
)  # fmt: skip
_INNER_ARM_AND_FLANK: Points = (
    (80, 270), (72, 250), (66, 230), (62.5, 212), (58, 192), (52.5, 170), (49.5, 153), (48.5, 148.5), (47.5, 160), (45.5, 180), (42, 204),
    (40.5, 220), (43, 238), (49, 258), (53, 278),
)  # fmt: skip
_OUTER_LEG: Points = (
    (55, 300), (54, 330), (50, 362), (45, 392), (43, 410), (44.5, 428), (44.5, 446), (40, 472), (33.5, 500), (30, 516),
)  # fmt: skip
_INNER_LEG: Points = (
    (14.5, 518), (13.5, 500), (10.5, 474), (9.5, 450), (11, 430), (13.5, 412), (12.5, 394), (9, 362), (5.5, 330), (3, 306), (0, 297),
)  # fmt: skip
_FOOT_FROM_FRONT: Points = ((31.5, 526), (37, 540), (41.5, 550), (39, 556), (28, 558.5), (19, 556), (15.5, 548), (15, 534))
_FOOT_FROM_BACK: Points = ((32, 530), (35, 546), (34, 555), (25, 559), (17, 556), (14, 546), (15, 532))
_UPPER_BODY = (*_HEAD, *_SHOULDER_AND_ARM, *_HAND, *_INNER_ARM_AND_FLANK, *_OUTER_LEG)

_UPPER_ARM: Points = ((47, 100), (90, 100), (90, 201), (58, 208), (50, 160), (52, 156), (54, 138), (49, 126))
_ELBOW: Points = ((58, 208), (90, 201), (94, 220), (60, 228))
_FOREARM: Points = ((60, 228), (94, 220), (110, 274), (76, 284))
_HAND_AREA: Points = ((76, 284), (110, 274), (126, 280), (126, 350), (80, 350))

_FRONT = View(
    "front",
    "Front",
    240,
    566,
    (*_UPPER_BODY, *_FOOT_FROM_FRONT, *_INNER_LEG),
    (
        ((7, 40), (11, 38.5), (15, 40)), ((0, 40), (0, 52)), ((0, 54), (3.5, 53)), ((0, 65.5), (4, 64.5), (7, 65)),
        ((5, 109), (20, 108), (38, 112)), ((0, 150), (14, 152), (30, 147), (37, 136)), ((0, 112), (0, 150)),
        ((0, 228), (2, 230)), ((20, 276), (34, 268), (46, 259)), ((20, 398), (28, 403), (36, 398)), ((92, 300), (97, 306), (104, 306)),
        ((96.5, 339), (95.5, 318)), ((101, 340), (100, 318)), ((105.5, 336), (104.5, 318)), ((22, 548), (22, 556)),
        ((27, 550), (27.5, 557)), ((32, 549), (33, 556)), ((36, 547), (37.5, 554)),
    ),
    (
        Area("head", ((0, 0), (40, 0), (40, 58), (24, 72), (14, 80.5), (0, 83)), (12, 44), is_sided=False),
        Area("neck", ((0, 83), (14, 80.5), (32, 78), (32, 104), (14, 101), (0, 108)), (8, 95), is_sided=False),
        Area(
            "chest", ((0, 108), (14, 101), (30, 103), (47, 106), (49, 126), (44, 140), (44, 156), (60, 156), (60, 184), (0, 170)), (24, 136)
        ),
        Area("axilla", ((49, 126), (54, 138), (52, 156), (44, 156), (44, 140)), (49, 145)),
        Area("abdomen", ((0, 170), (60, 184), (60, 254), (20, 276), (0, 276)), (22, 226)),
        Area("groin", ((60, 254), (20, 276), (10, 276), (9.5, 300), (24, 292), (60, 272)), (33, 276)),
        Area("genitals", ((0, 276), (10, 276), (9.5, 300), (2, 312), (0, 312)), (5, 289), is_sided=False),
        Area("upper-arm-front", _UPPER_ARM, (62, 160)),
        Area("elbow-front", _ELBOW, (74, 214)),
        Area("forearm-front", _FOREARM, (82, 250)),
        Area("palm", _HAND_AREA, (99, 312)),
        Area("thigh-front", ((60, 272), (24, 292), (9.5, 300), (2, 312), (2, 374), (60, 374)), (30, 330)),
        Area("knee", ((2, 374), (60, 374), (60, 420), (2, 420)), (28, 396)),
        Area("shin", ((2, 420), (60, 420), (60, 498), (2, 498)), (27, 455)),
        Area("ankle", ((2, 498), (60, 498), (60, 522), (2, 522)), (22.5, 510)),
        Area("foot", ((2, 522), (60, 522), (60, 566), (2, 566)), (27, 542)),
    ),
    viewers_right=LEFT,
)  # fmt: skip
_BACK = View(
    "back",
    "Back",
    240,
    566,
    (*_UPPER_BODY, *_FOOT_FROM_BACK, *_INNER_LEG),
    (
        ((0, 104), (0, 250)), ((12, 128), (17, 146), (27, 152)), ((12, 236), (15, 239)), ((0, 254), (0, 298)),
        ((4, 303), (16, 308), (32, 305)), ((16, 395), (27, 399), (39, 395)), ((72, 212), (76, 216)), ((96.5, 339), (95.5, 318)),
        ((101, 340), (100, 318)), ((105.5, 336), (104.5, 318)), ((20, 500), (22, 520)), ((28, 500), (26, 520)),
    ),
    (
        Area("scalp", ((0, 0), (40, 0), (40, 62), (0, 66)), (12, 36)),
        Area("nape", ((0, 66), (40, 62), (32, 104), (14, 101), (0, 106)), (8, 88), is_sided=False),
        Area("upper-back", ((0, 106), (14, 101), (30, 103), (47, 106), (49, 126), (54, 138), (52, 156), (0, 160)), (26, 132)),
        Area("mid-back", ((0, 160), (52, 156), (60, 210), (0, 212)), (22, 186)),
        Area("lower-back", ((0, 212), (60, 210), (60, 250), (0, 252)), (22, 232)),
        Area("buttock", ((0, 252), (60, 250), (60, 300), (28, 309), (2, 304), (0, 300)), (27, 280)),
        Area("upper-arm-back", _UPPER_ARM, (62, 160)),
        Area("elbow", _ELBOW, (74, 214)),
        Area("forearm-back", _FOREARM, (82, 250)),
        Area("hand", _HAND_AREA, (99, 312)),
        Area("thigh-back", ((60, 300), (28, 309), (2, 304), (2, 376), (60, 376)), (30, 340)),
        Area("hollow-of-knee", ((2, 376), (60, 376), (60, 418), (2, 418)), (28, 396)),
        Area("calf", ((2, 418), (60, 418), (60, 498), (2, 498)), (27, 455)),
        Area("ankle", ((2, 498), (60, 498), (60, 524), (2, 524)), (22.5, 511)),
        Area("heel", ((2, 524), (60, 524), (60, 566), (2, 566)), (24.5, 544)),
    ),
    viewers_right=RIGHT,
)  # fmt: skip
_FACE = View(
    "face",
    "Face",
    180,
    226,
    (
        (0, 10), (30, 14), (54, 32), (65, 60), (67.5, 88), (67.5, 98), (72, 93), (78, 95), (80, 107), (77, 124), (71, 140), (66, 141),
        (63, 158), (52, 182), (34, 203), (16, 213), (0, 215),
    ),
    (
        ((14, 87), (28, 82), (46, 87)), ((19, 101), (25, 96), (34, 95), (43, 101), (34, 105), (25, 105), (19, 101)),
        ((31, 98), (34, 100), (31, 103), (28, 100), (31, 98)), ((9, 98), (10, 116), (15, 136), (13, 143), (7, 144)),
        ((0, 146), (4, 146.5), (8, 143)), ((0, 164), (5, 162), (14, 165), (22, 169)), ((0, 168), (10, 169), (22, 169)),
        ((0, 178), (9, 177), (18, 171)), ((72, 102), (75, 106), (72, 120), (70, 128)), ((0, 46), (36, 50), (53, 60), (63, 84)),
        ((0, 190), (5, 191)),
    ),
    (
        Area("scalp", ((0, 0), (90, 0), (90, 84), (63, 84), (53, 60), (36, 50), (0, 46)), (28, 29)),
        Area("forehead", ((0, 46), (36, 50), (53, 60), (50, 82), (10, 82), (0, 84)), (24, 67)),
        Area("temple", ((53, 60), (63, 84), (90, 84), (67.5, 90), (67.5, 112), (54, 112), (50, 82)), (59, 93)),
        Area("eye", ((10, 82), (50, 82), (54, 112), (16, 114)), (32, 100)),
        Area("nose", ((0, 84), (10, 82), (16, 114), (20, 142), (17, 150), (0, 152)), (8, 130), is_sided=False),
        Area(
            "cheek",
            ((16, 114), (54, 112), (67.5, 112), (67, 142), (90, 150), (60, 196), (30, 212), (32, 182), (34, 160), (20, 142)),
            (46, 146),
        ),
        Area("mouth", ((0, 152), (17, 150), (20, 142), (34, 160), (32, 182), (0, 184)), (16, 167), is_sided=False),
        Area("chin", ((0, 184), (32, 182), (30, 220), (0, 222)), (13, 199), is_sided=False),
        Area("ear", ((67.5, 90), (90, 84), (90, 150), (67, 142)), (74, 116)),
    ),
    viewers_right=LEFT,
)  # fmt: skip
_SOLES = View(
    "soles",
    "Soles",
    150,
    152,
    (
        (11, 32), (13, 16), (20, 10), (27, 15), (29, 26), (31, 17), (36, 16), (38.5, 27), (41, 21), (46, 23), (47, 33), (49.5, 29),
        (53.5, 32), (53.5, 41), (56, 38), (60, 43), (59, 54), (58, 72), (53, 96), (51.5, 116), (47, 133), (37, 140), (27, 134), (23, 116),
        (24, 98), (18, 78), (12, 60), (10, 46),
    ),
    (((13, 42), (24, 38), (36, 38), (47, 44), (57, 54)), ((26, 112), (37, 106), (50, 112))),
    (
        Area("sole", ((2, 0), (74, 0), (74, 108), (2, 108)), (34, 70)),
        Area("heel", ((2, 108), (74, 108), (74, 150), (2, 150)), (37, 122)),
    ),
    viewers_right=LEFT,
    is_closed=True,
)  # fmt: skip

VIEWS = (_FRONT, _BACK, _FACE, _SOLES)
