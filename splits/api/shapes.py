"""What the releases API asks for and answers with."""

from __future__ import annotations

from typing import Any, Final

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request

from consonance.ledger.asked import PageAsked, PageShown
from splits.actions.decide_reports import LONGEST_REPLY, MOST
from splits.actions.report_label import LONGEST_NOTE
from splits.models import Deposit, LabelReport, Release, ReleaseClip
from splits.serving.selection import WHAT

_STATES: Final = [
    (value, label) for value, label in LabelReport.State.choices if value != LabelReport.State.SPAM
]


class ReleasesAsked(PageAsked):
    """Which releases."""

    name = serializers.SlugField(required=False, help_text="Only versions of this one.")


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    """A release and its figures."""

    previous = serializers.SerializerMethodField(help_text="The version before, if it has one.")

    class Meta:
        model = Release
        fields = [
            "name", "version", "title", "is_simulated", "published_at", "figures", "doi",
            "previous", "changes", "manifest_sha256", "archive_bytes", "archive_sha256",
            "downloads",
        ]  # fmt: skip

    def get_previous(self, release: Release) -> str | None:
        """Return the version before."""
        return release.previous.version if release.previous else None


class ReleasesShown(PageShown):
    """A page of releases."""

    results = ReleaseSerializer(many=True)


