"""Letters in English."""

from __future__ import annotations

from datetime import date

from patients.letters.words import Words
from patients.sites import site_label

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
SIDES = {"L": "left", "R": "right"}


def _site(_key: str, meaning: str, laterality: str) -> str:
    side = SIDES.get(laterality)
    return site_label(meaning) + (f", {side}" if side else "")


def _month(day: date) -> str:
    return f"{MONTHS[day.month - 1]} {day.year}"


ENGLISH = Words(
    language="en",
    long_date=lambda day: f"{day.day} {_month(day)}",
    month=_month,
    number=lambda figure: figure,
    site=_site,
    diagnosis={
        "MEL": "Melanoma",
        "NV": "Melanocytic naevus",
        "BCC": "Basal cell carcinoma",
        "AK": "Actinic keratosis",
        "BKL": "Benign keratosis",
        "DF": "Dermatofibroma",
        "VASC": "Vascular lesion",
        "SCC": "Squamous cell carcinoma",
        "OTHER": "Something else",
    },
    certainty={"certain": "Certain", "probable": "Probable", "possible": "Possible"},
    management={
        "reassure": "Reassure, no follow-up",
        "follow_up": "Follow up",
        "excise": "Excise",
        "biopsy": "Biopsy",
        "urgent_referral": "Refer urgently",
    },
    urgency={"urgent": "Urgent", "soon": "Soon", "routine": "Routine"},
    red_flag={
        "growing": "Grew within weeks",
        "bleeding": "Bleeds or ulcerates without injury",
        "nodule": "Raised, firm and growing",
        "new_after_50": "New pigmented spot after the age of 50",
        "under_nail": "Pigment under or beside a nail, or on palm or sole",
        "melanoma_before": "Melanoma before",
        "immunosuppressed": "Immune system suppressed",
    },
    symptom={
        "itching": "itches",
        "pain": "hurts",
        "bleeding": "bleeds",
        "oozing": "oozes or crusts",
        "growing": "grows",
        "colour": "changes colour",
    },
    sign={
        "change_in_size": "Change in size",
        "irregular_shape": "Irregular shape",
        "irregular_colour": "Irregular colour",
        "diameter_7_mm": "Largest diameter 7 mm or more",
        "inflammation": "Inflammation",
        "oozing": "Oozing",
        "change_in_sensation": "Change in sensation",
    },
    modality={"dermoscopic": "Dermoscopic picture", "macroscopic": "Macroscopic picture"},
    page="Page {0} of {1}",
    phone="Telephone {0}",
    reference="Reference",
    date="Date",
    at="{0}, {1}",
    none="none",
    picture="Picture {0}: {1}, {2}",
    picture_unreadable="The file of this picture cannot be read.",
    pictures="Pictures",
    pictures_left_out="Older pictures that are not shown here: {0}.",
    machine_title="Preliminary, machine-made; not a diagnosis",
    draft="DRAFT – no signed answer",
    to_referrer="Dermatological answer to your question",
    remote="Dermatological assessment at a distance",
    attention="For the attention of {0}",
    about="Patient",
    born="{0}, born {1}",
    record="Record number",
    body_site="Body site",
    lesion="Lesion {0}: {1}",
    first_noticed="First noticed",
    symptoms="Symptoms",
    question="Question",
    asked_by="Asked by",
    sent="Sent",
    urgency_label="Urgency",
    red_flags="Red flags",
    no_question="No question in words was asked.",
    checklist="Weighted 7-point checklist",
    checklist_score="{0} of 10 points ({1}).",
    checklist_urgent="Three points or more call for an urgent referral.",
    answer="Answer",
    second_opinion="Second opinion",
    diagnosis_label="Diagnosis",
    icd10="ICD-10",
    certainty_label="Certainty",
    management_label="Management",
    follow_up="{0}, in {1} months",
    no_answer="No answer has been signed yet.",
    replaces="This answer replaces the one signed by {0} on {1}.",
    histology="Histology",
    reported_on="Reported on",
    breslow="Breslow thickness",
    machine_picture="Picture {0}: {1}",
    machine_alert="alert: {0} malignant (alert from {1}). Likeliest: {2}.",
    machine_no_alert="no alert: {0} malignant (alert from {1}). Likeliest: {2}.",
    machine_unfamiliar="unlike the pictures the models were validated on; no figures are given.",
    machine_poor=" The picture is not good enough and better taken again.",
    machine_models="Models: {0}",
    machine_note="The machine’s findings support the assessment by a clinician and never replace it. “No alert” rules nothing out.",
    signed="Signed by {0} on {1}",
    electronically="Signed electronically; valid without a signature by hand.",
    to_patient="About the spot on your skin",
    dear="Dear {0},",
    opening="We have shown a spot on your skin ({0}) to a dermatologist. {1} looked at the pictures of {2} and answered on {3}.",
    opening_without_pictures="We have asked a dermatologist about a spot on your skin ({0}). {1} answered on {2}.",
    what_was_seen="What was seen",
    seen={
        "certain": "The dermatologist is certain: it is {0}.",
        "probable": "The dermatologist thinks it probable that it is {0}.",
        "possible": "The dermatologist thinks it possible that it is {0}. It cannot be said for certain from the pictures.",
    },
    plain={
        "MEL": "a melanoma. This is a serious kind of skin cancer. Found early and removed, it can be cured in most people",
        "NV": "a mole. Moles are harmless",
        "BCC": "a basal cell carcinoma. This is a slow kind of skin cancer that hardly ever spreads, but it should be treated",
        "AK": "an actinic keratosis: skin damaged by the sun. It can turn into skin cancer in the course of years and should be treated",
        "BKL": "a benign keratosis, for example an age spot. It is harmless",
        "DF": "a dermatofibroma: a small firm lump in the skin. It is harmless",
        "VASC": "a harmless change of small blood vessels",
        "SCC": "a squamous cell carcinoma. This is a kind of skin cancer that can spread and should be treated soon",
    },
    plain_other="the following: {0}",
    second_seen={
        "certain": "A second dermatologist, {0}, is certain: it is {1}.",
        "probable": "A second dermatologist, {0}, thinks it probable that it is {1}.",
        "possible": "A second dermatologist, {0}, thinks it possible that it is {1}.",
    },
    differ="The two opinions differ. We will talk with you about what follows from this.",
    tissue="The tissue that was taken was examined since (report of {0}). It is {1}. This result counts more than what was seen in the "
    "pictures; ask us what follows from it.",
    recommended="What is recommended",
    advice={
        "reassure": "Nothing has to be done. You need not have the spot looked at again unless it changes.",
        "follow_up": "Please have the spot looked at again in {0} months, around {1}.",
        "excise": "The spot should be cut out. Please make an appointment with us; we will explain how it is done.",
        "biopsy": "A small piece of skin should be taken and examined. Please make an appointment with us; we will explain how it is done.",
        "urgent_referral": "You should be seen by a dermatologist in person very soon. Please telephone us at once to arrange it.",
        "differ": "The two opinions differ in what should be done. Please telephone us; we will decide together with you.",
        "tissue": "What should be done follows from the result of the tissue. Please telephone us to arrange it.",
    },
    come_back="When to come back at once",
    signs_to_come_back=(
        "the spot grows, or changes its shape or colour,",
        "it bleeds, oozes or forms a crust without an injury,",
        "it begins to itch or to hurt,",
        "it becomes raised and firm, or does not heal,",
        "or you find another new spot that looks different from all others.",
    ),
    come_back_if="Please do not wait for the next appointment if",
    replaces_letter="This letter replaces an earlier one about the same spot.",
    machine_seen={
        "alert": "A computer program has looked at the pictures as well and marked at least one of them for a closer look.",
        "calm": "A computer program has looked at the pictures as well and marked none of them for a closer look.",
        "nothing": "A computer program has looked at the pictures as well and could not judge them.",
        "end": "Such programs are often wrong. What counts is the answer of the dermatologist.",
    },
    closing="Yours sincerely",
    answered_by="Answered and signed by {0} on {1}.",
)
