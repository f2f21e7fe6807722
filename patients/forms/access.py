"""Opening a record with a reason."""

from __future__ import annotations

from django import forms

from patients.models import Practice
from patients.models.records import MIN_BREAK_GLASS_REASON


class BreakGlassForm(forms.Form):
    practice = forms.ModelChoiceField(Practice.objects.all(), to_field_name="public_id")
    record_number = forms.CharField(max_length=40)
    reason = forms.CharField(
        min_length=MIN_BREAK_GLASS_REASON,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept with the record and shown to whoever asks who opened it.",
    )
