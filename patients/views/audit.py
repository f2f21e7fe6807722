"""The list a patient may ask for: who has seen or changed the record. Reading it is recorded like any other reading."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from patients import audit, selectors
from patients import permissions as rules
from patients.models import Patient
from patients.selectors.access import Act

PER_PAGE = 50
PER_PRINT = 5000
COLUMNS = ("When", "Who", "Role", "What", "Reason")
FORMULA = re.compile(r"(^|[;|\t\r\n])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r])")
"""What spreadsheets would run instead of show: at the beginning, behind what some of them take for the end of a cell (a German one opens
files at the semicolon), and in the wide signs of East Asian keyboards."""


@require_safe
@rules.allowed_if(rules.can_see_access_list)
def access_list(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    patient = rules.get_for(request.user, Patient.objects.select_related("practice"), patient_id)
    audit.record(actor=request.user, action="access.read", obj=patient)
    is_whole = "all" in request.GET
    page = Paginator(selectors.access_keys(patient), PER_PRINT if is_whole else PER_PAGE).get_page(request.GET.get("page"))
    lines = selectors.gathered_acts(patient, list(page))
    context = {"patient": patient, "page": page, "acts": lines, "is_whole": is_whole, "today": timezone.localdate()}
    return render(request, "patients/access_list.html", context)


@require_GET
@rules.allowed_if(rules.can_see_access_list)
def access_download(request: HttpRequest, patient_id: UUID) -> StreamingHttpResponse:
    patient = rules.get_for(request.user, Patient.objects.all(), patient_id)
    audit.record(actor=request.user, action="access.export", obj=patient)
    response = StreamingHttpResponse(_csv(patient), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="access-list.csv"'
    return response


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


def _csv(patient: Patient) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff"  # without it spreadsheets take the file for their own old encoding
    yield writer.writerow(COLUMNS)
    for act in selectors.all_acts(patient, selectors.access_keys(patient)):
        yield writer.writerow([_shown(value) for value in _values(act)])


def _values(act: Act) -> tuple[str, ...]:
    return timezone.localtime(act.at).isoformat(" ", "seconds"), act.name, act.role, act.words, act.reason


def _shown(value: str) -> str:
    return FORMULA.sub(r"\g<0>'", value)
