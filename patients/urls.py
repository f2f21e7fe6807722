from django.urls import include, path, register_converter
from django.urls.converters import StringConverter

from patients.views import access, cases, histology, home, impressions, lesions, records, review, text_blocks


class VariantConverter(StringConverter):
    regex = "upright|display|thumbnail|original"


register_converter(VariantConverter, "variant")

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
    # reviewing and answering
    path("cases/<uuid:case_id>/review/", review.review, name="review"),
    path("cases/<uuid:case_id>/review/replace/", review.review, {"replace": True}, name="review-replace"),
    path("cases/<uuid:case_id>/review/draft/", review.draft, name="review-draft"),
    path("cases/<uuid:case_id>/review/take/", review.take, name="review-take"),
    path("cases/<uuid:case_id>/review/release/", review.release, name="review-release"),
    path("cases/<uuid:case_id>/review/ask/", review.ask, name="review-ask"),
    path("cases/<uuid:case_id>/review/discard/", review.discard, name="review-discard"),
    path("cases/<uuid:case_id>/review/second-opinion/", review.second_opinion, name="review-second-opinion"),
    path("review/next/", review.take_next, name="review-next"),
    path("text-blocks/", text_blocks.text_blocks, name="text-blocks"),
    path("text-blocks/<uuid:block_id>/", text_blocks.text_block, name="text-block"),
    path("text-blocks/<uuid:block_id>/delete/", text_blocks.delete, name="text-block-delete"),
    path("lesions/<uuid:lesion_id>/histology/", histology.histology, name="histology"),
    path("images/<uuid:image_id>/impression/", impressions.impression, name="impression"),
    # access
    path("break-glass/", access.break_glass, name="break-glass"),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("", include((clinic, "patients"))),
]
