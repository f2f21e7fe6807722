"""Forms that remember which version of a record they showed."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar, cast

from django import forms
from django.db.models import Model
from django.http import QueryDict

M = TypeVar("M", bound=Model)


class VersionedForm(forms.ModelForm[M], Generic[M]):
    """Carries along the version of the record and what the page showed of it: what somebody typed can be told from what was there."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            del self.fields["version"]
            return
        self.initial["version"] = self.instance.version  # type: ignore[attr-defined]
        for name in self.own_fields():
            self.fields[name].show_hidden_initial = True

    def clean(self) -> dict[str, Any] | None:
        if "version" in self.fields and not self.cleaned_data.get("version"):
            raise forms.ValidationError("This page is out of date. Open it again before you save.")
        return super().clean()

    def own_fields(self) -> list[str]:
        """The columns this form changes."""
        return [name for name in self._meta.fields or [] if name in self.fields]

    def changes(self) -> dict[str, Any]:
        """What was typed, by column."""
        return {name: self.cleaned_data[name] for name in self.own_fields() if name in self.changed_data}

    def brought_up_to_date(self, current: M) -> Self:
        """The same form on the record as it is now: what was typed stays, everything else follows the record.

        Where somebody typed into a field that a colleague has changed too, the field says what is on record.
        """
        fresh = type(self)(instance=current)
        data, clashes = QueryDict(mutable=True), []
        data["version"] = str(fresh.initial["version"])
        for name in fresh.own_fields():
            there, typed = _as_sent(fresh, name), _sent(self, name)
            data.setlist(f"initial-{name}", there)
            data.setlist(name, typed if name in self.changed_data else there)
            if name in self.changed_data and there not in (typed, _sent(self, f"initial-{name}")):
                clashes.append(name)
        again = type(self)(data, instance=current)
        again.is_valid()
        for name in clashes:
            again.add_error(name, f"On record now: {fresh.on_record(name)}. Save again to put what you typed in its place.")
        return again

    def on_record(self, name: str) -> str:
        """A field's value in words, before anybody typed."""
        value = self.get_initial_for_field(self.fields[name], name)
        choices = dict(getattr(self.fields[name], "choices", ()))
        values = value if isinstance(value, list) else [value]
        return ", ".join(str(choices.get(one, one)) for one in values if one not in (None, "")) or "nothing"


def _as_sent(form: forms.BaseForm, name: str) -> list[str]:
    """What a browser would send for a field that nobody touched."""
    field = form.fields[name]
    value = field.prepare_value(form.get_initial_for_field(field, name))
    if not isinstance(value, list | tuple):
        value = field.widget.format_value(value)
    values = value if isinstance(value, list | tuple) else [value]
    return [_lines("" if one is None else str(one)) for one in values]


def _sent(form: forms.BaseForm, name: str) -> list[str]:
    return [_lines(value) for value in cast(QueryDict, form.data).getlist(name)]


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")
