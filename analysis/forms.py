"""What people type, parsed."""

from __future__ import annotations

from django import forms

from analysis.models import Explanation


class QuestionForm(forms.ModelForm[Explanation]):
    """What is to be explained, and how RISE covers the picture. Whether the same was asked before is the service's matter."""

    class Meta:
        model = Explanation
        fields = Explanation.QUESTION

    def validate_constraints(self) -> None:
        """Ranges are the fields' own; asking the same twice is no error."""

    @property
    def diagnosis(self) -> dict[str, list[forms.BoundField]]:
        """What everybody chooses, for the template that shows fields."""
        return {"visible_fields": [self["label"]]}

    @property
    def covering(self) -> dict[str, list[forms.BoundField]]:
        """What few will change."""
        return {"visible_fields": [self[name] for name in Explanation.QUESTION if name != "label"]}
