from django.urls import path

from analysis import views

app_name = "analysis"

urlpatterns = [
    path("lesions/<uuid:lesion_id>/analyses/", views.submit, name="submit"),
    path("images/<uuid:image_id>/analysis/", views.latest, name="latest"),
    path("images/<uuid:image_id>/region/", views.region, name="region"),
    path("analyses/<uuid:analysis_id>/", views.detail, name="detail"),
    path("analyses/<uuid:analysis_id>/status/", views.status, name="status"),
    path("analyses/<uuid:analysis_id>/cancel/", views.cancel, name="cancel"),
    path("analyses/<uuid:analysis_id>/retry/", views.retry, name="retry"),
    path("analyses/<uuid:analysis_id>/files/<slug:kind>/", views.artefact, name="artefact"),
]
