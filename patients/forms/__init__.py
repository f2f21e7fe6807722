"""What people type, parsed. Services receive values, never a request."""

from patients.forms.access import BreakGlassForm
from patients.forms.accounts import AcceptanceForm, InvitationForm, PeopleFilterForm, PersonForm, PolicyForm, PoolForm, PracticeForm
from patients.forms.answers import AnswerForm, DiscardForm, HistologyForm, ImpressionForm, InformationForm, SecondOpinionForm, TextBlockForm
from patients.forms.cases import CaseListForm, QueueForm, ReaddressForm, ReferralForm, ReplyForm, WithdrawForm
from patients.forms.consents import ConsentForm
from patients.forms.images import CalibrationForm, DermatoscopeForm, ImageUploadForm, PairForm, TakeScaleForm
from patients.forms.lesions import ChecklistForm, LesionForm
from patients.forms.notifications import PreferencesForm
from patients.forms.records import PatientForm, SearchForm

__all__ = [
    "AcceptanceForm", "AnswerForm", "BreakGlassForm", "CalibrationForm", "CaseListForm", "ChecklistForm", "ConsentForm",
    "DermatoscopeForm", "DiscardForm", "HistologyForm", "ImageUploadForm", "ImpressionForm", "InformationForm", "InvitationForm",
    "LesionForm", "PairForm", "PatientForm", "PeopleFilterForm", "PersonForm", "PolicyForm", "PoolForm", "PracticeForm",
    "PreferencesForm", "QueueForm", "ReaddressForm", "ReferralForm", "ReplyForm", "SearchForm", "SecondOpinionForm",
    "TakeScaleForm", "TextBlockForm", "WithdrawForm",
]  # fmt: skip
