"""Cases: a question about one lesion, on its way from the practice to a dermatologist and back."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from patients.models.people import Pool, Practice, Role, User, Viewer, role_of
from patients.models.records import Lesion, Patient, among
from skinclinic.base import StateQuerySet, UuidModel


class Urgency(models.TextChoices):
    URGENT = "urgent", "Urgent"
    SOON = "soon", "Soon"
    ROUTINE = "routine", "Routine"


class RedFlag(models.TextChoices):
    """Signs that put a case forward whatever else is known."""

    GROWING = "growing", "Grew within weeks"
    BLEEDING = "bleeding", "Bleeds or ulcerates without injury"
    NODULE = "nodule", "Raised, firm and growing"
    NEW_AFTER_50 = "new_after_50", "New pigmented spot after the age of 50"
    UNDER_NAIL = "under_nail", "Pigment under or beside a nail, or on palm or sole"
    MELANOMA_BEFORE = "melanoma_before", "Melanoma before"
    IMMUNOSUPPRESSED = "immunosuppressed", "Immune system suppressed"


class CaseStatus(models.TextChoices):
    DRAFT = "DRAFT", "draft"
    WAITING = "WAITING", "waiting"
    CLAIMED = "CLAIMED", "under review"
    INFO_ASKED = "INFO_ASKED", "information asked"
    ANSWERED = "ANSWERED", "answered"
    SECOND_OPINION = "SECOND_OPINION", "second opinion asked"
    CLOSED = "CLOSED", "closed"
    DISCARDED = "DISCARDED", "discarded"


OPEN = (
    CaseStatus.DRAFT,
    CaseStatus.WAITING,
    CaseStatus.CLAIMED,
    CaseStatus.INFO_ASKED,
    CaseStatus.ANSWERED,
    CaseStatus.SECOND_OPINION,
)
UNANSWERED = (CaseStatus.WAITING, CaseStatus.CLAIMED, CaseStatus.INFO_ASKED)
READ = (CaseStatus.ANSWERED, CaseStatus.SECOND_OPINION, CaseStatus.CLOSED)
"""An answer was signed."""
SENT = (*UNANSWERED, *READ)
HELD = (CaseStatus.CLAIMED, CaseStatus.INFO_ASKED, *READ)
"""A dermatologist has taken it."""


def overdue() -> Q:
    """Late, and the clock is running: while information is waited for it stands still."""
    return Q(status__in=[CaseStatus.WAITING, CaseStatus.CLAIMED], due_at__lt=timezone.now())


def _pools_of(dermatologist: User) -> list[int]:
    """As plain numbers, not as a subquery: an index can then be used for each half of an "or", and its yield be foreseen."""
    return list(dermatologist.pools.values_list("pk", flat=True))


def _sent_to(dermatologist: User) -> Q:
    pools = _pools_of(dermatologist)
    first = Q(to_user=dermatologist) | Q(to_pool__in=pools)
    return first | Q(second_to_user=dermatologist) | Q(second_to_pool__in=pools)


class CaseQuerySet(StateQuerySet["Case"]):
    def addressed_to(self, viewer: Viewer) -> Self:
        """Sent to this dermatologist by name, to one of their pools, or to them for a second opinion. Drafts and what was discarded are
        the practice's own."""
        if not isinstance(viewer, User) or role_of(viewer) != Role.DERMATOLOGIST:
            return self.none()
        return self.filter(_sent_to(viewer), status__in=SENT)

    def ended_before(self, viewer: Viewer) -> Self:
        """What this dermatologist could see until it was withdrawn or discarded."""
        if not isinstance(viewer, User) or role_of(viewer) != Role.DERMATOLOGIST:
            return self.none()
        return self.filter(_sent_to(viewer), status=CaseStatus.DISCARDED, sent_at__isnull=False)

    def visible_to(self, viewer: Viewer) -> Self:
        """GP: their practice's. Dermatologist: addressed to them. Admin: of a patient opened with a reason."""
        match role_of(viewer), viewer:
            case Role.GP, User(practice_id=practice_id):
                return self.filter(practice=practice_id)
            case Role.DERMATOLOGIST, _:
                return self.addressed_to(viewer)
        return self.filter(lesion__in=Lesion.objects.visible_to(viewer))

    def queue_of(self, viewer: Viewer) -> Self:
        """What waits for a first answer by this dermatologist."""
        if not isinstance(viewer, User) or role_of(viewer) != Role.DERMATOLOGIST:
            return self.none()
        return self.filter(Q(to_user=viewer) | Q(to_pool__in=_pools_of(viewer)), status=CaseStatus.WAITING)

    def open(self) -> Self:
        return self.filter(status__in=OPEN)

    def in_order(self) -> Self:
        """The order of the queue, see `patients.queue`."""
        return self.order_by("stands_at", "id")


