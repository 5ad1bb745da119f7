"""Addresses of downloads."""

from __future__ import annotations

from django.urls import path

from annotation.api.exporting import views

_CAMPAIGN = "campaigns/<uuid:campaign_id>"
urlpatterns = [
    path(f"{_CAMPAIGN}/ratings/export", views.RatingsExportView.as_view(), name="ratings_export"),
    path(
        f"{_CAMPAIGN}/questions/export",
        views.QuestionsExportView.as_view(),
        name="questions_export",
    ),
    path(f"{_CAMPAIGN}/labels/export", views.LabelsExportView.as_view(), name="labels_export"),
]
