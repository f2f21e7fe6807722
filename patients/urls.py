from django.urls import include, path, register_converter
from django.urls.converters import StringConverter

from patients.views import access, cases, consents, home, lesions, records


class VariantConverter(StringConverter):
    regex = "upright|display|thumbnail|original"


register_converter(VariantConverter, "variant")

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
    path("images/<uuid:image_id>/<variant:variant>/", lesions.image_file, name="image-file"),
    # cases
    path("lesions/<uuid:lesion_id>/refer/", cases.refer, name="refer"),
    # access
    path("break-glass/", access.break_glass, name="break-glass"),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("", include((clinic, "patients"))),
]
