from django.urls import include, path, register_converter
from django.urls.converters import StringConverter

from patients import views


class VariantConverter(StringConverter):
    regex = "upright|display|thumbnail|original"


register_converter(VariantConverter, "variant")

records = [
    path("patients/", views.patient_list, name="list"),
    path("patients/new/", views.patient_new, name="new"),
    path("patients/<uuid:patient_id>/", views.patient_detail, name="detail"),
    path("patients/<uuid:patient_id>/edit/", views.patient_edit, name="edit"),
    path("patients/<uuid:patient_id>/lesions/new/", views.lesion_new, name="lesion-new"),
    path("lesions/<uuid:lesion_id>/", views.lesion_detail, name="lesion"),
    path("lesions/<uuid:lesion_id>/refer/", views.refer, name="refer"),
    path("images/<uuid:image_id>/<variant:variant>/", views.image_file, name="image-file"),
    path("break-glass/", views.break_glass, name="break-glass"),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("", include((records, "patients"))),
]
