"""Asking a dermatologist."""

from __future__ import annotations

from django import forms

from patients.models import Pool, RedFlag, Role, Urgency, User


def referral_targets() -> dict[str, User | Pool]:
    """Everybody a lesion may be shown to; a pool without an active member would be a letter nobody reads."""
    people = User.objects.filter(role=Role.DERMATOLOGIST, is_active=True)
    pools = Pool.objects.filter(members__is_active=True).distinct()
    return {f"user-{user.pk}": user for user in people} | {f"pool-{pool.pk}": pool for pool in pools}


def _target_choices() -> list[tuple[str, str]]:
    named = ((key, f"{target} (pool)" if isinstance(target, Pool) else str(target)) for key, target in referral_targets().items())
    return [("", "Choose a dermatologist or a pool"), *named]


class ReferralForm(forms.Form):
    """Exactly one target: a dermatologist or a pool, in one list."""

    target_key = forms.ChoiceField(label="Refer to", choices=_target_choices)
    urgency = forms.ChoiceField(choices=Urgency, initial=Urgency.ROUTINE)
    red_flags = forms.MultipleChoiceField(choices=RedFlag, required=False, widget=forms.CheckboxSelectMultiple)
    question = forms.CharField(
        required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4}), help_text="What you would like to know."
    )

    def target(self) -> User | Pool:
        return referral_targets()[self.cleaned_data["target_key"]]
