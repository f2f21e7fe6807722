"""Who may do what, in one place. Whatever is not granted here is refused; what somebody may *see* is each model's `visible_to`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from patients.models import Role, Viewer, role_of
from skinclinic.errors import ClinicError

P = ParamSpec("P")
M = TypeVar("M", bound=Model)
M_co = TypeVar("M_co", bound=Model, covariant=True)
View: TypeAlias = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class Sighted(Protocol[M_co]):
    """A manager or queryset that knows who may see its rows."""

    def visible_to(self, viewer: Viewer) -> QuerySet[M_co]: ...


def get_for(viewer: Viewer, rows: Sighted[M], pk: object) -> M:
    """The object as far as this person may see it; otherwise 404, the same as for one that does not exist."""
    return get_object_or_404(rows.visible_to(viewer), pk=pk)


def can_open_records(viewer: Viewer) -> bool:
    return role_of(viewer) in Role.values


def can_edit_patients(viewer: Viewer) -> bool:
    return role_of(viewer) == Role.GP


def can_add_lesions(viewer: Viewer) -> bool:
    return role_of(viewer) == Role.GP


def can_edit_lesions(viewer: Viewer) -> bool:
    return role_of(viewer) == Role.GP


def can_fill_checklist(viewer: Viewer) -> bool:
    """Whoever has the patient in front of them: some of the signs are told, not seen."""
    return role_of(viewer) == Role.GP


def can_add_images(viewer: Viewer) -> bool:
    return role_of(viewer) == Role.GP


def can_measure_images(viewer: Viewer) -> bool:
    """Say how long something in a picture is: those who treat."""
    return role_of(viewer) in {Role.GP, Role.DERMATOLOGIST}


def can_use_dermatoscopes(viewer: Viewer) -> bool:
    """Keep a device's scale and carry it over to a picture: only the practice knows what a picture was taken with, and at which zoom."""
    return role_of(viewer) == Role.GP


def can_export_originals(viewer: Viewer) -> bool:
    """Originals carry what cameras and devices wrote into them; everybody else is shown what was made of them."""
    return role_of(viewer) == Role.GP


def can_refer(viewer: Viewer) -> bool:
    return role_of(viewer) == Role.GP


def can_review(viewer: Viewer) -> bool:
    """Take cases, ask, answer and sign."""
    return role_of(viewer) == Role.DERMATOLOGIST


def can_see_service_levels(viewer: Viewer) -> bool:
    """How long answers take: figures alone, of one's own pools or, for administrators, of all."""
    return role_of(viewer) in {Role.DERMATOLOGIST, Role.ADMIN}


def can_record_histology(viewer: Viewer) -> bool:
    """Whoever the pathologist writes to."""
    return role_of(viewer) in {Role.GP, Role.DERMATOLOGIST}


def can_give_impression(viewer: Viewer) -> bool:
    return role_of(viewer) in {Role.GP, Role.DERMATOLOGIST}


def can_write_letters(viewer: Viewer) -> bool:
    """Those who treat; an administrator looks, with a reason, and sends nothing."""
    return role_of(viewer) in {Role.GP, Role.DERMATOLOGIST}


def can_manage_accounts(viewer: Viewer) -> bool:
    """Practices, people, invitations, pools and what is asked at the log-in."""
    return role_of(viewer) == Role.ADMIN


def can_see_access_list(viewer: Viewer) -> bool:
    """The patient asks the practice, or the administrator who looks into a complaint."""
    return role_of(viewer) in {Role.GP, Role.ADMIN}


def can_break_glass(viewer: Viewer) -> bool:
    return role_of(viewer) == Role.ADMIN


def require(allowed: bool) -> None:
    if not allowed:
        message = "Your role does not allow this. If you need it for your work, ask the administrator."
        raise ClinicError("forbidden", message, http_status=403)


def allowed_if(rule: Callable[[Viewer], bool]) -> Callable[[View[P]], View[P]]:
    """For views: the rule is asked before anything else happens."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            require(rule(request.user))
            return view(request, *args, **kwargs)

        return guarded

    return decorate
