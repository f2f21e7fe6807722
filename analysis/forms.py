"""What people mark and ask, parsed."""

from __future__ import annotations

from typing import Any

from django import forms

from analysis.models import Explanation
from analysis.regions import Region, least_px
from patients.models import Image
from skinclinic.errors import ClinicError

NO_NUMBERS = "Draw a rectangle around the lesion, or give all four numbers as whole pixels."


class RegionForm(forms.Form):
    """Four numbers, in pixels of the upright picture; the browser writes them while somebody draws.

    Whether that region can be analysed is for `regions` to say.
    """

    left = forms.IntegerField(label="Left edge")
    top = forms.IntegerField(label="Upper edge")
    width = forms.IntegerField()
    height = forms.IntegerField()

    def __init__(self, image: Image, data: Any = None) -> None:
        super().__init__(data)
        sides = {"left": image.width_px, "top": image.height_px, "width": image.width_px, "height": image.height_px}
        for name, side_px in sides.items():
            least = 0 if name in ("left", "top") else least_px(side_px)
            most = side_px - least_px(side_px) if name in ("left", "top") else side_px
            field = self.fields[name]
            field.widget.attrs |= {"min": least, "max": most, "inputmode": "numeric", "autocomplete": "off"}
            field.help_text = f"{least} to {most}"

    def region(self) -> Region:
        """Raises ClinicError where the four are not numbers."""
        if not self.is_valid():
            raise ClinicError("region-not-numbers", NO_NUMBERS)
        return Region(*(self.cleaned_data[name] for name in Region._fields))


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


class ComparisonForm(forms.Form):
    """Two pictures of one lesion."""

    one = forms.UUIDField()
    other = forms.UUIDField()
