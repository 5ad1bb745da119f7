"""Links by which marketplaces send people, and what is in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext as _

from annotation.models import Study
from consonance.errors import ParameterError

_SALT: Final = "annotation.study"
_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
#: Mechanical Turk shows a task to people who have not accepted it under this assignment.
_PREVIEW: Final = "ASSIGNMENT_ID_NOT_AVAILABLE"


@dataclass(frozen=True, kw_only=True)
class Preset:
    """How a marketplace names things in its links.

    Attributes
    ----------
    person, session, study
        Names of the parameters.
    filled
        What its own placeholders look like, for each of the three.
    how
        What a curator does with the link.
    """

    person: str
    session: str
    study: str
    filled: tuple[str, str, str]
    how: str

    @property
    def query(self) -> str:
        """The end of the link, placeholders as they are."""
        names = (self.person, self.study, self.session)
        return "&".join(f"{name}={value}" for name, value in zip(names, self.filled, strict=True))


PRESETS: Final[Mapping[str, Preset]] = {
    Study.Provider.PROLIFIC: Preset(
        person="PROLIFIC_PID",
        session="SESSION_ID",
        study="STUDY_ID",
        filled=("{{%PROLIFIC_PID%}}", "{{%STUDY_ID%}}", "{{%SESSION_ID%}}"),
        how="Paste it as the study's URL, with ids recorded by URL parameters, and enter both"
        " codes as completion paths: one for finished, one for screened out.",
    ),
    Study.Provider.MTURK: Preset(
        person="workerId",
        session="assignmentId",
        study="hitId",
        filled=("${workerId}", "${hitId}", "${assignmentId}"),
        how="Put it into the task's layout as a link that opens in a new window, with the three"
        " ids from the task's own address, and let workers paste the code they get.",
    ),
    Study.Provider.OTHER: Preset(
        person="person",
        session="session",
        study="study",
        filled=("PERSON", "STUDY", "SESSION"),
        how="Put each person's id in the place of PERSON; the other two may be left out.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """Who a marketplace says is coming; empty where it does not say."""

    person: str
    session: str
    study: str

    @property
    def is_preview(self) -> bool:
        """Whether somebody only looks at the task before they accept it."""
        return self.session == _PREVIEW


def signed(study: Study) -> str:
    """Return the part of a link that names a study; nobody can make one up."""
    return signing.Signer(salt=_SALT).sign(study.pk.hex)


def study_of(token: str) -> UUID | None:
    """Return which study a link names; None if it was made up or altered."""
    try:
        return UUID(signing.Signer(salt=_SALT).unsign(token))
    except (signing.BadSignature, ValueError):
        return None


def link_to_paste(study: Study, site: str) -> str:
    """Return the link for the marketplace, with its placeholders.

    Parameters
    ----------
    study
        Which.
    site
        Address of the site, without a slash at its end.
    """
    path = reverse("annotation:study_door", args=[signed(study)])
    return f"{site}{path}?{PRESETS[study.provider].query}"


def arrival_at(study: Study, query: Mapping[str, str]) -> Arrival:
    """Return who is coming by a link.

    Raises
    ------
    ParameterError
        If the person's id is missing, a placeholder was not filled in, or the link belongs to
        another study of the marketplace.
    """
    preset = PRESETS[study.provider]
    found = {}
    for name in (preset.person, preset.session, preset.study):
        value = query.get(name, "").strip()
        if value and not _ID.fullmatch(value):
            raise ParameterError(
                _("The link's %(name)s is not an id. Open the study from %(market)s once more.")
                % {"name": name, "market": study.get_provider_display()}
            )
        found[name] = value
    arrival = Arrival(
        person=found[preset.person], session=found[preset.session], study=found[preset.study]
    )
    if not arrival.person and not arrival.is_preview:
        raise ParameterError(
            _(
                "The link does not say who you are: %(name)s is missing. Open the study from"
                " %(market)s once more."
            )
            % {"name": preset.person, "market": study.get_provider_display()}
        )
    if study.external_id and arrival.study != study.external_id:
        raise ParameterError(
            _("This link belongs to another study. Open yours from %(market)s once more.")
            % {"market": study.get_provider_display()}
        )
    return arrival


def completion_url(study: Study, code: str) -> str:
    """Return where a code is handed in by a click; empty where people paste it."""
    if study.provider != Study.Provider.PROLIFIC:
        return ""
    return f"https://app.prolific.com/submissions/complete?{urlencode({'cc': code})}"
