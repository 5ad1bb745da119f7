"""Addresses of the pages about detectors and the searches for them."""

from django.urls import path

from candidates.views import detectors, searches

app_name = "detectors"
urlpatterns = [
    path("", detectors.detector_list, name="list"),
    path("<uuid:detector_id>/", detectors.detector_detail, name="detector"),
    path("searches/", searches.search_list, name="searches"),
    path("searches/new/", searches.search_new, name="search_new"),
    path("searches/<uuid:search_id>/", searches.search_detail, name="search"),
    path(
        "searches/<uuid:search_id>/configurations/<int:number>/",
        searches.configuration,
        name="configuration",
    ),
    path("searches/<uuid:search_id>/go-on/", searches.go_on, name="go_on"),
    path("searches/<uuid:search_id>/stop/", searches.stop, name="stop"),
    path("searches/<uuid:search_id>/use/", searches.use, name="use"),
]
