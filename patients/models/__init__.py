from patients.models.answers import Answer, AnswerDraft, Certainty, Diagnosis, Histology, Impression, Management, TextBlock
from patients.models.audit import AuditEntry, AuditSeal
from patients.models.cases import Case, CaseEvent, CaseStatus, EventKind, RedFlag, Urgency
from patients.models.consents import Consent, Purpose
from patients.models.dermatoscopes import Dermatoscope
from patients.models.images import Calibration, Contact, Image, Immersion, Modality, Polarisation, SpacingOrigin
from patients.models.notifications import Notification
from patients.models.people import Invitation, Language, Pool, Practice, Role, RolePolicy, User, Viewer, role_of
from patients.models.records import (
    BreakGlass,
    Checklist,
    Laterality,
    Lesion,
    LetterLanguage,
    Patient,
    RiskFactor,
    SearchWord,
    Sex,
    SkinType,
    Symptom,
)

__all__ = [
    "Answer", "AnswerDraft", "AuditEntry", "AuditSeal", "BreakGlass", "Calibration", "Case", "CaseEvent", "CaseStatus", "Certainty",
    "Checklist", "Consent", "Contact", "Dermatoscope", "Diagnosis", "EventKind", "Histology", "Image", "Immersion", "Impression",
    "Invitation", "Language", "Laterality", "Lesion", "LetterLanguage", "Management", "Modality", "Notification", "Patient",
    "Polarisation", "Pool", "Practice", "Purpose", "RedFlag", "RiskFactor", "Role", "RolePolicy", "SearchWord", "Sex", "SkinType",
    "SpacingOrigin", "Symptom", "TextBlock", "Urgency", "User", "Viewer", "role_of",
]  # fmt: skip
