"""Forms of taxonomies' pages; the actions check what they are given once more."""

from __future__ import annotations

from typing import Any

from django import forms

from consonance.taxonomies.checking import (
    LONGEST_DEFINITION,
    LONGEST_DESCRIPTION,
    LONGEST_DISPLAY_NAME,
    LONGEST_LICENCE,
    LONGEST_NAME,
    LONGEST_VERSION,
    MOST_MIDS,
)
from consonance.taxonomies.definition import ClassDefinition
from consonance.taxonomies.definition import Taxonomy as Definition


def _words(longest: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": 4, "maxlength": longest})


class VersionForm(forms.Form):
    """A new version of a taxonomy."""

    version = forms.CharField(
        max_length=LONGEST_VERSION, help_text="Letters, digits, “.”, “-” and “_”, for instance 2."
    )


class FactsForm(VersionForm):
    """What is said about a draft."""

    licence = forms.CharField(
        max_length=LONGEST_LICENCE,
        initial="CC-BY-SA-4.0",
        help_text="An SPDX identifier. Maps made with AudioSet's ontology: CC-BY-SA-4.0.",
    )
    description = forms.CharField(
        required=False,
        max_length=LONGEST_DESCRIPTION,
        widget=_words(LONGEST_DESCRIPTION),
        help_text="What it is for, and where its classes come from.",
    )


class DraftForm(FactsForm):
    """An empty draft."""

    name = forms.CharField(
        max_length=LONGEST_NAME,
        help_text="Lower-case letters, digits, “-” and “_”, a letter first.",
    )
    field_order = ("name", "version", "licence", "description")


class ImportForm(forms.Form):
    """A taxonomy's file."""

    file = forms.FileField(
        label="File",
        help_text="JSON, as another taxonomy's page offers it for download; up to 1 MB.",
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )
    replace = forms.BooleanField(
        required=False, label="A draft of the same version gives way to it"
    )


class ClassForm(forms.Form):
    """A class of a draft; its AudioSet classes are chosen beside it.

    Parameters
    ----------
    taxonomy
        The draft.
    entry
        The class that is changed; None for a new one.
    typed
        What was typed so far, when it is not to be judged yet.
    """

    display_name = forms.CharField(
        label="Name", max_length=LONGEST_DISPLAY_NAME, help_text="What people read."
    )
    name = forms.CharField(
        label="Identifier",
        max_length=LONGEST_NAME,
        help_text="In tables and files: lower-case letters, digits and “_”, a letter first.",
    )
    article = forms.ChoiceField(
        required=False,
        choices=[("", "none: “Do you hear bells?”"), ("a", "a"), ("an", "an")],
        help_text="In the question that people are asked.",
    )
    definition = forms.CharField(
        required=False,
        max_length=LONGEST_DEFINITION,
        widget=_words(LONGEST_DEFINITION),
        help_text="What counts as it, and what does not.",
    )
    parent = forms.ChoiceField(required=False, label="A kind of")
    no_detector = forms.BooleanField(
        required=False,
        label="No detector knows it: its clips are sampled uniformly",
        help_text="For what AudioSet has no class for.",
    )

    def __init__(
        self,
        *args: Any,
        taxonomy: Definition,
        entry: ClassDefinition | None,
        typed: Any = None,
        **kwargs: Any,
    ) -> None:
        if typed is not None:
            kwargs["initial"] = typed.dict()
        elif entry is not None:
            kwargs["initial"] = {
                "display_name": entry.display_name,
                "name": entry.name,
                "article": entry.article,
                "definition": entry.definition,
                "parent": entry.parent,
                "no_detector": not entry.audioset_mids,
            }
        super().__init__(*args, **kwargs)
        # What lies below a class cannot lie above it.
        below = {entry.name, *taxonomy.kinds_of(entry.name)} if entry else set()
        field = self.fields["parent"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [
            ("", "nothing"),
            *((one.name, one.display_name) for one in taxonomy.classes if one.name not in below),
        ]
        asked = self.data if self.is_bound else typed
        self.mids = _asked(asked, "mids", entry.audioset_mids if entry else ())
        self.without = _asked(asked, "without", entry.audioset_without if entry else ())

    def clean(self) -> dict[str, Any]:
        """Ask for AudioSet classes, or for the word that there are none."""
        values = super().clean() or {}
        if values.get("no_detector"):
            if self.mids:
                self.add_error(
                    "no_detector",
                    "AudioSet classes are chosen below. Take them out, or take this mark away.",
                )
        elif not self.mids:
            self.add_error(
                None,
                "Choose the AudioSet classes that it stands for, or say that no detector knows it.",
            )
        return values

    def entry(self) -> ClassDefinition:
        """Return the class of a valid form."""
        values = self.cleaned_data
        return ClassDefinition(
            name=values["name"],
            display_name=values["display_name"],
            article=values["article"],
            audioset_mids=self.mids,
            audioset_without=self.without,
            definition=values["definition"].replace("\r\n", "\n"),
            parent=values["parent"],
        )


def _asked(data: Any, key: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    if data is None:
        return otherwise
    return tuple(dict.fromkeys(data.getlist(key)))[: MOST_MIDS + 1]
