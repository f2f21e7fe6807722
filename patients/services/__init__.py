"""Everything that writes to the records. Each function is one use case: it asks the rules, writes, and leaves its trace."""

from patients.services.access import break_glass
from patients.services.accounts import (
    change_person,
    deactivate_person,
    password_link_key,
    reactivate_person,
    require_second_factor,
    reset_second_factor,
    save_pool,
    save_practice,
)
from patients.services.answers import (
    Opinion,
    Part,
    delete_text_block,
    must_give_impression,
    own_answer,
    part_of,
    record_histology,
    record_impression,
    save_draft,
    save_text_block,
    sign_answer,
    sign_second_opinion,
)
from patients.services.calibration import calibrate_image
from patients.services.case_upkeep import give_back_cases_of, mark_breaches, raise_alert
from patients.services.cases import (
    ask_for_information,
    ask_second_opinion,
    case_for,
    change_draft,
    claim_case,
    claim_next,
    close_case,
    discard_case,
    discard_draft,
    draft_case,
    is_first_reader,
    is_second_reader,
    readdress_case,
    refer_lesion,
    release_case,
    reply_to_question,
    send_case,
    withdraw_second_opinion,
)
from patients.services.consents import give_consent, has_consented, has_withdrawn, hold_consent, require_care, withdraw_consent
from patients.services.images import add_image, open_image_file, pair_images, prepare_image, unpair_image
from patients.services.invitations import accept_invitation, find_invitation, invite, mail_invitation, renew_invitation, revoke_invitation
from patients.services.lesions import add_lesion, change_lesion, record_checklist
from patients.services.letters import write_letter
from patients.services.mails import mail_notifications
from patients.services.notifications import change_preferences, mark_all_read, mark_read, mark_read_for
from patients.services.records import PossibleDuplicateError, change_patient, create_patient, require_open

__all__ = [
    "Opinion", "Part", "PossibleDuplicateError", "accept_invitation", "add_image", "add_lesion", "ask_for_information",
    "ask_second_opinion", "break_glass", "calibrate_image", "case_for", "change_draft", "change_lesion", "change_patient", "change_person",
    "change_preferences", "claim_case", "claim_next", "close_case", "create_patient", "deactivate_person", "delete_text_block",
    "discard_case", "discard_draft", "draft_case", "find_invitation", "give_back_cases_of", "give_consent", "has_consented",
    "has_withdrawn", "hold_consent", "invite", "is_first_reader", "is_second_reader", "mail_invitation",
    "mail_notifications", "mark_all_read", "mark_breaches", "mark_read", "mark_read_for", "must_give_impression", "open_image_file",
    "own_answer", "pair_images", "part_of", "password_link_key", "prepare_image", "raise_alert", "reactivate_person",
    "readdress_case", "record_checklist", "record_histology", "record_impression", "refer_lesion", "release_case",
    "renew_invitation", "reply_to_question", "require_care", "require_open", "require_second_factor", "reset_second_factor",
    "revoke_invitation", "save_draft", "save_pool", "save_practice", "save_text_block", "send_case", "sign_answer",
    "sign_second_opinion", "unpair_image", "withdraw_consent", "withdraw_second_opinion", "write_letter",
]  # fmt: skip
