from django.urls import include, path

from skinclinic import views

urlpatterns = [
    path("health/", views.health, name="health"),
    path("intended-use/", views.intended_use, name="intended-use"),
    path("session/", views.session, name="session"),
    path("accounts/", include("skinclinic.accounts_urls")),
    path("", include("patients.urls")),
    path("", include("analysis.urls")),
]

handler400 = "skinclinic.views.bad_request"
handler403 = "skinclinic.views.forbidden"
handler404 = "skinclinic.views.not_found"
handler500 = "skinclinic.views.server_error"
