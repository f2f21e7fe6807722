"""The ABCD measurements of one lesion (SPEC A7, S0 §3.7–3.8): asymmetry, border, colours, diameters.

D is the diameter of the clinical ABCD rule, not Stolz' differential structures. Whatever cannot be measured is None.

Projection on [0, 10] for the bars of the page (S0 §3.7), linear between the two ends and clipped:

| bar    | 0                    | 10                                                                  |
|--------|----------------------|---------------------------------------------------------------------|
| A1, A2 | perfect mirror image | a quarter of the lesion has no counterpart                          |
| B      | 1 (a circle)         | 2                                                                   |
| C      | one colour           | all six                                                             |
| D1, D2 | 0 mm                 | 12 mm, so that the rule's 6 mm stand in the middle; None without mm |

On 400 HAM10000 validation masks the median lesion scores 3.4 for A, 1.5 for B and 2 for C, the 95th percentile 7.6, 4.2 and 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.vision import imaging
from analysis.vision.types import Abcd, ColourRegion, Mask, RgbImage

COLOURS = ("white", "red", "light_brown", "dark_brown", "blue_grey", "black")
"""The six clinical colours; `label_colours` numbers them 1 to 6 in this order."""
Labels = NDArray[np.uint8]

MIN_AREA_PX = 50
MIN_REGION_SHARE = 0.02
"""Areas of one colour below this share of the lesion are noise (ABCD_REFERENCE §4)."""
WORKING_SIDE_PX = 320
"""Colours are named at no more, mirror images compared at exactly this many pixels on the long side."""
MEDIAN_PX = 5
"""Specks below half of this square take the colour around them."""
COARSE_SIDE_PX = 128
"""Size at which the axes are chosen."""
RECTANGLE_TOLERANCE = 0.02
REFERENCE_SKIN_RGB = (219.0, 168.0, 148.0)
"""What the healthy skin around the lesion is scaled to before colours are named."""
GAIN_LIMITS = (0.5, 2.0)
MIN_SKIN_SAMPLES = 25
SMOOTHING_PX, SMOOTHING_SHARE = 2.0, 0.004
"""Contours are smoothed by a Gaussian of 2 px, or 0.4 % of the perimeter where that is more."""
FULL_SCALE = {"A1": (0.0, 0.25), "A2": (0.0, 0.25), "B": (1.0, 2.0), "C": (1.0, 6.0), "D1": (0.0, 12.0), "D2": (0.0, 12.0)}
"""Score → the values that are drawn as 0 and as 10."""

_NO_LESION = "No lesion was outlined, so asymmetry, border, colours and diameters could not be measured."
_TOO_SMALL = "The outlined area is too small to be measured. Take the picture from a shorter distance."


def measure(image: RgbImage, mask: Mask, pixel_spacing_mm: tuple[float, float] | None = None) -> Abcd:
    """Measure the largest connected part of `mask` (H×W bool), holes filled, in `image` (H×W×3 uint8).

    `pixel_spacing_mm` is (between rows, between columns), as DICOM's Pixel Spacing; without it nothing is in mm.
    An empty or tiny mask gives an Abcd of None with `failure` set. Raises ValueError when sizes or spacing are wrong.
    """
    _check(image, mask, pixel_spacing_mm)
    contour = _largest_contour(mask)
    if not len(contour):
        return _unmeasured(_NO_LESION)
    lesion = _filled(contour, mask.shape[1], mask.shape[0])
    if np.count_nonzero(lesion) < MIN_AREA_PX:
        return _unmeasured(_TOO_SMALL)
    diameters_px = diameters(contour)
    diameters_mm = diameters(contour, pixel_spacing_mm) if pixel_spacing_mm else (None, None)
    asymmetries = shape_asymmetry(lesion)
    border = border_irregularity(contour)
    regions = colour_regions(image, lesion)
    colours = _by_area(regions)
    centroid = _centroid(lesion)
    return Abcd(
        asymmetry_1=asymmetries[0],
        asymmetry_2=asymmetries[1],
        border_irregularity=border,
        colours=colours,
        regions=regions,
        colour_asymmetry={colour: _colour_asymmetry(regions, colour, centroid, diameters_px[0]) for colour in colours},
        diameter_1_px=diameters_px[0],
        diameter_2_px=diameters_px[1],
        diameter_1_mm=diameters_mm[0],
        diameter_2_mm=diameters_mm[1],
        scores=_scores(*asymmetries, border, len(colours) or None, *diameters_mm),
    )


def _check(image: RgbImage, mask: Mask, pixel_spacing_mm: tuple[float, float] | None) -> None:
    if image.shape != (*mask.shape, 3):
        raise ValueError(f"image {image.shape} and mask {mask.shape} do not fit together")
    if pixel_spacing_mm is not None and not all(0 < spacing < np.inf for spacing in pixel_spacing_mm):
        raise ValueError(f"pixel spacing must be positive, got {pixel_spacing_mm}")


def _unmeasured(failure: str) -> Abcd:
    nothing = dict.fromkeys(FULL_SCALE)
    return Abcd(None, None, None, (), (), {}, None, None, None, None, nothing, failure)


def _scores(*values: float | None) -> dict[str, float | None]:
    return {name: _project(value, *FULL_SCALE[name]) for name, value in zip(FULL_SCALE, values, strict=True)}


def _project(value: float | None, zero: float, ten: float) -> float | None:
    """10 · (value − zero) / (ten − zero), clipped to [0, 10] (S0 §3.7); None for None."""
    return None if value is None else float(np.clip(10 * (value - zero) / (ten - zero), 0, 10))


# --- shape


def _largest_contour(mask: Mask) -> NDArray[np.int32]:
    """N×2 (x, y) of the boundary pixels of the largest connected part; 0×2 when there is none."""
    contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return np.empty((0, 2), np.int32)
    return max(contours, key=lambda c: (cv2.contourArea(c), len(c)))[:, 0].astype(np.int32)


def _filled(contour: NDArray[np.int32], width: int, height: int) -> Mask:
    canvas = np.zeros((height, width), np.uint8)
    cv2.drawContours(canvas, [contour], -1, 1, cv2.FILLED)
    return canvas.view(np.bool_)


def diameters(contour: NDArray[np.int32], pixel_spacing_mm: tuple[float, float] = (1.0, 1.0)) -> tuple[float, float]:
    """Long and short side of the minimum-area rectangle around the pixels (not their centres) of `contour` (N×2).

    In pixels, or in mm with the spacing (between rows, between columns), which need not be equal.
    """
    _, sides, _ = cv2.minAreaRect((_hull(contour) * pixel_spacing_mm[::-1]).astype(np.float32))
    return max(sides), min(sides)


def _hull(contour: NDArray[np.int32]) -> NDArray[np.float64]:
    """N×2 corners (x, y) of the convex hull of whole pixels: four corners for each boundary pixel on it."""
    corners = np.array([(-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)])
    return np.asarray(cv2.convexHull(contour).reshape(-1, 1, 2) + corners, np.float64).reshape(-1, 2)


def shape_asymmetry(lesion: Mask) -> tuple[float, float]:
    """Shares of the lesion, [0, 1], that do not overlap its mirror image about the major and the minor axis.

    The axes are those of the minimum-area rectangle (S0 §3.7). XOR counts every mismatch on both sides: it is halved.
    `lesion` is one connected part, H×W bool, not empty.
    """
    grey = lesion.view(np.uint8) * np.uint8(255)
    hull = _hull(_largest_contour(lesion))
    angle = min(_axis_angles(hull), key=lambda angle: sum(_mismatches(_upright(grey, hull, angle, COARSE_SIDE_PX))))
    return _mismatches(_upright(grey, hull, angle, WORKING_SIDE_PX))


def _axis_angles(hull: NDArray[np.float64]) -> list[float]:
    """Angles, in radians, of the minimum-area rectangle and of all others (each degree) that are larger by at most 2 %.

    Around a nearly round lesion many rectangles are as small; which is the smallest, single pixels decide, and it
    changes when the camera turns. Of these the one that finds the lesion most symmetric is taken.
    """
    _, sides, exact_deg = cv2.minAreaRect(hull.astype(np.float32))
    grid = np.deg2rad(np.arange(0, 90))
    along = np.ptp(hull @ np.array([np.cos(grid), np.sin(grid)]), axis=0)
    across = np.ptp(hull @ np.array([-np.sin(grid), np.cos(grid)]), axis=0)
    is_as_small = along * across <= (1 + RECTANGLE_TOLERANCE) * sides[0] * sides[1]
    return [float(np.deg2rad(exact_deg)), *grid[is_as_small].tolist()]


def _upright(grey: NDArray[np.uint8], hull: NDArray[np.float64], angle: float, side_px: int) -> Mask:
    """The lesion (H×W, 0 or 255) turned by `angle`, its rectangle across, `side_px` long, in a frame that holds it whole.

    Small lesions are enlarged, so that their pixels do not count as asymmetry. Still binary.
    """
    axes = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    low, high = (hull @ axes.T).min(axis=0), (hull @ axes.T).max(axis=0)
    if high[0] - low[0] < high[1] - low[1]:
        return _upright(grey, hull, angle + np.pi / 2, side_px)
    scale = side_px / (high[0] - low[0])
    size = np.ceil((high - low) * scale) + 4
    turn = np.column_stack([scale * axes, (size - 1) / 2 - scale * (low + high) / 2])
    turned = cv2.warpAffine(grey, turn, size.astype(int).tolist(), flags=cv2.INTER_LINEAR)
    return np.asarray(turned) > 127


def _mismatches(upright: Mask) -> tuple[float, float]:
    area = np.count_nonzero(upright)
    about_major = np.count_nonzero(upright ^ upright[::-1]) / (2 * area)
    about_minor = np.count_nonzero(upright ^ upright[:, ::-1]) / (2 * area)
    return float(about_major), float(about_minor)


def border_irregularity(contour: NDArray[np.int32]) -> float | None:
    """P²/(4πA) of the smoothed contour (N×2 boundary pixels, in order): 1 for a circle, more for any other shape (S0 §3.7).

    None for a contour that encloses no pixel: a thread has a length but no area.
    """
    smooth = smooth_contour(contour)
    following = np.roll(smooth, -1)
    perimeter_px = np.abs(following - smooth).sum()
    area_px2 = abs((smooth.conjugate() * following).imag.sum()) / 2
    return float(perimeter_px**2 / (4 * np.pi * area_px2)) if area_px2 >= 1 else None


def smooth_contour(contour: NDArray[np.int32]) -> NDArray[np.complex128]:
    """The closed contour as equally spaced complex x + iy, after a Gaussian along its length: no stairs of pixels left.

    Gaussian smoothing of a closed curve is a product with its Fourier descriptors.
    """
    points = _equally_spaced(contour[:, 0] + 1j * contour[:, 1])
    length_px = np.abs(np.roll(points, -1) - points).sum()
    sigma_share = max(SMOOTHING_PX / length_px, SMOOTHING_SHARE)
    damping = np.exp(-2 * (np.pi * sigma_share * np.fft.fftfreq(len(points), 1 / len(points))) ** 2)
    smooth: NDArray[np.complex128] = np.fft.ifft(np.fft.fft(points) * damping)
    return smooth


def _equally_spaced(points: NDArray[np.complex128]) -> NDArray[np.complex128]:
    closed = np.append(points, points[0])
    travelled = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(closed)))])
    wanted = np.linspace(0, travelled[-1], max(64, len(points)), endpoint=False)
    x, y = np.interp(wanted, travelled, closed.real), np.interp(wanted, travelled, closed.imag)
    return np.asarray(x + 1j * y, np.complex128)


# --- colour


def label_colours(image: RgbImage, lesion: Mask) -> Labels:
    """The clinical colour of every lesion pixel: H×W uint8, 0 outside, else 1 + index in COLOURS, each pixel one colour.

    `image` H×W×3 uint8. Each channel is first scaled so that the healthy skin around the lesion has
    REFERENCE_SKIN_RGB: a bluish or weak light changes no name. Colours are then told apart in HSV, see `_name`.
    """
    gains = np.clip(np.array(REFERENCE_SKIN_RGB) / _healthy_skin(image, lesion), *GAIN_LIMITS)
    rows, columns = _box(lesion, MEDIAN_PX // 2)
    inside = lesion[rows, columns]
    lit = cv2.transform(cv2.medianBlur(image[rows, columns], MEDIAN_PX), np.diag(gains))
    hue, saturation, value = (np.asarray(channel, np.uint8)[inside] for channel in cv2.split(cv2.cvtColor(lit, cv2.COLOR_RGB2HSV_FULL)))
    labels = np.zeros(lesion.shape, np.uint8)
    labels[rows, columns][inside] = _name(hue, saturation, value)
    return labels


def _name(hue: Labels, saturation: Labels, value: Labels) -> Labels:
    """1 + index in COLOURS. Hue on a circle of 256 (red at 0 = 256), saturation and value 0–255.

    The first that fits: black (hardly any light), blue-grey (cold hues, cyan to violet), white (dull and bright), blue-grey again
    (dull and darker), red (see `_is_blood`), else brown, light or dark by value.
    """
    is_cold = (hue >= 100) & (hue < 220) & (saturation >= 25)
    is_dull = saturation < 45
    names = {
        "black": value < 60,
        "blue_grey": is_cold | (is_dull & (value < 165)),
        "white": is_dull,
        "red": _is_blood(hue, saturation, value),
        "dark_brown": value < 145,
    }
    return np.select(list(names.values()), [COLOURS.index(name) + 1 for name in names], COLOURS.index("light_brown") + 1).astype(np.uint8)


def _is_blood(hue: Labels, saturation: Labels, value: Labels) -> NDArray[np.bool_]:
    """Which pixels are red, hue on a circle of 256, saturation and value 0–255.

    Blood takes more green than blue and leaves red, so that its hue lies below 0, from crimson to purple, at any brightness. Melanin
    takes most from blue: hues above 0. Around 0 dark naevi and dark blood look alike; only a chroma (saturation · value / 255, the
    difference of the strongest and the weakest channel) that melanin does not reach tells them apart.
    The limits were chosen on the vascular lesions and naevi among the training images of HAM10000.
    """
    is_crimson = (hue >= 220) & (hue < 252) & (saturation >= 70)
    is_vivid = saturation.astype(np.uint16) * value >= 115 * 255
    return (value >= 80) & (is_crimson | (((hue >= 220) | (hue < 6)) & is_vivid))


def _healthy_skin(image: RgbImage, lesion: Mask) -> NDArray[np.float64]:
    """Median RGB of the ring of skin around the lesion, else of all the rest, else REFERENCE_SKIN_RGB itself.

    The ring lies between 5 % and 30 % of the lesion's mean diameter away from it. Black surroundings are left out.
    """
    distance = cv2.distanceTransform((~lesion).view(np.uint8), cv2.DIST_L2, 3)
    diameter_px = np.sqrt(4 * np.count_nonzero(lesion) / np.pi)
    # One pixel of four is enough for a median.
    channels, distance = [image[::2, ::2, channel] for channel in range(3)], np.asarray(distance)[::2, ::2]
    is_outside = (distance > 0) & (np.maximum.reduce(channels) >= imaging.DARK_LEVEL)
    is_near = (distance > 0.05 * diameter_px) & (distance < 0.3 * diameter_px)
    for candidate in (is_outside & is_near, is_outside):
        if np.count_nonzero(candidate) >= MIN_SKIN_SAMPLES:
            return np.array([imaging.median(channel[candidate]) for channel in channels])
    return np.array(REFERENCE_SKIN_RGB)


@dataclass(frozen=True)
class _Window:
    """The part of the image around the lesion, at working size, and the way back: x = left + (x' + 0.5)·step − 0.5."""

    image: RgbImage
    lesion: Mask
    left: int
    top: int
    step: float

    def to_image(self, points: NDArray[Any]) -> NDArray[np.float64]:
        return (points + 0.5) * self.step - 0.5 + (self.left, self.top)


def _window(image: RgbImage, lesion: Mask) -> _Window:
    _, _, width, height = cv2.boundingRect(lesion.view(np.uint8))
    rows, columns = _box(lesion, round(0.35 * max(width, height)))
    part, inside = image[rows, columns], lesion[rows, columns]
    step = max(1.0, max(inside.shape) / WORKING_SIDE_PX)
    if step > 1:
        size = round(inside.shape[1] / step), round(inside.shape[0] / step)
        part = cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        grey = cv2.resize(inside.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
        inside = np.asarray(grey) > 127
    return _Window(part, inside, columns.start, rows.start, step)


def colour_regions(image: RgbImage, lesion: Mask) -> tuple[ColourRegion, ...]:
    """Connected areas (8-neighbours) of one colour that cover at least 2 % of the lesion, largest first (S0 §3.7; ABCD_REFERENCE §4)."""
    window = _window(image, lesion)
    labels = label_colours(window.image, window.lesion)
    regions = [region for index in range(len(COLOURS)) for region in _regions_of(index, labels, window)]
    return tuple(sorted(regions, key=lambda region: -region.area_px))


def _regions_of(index: int, labels: Labels, window: _Window) -> Iterator[ColourRegion]:
    lesion_px = np.count_nonzero(window.lesion)
    parts = (labels == index + 1).view(np.uint8)
    if np.count_nonzero(parts) < MIN_REGION_SHARE * lesion_px:
        return  # most lesions have two colours: searching for areas of the others would take half of the time
    _, numbers, stats, centroids = cv2.connectedComponentsWithStats(parts, connectivity=8, ltype=cv2.CV_16U)
    for number in 1 + np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= MIN_REGION_SHARE * lesion_px):
        left, top, width, height, area = stats[number].tolist()
        x, y = window.to_image(centroids[number])
        part = np.asarray(numbers)[top : top + height, left : left + width] == number
        outline = window.to_image(_largest_contour(part) + np.array([left, top])).astype(np.float32)
        yield ColourRegion(COLOURS[index], round(area * window.step**2), area / lesion_px, (float(x), float(y)), outline)


def _by_area(regions: tuple[ColourRegion, ...]) -> tuple[str, ...]:
    areas = {colour: sum(r.area_px for r in regions if r.colour == colour) for colour in COLOURS}
    return tuple(sorted((colour for colour in COLOURS if areas[colour]), key=lambda colour: -areas[colour]))


def _centroid(lesion: Mask) -> NDArray[np.float64]:
    """(x, y). Moments take long: only of the box around the lesion."""
    rows, columns = _box(lesion, 0)
    moments = cv2.moments(lesion[rows, columns].view(np.uint8), binaryImage=True)
    return np.array([columns.start + moments["m10"] / moments["m00"], rows.start + moments["m01"] / moments["m00"]])


def _box(mask: Mask, margin_px: int) -> tuple[slice, slice]:
    """Rows and columns of the box around a mask and a margin, as far as they lie in the frame."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return slice(max(0, top - margin_px), top + height + margin_px), slice(max(0, left - margin_px), left + width + margin_px)


def _colour_asymmetry(regions: tuple[ColourRegion, ...], colour: str, centroid: NDArray[np.float64], diameter_px: float) -> float:
    """Distance of the colour's area-weighted centroid to the lesion's, over D1 (S0 §3.7; ABCD_REFERENCE §4)."""
    own = [region for region in regions if region.colour == colour]
    centre = np.average([region.centroid for region in own], axis=0, weights=[region.area_px for region in own])
    return float(np.linalg.norm(centre - centroid) / diameter_px)
