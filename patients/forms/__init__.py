"""What people type, parsed. Services receive values, never a request."""

from patients.forms.access import BreakGlassForm
from patients.forms.accounts import (
    AcceptanceForm,
    InvitationForm,
    PeopleFilterForm,
    PersonForm,
    PolicyForm,
    PoolForm,
    PracticeForm,
)
from patients.forms.cases import ReferralForm
from patients.forms.images import ImageUploadForm
from patients.forms.records import LesionForm, PatientForm, SearchForm

__all__ = ["BreakGlassForm", "ImageUploadForm", "LesionForm", "PatientForm", "ReferralForm", "SearchForm"]
__all__ += ["AcceptanceForm", "InvitationForm", "PeopleFilterForm", "PersonForm", "PolicyForm", "PoolForm", "PracticeForm"]
