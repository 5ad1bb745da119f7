"""Addresses of joining and of one's own account."""

from __future__ import annotations

from django.urls import path

from consonance.people import account_views, join_views

app_name = "people"
urlpatterns = [
    path("join/<str:token>/", join_views.join, name="join"),
    path("me/terms/", join_views.agree, name="terms"),
    path("me/token/", account_views.token, name="token"),
    path("me/export/", account_views.export, name="export"),
    path("me/erase/", account_views.erase, name="erase"),
]
