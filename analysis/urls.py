from django.urls import path, register_converter
from django.urls.converters import StringConverter

from analysis.views import analyses, case_findings, comparison, explanations, letters, side_by_side

app_name = "analysis"


class LetterKindConverter(StringConverter):
    regex = "patient|referrer"


class LetterLanguageConverter(StringConverter):
    regex = "en|de"


register_converter(LetterKindConverter, "letter_kind")
register_converter(LetterLanguageConverter, "letter_language")

urlpatterns = [
    path("lesions/<uuid:lesion_id>/analyses/", analyses.submit, name="submit"),
    path("patients/<uuid:patient_id>/lesions/", side_by_side.side_by_side, name="side-by-side"),
    path("images/<uuid:image_id>/analysis/", analyses.latest, name="latest"),
    path("images/<uuid:image_id>/region/", analyses.region, name="region"),
    path("lesions/<uuid:lesion_id>/compare/", comparison.choose, name="compare-choice"),
    path("images/<uuid:image_id>/with/<uuid:other_id>/", comparison.compare, name="compare"),
    path("cases/<uuid:case_id>/letter/<letter_kind:kind>/", letters.letter, name="letter"),
    path("cases/<uuid:case_id>/letter/<letter_kind:kind>/<letter_language:language>/", letters.letter, name="letter"),
    path("analyses/<uuid:analysis_id>/", analyses.detail, name="detail"),
    path("analyses/<uuid:analysis_id>/status/", analyses.status, name="status"),
    path("analyses/<uuid:analysis_id>/cancel/", analyses.cancel, name="cancel"),
    path("analyses/<uuid:analysis_id>/retry/", analyses.retry, name="retry"),
    path("analyses/<uuid:analysis_id>/files/<slug:kind>/", analyses.artefact, name="artefact"),
    path("analyses/<uuid:analysis_id>/explanations/", explanations.ask, name="explain"),
    path("cases/<uuid:case_id>/findings/", case_findings.case_findings, name="case-findings"),
    path("explanations/<uuid:explanation_id>/", explanations.detail, name="explanation"),
    path("explanations/<uuid:explanation_id>/status/", explanations.status, name="explanation-status"),
    path("explanations/<uuid:explanation_id>/cancel/", explanations.cancel, name="explanation-cancel"),
    path("explanations/<uuid:explanation_id>/files/<slug:kind>/", explanations.file, name="explanation-file"),
]
