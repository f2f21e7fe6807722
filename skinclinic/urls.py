from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from skinclinic import views

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # one door, with its lockout

urlpatterns = [
    path("health/", views.health, name="health"),
    path("intended-use/", views.intended_use, name="intended-use"),
    path("accounts/", include("skinclinic.accounts_urls")),
    path("admin/", admin.site.urls),
    path("", include("patients.urls")),
    path("", include("analysis.urls")),
]

handler400 = "skinclinic.views.bad_request"
handler403 = "skinclinic.views.forbidden"
handler404 = "skinclinic.views.not_found"
handler500 = "skinclinic.views.server_error"
