"""Where every page and endpoint lives."""

from __future__ import annotations

from allauth.account import views as account
from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_POST
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularAPIView

from consonance.people.own_browser import own_browser_only
from consonance.web import completing_views, views

# Django's own form knows neither second factors nor how often somebody has guessed.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

api: list[URLPattern | URLResolver] = [
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("", include("consonance.jobs.api.urls")),
    path("", include("consonance.catalog.api.urls")),
    path("", include("consonance.people.api.urls")),
    path("", include("candidates.api.urls")),
    path("", include("annotation.api.urls")),
    path("", include("splits.api.urls")),
]
urlpatterns = [
    path("", views.home, name="home"),
    path("health", views.health, name="health"),
    path("styleguide/", views.styleguide, name="styleguide"),
    path("language/", require_POST(set_language), name="set_language"),
    # A password, or a mail that leads to one, opens an account from everywhere.
    path(
        "accounts/password/set/",
        own_browser_only(account.password_set),
        name="account_set_password",
    ),
    path("accounts/email/", own_browser_only(account.email), name="account_email"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("jobs/", include("consonance.jobs.urls")),
    path("media/", include("consonance.catalog.media_urls")),
    path("collections/", include("consonance.catalog.urls")),
    path("taxonomies/", include("consonance.catalog.taxonomy_urls")),
    path("rounds/", include("candidates.urls")),
    path("detectors/", include("candidates.detector_urls")),
    path("", include("consonance.people.urls")),
    path("", include("annotation.urls")),
    path(
        "releases/<slug:name>/<str:version>/complete/",
        completing_views.complete_test_set,
        name="complete_test_set",
    ),
    path("releases/", include("splits.urls")),
    path("api/v1/", include((api, "api"))),
]
handler400 = "consonance.web.views.bad_request"
handler403 = "consonance.web.views.forbidden"
handler404 = "consonance.web.views.not_found"
handler500 = "consonance.web.views.server_error"
