"""`./consonance withdraw_clip`: stop serving clips, or serve them again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from consonance.catalog.actions.withdraw_clip import lift_withdrawal, withdraw_clip
from consonance.catalog.models import Clip, Collection, Withdrawal
from consonance.catalog.selection import collection_named
from consonance.errors import ParameterError
from consonance.jobs.command import Command as BaseCommand


class Command(BaseCommand):
    """Withdraw clips."""

    help = (
        "Withdraw clips, for a licence or a takedown: their sound is no longer served in any "
        "version of any release, while pages, tables and manifests stay. --lift serves them again. "
        "Running it twice changes nothing."
    )
    example = "withdraw_clip 000046_3840 --collection my-archive --reason takedown"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("clips", nargs="+", metavar="KEY", help="sample keys, or ids of clips")
        parser.add_argument("--collection", required=True, metavar="SLUG")
        parser.add_argument(
            "--reason", choices=Withdrawal.Reason.values, default="takedown", help="(takedown)"
        )
        parser.add_argument("--note", default="", help="for curators; not published")
        parser.add_argument("--lift", action="store_true", help="serve them again")

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Withdraw or lift; every key is looked up before anything is changed."""
        collection = collection_named(options["collection"])
        clips = [clip for key in options["clips"] for clip in _found(collection, key)]
        for clip in clips:
            if options["lift"]:
                lift_withdrawal(clip_id=clip.pk)
            else:
                withdraw_clip(clip_id=clip.pk, reason=options["reason"], note=options["note"])
        keys = [clip.sample_key for clip in clips]
        done = "served again" if options["lift"] else f"withdrawn ({options['reason']})"
        return {"clips": keys, "summary": f"{len(keys)} clip(s) {done}: {', '.join(keys)}."}


def _found(collection: Collection, key: str) -> list[Clip]:
    """Return the clips of a sample key (of whatever length) or of an id."""
    clips = Clip.objects.filter(track__collection=collection).select_related("track")
    number, _, start = key.partition("_")
    if number.isdecimal() and start.isdecimal():
        found = list(clips.filter(track__track_no=int(number), start_ms=int(start)))
    else:
        try:
            found = list(clips.filter(pk=UUID(key)))
        except ValueError:
            raise ParameterError(f"{key!r} is neither a sample key nor an id.") from None
    if not found:
        raise ParameterError(f"“{collection}” has no clip {key}.")
    return found
