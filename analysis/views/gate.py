"""Commit, then reveal (SPEC R8): the one place where views get what a model has said of a picture.

Where a practice asks for it, a clinician says what they think of a picture before anything of its analyses is shown: pages lead to
the form, files are refused. What carries no result (how far a job is, stopping and repeating it) is not held back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from analysis.models import Analysis, Explanation
from patients.models import Image, User, Viewer
from patients.permissions import Sighted, get_for
from patients.services import must_give_impression
from skinclinic.errors import ClinicError, wants_json

P = ParamSpec("P")
T = TypeVar("T", Image, Analysis, Explanation)
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class ImpressionOwedError(ClinicError):
    def __init__(self, image: Image) -> None:
        message = "Your practice asks what you think of a picture before its result is shown. Open the picture's result and say so first."
        super().__init__("impression-first", message, http_status=403)
        self.image = image


def revealed_to(viewer: Viewer, rows: Sighted[T], pk: object) -> T:
    """An image, analysis or explanation for somebody who is about to be shown results. 404 as `get_for`; ImpressionOwedError."""
    found = get_for(viewer, rows, pk)
    image = _image_of(found)
    if isinstance(viewer, User) and must_give_impression(viewer, image):
        raise ImpressionOwedError(image)
    return found


def require_earlier_revealed(viewer: Viewer, analysis: Analysis) -> None:
    """Before something is shown of how this picture differs from that of the visit before. ImpressionOwedError."""
    earlier = Analysis.objects.filter(pk=analysis.pk).values_list("result__change__image", flat=True).first()
    image = Image.objects.select_related("lesion__patient__practice").filter(pk=earlier).first() if earlier else None
    if image is not None and isinstance(viewer, User) and must_give_impression(viewer, image):
        raise ImpressionOwedError(image)


def leads_to_impression(view: View[P]) -> View[P]:
    """For pages: whoever has to say first is led there and comes back. Programs are told in JSON."""

    @wraps(view)
    def asking(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except ImpressionOwedError as first:
            if wants_json(request):
                raise
            form = reverse("patients:impression", args=[first.image.pk])
            return redirect(f"{form}?{urlencode({'next': request.path})}" if request.method == "GET" else form)

    return asking


def _image_of(found: Image | Analysis | Explanation) -> Image:
    match found:
        case Analysis():
            return found.image
        case Explanation():
            return found.analysis.image
    return found
