"""A run's input and output as the tables that other rooms read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from annotation.aggregation import identifiers
from annotation.aggregation.codes import (
    ANSWERS,
    NO,
    UNSURE,
    YES,
    FloatArray,
    IntArray,
    Integers,
)
from annotation.aggregation.collected import UNMEASURED, Collected
from annotation.aggregation.judging import DECISIONS, Judgement
from annotation.aggregation.questions import STOP_REASONS
from consonance.tables.schemas import LABELS, RATINGS, SKILLS

#: How a label's question stands that is still asked.
STILL_OPEN = "open"


def ratings_table(collected: Collected) -> pa.Table:
    """Return one row a rating that counts, in the schema `RATINGS`."""
    questions, answers = collected.questions, collected.answers
    simulated = np.array([rater.is_simulated for rater in collected.raters], dtype=bool)
    names = pa.array([rater.pseudonym for rater in collected.raters], pa.string())
    clips = identifiers.to_text(questions.clip)
    columns = {
        "rating_id": identifiers.to_text(collected.rating),
        "clip_id": clips.take(pa.array(answers.question)),
        "class_name": named(
            questions.context[answers.question], [target.name for target in questions.targets]
        ),
        "rater": names.take(pa.array(answers.rater)),
        "rater_is_simulated": pa.array(simulated[answers.rater]),
        "answer": named(answers.answer, ANSWERS),
        # What is frozen may be published: gold that is still in use must not be told.
        "is_gold": pa.array(questions.retired[answers.question]),
        "answered_at": pa.array(answers.answered_us).cast(RATINGS.field("answered_at").type),
        "response_ms": _measured(answers.response),
        "heard_ms": _measured(answers.heard),
        "guideline_version": pa.array(collected.guideline_version, pa.int32()),
    }
    return pa.Table.from_arrays([columns[field.name] for field in RATINGS], schema=RATINGS)


def labels_table(collected: Collected, judgement: Judgement) -> pa.Table:
    """Return one row a rated question, and one a question that a curator decided, in `LABELS`.

    Where everybody who rated is left out, a curator's decision is still one: nobody has answered
    it then, and the crowd's posterior is the 0.5 of not knowing.
    """
    questions, alone = collected.questions, collected.curators_alone
    asked = np.concatenate([collected.questions_of_tasks, alone])
    # Questions are sorted by clip and class, and so is the table.
    order = np.argsort(asked, kind="stable")
    asked = asked[order]

    def told(column: FloatArray, otherwise: float) -> FloatArray:
        return np.concatenate([column, np.full(len(alone), otherwise)])[order]

    counts = np.concatenate([collected.counts, np.zeros((len(alone), len(ANSWERS)), np.int64)])
    counts = counts[order].astype(np.int32)
    decision = np.concatenate([judgement.decision, questions.adjudicated[alone]])[order]
    columns = {
        "clip_id": identifiers.to_text(questions.clip.take(pa.array(asked))),
        "class_name": named(
            questions.context[asked], [target.name for target in questions.targets]
        ),
        "decision": named(decision, DECISIONS),
        "posterior_crowd": pa.array(told(judgement.posterior, 0.5)),
        "posterior_with_detector": _nulls(told(judgement.with_detector, np.nan)),
        "majority": _nulls(told(judgement.majority, np.nan)),
        "relevance": _nulls(told(judgement.relevance, np.nan)),
        "n_yes": pa.array(counts[:, YES]),
        "n_no": pa.array(counts[:, NO]),
        "n_unsure": pa.array(counts[:, UNSURE]),
        "stop_reason": named(
            questions.stop_reason[asked], [reason or STILL_OPEN for reason in STOP_REASONS]
        ),
    }
    return pa.Table.from_arrays([columns[field.name] for field in LABELS], schema=LABELS)


def skills_table(collected: Collected, judgement: Judgement) -> pa.Table:
    """Return one row a rater, in the schema `SKILLS`."""
    number, unsure = rating_counts(collected)
    columns = {
        "rater": [rater.pseudonym for rater in collected.raters],
        "rater_is_simulated": [rater.is_simulated for rater in collected.raters],
        "n_ratings": number,
        "sensitivity": judgement.confusion[:, YES, YES],
        "specificity": judgement.confusion[:, NO, NO],
        "unsure_rate": unsure / np.maximum(number, 1),
        "trust": judgement.crowd.trust_,
    }
    arrays = [pa.array(columns[field.name], type=field.type) for field in SKILLS]
    return pa.Table.from_arrays(arrays, schema=SKILLS)


def rating_counts(collected: Collected) -> tuple[IntArray, IntArray]:
    """Return how many ratings each rater gave, and how many of them were unsure."""
    n_raters = len(collected.raters)
    rater, answer = collected.answers.rater, collected.answers.answer
    number = np.bincount(rater, minlength=n_raters)
    unsure = np.bincount(rater[answer == UNSURE], minlength=n_raters)
    return number.astype(np.int64), unsure.astype(np.int64)


def named(codes: Integers, names: Sequence[str]) -> pa.DictionaryArray:
    """Return numbers as names, stored once each.

    Only names that occur are kept, in the order in which they do: the same column is the same
    bytes, whatever else there might have been.
    """
    encoded = pa.array(np.asarray(codes, dtype=np.int16)).dictionary_encode()
    occurring = [names[code] for code in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(
        encoded.indices.cast(pa.int16()), pa.array(occurring, pa.string())
    )


def _measured(values: Integers) -> pa.Array:
    return pa.array(values, pa.int64(), mask=values == UNMEASURED)


def _nulls(values: FloatArray) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
