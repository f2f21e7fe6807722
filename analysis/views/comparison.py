"""Two pictures of one lesion side by side."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from analysis import selectors
from analysis.forms import ComparisonForm
from analysis.presentation.comparison import Pair, Side
from patients import audit
from patients.models import Image, Lesion, User
from patients.models.images import ImageQuerySet
from patients.permissions import can_measure_images, get_for
from patients.selectors import timeline_of
from patients.services import must_give_impression
from patients.views import person
from skinclinic.errors import ClinicError

IMAGES = Image.objects.select_related("lesion__patient__practice", "uploaded_by")


@require_POST
def choose(request: HttpRequest, lesion_id: UUID) -> HttpResponse:
    """From the two selects of a page to the address of the comparison."""
    lesion = get_for(request.user, Lesion.objects.all(), lesion_id)
    form = ComparisonForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose the two pictures to compare.")
        return redirect(lesion)
    one, other = (get_for(request.user, lesion_images(lesion.pk), form.cleaned_data[name]).pk for name in ("one", "other"))
    if one == other:
        messages.error(request, "Choose two different pictures to compare.")
        return redirect(lesion)
    return redirect("analysis:compare", one, other)


@require_safe
@never_cache
@transaction.atomic
def compare(request: HttpRequest, image_id: UUID, other_id: UUID) -> HttpResponse:
    """The earlier picture on the left whichever was named first."""
    one = get_for(request.user, IMAGES, image_id)
    other = get_for(request.user, lesion_images(one.lesion_id), other_id)
    if one == other:
        raise ClinicError("same-image", "Choose two different pictures to compare.")
    earlier, later = sorted((one, other), key=lambda image: (image.day, image.uploaded_at, image.pk))
    viewer, lesion = person(request), one.lesion
    pair = _pair(viewer, earlier, later)
    timeline = timeline_of(viewer, lesion)
    audit.record(actor=viewer, action="lesion.compare", obj=lesion, detail={"images": [str(earlier.pk), str(later.pk)]})
    context = {"lesion": lesion, "patient": lesion.patient, "image": later, "pair": pair, "timeline": timeline}
    return render(request, "analysis/comparison.html", context | {"can_measure_images": can_measure_images(viewer)})


def lesion_images(lesion_id: UUID) -> ImageQuerySet:
    """An image of another lesion does not exist here."""
    return IMAGES.filter(lesion=lesion_id)


def _pair(viewer: User, earlier: Image, later: Image) -> Pair:
    results = selectors.newest_results([earlier, later])

    def side(name: str, image: Image) -> Side:
        return Side(name, image, results.get(image.pk), must_give_impression(viewer, image))

    registered = selectors.registration_of(earlier, later)
    place = selectors.same_place(earlier, later)
    return Pair(side("Earlier", earlier), side("Later", later), registered, place)
