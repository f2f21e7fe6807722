from django.urls import include, path, register_converter
from django.urls.converters import StringConverter

from patients.views import access, administration, cases, home, invitations, lesions, records


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
    # lesions and their pictures
    path("patients/<uuid:patient_id>/lesions/new/", lesions.lesion_new, name="lesion-new"),
    path("lesions/<uuid:lesion_id>/", lesions.lesion_detail, name="lesion"),
    path("images/<uuid:image_id>/<variant:variant>/", lesions.image_file, name="image-file"),
    # cases
    path("lesions/<uuid:lesion_id>/refer/", cases.refer, name="refer"),
    # access
    path("break-glass/", access.break_glass, name="break-glass"),
    # administration
    path("administration/people/", administration.people, name="people"),
    path("administration/people/<int:user_id>/", administration.person_detail, name="person"),
    path("administration/people/<int:user_id>/<account_act:act>/", administration.person_act, name="person-act"),
    path("administration/people/<int:user_id>/password-link/", administration.password_link, name="password-link"),
    path("administration/practices/", administration.practices, name="practices"),
    path("administration/practices/new/", administration.practice_new, name="practice-new"),
    path("administration/practices/<int:practice_id>/", administration.practice_edit, name="practice"),
    path("administration/pools/", administration.pools, name="pools"),
    path("administration/pools/new/", administration.pool_new, name="pool-new"),
    path("administration/pools/<int:pool_id>/", administration.pool_edit, name="pool"),
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
