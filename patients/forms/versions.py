"""Forms that remember which version of a record they showed."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar

from django import forms
from django.db.models import Model
from django.http import QueryDict

M = TypeVar("M", bound=Model)


class VersionedForm(forms.ModelForm[M], Generic[M]):
    """Carries along the version of the record and what the page showed of it, so that what somebody typed can be told from what was there."""

    version = forms.IntegerField(
        widget=forms.HiddenInput(), error_messages={"required": "This page is out of date. Open it again before you save."}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            del self.fields["version"]
            return
        self.initial["version"] = self.instance.version  # type: ignore[attr-defined]
        for name in self.own_fields():
            self.fields[name].show_hidden_initial = True

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
        data, clashes = QueryDict(mutable=True), {}
        for name in fresh.own_fields():
            shown = _as_sent(fresh, name)
            if name in self.changed_data:
                data.setlist(name, _typed(self, name))
                if shown != _typed(self, f"initial-{name}") and shown != _typed(self, name):
                    clashes[name] = fresh.on_record(name)
            else:
                data.setlist(name, shown)
            data.setlist(f"initial-{name}", shown)
        data["version"] = str(fresh.initial["version"])
        again = type(self)(data, instance=current)
        again.is_valid()
        for name, there in clashes.items():
            again.add_error(name, f"On record now: {there}. Save again to put what you typed in its place.")
        return again

    def on_record(self, name: str) -> str:
        """A column's value in words."""
        display = getattr(self.instance, f"get_{name}_display", None)
        value = display() if display else self.initial.get(name)
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "nothing")


def _as_sent(form: forms.BaseForm, name: str) -> list[str]:
    """What a browser would send for a field that nobody touched."""
    field = form.fields[name]
    value = field.prepare_value(form.get_initial_for_field(field, name))
    if isinstance(value, list | tuple):
        return [str(one) for one in value]
    formatted = field.widget.format_value(value)
    if isinstance(formatted, list):
        return [str(one) for one in formatted]
    return [str(formatted or "")]


def _typed(form: forms.BaseForm, name: str) -> list[str]:
    return form.data.getlist(name) if isinstance(form.data, QueryDict) else []
