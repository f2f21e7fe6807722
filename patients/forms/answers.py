"""What dermatologists answer, what the pathologist found, and what somebody thinks before the machine speaks."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms

from patients import icd10
from patients.forms.cases import referral_targets
from patients.forms.fields import DateInput, LineField, not_in_future
from patients.models import Answer, Certainty, Diagnosis, Histology, Impression, Lesion, Management, Pool, TextBlock, User
from patients.models.answers import ICD10
from patients.services import Opinion

DIAGNOSES = [("", "Choose a diagnosis"), *Diagnosis.choices]
CERTAINTIES = [("", "How certain"), *Certainty.choices]
LONGEST_TEXT = 5000


class NamesAnother(forms.Form):
    """What is called "something else" is said in words, and nothing else is."""

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("diagnosis") == Diagnosis.OTHER:
            if not values.get("other_diagnosis") and "other_diagnosis" not in self.errors:
                self.add_error("other_diagnosis", "Say in words what it is.")
        elif "diagnosis" in values:
            values["other_diagnosis"] = ""
        return values


class AnswerForm(NamesAnother):
    diagnosis = forms.ChoiceField(choices=DIAGNOSES)
    other_diagnosis = LineField(
        label="Diagnosis in words", required=False, max_length=200, help_text="Where it is something else than the eight."
    )
    icd10 = forms.CharField(
        label="ICD-10 code",
        required=False,
        max_length=8,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    certainty = forms.ChoiceField(choices=CERTAINTIES)
    management = forms.ChoiceField(choices=[("", "What to do"), *Management.choices])
    follow_up_months = forms.IntegerField(
        label="Follow up in months", required=False, min_value=1, max_value=60, help_text="1 to 60; for a follow-up alone."
    )
    text = forms.CharField(
        required=False, max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 6}), help_text="The practice reads this."
    )

    draft_saved_at: datetime | None = None
    """When what it starts with was typed, where it was not signed since."""

    def __init__(self, lesion: Lesion, data: Any = None, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        self.suggested = icd10.suggestions(lesion.site_meaning)
        codes = {diagnosis: [suggested.code, suggested.title] for diagnosis, suggested in self.suggested.items()}
        self.fields["icd10"].widget.attrs["data-suggestions"] = json.dumps(codes)
        self.fields["icd10"].help_text = "Left empty, the code suggested for diagnosis and site is taken; the next step shows it."

    def clean_icd10(self) -> str:
        code = str(self.cleaned_data["icd10"]).upper().replace(" ", "")
        if code and not re.match(ICD10, code):
            raise forms.ValidationError("Write the code like C43.5 or L82.")
        return code

    def clean_text(self) -> str:
        """Browsers send line ends in two characters; what is signed has one, wherever it was typed."""
        return str(self.cleaned_data["text"]).replace("\r\n", "\n")

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        self._complete_code(values)
        if values.get("management") == Management.FOLLOW_UP:
            if values.get("follow_up_months") is None and "follow_up_months" not in self.errors:
                self.add_error("follow_up_months", "Say after how many months.")
        elif "management" in values:
            values["follow_up_months"] = None
            self.errors.pop("follow_up_months", None)
        return values

    def _complete_code(self, values: dict[str, Any]) -> None:
        if values.get("icd10") or "icd10" in self.errors or "diagnosis" not in values:
            return
        suggested = self.suggested.get(values["diagnosis"])
        if suggested is None:
            self.add_error("icd10", "There is no suggestion for this diagnosis at this site. Write the code, for example C44.9.")
        else:
            values["icd10"] = suggested.code

    def opinion(self) -> Opinion:
        return Opinion(**{field.name: self.cleaned_data[field.name] for field in fields(Opinion)})

    @classmethod
    def initial_of(cls, answer: Answer) -> dict[str, Any]:
        return {name: getattr(answer, name) for name in cls.base_fields}

    @classmethod
    def typed(cls, data: Any) -> dict[str, str]:
        """What a draft keeps: the fields of the form as they stand, right or wrong, and nothing else that was sent."""
        return {name: str(data.get(name, ""))[: 2 * LONGEST_TEXT].replace("\0", "") for name in cls.base_fields}


class SecondOpinionForm(forms.Form):
    """Whom to ask; the choices leave out oneself, and say who knows the answer already."""

    target_key = forms.ChoiceField(label="Ask")
    text = forms.CharField(
        label="Note",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What you would like to know. Do not write your own diagnosis: the second opinion is given without it.",
    )

    def __init__(self, asker: User, data: Any = None, *, readers: Collection[int] = ()) -> None:
        super().__init__(data)
        self.targets = {key: target for key, target in referral_targets().items() if target != asker}
        told = Counter(Pool.members.through.objects.filter(user__in={*readers} - {asker.pk}).values_list("pool", flat=True))
        named = [
            (key, _pool_words(target, told[target.pk]) if isinstance(target, Pool) else _person_words(target, readers))
            for key, target in self.targets.items()
        ]
        field = self.fields["target_key"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = [("", "Choose a dermatologist or a pool"), *named]

    def target(self) -> User | Pool:
        return self.targets[self.cleaned_data["target_key"]]


def _pool_words(pool: Pool, told: int) -> str:
    return f"{pool} (pool; {told} in it {'has' if told == 1 else 'have'} read the answer)" if told else f"{pool} (pool)"


def _person_words(person: User, readers: Collection[int]) -> str:
    return f"{person} (has read the answer)" if person.pk in readers else str(person)


class InformationForm(forms.Form):
    text = forms.CharField(
        label="What would you like to know?",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="The practice is told at once. The case stays yours, and the time until the reply does not count against you.",
    )


class DiscardForm(forms.Form):
    reason = forms.CharField(
        max_length=500, widget=forms.Textarea(attrs={"rows": 3}), help_text="The practice reads it. The case ends without an answer."
    )


class TextBlockForm(forms.ModelForm[TextBlock]):
    class Meta:
        model = TextBlock
        fields = ["title", "text"]
        field_classes = {"title": LineField}
        widgets = {"text": forms.Textarea(attrs={"rows": 5})}
        help_texts = {"title": "What you find it by in the menu."}


class HistologyForm(NamesAnother, forms.ModelForm[Histology]):
    class Meta:
        model = Histology
        fields = ["diagnosis", "other_diagnosis", "breslow_mm", "reported_on", "text"]
        field_classes = {"other_diagnosis": LineField}
        labels = {"other_diagnosis": "Diagnosis in words", "text": "Text of the report"}
        widgets = {"reported_on": DateInput(), "text": forms.Textarea(attrs={"rows": 5})}
        help_texts = {"breslow_mm": "For a melanoma alone, for example 0.80."}

    def __init__(self, lesion: Lesion, data: Any = None) -> None:
        super().__init__(data)
        self.lesion = lesion
        self.fields["diagnosis"] = forms.ChoiceField(choices=DIAGNOSES)
        self.fields["breslow_mm"].widget.attrs |= {"min": "0.01", "inputmode": "decimal"}

    def clean_reported_on(self) -> date | None:
        reported_on = not_in_future(self.cleaned_data["reported_on"])
        if reported_on is not None and reported_on < self.lesion.patient.birth_date:
            raise forms.ValidationError("This is before the patient was born. Check the year.")
        return reported_on

    def clean_breslow_mm(self) -> Decimal | None:
        breslow_mm: Decimal | None = self.cleaned_data["breslow_mm"]
        if breslow_mm is not None and breslow_mm <= 0:
            raise forms.ValidationError("The thickness is more than 0 mm. Leave it empty where it was not measured.")
        return breslow_mm

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("breslow_mm") is not None and values.get("diagnosis", Diagnosis.MEL) != Diagnosis.MEL:
            self.add_error("breslow_mm", "The Breslow thickness belongs to a melanoma. Check the diagnosis, or leave it empty.")
        return values

    def validate_constraints(self) -> None:
        """Said above, in words and beside the field."""


class ImpressionForm(forms.ModelForm[Impression]):
    class Meta:
        model = Impression
        fields = ["diagnosis", "certainty"]

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["diagnosis"] = forms.ChoiceField(label="I think it is", choices=DIAGNOSES)
        self.fields["certainty"] = forms.ChoiceField(choices=CERTAINTIES)

    def validate_constraints(self) -> None:
        """Whether it was given before is the service's matter."""
