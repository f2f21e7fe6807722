"""People, practices, pools and what a log-in asks for. Only administrators, each act under a lock that lets one of them at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from allauth.account.forms import default_token_generator
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.db.models import Manager, Model, Q
from django.utils.crypto import salted_hmac

from patients import audit
from patients import permissions as rules
from patients.models import Pool, Practice, Role, RolePolicy, User
from patients.services.case_upkeep import give_back_cases_of
from skinclinic import sessions
from skinclinic.errors import ClinicError

M = TypeVar("M", bound=Model)

PERSON_FIELDS = ("display_name", "email", "role", "practice")
PRACTICE_FIELDS = ("name", "address", "phone", "asks_impression", "is_open")
POOL_FIELDS = ("name", "members")


def version_of(row: Model, fields: Iterable[str]) -> str:
    """Changes with any of the fields: a page sends it back so that a change made meanwhile is noticed."""
    return salted_hmac("patients.version", repr([_plain(row, name) for name in fields])).hexdigest()[:16]


def _plain(row: Model, name: str) -> object:
    value = getattr(row, name)
    if isinstance(value, Manager):
        return sorted(value.values_list("pk", flat=True))
    return str(value.pk if isinstance(value, Model) else value)


def change_person(*, actor: User, person: User, version: str, **changes: Any) -> User:
    """Name, address, role and practice; nobody changes their own role or practice."""
    with transaction.atomic():
        current = _person_for(actor, person)
        _refuse_stale(current, PERSON_FIELDS, version)
        changed = _differing(current, changes)
        if current == actor and {"role", "practice"} & set(changed):
            raise ClinicError("own_role", "Nobody changes their own role or practice. Ask another administrator.")
        check_place(changes.get("role", current.role), changes.get("practice", current.practice))
        if changed:
            _save(current, changes, "Another account has this e-mail address.")
            _leave_work(actor, current)
            audit.record(actor=actor, action="account.change", obj=current, detail={"fields": changed})
    return current


def deactivate_person(*, actor: User, person: User) -> None:
    """Ends every session at once. What the person wrote and signed stays and stays readable."""
    with transaction.atomic():
        current = _person_for(actor, person)
        if current == actor:
            raise ClinicError("own_account", "You cannot switch off your own account. Ask another administrator.")
        if User.objects.filter(pk=current.pk, is_active=True).update(is_active=False) == 0:
            raise ClinicError("already_off", "This account is switched off already.", http_status=409)
        sessions.end_sessions_of(current.pk)
        give_back_cases_of(actor=actor, user=current)
        audit.record(actor=actor, action="account.deactivate", obj=current)


def reactivate_person(*, actor: User, person: User) -> None:
    with transaction.atomic():
        current = _person_for(actor, person)
        if User.objects.filter(pk=current.pk, is_active=False).update(is_active=True) == 0:
            raise ClinicError("already_on", "This account is active already.", http_status=409)
        audit.record(actor=actor, action="account.reactivate", obj=current)


def reset_second_factor(*, actor: User, person: User) -> None:
    """For a lost phone: all factors and recovery codes go, and so does whoever is logged in with them."""
    with transaction.atomic():
        current = _person_for(actor, person)
        if current == actor:
            raise ClinicError("own_factor", "Remove your own second factor on its page; another administrator can reset it for you.")
        removed = Authenticator.objects.filter(user=current).delete()[0]
        if removed == 0:
            raise ClinicError("no_factor", "This person has no second factor.", http_status=409)
        sessions.end_sessions_of(current.pk)
        audit.record(actor=actor, action="account.factor-reset", obj=current)


def password_link_key(*, actor: User, person: User) -> tuple[str, str]:
    """The two parts of a link with which somebody without e-mail chooses a new password; good for one use and a day."""
    with transaction.atomic():
        current = _person_for(actor, person)
        if current == actor or not current.is_active:
            raise ClinicError("no_link", "Links are made for other people's accounts, while these are active.")
        audit.record(actor=actor, action="account.password-link", obj=current)
    return current.public_id.hex, default_token_generator.make_token(current)


def save_practice(*, actor: User, practice: Practice | None, version: str = "", **values: Any) -> Practice:
    """Makes one when there is none yet."""
    with transaction.atomic():
        lock_administration(actor)
        current = Practice.objects.select_for_update(no_key=True).get(pk=practice.pk) if practice else Practice()
        return _saved(actor, current, PRACTICE_FIELDS, version, values)


def save_pool(*, actor: User, pool: Pool | None, members: Collection[User], version: str = "", **values: Any) -> Pool:
    """Nobody joins or leaves while they take a case or sign; what somebody who leaves has taken goes back."""
    with transaction.atomic():
        concerned = {*(member.pk for member in members), *(_members_of(pool) if pool else [])}
        held = lock_administration(actor, *concerned)
        current = Pool.objects.select_for_update(no_key=True).get(pk=pool.pk) if pool else Pool()
        wanted, before = {held[member.pk] for member in members}, set(current.members.all()) if pool else set()
        if any(not member.is_dermatologist for member in wanted):
            raise ClinicError("not_a_dermatologist", "Only dermatologists with an active account share a pool.")
        if not before <= set(held.values()):
            raise _changed_meanwhile()
        current = _saved(actor, current, POOL_FIELDS, version, values)
        if before != wanted:
            current.members.set(wanted)
            for left in before - wanted:
                give_back_cases_of(actor=actor, user=left, pool=current)
            audit.record(actor=actor, action="pool.change", obj=current, detail={"fields": ["members"]})
    return current


def _members_of(pool: Pool) -> list[int]:
    return list(pool.members.values_list("pk", flat=True))


def require_second_factor(*, actor: User, roles: Collection[str]) -> None:
    """Of everybody in these roles, and of nobody else."""
    with transaction.atomic():
        lock_administration(actor)
        for role in Role.values:
            policy, _ = RolePolicy.objects.select_for_update().get_or_create(role=role)
            if policy.needs_second_factor != (role in roles):
                policy.needs_second_factor = role in roles
                policy.save()
                audit.record(actor=actor, action="rolepolicy.change", obj=policy, detail={"fields": ["needs_second_factor"]})


def check_place(role: str, practice: Practice | None) -> None:
    if (role == Role.GP) != (practice is not None):
        raise ClinicError("wrong_place", "A general practitioner needs a practice; the other roles have none.")


def lock_administration(actor: User, *also: object) -> dict[int, User]:
    """Locks every active administrator, and the people whose keys are given: one act of administration at a time, and none while one of
    these people takes a case or signs (`holding`).

    The actor is looked at again under the lock. Nobody can demote or switch off themselves, so while an act goes on there is
    always one administrator left: the one who acts.
    """
    wanted = Q(role=Role.ADMIN, is_active=True) | Q(pk__in=also)
    locked = {user.pk: user for user in User.objects.select_for_update(no_key=True).filter(wanted).order_by("pk")}
    rules.require(actor.pk in locked and rules.can_manage_accounts(locked[actor.pk]))
    return locked


def _person_for(actor: User, person: User) -> User:
    return lock_administration(actor, person.pk)[person.pk]


def _refuse_stale(row: Model, fields: Iterable[str], version: str) -> None:
    if version != version_of(row, fields):
        raise _changed_meanwhile()


def _changed_meanwhile() -> ClinicError:
    message = "Somebody else changed this while you had it open, and nothing was saved. Load the page again and look first."
    return ClinicError("changed_meanwhile", message, http_status=409)


def _differing(row: Model, changes: dict[str, Any]) -> list[str]:
    return sorted(name for name, value in changes.items() if getattr(row, name) != value)


def _saved(actor: User, row: M, fields: Iterable[str], version: str, values: dict[str, Any]) -> M:
    is_new = row.pk is None
    if not is_new:
        _refuse_stale(row, fields, version)
    changed = _differing(row, values)
    if is_new or changed:
        _save(row, values, "Another one has this name already.")
        noun, verb = row._meta.model_name, "create" if is_new else "change"
        audit.record(actor=actor, action=f"{noun}.{verb}", obj=row, detail={} if is_new else {"fields": changed})
    return row


def _save(row: Model, values: dict[str, Any], taken: str) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise ClinicError("taken", taken, http_status=409) from None


def _leave_work(actor: User, person: User) -> None:
    """Pools and cases are dermatologists'."""
    if not person.is_dermatologist:
        person.pools.clear()
        give_back_cases_of(actor=actor, user=person)
