"""Accounts are made by invitation, never by whoever finds the page."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitationOnlyAdapter(DefaultAccountAdapter):
    """Close self-registration: open sign-up is what lets strangers into annotation tools."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: nobody signs up without an invitation."""
        return False
