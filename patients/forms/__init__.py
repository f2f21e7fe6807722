"""What people type, parsed. Services receive values, never a request."""

from patients.forms.access import BreakGlassForm
from patients.forms.cases import ReferralForm
from patients.forms.images import CalibrationForm, ImageUploadForm, PairForm
from patients.forms.lesions import ChecklistForm, LesionForm
from patients.forms.notifications import PreferencesForm
from patients.forms.records import PatientForm, SearchForm

__all__ = [
    "BreakGlassForm", "CalibrationForm", "ChecklistForm", "ImageUploadForm", "LesionForm", "PairForm", "PatientForm",
    "PreferencesForm", "ReferralForm", "SearchForm",
]  # fmt: skip
