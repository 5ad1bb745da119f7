"""Addresses of the rating loop."""

from __future__ import annotations

from django.urls import path

from annotation.api import views

urlpatterns = [
    path("questions/claim", views.ClaimView.as_view(), name="questions_claim"),
    path("ratings", views.RatingsView.as_view(), name="ratings"),
    path("ratings/undo", views.UndoView.as_view(), name="ratings_undo"),
]
