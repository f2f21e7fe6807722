"""Practices, the people who work with the records, and the pools of dermatologists."""

from __future__ import annotations

from typing import TypeAlias

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from skinclinic.base import PublicIdModel, UuidModel


class Role(models.TextChoices):
    GP = "GP", "General practitioner"
    DERMATOLOGIST = "DERMATOLOGIST", "Dermatologist"
    ADMIN = "ADMIN", "Administrator"


class Language(models.TextChoices):
    """Of what is written to somebody."""

    ENGLISH = "en", "English"
    GERMAN = "de", "Deutsch"


class Practice(PublicIdModel):
    name = models.CharField(max_length=120, unique=True)
    address = models.TextField(max_length=300, blank=True, help_text="As at the head of a letter.")
    phone = models.CharField(max_length=40, blank=True)
    asks_impression = models.BooleanField(
        "ask for one's own impression first",
        default=False,
        help_text="Whoever opens the result of a picture of this practice says first what they think themselves. Both are kept.",
    )
    is_open = models.BooleanField(default=True, help_text="A closed practice takes no new patients, pictures or cases; its records stay.")

    class Meta:
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="practice_has_name")]

    def __str__(self) -> str:
        return self.name


class User(PublicIdModel, AbstractUser):
    """A person who logs in. Without a role nobody sees anything."""

    display_name = models.CharField(max_length=150, blank=True, help_text="As it appears beside what this person did.")
    role = models.CharField(max_length=16, choices=Role, blank=True)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, null=True, blank=True, related_name="people")
    language = models.CharField(max_length=2, choices=Language, default=Language.ENGLISH, help_text="Of the mails this person gets.")
    mails_off = ArrayField(
        models.CharField(max_length=16), default=list, blank=True, help_text="Kinds of notifications that are not sent by e-mail."
    )

    class Meta:
        ordering = ["display_name", "username"]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=["", *Role.values]), name="user_role_known"),
            models.CheckConstraint(condition=Q(language__in=Language.values), name="user_language_known"),
            # The practice is what a GP may see, so a GP without one, or anybody else with one, is a mistake.
            models.CheckConstraint(
                condition=Q(role=Role.GP, practice__isnull=False) | (~Q(role=Role.GP) & Q(practice__isnull=True)),
                name="user_gp_has_practice",
                violation_error_message="A general practitioner needs a practice; the other roles have none.",
            ),
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="user_email_unique",
                violation_error_message="Another account has this address.",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.username

    def get_full_name(self) -> str:
        return str(self)

    @property
    def is_gp(self) -> bool:
        return role_of(self) == Role.GP

    @property
    def is_dermatologist(self) -> bool:
        return role_of(self) == Role.DERMATOLOGIST

    @property
    def is_admin(self) -> bool:
        return role_of(self) == Role.ADMIN


Viewer: TypeAlias = User | AnonymousUser
"""Whoever sends a request."""


def role_of(viewer: Viewer) -> str:
    """The role, or nothing at all for the anonymous and for accounts that were switched off."""
    return viewer.role if isinstance(viewer, User) and viewer.is_active else ""


class RolePolicy(models.Model):
    """What an installation asks of everybody in a role. A role without a row asks nothing more than a password."""

    role = models.CharField(max_length=16, choices=Role, unique=True)
    needs_second_factor = models.BooleanField(default=False, help_text="A code from an app or a passkey, beside the password.")

    class Meta:
        ordering = ["role"]
        verbose_name_plural = "role policies"
        constraints = [models.CheckConstraint(condition=Q(role__in=Role.values), name="role_policy_role_known")]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: second factor {'needed' if self.needs_second_factor else 'optional'}"


class Invitation(UuidModel):
    """An account that waits for its person. Who has the link from the e-mail chooses name and password; role and practice are fixed."""

    email = models.EmailField()
    display_name = models.CharField(max_length=150)
    role = models.CharField(max_length=16, choices=Role)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    token_sha256 = models.CharField(max_length=64, unique=True, help_text="Of the link's secret, which is kept nowhere.")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    account = models.OneToOneField(User, on_delete=models.PROTECT, null=True, blank=True, related_name="invitation")

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
            models.CheckConstraint(
                condition=Q(role=Role.GP, practice__isnull=False) | (~Q(role=Role.GP) & Q(practice__isnull=True)),
                name="invitation_gp_has_practice",
                violation_error_message="A general practitioner needs a practice; the other roles have none.",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, account__isnull=True)
                | Q(accepted_at__isnull=False, account__isnull=False, revoked_at__isnull=True),
                name="invitation_accepted_has_account",
            ),
        ]

    def __str__(self) -> str:
        return f"Invitation of {self.email}"


class Pool(PublicIdModel):
    """Dermatologists who share their referrals."""

    name = models.CharField(max_length=120, unique=True)
    members = models.ManyToManyField(User, related_name="pools", blank=True, limit_choices_to={"role": Role.DERMATOLOGIST})

    class Meta:
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="pool_has_name")]

    def __str__(self) -> str:
        return self.name
