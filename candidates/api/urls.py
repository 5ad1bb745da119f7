"""Addresses of the rounds' API."""

from django.urls import path

from candidates.api import suggestions, yields

urlpatterns = [
    path(
        "scores/<uuid:score_set_id>/suggestion",
        suggestions.SuggestionView.as_view(),
        name="suggestion",
    ),
    path("collections/<slug:slug>/yields", yields.YieldsView.as_view(), name="yields"),
]
