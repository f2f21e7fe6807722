from django.urls import include, path, register_converter
from django.urls.converters import StringConverter

from patients.views import (
    access,
    administration,
    cases,
    consents,
    histology,
    home,
    images,
    impressions,
    invitations,
    lesions,
    notifications,
    queue,
    records,
    refer,
    review,
    scale,
    text_blocks,
)
from patients.views import audit as trail


class VariantConverter(StringConverter):
    regex = "upright|display|thumbnail|original"


class AccountActConverter(StringConverter):
    regex = "deactivate|reactivate|reset-factor"


register_converter(VariantConverter, "variant")
register_converter(AccountActConverter, "account_act")

clinic = [
    # patients
    path("patients/", records.patient_list, name="list"),
    path("patients/new/", records.patient_new, name="new"),
    path("patients/<uuid:patient_id>/", records.patient_detail, name="detail"),
    path("patients/<uuid:patient_id>/edit/", records.patient_edit, name="edit"),
    path("patients/<uuid:patient_id>/consents/", consents.consents, name="consents"),
    path("patients/<uuid:patient_id>/consents/<slug:purpose>/give/", consents.consent_give, name="consent-give"),
    path("patients/<uuid:patient_id>/consents/<slug:purpose>/withdraw/", consents.consent_withdraw, name="consent-withdraw"),
    # lesions and their pictures
    path("patients/<uuid:patient_id>/lesions/new/", lesions.lesion_new, name="lesion-new"),
    path("lesions/<uuid:lesion_id>/", lesions.lesion_detail, name="lesion"),
    path("lesions/<uuid:lesion_id>/edit/", lesions.lesion_edit, name="lesion-edit"),
    path("lesions/<uuid:lesion_id>/checklist/", lesions.checklist, name="checklist"),
    path("images/<uuid:image_id>/<variant:variant>/", images.image_file, name="image-file"),
    path("images/<uuid:image_id>/calibrate/", images.calibrate, name="calibrate"),
    path("images/<uuid:image_id>/dermatoscopes/", scale.keep_dermatoscope, name="dermatoscope-keep"),
    path("images/<uuid:image_id>/take-scale/", scale.take_scale, name="take-scale"),
    path("dermatoscopes/", scale.dermatoscopes, name="dermatoscopes"),
    path("dermatoscopes/<uuid:dermatoscope_id>/retire/", scale.retire_dermatoscope, name="dermatoscope-retire"),
    path("images/<uuid:image_id>/pair/", images.pair, name="image-pair"),
    path("images/<uuid:image_id>/unpair/", images.unpair, name="image-unpair"),
    # cases
    # notifications
    path("notifications/", notifications.notification_list, name="notifications"),
    path("notifications/read/", notifications.notifications_read, name="notifications-read"),
    path("notifications/<uuid:notification_id>/read/", notifications.notification_read, name="notification-read"),
    path("preferences/", notifications.preferences, name="preferences"),
    path("lesions/<uuid:lesion_id>/refer/", refer.refer, name="refer"),
    path("cases/", cases.case_list, name="cases"),
    path("cases/<uuid:case_id>/", cases.case, name="case"),
    path("cases/<uuid:case_id>/edit/", refer.edit, name="case-edit"),
    path("cases/<uuid:case_id>/discard-draft/", refer.discard_draft, name="case-discard-draft"),
    path("cases/<uuid:case_id>/reply/", cases.reply, name="case-reply"),
    path("cases/<uuid:case_id>/withdraw/", cases.withdraw, name="case-withdraw"),
    path("cases/<uuid:case_id>/readdress/", cases.readdress, name="case-readdress"),
    path("cases/<uuid:case_id>/close/", cases.close, name="case-close"),
    path("cases/<uuid:case_id>/end-second-opinion/", cases.end_second_opinion, name="case-end-second"),
    # the queue
    path("queue/", queue.queue, name="queue"),
    path("queue/next/", queue.take_next, name="queue-next"),
    path("queue/news/<int:since>/", queue.news, name="queue-news"),
    path("sla/", queue.sla, name="sla"),
    # reviewing and answering
    path("cases/<uuid:case_id>/review/", review.review, name="review"),
    path("cases/<uuid:case_id>/review/replace/", review.review, {"replace": True}, name="review-replace"),
    path("cases/<uuid:case_id>/review/draft/", review.draft, name="review-draft"),
    path("cases/<uuid:case_id>/review/take/", review.take, name="review-take"),
    path("cases/<uuid:case_id>/review/release/", review.release, name="review-release"),
    path("cases/<uuid:case_id>/review/ask/", review.ask, name="review-ask"),
    path("cases/<uuid:case_id>/review/discard/", review.discard, name="review-discard"),
    path("cases/<uuid:case_id>/review/second-opinion/", review.second_opinion, name="review-second-opinion"),
    path("text-blocks/", text_blocks.text_blocks, name="text-blocks"),
    path("text-blocks/<uuid:block_id>/", text_blocks.text_block, name="text-block"),
    path("text-blocks/<uuid:block_id>/delete/", text_blocks.delete, name="text-block-delete"),
    path("lesions/<uuid:lesion_id>/histology/", histology.histology, name="histology"),
    path("images/<uuid:image_id>/impression/", impressions.impression, name="impression"),
    # access
    path("break-glass/", access.break_glass, name="break-glass"),
    path("patients/<uuid:patient_id>/access/", trail.access_list, name="access-list"),
    path("patients/<uuid:patient_id>/access/download/", trail.access_download, name="access-download"),
    # administration
    path("administration/people/", administration.people, name="people"),
    path("administration/people/<uuid:user_id>/", administration.person_detail, name="person"),
    path("administration/people/<uuid:user_id>/<account_act:act>/", administration.person_act, name="person-act"),
    path("administration/people/<uuid:user_id>/password-link/", administration.password_link, name="password-link"),
    path("administration/practices/", administration.practices, name="practices"),
    path("administration/practices/new/", administration.practice_new, name="practice-new"),
    path("administration/practices/<uuid:practice_id>/", administration.practice_edit, name="practice"),
    path("administration/pools/", administration.pools, name="pools"),
    path("administration/pools/new/", administration.pool_new, name="pool-new"),
    path("administration/pools/<uuid:pool_id>/", administration.pool_edit, name="pool"),
    path("administration/second-factor/", administration.policies, name="policies"),
    path("administration/invitations/", invitations.invitations, name="invitations"),
    path("administration/invitations/new/", invitations.invite, name="invite"),
    path("administration/invitations/<uuid:invitation_id>/renew/", invitations.renew, name="invitation-renew"),
    path("administration/invitations/<uuid:invitation_id>/revoke/", invitations.revoke, name="invitation-revoke"),
    path("invitation/<str:secret>/", invitations.accept, name="invitation-accept"),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("", include((clinic, "patients"))),
]
