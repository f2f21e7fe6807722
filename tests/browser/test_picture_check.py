"""What the browser says of a picture before it is sent is what the analysis would say of it."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from django.urls import reverse
from PIL import Image as Pil

from analysis.vision import quality
from analysis.vision.types import RgbImage
from tests.factories import encoded

if TYPE_CHECKING:
    from playwright.sync_api import Page

TOLERANCE = {"sharpness_db": 0.3, "brightness": 1.0, "overexposed_share": 0.005, "dark_share": 0.005, "longer_side_px": 0.0}
"""PNG in both, so that only the averaging to the working size may differ, by a rounding; above 2048 px the browser shrinks first."""
LARGE = {"sharpness_db": 1.0, "brightness": 1.5, "overexposed_share": 0.01, "dark_share": 0.01, "longer_side_px": 0.0}


def skin(width: int = 640, height: int = 480, level: float = 1.0) -> RgbImage:
    """A dark spot with a pattern on skin, as sharp as the frame allows."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:height, :width]
    spot = ((x - width / 2) ** 2 + (y - height / 2) ** 2) < (height / 4) ** 2
    pattern = 25 * np.sin(x / width * 500) * np.sin(y / width * 500)
    picture = np.where(spot[..., None], (120, 72, 48), (214, 168, 142)) + pattern[..., None] + rng.normal(0, 3, (height, width, 1))
    return np.asarray((picture * level).clip(0, 255), dtype=np.uint8)


def blurred(sigma: float) -> RgbImage:
    return np.asarray(cv2.GaussianBlur(skin(), (0, 0), sigma), dtype=np.uint8)


def overexposed() -> RgbImage:
    picture = skin()
    picture[:, :250] = 255
    return picture


def rimmed() -> RgbImage:
    """A small round field in a black frame."""
    picture = skin()
    y, x = np.mgrid[:480, :640]
    picture[(x - 320) ** 2 + (y - 240) ** 2 > 150**2] = 0
    return picture


PICTURES: dict[str, tuple[RgbImage, str, str]] = {
    "sharp": (skin(), "good", "Sharp and well lit."),
    "not of the working size": (skin(701, 533), "good", "Sharp and well lit."),
    "small": (skin(200, 150), "usable", "Few pixels"),
    "tiny": (skin(110, 100), "retake", "Few pixels: take it again."),
    "blurred": (blurred(12), "retake", "Blurred: take it again. Hold the camera still"),
    "dark": (skin(level=0.3), "retake", "Dark: take it again. Use more light."),
    "a little dark": (skin(level=0.5), "usable", "Dark. Use more light."),
    "overexposed": (overexposed(), "retake", "Overexposed: take it again."),
    "rimmed": (rimmed(), "retake", "Much of the frame is black: take it again."),
    "nothing": (np.full((300, 300, 3), 200, np.uint8), "retake", "Nothing to be seen: take it again."),
    "large": (skin(3000, 2000), "good", "Sharp and well lit."),
}


def seen_by_browser(page: Page, picture: RgbImage) -> dict[str, Any]:
    data = encoded(Pil.fromarray(picture), "PNG")
    found: dict[str, Any] = page.evaluate(
        """async ([address, bytes]) => {
            const { check } = await import(address);
            const raw = Uint8Array.from(atob(bytes), (sign) => sign.charCodeAt(0));
            return check(new File([raw], "a.png", { type: "image/png" }));
        }""",
        ["/static/patients/picture-check.js", b64encode(data).decode()],
    )
    return found


def seen_by_analysis(picture: RgbImage) -> dict[str, float | None]:
    return quality.measure(picture, np.zeros(picture.shape[:2], dtype=np.bool_))


@pytest.fixture
def opened(page: Page, transactional_db: None) -> Page:
    page.goto(reverse("account_login"))
    return page


@pytest.mark.parametrize("name", PICTURES)
def test_browser_and_analysis_measure_the_same(opened: Page, name: str) -> None:
    picture, verdict, words = PICTURES[name]
    found, expected = seen_by_browser(opened, picture), seen_by_analysis(picture)
    for figure, tolerance in (LARGE if max(picture.shape) > 2048 else TOLERANCE).items():
        if expected[figure] is None:
            assert found["figures"][figure] is None
        else:
            assert found["figures"][figure] == pytest.approx(expected[figure], abs=tolerance), figure
    assert (found["verdict"], words in found["words"]) == (verdict, True), found


def test_the_limits_are_those_of_the_analysis(opened: Page) -> None:
    rules = opened.evaluate("async () => (await import('/static/patients/picture-check.js')).RULES")
    known = {rule.figure: (rule.usable, rule.retake) for rule in quality.RULES}
    assert {figure: (usable, retake) for figure, usable, retake, _, _ in rules} == {figure: known[figure] for figure, *_ in rules}


def test_a_file_that_cannot_be_shown_is_not_judged(opened: Page) -> None:
    script = "async () => (await import('/static/patients/picture-check.js')).check(new File(['no picture'], 'a.png'))"
    assert opened.evaluate(script) is None
