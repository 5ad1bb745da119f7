"""What every command shares."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from consonance.errors import ModelError
from consonance.jobs.command import Command, ProgressBar, duration
from consonance.jobs.context import JobContext
from consonance.jobs.models import Job, JobState
from tests.factories import JobFactory


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (89.4, "89 s"), (90, "2 min"), (3_600, "60 min"), (7_800, "2 h 10 min")],
)
def test_times_are_told_as_a_person_says_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.django_db
def test_a_result_is_a_sentence_or_one_json_object(kind: Callable[[Any], str]) -> None:
    def work(context: JobContext) -> dict[str, Any]:
        context.progress(3, 3, unit="tracks")
        return {"summary": "Drei Stücke.", "tracks": 3}

    name = kind(work)

    class Ask(Command):
        def execute_step(self, **options: Any) -> dict[str, Any]:
            return self.run_job(kind=name, title="Work", arguments={})

    out = StringIO()
    call_command(Ask(stdout=out))
    assert out.getvalue() == "Drei Stücke.\n"
    out = StringIO()
    call_command(Ask(stdout=out), json=True)
    assert json.loads(out.getvalue())["tracks"] == 3
    assert set(Job.objects.values_list("state", flat=True)) == {JobState.DONE}


def test_an_error_ends_the_program_with_its_own_code() -> None:
    class Ask(Command):
        needs_database = False

        def execute_step(self, **options: Any) -> dict[str, Any]:
            raise ModelError("No weights.")

    with pytest.raises(CommandError, match="No weights") as caught:
        call_command(Ask())
    assert caught.value.returncode == ModelError.exit_code


def test_progress_goes_to_stderr_with_share_and_speed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bar = ProgressBar("Import")
    for done in (0, 50, 100):
        bar(JobFactory.build(progress_done=done, progress_total=100, progress_unit="files"))
    bar.close()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "100/100 files" in captured.err.splitlines()[-1]
    assert "/s" in captured.err
