from patients.models.audit import AuditEntry
from patients.models.images import Contact, Image, Immersion, Modality, Polarisation, SpacingOrigin
from patients.models.people import Pool, Practice, Role, User, Viewer, role_of
from patients.models.records import BreakGlass, Laterality, Lesion, Patient, Referral, Sex, SkinType

__all__ = [
    "AuditEntry",
    "BreakGlass",
    "Contact",
    "Image",
    "Immersion",
    "Laterality",
    "Lesion",
    "Modality",
    "Patient",
    "Polarisation",
    "Pool",
    "Practice",
    "Referral",
    "Role",
    "Sex",
    "SkinType",
    "SpacingOrigin",
    "User",
    "Viewer",
    "role_of",
]