class Case(UuidModel):
    MOVES = {
        CaseStatus.DRAFT: frozenset({CaseStatus.WAITING, CaseStatus.DISCARDED}),
        CaseStatus.WAITING: frozenset({CaseStatus.CLAIMED, CaseStatus.DISCARDED}),
        CaseStatus.CLAIMED: frozenset({CaseStatus.WAITING, CaseStatus.INFO_ASKED, CaseStatus.ANSWERED, CaseStatus.DISCARDED}),
        # The practice or the patient may withdraw while somebody waits for information, and whoever asked may have left when it comes.
        CaseStatus.INFO_ASKED: frozenset({CaseStatus.CLAIMED, CaseStatus.WAITING, CaseStatus.DISCARDED}),
        CaseStatus.ANSWERED: frozenset({CaseStatus.SECOND_OPINION, CaseStatus.CLOSED}),
        CaseStatus.SECOND_OPINION: frozenset({CaseStatus.ANSWERED}),
        CaseStatus.CLOSED: frozenset(),
        CaseStatus.DISCARDED: frozenset(),
    }

    lesion = models.ForeignKey(Lesion, on_delete=models.PROTECT, related_name="cases")
    # The lesion's patient and the patient's practice, held to it by foreign keys over both columns (migration 0012): whose cases these
    # are is asked on every page, and of tens of thousands an index has to answer.
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="cases", editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, related_name="+", editable=False, db_index=False)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", help_text="Who asks.")
    to_user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    to_pool = models.ForeignKey(Pool, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    question = models.TextField(max_length=2000, blank=True)
    urgency = models.CharField(max_length=8, choices=Urgency, default=Urgency.ROUTINE)
    red_flags = ArrayField(models.CharField(max_length=20, choices=RedFlag), default=list, blank=True)
    checklist_score = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Weighted 7-point checklist, 0 to 10, when it was sent."
    )
    alert = models.FloatField(null=True, blank=True, help_text="The highest `Image.alert` of the lesion; it only ever rises.")
    status = models.CharField(max_length=16, choices=CaseStatus, default=CaseStatus.DRAFT)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="When it has to be answered; moved on by the time spent waiting for information."
    )
    stands_at = models.DateTimeField(null=True, blank=True, help_text="Its place in the queue, earliest first: see patients.queue.")
    breached_at = models.DateTimeField(null=True, blank=True, help_text="When it was found unanswered after it was due.")
    claimed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="claimed_cases")
    claimed_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True, help_text="Since when information is waited for.")
    paused = models.DurationField(default=timedelta, help_text="How long the practice was waited for in all; it counts against nobody.")
    answered_at = models.DateTimeField(null=True, blank=True, help_text="When the first answer was signed.")
    second_to_user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="second_opinions")
    second_to_pool = models.ForeignKey(Pool, on_delete=models.PROTECT, null=True, blank=True, related_name="second_opinions")
    closed_at = models.DateTimeField(null=True, blank=True)
    discard_reason = models.CharField(max_length=500, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        ordering = ["stands_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=CaseStatus.values), name="case_status_known"),
            models.CheckConstraint(condition=Q(urgency__in=Urgency.values), name="case_urgency_known"),
            models.CheckConstraint(condition=among("red_flags", RedFlag), name="case_red_flags_known"),
            models.CheckConstraint(
                condition=Q(checklist_score__isnull=True) | Q(checklist_score__range=(0, 10)), name="case_checklist_score_in_range"
            ),
            models.CheckConstraint(condition=Q(alert__isnull=True) | Q(alert__range=(0, 1)), name="case_alert_is_share"),
            models.CheckConstraint(condition=Q(to_user__isnull=True) ^ Q(to_pool__isnull=True), name="case_has_one_target"),
            models.UniqueConstraint(fields=["lesion"], condition=Q(status__in=OPEN), name="case_one_open_per_lesion"),
            models.CheckConstraint(
                condition=~Q(status__in=SENT) | Q(sent_at__isnull=False, due_at__isnull=False, stands_at__isnull=False),
                name="case_sent_means_due",
            ),
            models.CheckConstraint(
                condition=Q(status__in=HELD, claimed_by__isnull=False, claimed_at__isnull=False)
                | Q(status__in=[CaseStatus.DRAFT, CaseStatus.WAITING], claimed_by__isnull=True, claimed_at__isnull=True)
                | Q(status=CaseStatus.DISCARDED),
                name="case_held_means_claimed",
            ),
            models.CheckConstraint(
                condition=Q(status=CaseStatus.INFO_ASKED, asked_at__isnull=False)
                | (~Q(status=CaseStatus.INFO_ASKED) & Q(asked_at__isnull=True)),
                name="case_asked_means_since",
            ),
            models.CheckConstraint(
                condition=Q(status__in=READ, answered_at__isnull=False) | (~Q(status__in=READ) & Q(answered_at__isnull=True)),
                name="case_answered_means_when",
            ),
            models.CheckConstraint(
                condition=~Q(status=CaseStatus.SECOND_OPINION) | (Q(second_to_user__isnull=True) ^ Q(second_to_pool__isnull=True)),
                name="case_second_opinion_has_target",
            ),
            models.CheckConstraint(
                condition=Q(status=CaseStatus.CLOSED, closed_at__isnull=False) | (~Q(status=CaseStatus.CLOSED) & Q(closed_at__isnull=True)),
                name="case_closed_means_when",
            ),
            models.CheckConstraint(
                condition=(Q(status=CaseStatus.DISCARDED) & ~Q(discard_reason=""))
                | (~Q(status=CaseStatus.DISCARDED) & Q(discard_reason="")),
                name="case_discarded_means_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["to_pool", "status", "stands_at", "id"], name="case_queue_of_pool"),
            models.Index(fields=["to_user", "status", "stands_at", "id"], name="case_queue_of_user"),
            models.Index(fields=["claimed_by", "status", "stands_at"], name="case_of_dermatologist"),
            models.Index(fields=["status", "stands_at"], name="case_in_state"),
            models.Index(fields=["sent_at"], name="case_sent"),
            models.Index(fields=["practice", "-created_at", "id"], name="case_newest_of_practice"),
            models.Index(fields=["practice", "status"], name="case_of_practice_in_state"),
            models.Index(fields=["due_at"], condition=Q(status__in=UNANSWERED, breached_at__isnull=True), name="case_not_yet_breached"),
        ]

    def __str__(self) -> str:
        return f"Case {self.reference}"

    def get_absolute_url(self) -> str:
        return reverse("patients:case", args=[self.pk])

    @property
    def reference(self) -> str:
        """Short enough to say on the telephone; the key itself is what finds it."""
        return self.pk.hex[:8].upper()

    @property
    def is_waiting(self) -> bool:
        """The practice waits for an answer."""
        return self.status in UNANSWERED

    @property
    def is_overdue(self) -> bool:
        running = self.status in {CaseStatus.WAITING, CaseStatus.CLAIMED}
        return running and self.due_at is not None and self.due_at < timezone.now()

    @property
    def is_stranded(self) -> bool:
        """Waiting for somebody who cannot answer any more, or for a pool in which nobody is left: the practice has to choose anew."""
        if self.status != CaseStatus.WAITING:
            return False
        if self.to_pool is not None:
            return not self.to_pool.members.filter(is_active=True, role=Role.DERMATOLOGIST).exists()
        return self.to_user is not None and role_of(self.to_user) != Role.DERMATOLOGIST

    @property
    def target(self) -> User | Pool | None:
        return self.to_user or self.to_pool

    @property
    def second_target(self) -> User | Pool | None:
        return self.second_to_user or self.second_to_pool


class EventKind(models.TextChoices):
    SENT = "sent", "sent the case"
    READDRESSED = "readdressed", "addressed it to somebody else"
    CLAIMED = "claimed", "took the case"
    RELEASED = "released", "put the case back"
    ASKED = "asked", "asked for information"
    REPLIED = "replied", "replied"
    ANSWERED = "answered", "answered"
    SUPERSEDED = "superseded", "replaced the answer"
    SECOND_ASKED = "second_asked", "asked for a second opinion"
    SECOND_ANSWERED = "second_answered", "gave a second opinion"
    SECOND_WITHDRAWN = "second_withdrawn", "no longer asks for a second opinion"
    CLOSED = "closed", "closed the case"
    DISCARDED = "discarded", "ended the case without an answer"
    HISTOLOGY = "histology", "added the histology"


class CaseEvent(UuidModel):
    """What happened to a case, in the words of those who did it. Never changed: a trigger of the database refuses."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=16, choices=EventKind)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)
    text = models.TextField(max_length=2000, blank=True)

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.CheckConstraint(condition=Q(kind__in=EventKind.values), name="case_event_kind_known")]
        indexes = [models.Index(fields=["case", "at"], name="case_event_in_order")]

    def __str__(self) -> str:
        return f"{self.by} {self.get_kind_display()}"
