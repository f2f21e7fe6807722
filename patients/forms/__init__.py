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
from patients.forms.cases import ReferralForm
from patients.forms.images import ImageUploadForm
from patients.forms.records import LesionForm, PatientForm, SearchForm

__all__ = ["BreakGlassForm", "ImageUploadForm", "LesionForm", "PatientForm", "ReferralForm", "SearchForm"]
__all__ += ["AnswerForm", "DiscardForm", "HistologyForm", "ImpressionForm", "InformationForm", "SecondOpinionForm", "TextBlockForm"]
