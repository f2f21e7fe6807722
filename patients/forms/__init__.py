"""What people type, parsed. Services receive values, never a request."""

from patients.forms.access import BreakGlassForm
from patients.forms.cases import ReferralForm
from patients.forms.consents import ConsentForm
from patients.forms.images import ImageUploadForm
from patients.forms.records import LesionForm, PatientForm, SearchForm

__all__ = ["BreakGlassForm", "ConsentForm", "ImageUploadForm", "LesionForm", "PatientForm", "ReferralForm", "SearchForm"]
