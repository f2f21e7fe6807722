"""Asking a dermatologist, and what the practice does with a case afterwards."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms

from patients.models import CaseStatus, Pool, RedFlag, Role, Urgency, User


def referral_targets() -> dict[str, User | Pool]:
    """Everybody a lesion may be shown to; a pool without an active member would be a letter nobody reads."""
    people = User.objects.filter(role=Role.DERMATOLOGIST, is_active=True)
    pools = Pool.objects.filter(members__in=people).distinct()
    return {key_of(person): person for person in people} | {key_of(pool): pool for pool in pools}


def key_of(target: User | Pool | None) -> str:
    if target is None:
        return ""
    return f"{'pool' if isinstance(target, Pool) else 'user'}-{target.public_id}"


def _target_choices() -> list[tuple[str, str]]:
    named = ((key, f"{target} (pool)" if isinstance(target, Pool) else str(target)) for key, target in referral_targets().items())
    return [("", "Choose a dermatologist or a pool"), *named]


class TargetForm(forms.Form):
    """Exactly one target: a dermatologist or a pool, in one list."""

    target_key = forms.ChoiceField(label="Refer to", choices=_target_choices)

    def target(self) -> User | Pool:
        return referral_targets()[self.cleaned_data["target_key"]]


class ReferralForm(TargetForm):
    urgency = forms.ChoiceField(choices=Urgency, initial=Urgency.ROUTINE)
    red_flags = forms.MultipleChoiceField(choices=RedFlag, required=False, widget=forms.CheckboxSelectMultiple)
    question = forms.CharField(
        required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4}), help_text="What you would like to know."
    )
    agrees_today = forms.BooleanField(
        label="The patient agrees today to be shown to a dermatologist at a distance",
        required=False,
        help_text="Needed to send it, and kept as a consent of today. A draft can wait.",
    )

    def __init__(self, *args: Any, has_consent: bool = False, **kwargs: Any) -> None:
        """Nobody is asked for a consent that is on record."""
        super().__init__(*args, **kwargs)
        if has_consent:
            del self.fields["agrees_today"]

    def agrees(self) -> bool:
        return bool(self.cleaned_data.get("agrees_today"))

    def question_fields(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("question", "urgency", "red_flags")}


class ReaddressForm(TargetForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["target_key"].label = "Address it to"


class ReplyForm(forms.Form):
    text = forms.CharField(label="Your reply", max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))


class WithdrawForm(forms.Form):
    reason = forms.CharField(max_length=500, help_text="Kept with the case, for example: excised elsewhere.")


class QueueForm(forms.Form):
    """Sent by POST, so that no address tells what somebody looks at. What does not fit is taken as "everything"."""

    addressed = forms.ChoiceField(label="Addressed to", required=False)
    urgency = forms.ChoiceField(choices=[("", "Any urgency"), *Urgency.choices], required=False)
    after = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pools = [(str(pool.public_id), str(pool)) for pool in viewer.pools.all()]
        self.fields["addressed"].choices = [("", "Me and my pools"), ("me", "Me by name"), *pools]  # type: ignore[attr-defined]

    def wanted(self) -> tuple[str, str, UUID | None]:
        found = _fitting(self)
        return found.get("addressed", ""), found.get("urgency", ""), found.get("after")


class CaseListForm(forms.Form):
    status = forms.ChoiceField(
        label="State", choices=[("", "Any state"), *((key, label.capitalize()) for key, label in CaseStatus.choices)], required=False
    )
    after = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def wanted(self) -> tuple[str, UUID | None]:
        found = _fitting(self)
        return found.get("status", ""), found.get("after")


def _fitting(form: forms.Form) -> dict[str, Any]:
    """What was chosen, as far as it makes sense."""
    if form.is_bound:
        form.full_clean()
    return form.cleaned_data if form.is_bound else {}
