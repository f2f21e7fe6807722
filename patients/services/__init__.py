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
from patients.services.consents import give_consent, has_consented, has_withdrawn, withdraw_consent
from patients.services.images import add_image, open_image_file, prepare_image
from patients.services.invitations import (
    accept_invitation,
    find_invitation,
    invite,
    mail_invitation,
    renew_invitation,
    revoke_invitation,
)
from patients.services.records import add_lesion, change_patient, create_patient

__all__ = [
    "Opinion", "add_image", "add_lesion", "ask_for_information", "ask_second_opinion", "break_glass", "change_draft", "change_patient",
    "claim_case", "close_case", "create_patient", "discard_case", "draft_case", "give_consent", "has_consented", "has_withdrawn",
    "is_first_reader", "is_second_reader", "mark_breaches", "must_give_impression", "open_image_file", "prepare_image", "raise_alert",
    "record_histology", "record_impression", "refer_lesion", "release_case", "reply_to_question", "save_draft", "send_case",
    "sign_answer", "sign_second_opinion", "withdraw_consent",
]  # fmt: skip
__all__ += [
    "accept_invitation", "change_person", "deactivate_person", "find_invitation", "invite", "mail_invitation", "password_link_key",
    "reactivate_person", "renew_invitation", "require_second_factor", "reset_second_factor", "revoke_invitation", "save_pool",
    "save_practice",
]  # fmt: skip
