"""The first page after the log-in: the next thing to do, by role."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from patients import audit, selectors
from patients.forms import SearchForm
from patients.models import BreakGlass, Case, Role, role_of
from patients.views.pages import person


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return _HOMES.get(role_of(request.user), _home_of_nobody)(request)


def _home_of_gp(request: HttpRequest) -> HttpResponse:
    desk = selectors.desk_of_practice(request.user)
    patients, images = selectors.recent_patients(request.user), selectors.recent_images(request.user)
    seen = {str(patient.pk) for patient in patients} | {str(image.lesion.patient_id) for image in images} | _patients_on(desk)
    audit.record(actor=request.user, action="home.read", obj=person(request), detail={"patients": sorted(seen)})
    context = {"search": SearchForm(), "patients": patients, "images": images, "desk": desk, "is_clear": not any(_cases_on(desk))}
    return render(request, "patients/home_gp.html", context)


def _home_of_dermatologist(request: HttpRequest) -> HttpResponse:
    desk, rows = selectors.desk_of_dermatologist(person(request))
    seen = _patients_on(desk) | set(selectors.patients_of(row.case for row in rows))
    audit.record(actor=request.user, action="home.read", obj=person(request), detail={"patients": sorted(seen)})
    read_before = selectors.whose_answer_was_read(
        request.user, [case for section in desk if section.key == "second" for case in section.cases]
    )
    return render(request, "patients/home_dermatologist.html", {"desk": desk, "rows": rows, "read_before": read_before})


def _cases_on(desk: list[selectors.Section]) -> list[Case]:
    return [case for section in desk for case in section.cases]


def _patients_on(desk: list[selectors.Section]) -> set[str]:
    return set(selectors.patients_of(_cases_on(desk)))


def _home_of_admin(request: HttpRequest) -> HttpResponse:
    opened = list(BreakGlass.objects.open_for(request.user).select_related("patient__practice"))
    if opened:
        seen = sorted({str(one.patient_id) for one in opened})
        audit.record(actor=request.user, action="home.read", obj=person(request), detail={"patients": seen})
    return render(request, "patients/home_admin.html", {"opened": opened, "counts": selectors.administration_counts()})


def _home_of_nobody(request: HttpRequest) -> HttpResponse:
    return render(request, "patients/home_nobody.html")


_HOMES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    Role.GP: _home_of_gp,
    Role.DERMATOLOGIST: _home_of_dermatologist,
    Role.ADMIN: _home_of_admin,
}
