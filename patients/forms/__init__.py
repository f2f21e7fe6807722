"""What people type, parsed. Services receive values, never a request."""

from patients.forms.access import BreakGlassForm
from patients.forms.cases import ReferralForm
from patients.forms.images import CalibrationForm, ImageUploadForm, PairForm
from patients.forms.records import LesionForm, PatientForm, SearchForm

__all__ = [
    "BreakGlassForm", "CalibrationForm", "ImageUploadForm", "LesionForm", "PairForm", "PatientForm", "ReferralForm", "SearchForm",
]  # fmt: skip