class PartAsked(serializers.Serializer[Any]):
    """Which part of a release; filters may be given several times."""

    what = serializers.ChoiceField(
        choices=WHAT, required=False, help_text="All of it, labels only, or metadata only."
    )
    licence = serializers.CharField(required=False, help_text="Only clips under this licence.")
    partition = serializers.CharField(required=False, help_text="Only clips of this partition.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add the one whose name is a word of Python."""
        return {
            **super().get_fields(),
            "class": serializers.CharField(
                required=False, help_text="Only clips with a label of this class."
            ),
        }


class FilesAsked(PartAsked):
    """Which files of a release."""

    page_size = serializers.IntegerField(default=50, min_value=1, max_value=500)
    after = serializers.CharField(required=False, help_text="The name of the file before.")


class FileShown(serializers.Serializer[Any]):
    """A file of a release as it is served now."""

    name = serializers.CharField()
    bytes = serializers.IntegerField(source="size")
    sha256 = serializers.CharField()
    url = serializers.URLField()


class FilesShown(PageShown):
    """A page of files, by name."""

    results = FileShown(many=True)


class ClipsAsked(PageAsked):
    """Which clips of a release."""

    partition = serializers.CharField(required=False)


class ReleasedClip(serializers.ModelSerializer[ReleaseClip]):
    """A clip of a release."""

    title = serializers.CharField(source="clip.track.title")
    artist = serializers.CharField(source="clip.track.artist")
    licence = serializers.CharField(source="clip.track.licence_spdx")
    is_withdrawn = serializers.BooleanField(source="clip.is_withdrawn")
    audio_url = serializers.SerializerMethodField(help_text="Null for a withdrawn clip.")

    class Meta:
        model = ReleaseClip
        fields = [
            "sample_key", "partition", "present", "absent", "title", "artist", "licence",
            "is_withdrawn", "audio_url",
        ]  # fmt: skip

    def get_audio_url(self, row: ReleaseClip) -> str | None:
        """Return where its sound is."""
        if row.clip.is_withdrawn:
            return None
        request: Request = self.context["request"]
        return request.build_absolute_uri(reverse("media:clip_audio", args=[row.clip_id]))


class ClipsShown(PageShown):
    """A page of clips, by key."""

    results = ReleasedClip(many=True)


class LabelShown(serializers.Serializer[Any]):
    """What a release says of a class in a clip, and what it rests on."""

    published = serializers.ChoiceField(choices=["present", "absent", "unknown"])
    posterior = serializers.FloatField(allow_null=True)
    n_yes = serializers.IntegerField(allow_null=True)
    n_no = serializers.IntegerField(allow_null=True)
    n_unsure = serializers.IntegerField(allow_null=True)
    stop_reason = serializers.CharField(allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add the one whose name is a word of Python."""
        return {"class": serializers.CharField(), **super().get_fields()}


class WholeReleasedClip(ReleasedClip):
    """A clip with all that its page tells."""

    labels = LabelShown(many=True)
    attribution = serializers.CharField()
    duplicates = serializers.ListField(child=serializers.CharField())
    versions = serializers.ListField(child=serializers.CharField())

    class Meta(ReleasedClip.Meta):
        fields = [*ReleasedClip.Meta.fields, "labels", "attribution", "duplicates", "versions"]


class ReportsAsked(PageAsked):
    """Which reports."""

    state = serializers.ChoiceField(choices=_STATES, required=False)


class ReportShown(serializers.ModelSerializer[LabelReport]):
    """A report; never who made it. Its note is shown once a curator has read it."""

    sample_key = serializers.CharField(source="release_clip.sample_key")
    note = serializers.SerializerMethodField()

    class Meta:
        model = LabelReport
        fields = [
            "id", "sample_key", "class_name", "published", "says", "note", "state", "reply",
            "created_at", "decided_at",
        ]  # fmt: skip

    def get_note(self, report: LabelReport) -> str:
        """Return the note, unless nobody has looked at it yet."""
        return "" if report.state == LabelReport.State.OPEN else report.note


class ReportsShown(PageShown):
    """A page of reports, the newest first."""

    results = ReportShown(many=True)


class ReportSent(serializers.Serializer[Any]):
    """A report of a wrong label."""

    class_name = serializers.CharField(max_length=100)
    says = serializers.ChoiceField(choices=LabelReport.Says.choices)
    note = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_NOTE)


class ReportTaken(serializers.Serializer[Any]):
    """That it was taken."""

    id = serializers.UUIDField()
    state = serializers.CharField()


class QueueAsked(PageAsked):
    """Which reports of the collections that the caller curates."""

    state = serializers.ChoiceField(choices=LabelReport.State.choices, default="open")


class QueuedReport(ReportShown):
    """A report for whoever decides."""

    release = serializers.CharField(source="release.name")
    version = serializers.CharField(source="release.version")

    class Meta(ReportShown.Meta):
        fields = ["release", "version", *ReportShown.Meta.fields]

    def get_note(self, report: LabelReport) -> str:
        """Return the note."""
        return report.note


class QueueShown(PageShown):
    """A page of reports to decide about, the newest first."""

    results = QueuedReport(many=True)


class DecisionSent(serializers.Serializer[Any]):
    """What is decided about which reports."""

    reports = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST)
    state = serializers.ChoiceField(choices=LabelReport.State.choices)
    reply = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_REPLY)


class DecisionShown(serializers.Serializer[Any]):
    """How many reports changed."""

    changed = serializers.IntegerField()


class CountShown(serializers.Serializer[Any]):
    """How often a part was fetched on a day."""

    day = serializers.DateField()
    part = serializers.CharField()
    count = serializers.IntegerField()


class CountsShown(PageShown):
    """A page of counts, the newest first."""

    results = CountShown(many=True)


class DoiSent(serializers.Serializer[Any]):
    """A release's DOI; empty takes it away."""

    doi = serializers.CharField(allow_blank=True, max_length=220)


class DepositSent(serializers.Serializer[Any]):
    """Whether the record is published at once, for good."""

    publish = serializers.BooleanField(default=False)


class DepositStarted(serializers.Serializer[Any]):
    """The job that does it."""

    job = serializers.UUIDField()
    url = serializers.URLField()


class DepositShown(serializers.ModelSerializer[Deposit]):
    """A copy of a release in a public repository."""

    class Meta:
        model = Deposit
        fields = ["id", "service", "api", "record_id", "state", "doi", "url", "error", "files",
                  "created_at", "updated_at"]  # fmt: skip


class DepositsShown(PageShown):
    """A page of deposits, the newest first."""

    results = DepositShown(many=True)
