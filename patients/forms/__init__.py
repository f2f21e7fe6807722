"""What people type, parsed. Services receive values, never a request."""

from patients.forms.access import BreakGlassForm
from patients.forms.cases import CaseListForm, QueueForm, ReaddressForm, ReferralForm, ReplyForm, WithdrawForm
from patients.forms.images import CalibrationForm, ImageUploadForm, PairForm
from patients.forms.lesions import ChecklistForm, LesionForm
from patients.forms.notifications import PreferencesForm
from patients.forms.records import PatientForm, SearchForm

__all__ = [
    "BreakGlassForm", "CalibrationForm", "CaseListForm", "ChecklistForm", "ImageUploadForm", "LesionForm", "PairForm",
    "PatientForm", "PreferencesForm", "QueueForm", "ReaddressForm", "ReferralForm", "ReplyForm", "SearchForm", "WithdrawForm",
]  # fmt: skip
