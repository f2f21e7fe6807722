"""What administrators see of accounts. Nothing clinical."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from patients import lockout, second_factor
from patients.models import AuditEntry, Invitation, Pool, Practice, Role, RolePolicy, User

EVENTS_SHOWN = 20
EVENT_WORDS = {
    "account.login": "Logged in",
    "account.logout": "Logged out",
    "account.login-failed": "Wrong password",
    "account.locked": "Paused after too many wrong attempts",
    "account.password": "New password",
    "account.password-link": "Link for a new password made",
    "account.create": "Account made",
    "account.change": "Name, address, role or practice changed",
    "account.deactivate": "Switched off",
    "account.reactivate": "Switched on again",
    "account.factor-added": "Second factor added",
    "account.factor-removed": "Second factor removed",
    "account.factor-used": "Second factor used",
    "account.factor-failed": "Wrong second factor",
    "account.factor-reset": "Second factor reset",
}


def people(words: str = "", role: str = "", practice: Practice | None = None, state: str = "") -> QuerySet[User]:
    """Everybody with an account, each with `has_second_factor` and `lacks_second_factor`."""
    found = User.objects.select_related("practice").annotate(
        has_second_factor=Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=second_factor.REAL)),
        lacks_second_factor=second_factor.IS_MISSING,
    )
    if words:
        found = found.filter(Q(display_name__icontains=words) | Q(username__icontains=words) | Q(email__icontains=words))
    if role:
        found = found.filter(role="" if role == "none" else role)
    if practice:
        found = found.filter(practice=practice)
    if state:
        found = found.filter(is_active=state == "active")
    return found.order_by("-is_active", "display_name", "username")


@dataclass(frozen=True)
class AccountSafety:
    """How somebody gets in, and what happened at the door lately."""

    factors: list[Authenticator]
    is_needed: bool
    locked_until: datetime | None
    events: list[tuple[str, AuditEntry]]


def safety_of(person: User) -> AccountSafety:
    rows = AuditEntry.objects.filter(object_type=person._meta.label_lower, object_id=str(person.pk), action__startswith="account.")
    return AccountSafety(
        factors=second_factor.factors_of(person),
        is_needed=RolePolicy.objects.filter(role=person.role, needs_second_factor=True).exists(),
        locked_until=lockout.locked_until(person),
        events=[(EVENT_WORDS.get(row.action, row.action), row) for row in rows.order_by("-id")[:EVENTS_SHOWN]],
    )


def practices() -> QuerySet[Practice]:
    """Each with `people_count`: the active accounts."""
    return Practice.objects.annotate(people_count=Count("people", filter=Q(people__is_active=True))).order_by("name")


def pools() -> QuerySet[Pool]:
    return Pool.objects.prefetch_related("members")


def invitations() -> QuerySet[Invitation]:
    """The newest first; the ones nobody answered and nobody took back are `is_waiting`."""
    return Invitation.objects.select_related("practice", "by", "account").annotate(
        is_waiting=Q(accepted_at=None, revoked_at=None), is_expired=Q(expires_at__lte=timezone.now())
    )


def roles_needing_second_factor() -> set[str]:
    return set(RolePolicy.objects.filter(needs_second_factor=True).values_list("role", flat=True))


@dataclass(frozen=True)
class AdministrationCounts:
    active: int
    without_factor: int
    without_role: int
    invited: int
    locked: int


def administration_counts() -> AdministrationCounts:
    """What an administrator may have to do."""
    active = people(state="active")
    since = timezone.now() - lockout.PAUSE
    locked = AuditEntry.objects.filter(action="account.locked", at__gt=since).values("object_id").distinct().count()
    counted = active.aggregate(
        active=Count("pk"), without_factor=Count("pk", filter=Q(lacks_second_factor=True)), without_role=Count("pk", filter=Q(role=""))
    )
    return AdministrationCounts(invited=Invitation.objects.filter(accepted_at=None, revoked_at=None).count(), locked=locked, **counted)


ROLE_FILTER = [("", "All roles"), *Role.choices, ("none", "No role")]
