"""What people type, parsed. Services receive values, never a request."""

from patients.forms.access import BreakGlassForm
from patients.forms.answers import (
    AnswerForm,
    DiscardForm,
    HistologyForm,
    ImpressionForm,
    InformationForm,
    SecondOpinionForm,
    TextBlockForm,
)
from patients.forms.cases import CaseListForm, QueueForm, ReaddressForm, ReferralForm, ReplyForm, WithdrawForm
from patients.forms.images import ImageUploadForm
from patients.forms.records import LesionForm, PatientForm, SearchForm

__all__ = [
    "BreakGlassForm", "CaseListForm", "ImageUploadForm", "LesionForm", "PatientForm", "QueueForm", "ReaddressForm", "ReferralForm",
    "ReplyForm", "SearchForm", "WithdrawForm",
]  # fmt: skip
__all__ += ["AnswerForm", "DiscardForm", "HistologyForm", "ImpressionForm", "InformationForm", "SecondOpinionForm", "TextBlockForm"]
