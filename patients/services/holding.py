"""People as they are, until the end of a transaction.

Whoever takes or signs a case, or is given one, is locked first and looked at anew: whoever switches them off, gives them another role or
takes them out of a pool locks the same account before anything else (`accounts.lock_administration`). So one of the two comes first, and
no case ends in the hands of somebody who has left.

Locks are taken in one order everywhere, so that nobody waits for somebody who waits for them: people in the order of their keys, pools and
practices, the patient, the lesion, the consent, cases in the order of their keys. All leave foreign keys alone (`no_key`): an event or a
notification that names a person or a patient never waits for somebody who has locked them.
"""

from __future__ import annotations

from patients import permissions as rules
from patients.models import User


def hold(*people: User) -> dict[int, User]:
    """By key, as they are now; before any case is locked."""
    rows = User.objects.select_for_update(no_key=True).filter(pk__in={person.pk for person in people})
    return {person.pk: person for person in rows.order_by("pk")}


def hold_reader(actor: User, *others: User) -> User:
    """Who acts, as they are now: 403 for somebody who answers cases no more. The others are held as well."""
    held = hold(actor, *others)
    rules.require(actor.pk in held and rules.can_review(held[actor.pk]))
    return held[actor.pk]
