"""What follows when an administrator ends something, said before it happens. Numbers of cases, nothing of a patient."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Count, Q

from patients.models import Case, CaseStatus, Invitation, Pool, Practice, Role, User
from patients.models.cases import OPEN
from patients.second_factor import factors_of
from patients.selectors.accounts import roles_needing_second_factor

WORK_LEFT = {
    "pooled": (
        "case they took and did not answer goes back into the queue of its pool",
        "cases they took and did not answer go back into the queues of their pools",
    ),
    "named": (
        "case addressed to them by name is not answered: its practice has to choose somebody else",
        "cases addressed to them by name are not answered: their practices have to choose somebody else",
    ),
    "asked": (
        "case for which they asked the practice something goes back to where it waited when the reply comes",
        "cases for which they asked the practice something go back to where they waited when the reply comes",
    ),
    "second": (
        "second opinion asked of them by name is not waited for any more",
        "second opinions asked of them by name are not waited for any more",
    ),
}
CLOSING = {
    "people": (
        "account stays active: switch it off under People if nobody uses it",
        "accounts stay active: switch off under People what nobody uses",
    ),
    "under_way": ("case under way goes on and can still be answered", "cases under way go on and can still be answered"),
    "drafts": ("draft of a referral cannot be sent any more", "drafts of referrals cannot be sent any more"),
    "invited": (
        "invitation to it still works: take it back under Invitations",
        "invitations to it still work: take them back under Invitations",
    ),
}
LEAVING_POOL = {
    "taken": (
        "case that was taken by somebody who leaves, and not answered, goes back into its queue",
        "cases that were taken by somebody who leaves, and not answered, go back into its queue",
    )
}


def of_deactivating(person: User) -> list[str]:
    work = _of_work_left(person) or ["No case waits for them."] if person.role == Role.DERMATOLOGIST else []
    return [
        f"{person} is logged out everywhere at once and cannot log in until the account is switched on again.",
        *work,
        *_of_last_in_practice(person),
        "What this person wrote and signed stays and stays readable.",
    ]


def of_reactivating(person: User) -> list[str]:
    return [f"{person} can log in again, in the same role, with the password and the second factor they had."]


def of_resetting_factor(person: User) -> list[str]:
    """Somebody may be pretending on the telephone: who asks is the first question."""
    is_needed = person.role in roles_needing_second_factor()
    gone = _counted(len(factors_of(person)), "app or passkey goes", "apps and passkeys go")
    return [
        "Make sure first that it is this person who asks: in the same room, or by a telephone number you know.",
        f"{gone}, and so do the recovery codes. {person} is logged out everywhere at once.",
        "The next log-in asks for the password alone, and then for a new second factor."
        if is_needed
        else "From then on the password alone opens the account, until they set up a new second factor.",
    ]


def of_leaving_dermatology(person: User) -> list[str]:
    """Of another role for a dermatologist; nothing where nothing waits for them."""
    pools = list(person.pools.values_list("name", flat=True))
    leaves = [f"{person} leaves {_listed(pools)}."] if pools else []
    return [*leaves, *_of_work_left(person)]


def of_closing(practice: Practice) -> list[str]:
    cases = Case.objects.filter(lesion__patient__practice=practice, status__in=OPEN)
    counted = cases.aggregate(all=Count("pk"), drafts=Count("pk", filter=Q(status=CaseStatus.DRAFT)))
    invited = Invitation.objects.filter(practice=practice, accepted_at=None, revoked_at=None).count()
    numbers = {"people": practice.people.filter(is_active=True).count(), "under_way": counted["all"] - counted["drafts"]}
    stays = "It takes no new patients, pictures or cases. Its records stay and stay readable, and it can be opened again."
    return [stays, *_lines(CLOSING, numbers | {"drafts": counted["drafts"], "invited": invited})]


def of_leaving_pool(pool: Pool, staying: Collection[User]) -> list[str]:
    """Nothing where those who go hold nothing of it and somebody active stays."""
    gone = set(pool.members.all()) - set(staying)
    taken, waiting = Q(status=CaseStatus.CLAIMED, claimed_by__in=gone), Q(status=CaseStatus.WAITING)
    counted = Case.objects.filter(taken | waiting, to_pool=pool).aggregate(
        taken=Count("pk", filter=taken), waiting=Count("pk", filter=waiting)
    )
    said = _lines(LEAVING_POOL, {"taken": counted["taken"]})
    return said + (_of_empty_pool(pool, counted["waiting"] + counted["taken"]) if gone and not staying else [])


def _of_work_left(person: User) -> list[str]:
    claimed = Q(claimed_by=person, status=CaseStatus.CLAIMED)
    counted = Case.objects.filter(Q(to_user=person) | Q(claimed_by=person) | Q(second_to_user=person)).aggregate(
        pooled=Count("pk", filter=claimed & Q(to_pool__isnull=False)),
        named=Count("pk", filter=Q(to_user=person, status__in=[CaseStatus.WAITING, CaseStatus.CLAIMED])),
        asked=Count("pk", filter=Q(claimed_by=person, status=CaseStatus.INFO_ASKED)),
        second=Count("pk", filter=Q(second_to_user=person, status=CaseStatus.SECOND_OPINION)),
    )
    return [*_lines(WORK_LEFT, counted), *_of_pools_left_alone(person)]


def _of_pools_left_alone(person: User) -> list[str]:
    others = Count("members", filter=Q(members__is_active=True) & ~Q(members=person))
    waiting = Count("cases", filter=Q(cases__status__in=[CaseStatus.WAITING, CaseStatus.CLAIMED]), distinct=True)
    alone = Pool.objects.filter(pk__in=person.pools.values("pk")).annotate(others=others).filter(others=0)
    counted = Pool.objects.filter(pk__in=alone.values("pk")).annotate(waiting=waiting)
    return [line for pool in counted for line in _of_empty_pool(pool, pool.waiting)]


def _of_empty_pool(pool: Pool, waiting: int) -> list[str]:
    nobody = f"The pool {pool} has nobody left: no case can be sent to it"
    return [f"{nobody}, and nobody takes the {_counted(waiting, 'case that waits', 'cases that wait')} there." if waiting else f"{nobody}."]


def _of_last_in_practice(person: User) -> list[str]:
    if person.practice is None or person.practice.people.filter(is_active=True).exclude(pk=person.pk).exists():
        return []
    under_way = Case.objects.filter(lesion__patient__practice=person.practice, status__in=OPEN).count()
    nobody = f"{person.practice} has no other active account"
    return [
        f"{nobody}: nobody there reads the answers to its {_counted(under_way, 'open case', 'open cases')}." if under_way else f"{nobody}."
    ]


def _lines(words: dict[str, tuple[str, str]], numbers: dict[str, int]) -> list[str]:
    """One sentence for each number that is not zero, in the order of the words."""
    return [f"{_counted(numbers[key], *said)}." for key, said in words.items() if numbers[key]]


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
