"""Addresses of the release pages."""

from django.urls import path

from splits import views

app_name = "splits"
urlpatterns = [
    path("", views.release_list, name="releases"),
    path("build/", views.release_build, name="build"),
    path("<slug:name>/<str:version>/", views.release_detail, name="release"),
    path("<slug:name>/<str:version>/download", views.release_download, name="download"),
    path("<slug:name>/<str:version>/manifest.json", views.release_manifest, name="manifest"),
]
