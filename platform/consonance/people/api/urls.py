"""Addresses of what somebody agrees to."""

from __future__ import annotations

from django.urls import path

from consonance.people.api import terms

urlpatterns = [path("terms", terms.TermsView.as_view(), name="terms")]
