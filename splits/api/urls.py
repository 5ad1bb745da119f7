"""Addresses of the releases API."""

from django.urls import path

from splits.api import views

urlpatterns = [
    path("releases", views.ReleaseListView.as_view(), name="releases"),
    path("releases/<slug:name>/<str:version>", views.ReleaseView.as_view(), name="release"),
]
