"""Telling people: in the app at once, by e-mail soon after."""

from __future__ import annotations

from collections.abc import Iterable

from patients.models import Case, Notification, Pool, User


def notify(people: Iterable[User], kind: Notification.Kind, case: Case, *, but: User | None = None) -> None:
    """One notification each, in the current transaction; nobody is told what they did themselves (`but`)."""
    told = {person.pk: person for person in people if person.is_active and person != but}
    Notification.objects.bulk_create(Notification(to=person, kind=kind, case=case) for person in told.values())


def members(target: User | Pool | None) -> list[User]:
    """Everybody behind a target of a case."""
    if isinstance(target, Pool):
        return list(target.members.all())
    return [target] if target else []
