"""What a campaign takes, in words."""

from __future__ import annotations

from annotation.campaigns.effort import FIRST_ANSWER, FURTHER_ANSWER, Effort


def effort_sentences(effort: Effort, *, is_bound: bool = False) -> list[str]:
    """Return how many questions a campaign has and what they cost, sentence by sentence.

    Parameters
    ----------
    effort
        Of a campaign, or of one to be opened.
    is_bound
        Whether there may be fewer questions beside the drawn ones.
    """
    clips = f"{effort.clips:,} clip{'' if effort.clips == 1 else 's'}"
    questions = f"{effort.questions:,} question{'' if effort.questions == 1 else 's'}"
    made = f"{questions} on {clips}"
    if effort.beside:
        most = "up to " if is_bound else ""
        made = (
            f"{most}{made}: {effort.drawn:,} that rounds drew, {most}{effort.beside:,} asked beside"
            " them"
        )
    answers = _range(*(f"{number:,}" for number in effort.answers))
    hours = _range(*(_short(number) for number in effort.hours))
    cost = ""
    if effort.cost is not None:
        amounts = _range(*(f"{number:,.2f}" for number in effort.cost))
        cost = f" and {amounts} {effort.currency}"
    return [
        f"{made[0].upper()}{made[1:]}.",
        f"With gold and repeats they take {answers} answers: about {hours} hours{cost}, at"
        f" {FIRST_ANSWER} s for a clip’s first answer"
        + (f" and {FURTHER_ANSWER} s for each further one." if effort.beside else "."),
        "A pilot measures it.",
    ]


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def _short(hours: float) -> str:
    return f"{hours:,.1f}" if hours < 10 else f"{hours:,.0f}"
