"""Forms by which people join and agree."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from consonance.people import consent
from consonance.people.actions.accept_invitation import MAX_USERNAME


class ConsentForm(forms.Form):
    """The two sentences, and which wording they belong to."""

    adult = forms.BooleanField(label=consent.ADULT, required=True)
    agreement = forms.BooleanField(label=consent.AGREEMENT, required=True)
    version = forms.IntegerField(widget=forms.HiddenInput, initial=consent.VERSION)

    def given(self) -> dict[str, Any]:
        """Return what was said, as `give_consent` takes it."""
        return {
            "is_adult": self.cleaned_data["adult"],
            "agrees": self.cleaned_data["agreement"],
            "version": self.cleaned_data["version"],
        }


class NewAccountForm(ConsentForm):
    """A new account for whoever was invited."""

    field_order = ["username", "password", "adult", "agreement", "version"]
    username = forms.CharField(
        label=_("Username"),
        max_length=MAX_USERNAME,
        help_text=_("Letters, digits and @ . + - _ are fine. It is never published."),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=200,
        help_text=_("Ten characters or more. There is no address to send a forgotten one to."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
