from django.urls import path

from analysis.views import analyses, case_findings, explanations

app_name = "analysis"

urlpatterns = [
    path("lesions/<uuid:lesion_id>/analyses/", analyses.submit, name="submit"),
    path("images/<uuid:image_id>/analysis/", analyses.latest, name="latest"),
    path("images/<uuid:image_id>/region/", analyses.region, name="region"),
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
