"""Everything that writes to the records. Each function is one use case: it asks the rules, writes, and leaves its trace."""

from patients.services.access import break_glass
from patients.services.answers import (
    Opinion,
    must_give_impression,
    record_histology,
    record_impression,
    save_draft,
    sign_answer,
    sign_second_opinion,
)
from patients.services.cases import (
    ask_for_information,
    ask_second_opinion,
    change_draft,
    claim_case,
    close_case,
    discard_case,
    draft_case,
    is_first_reader,
    is_second_reader,
    mark_breaches,
    raise_alert,
    refer_lesion,
    release_case,
    reply_to_question,
    send_case,
)
from patients.services.consents import give_consent, has_consented, has_withdrawn, hold_consent, require_care, withdraw_consent
from patients.services.images import add_image, open_image_file, prepare_image
from patients.services.records import PossibleDuplicateError, add_lesion, change_patient, create_patient, require_open

__all__ = [
    "Opinion", "PossibleDuplicateError", "add_image", "add_lesion", "ask_for_information", "ask_second_opinion", "break_glass",
    "change_draft", "change_patient", "claim_case", "close_case", "create_patient", "discard_case", "draft_case", "give_consent",
    "has_consented", "has_withdrawn", "hold_consent", "is_first_reader", "is_second_reader", "mark_breaches", "must_give_impression",
    "open_image_file", "prepare_image", "raise_alert", "record_histology", "record_impression", "refer_lesion", "release_case",
    "reply_to_question", "require_care", "require_open", "save_draft", "send_case", "sign_answer", "sign_second_opinion",
    "withdraw_consent",
]  # fmt: skip
