"""What the codes of the trail say in plain words: "lesion.read" is "opened a lesion". A new code needs one noun or verb here at most."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from patients.models import AuditEntry, Patient, Purpose, Role

NOUNS = {
    "access": "the list of who has seen the record",
    "account": "an account",
    "analysis": "the computer analysis of a picture",
    "answer": "a dermatologist's answer",
    "artefact": "a drawing of the computer analysis",
    "body-map": "the body map",
    "case": "a case",
    "checklist": "a 7-point checklist",
    "comparison": "a comparison of two visits",
    "consent": "a consent",
    "dermatoscope": "a dermatoscope and its scale",
    "explanation": "an explanation of a computer result",
    "explanation-file": "a drawing of such an explanation",
    "findings": "the computer's findings on a case",
    "histology": "the histology of a lesion",
    "image": "a picture",
    "impression": "a first impression of a picture",
    "invitation": "an invitation",
    "lesion": "a lesion",
    "letter": "a letter",
    "notification": "a notice",
    "patient": "the patient's record",
    "policy": "a rule for log-ins",
    "pool": "a pool of dermatologists",
    "practice": "a practice",
    "queue": "the queue of cases, with this patient in it",
    "report": "a report, with this patient in it",
    "rolepolicy": "a rule for log-ins",
    "second-factor": "a second factor for a log-in",
    "text-block": "a text block",
    "timeline": "the timeline of a lesion",
}
VERBS = {
    "accept": "accepted",
    "activate": "switched on",
    "add": "added",
    "answer": "answered",
    "ask": "asked for information on",
    "calibrate": "measured the scale of",
    "cancel": "stopped",
    "change": "changed",
    "claim": "took",
    "close": "closed",
    "compare": "compared two visits of",
    "create": "added",
    "deactivate": "switched off",
    "delete": "deleted",
    "discard": "discarded",
    "download": "downloaded",
    "draft": "prepared",
    "export": "downloaded",
    "export-original": "downloaded the original of",
    "give": "recorded",
    "list": "saw in a list",
    "pair": "paired",
    "print": "printed",
    "read": "opened",
    "record": "recorded",
    "release": "put back",
    "reactivate": "switched on again",
    "readdress": "addressed anew",
    "renew": "renewed",
    "reply": "replied to a question on",
    "result": "finished",
    "retire": "retired",
    "retry": "asked again for",
    "revoke": "revoked",
    "search": "searched for",
    "second-opinion": "asked for a second opinion on",
    "send": "sent",
    "sign": "signed",
    "submit": "asked for",
    "supersede": "replaced",
    "unpair": "took apart a pair of pictures with",
    "withdraw": "recorded the withdrawal of",
}
PHRASES = {
    "account.factor-added": "added a second factor for the log-in",
    "account.factor-failed": "gave a wrong second factor",
    "account.factor-removed": "removed a second factor for the log-in",
    "account.factor-reset": "reset somebody's second factor",
    "account.factor-used": "logged in with a second factor",
    "account.locked": "was locked out after wrong passwords or codes",
    "account.password-link": "made a link for a new password",
    "account.preferences": "changed their own mails and language",
    "account.login": "logged in",
    "account.login-failed": "gave a wrong password",
    "account.logout": "logged out",
    "account.password": "changed a password",
    "answer.second-opinion": "signed a second opinion",
    "case.second-opinion-withdraw": "stopped waiting for a second opinion on a case",
    "case.list": "saw the patient in a list of cases",
    "home.read": "saw the patient's name on the first page after logging in",
    "dermatoscope.create": "kept the scale of a picture for others of the same dermatoscope",
    "image.add-again": "sent a picture that was there already",
    "image.take-scale": "gave a picture the scale of a dermatoscope",
    "patient.break-glass": "opened the record with a recorded reason",
    "patient.break-glass-failed": "tried to open a record with a reason",
    "patient.compare-lesions": "looked at the lesions beside one another",
    "patient.create": "registered the patient",
    "patient.list": "saw the patient's name in a list of patients",
    "patient.search": "saw the patient's name among those found by a search",
    "queue.list": "saw the patient in the queue of cases",
}
VARIANTS = {"thumbnail": "as a small preview", "display": "in the size of the page", "upright": "in full size"}


def is_known(action: str) -> bool:
    noun, _, verb = action.partition(".")
    return action in PHRASES or (noun in NOUNS and verb in VERBS)


def in_words(action: str) -> str:
    """Never the code itself: what is not in the dictionaries is read out as well as it goes."""
    if action in PHRASES:
        return PHRASES[action]
    noun, _, verb = action.partition(".")
    return f"{VERBS.get(verb) or _past(verb)} {NOUNS.get(noun) or _spoken(noun)}"


def sentence(entry: AuditEntry) -> str:
    """What somebody did, without who: "changed the patient's record: family name, date of birth"."""
    said = in_words(entry.action)
    more = _details(entry.detail)
    return f"{said} ({more})" if more else said


def actor(entry: AuditEntry) -> str:
    return entry.actor_name if entry.actor_id else "skinclinic itself"


def role(entry: AuditEntry) -> str:
    if not entry.actor_id:
        return "no person"
    return str(Role(entry.actor_role).label) if entry.actor_role in Role.values else "role not recorded"


def _details(detail: dict[str, Any]) -> str:
    purpose, variant = str(detail.get("purpose", "")), str(detail.get("variant", ""))
    known = [str(Purpose(purpose).label).lower()] if purpose in Purpose.values else []
    known += [VARIANTS[variant]] if variant in VARIANTS else []
    fields = detail.get("fields")
    return ", ".join([*known, *_labels(fields if isinstance(fields, list) else [])])


def _labels(fields: Iterable[object]) -> list[str]:
    """The names of a record's fields as its form calls them."""
    names = {field.name: str(getattr(field, "verbose_name", field.name)) for field in Patient._meta.get_fields()}
    return [names.get(str(field), _spoken(str(field))) for field in fields]


def _spoken(code: str) -> str:
    return code.replace("-", " ").replace("_", " ")


def _past(verb: str) -> str:
    first, *rest = _spoken(verb).split() or ["touch"]
    ending = "d" if first.endswith("e") else "ed"
    return " ".join([first + ending, *rest])
