"""What people type, parsed. Services receive values, never a request."""

from patients.forms.access import BreakGlassForm
from patients.forms.cases import ReferralForm
from patients.forms.images import ImageUploadForm
from patients.forms.lesions import ChecklistForm, LesionForm
from patients.forms.notifications import PreferencesForm
from patients.forms.records import LesionForm, PatientForm, SearchForm

__all__ = [
    "BreakGlassForm", "ChecklistForm", "ImageUploadForm", "LesionForm", "PatientForm", "PreferencesForm", "ReferralForm",
    "SearchForm",
]  # fmt: skip
