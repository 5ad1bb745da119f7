"""Rules that raise flags, with the numbers they rest on."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from annotation.agreement import (
    RULES,
    Evidence,
    Flag,
    FlagRules,
    NotEnoughData,
    agreement_by_person,
    compare_with_rest,
    confusion_with_rest,
    drift,
    gold_accuracy,
    highest_spammer_scores,
    raise_flags,
    repeats,
    spammer_scores,
    straight_lining,
    suspicious_pairs,
    too_fast,
    wilson_many,
)
from annotation.consensus import DawidSkene
from consonance.demo.crowd import simulate
from consonance.errors import ParameterError


def only(evidence: Evidence, **thresholds: Any) -> list[tuple[str, ...]]:
    raised = raise_flags(evidence, rules=FlagRules(**thresholds))
    return [tuple(flag.code for flag in flags) for flags in raised]


def test_gold_is_held_against_the_upper_bound() -> None:
    # 4 of 10 is at most .69, 5 of 10 at most .76; 0 of 3 are too few to say anything.
    gold = wilson_many([4, 5, 0], [10, 10, 3])
    flagged = raise_flags(Evidence(n_annotators=3, gold=gold))
    assert [len(flags) for flags in flagged] == [1, 0, 0]
    flag = flagged[0][0]
    assert (flag.code, flag.severity, flag.value, flag.threshold) == ("gold", "serious", 0.4, 0.7)
    assert flag.text == (
        "4 of 10 answers on gold were right: 40 %, at most 68.7 % by its interval, where 70 % is "
        "wanted."
    )


def test_spammers_need_ten_answers_and_an_interval_that_is_low_as_a_whole() -> None:
    evidence = Evidence(
        n_annotators=5,
        spammer_score=np.array([0.02, 0.02, 0.02, 0.12, 0.09]),
        spammer_high=np.array([0.05, 0.11, 0.13, 0.11, 0.1]),
        n_definite=np.array([9, 10, 46, 300, 300]),
    )
    assert only(evidence) == [(), ("spammer",), (), (), ("spammer",)]
    told = raise_flags(evidence)[1][0]
    assert told.text == (
        "Spammer score 0.020 after 10 definite answers, at most 0.11 by its interval: answers"
        " hardly depend on what is heard."
    )
    assert (told.value, told.threshold) == (0.02, 0.1)


@pytest.mark.parametrize("seed", [0, 2, 4])
def test_no_careful_person_is_accused_of_not_listening_and_spammers_are(seed: int) -> None:
    crowd = simulate(
        n_clips=2_000, n_classes=10, n_items=3_000, n_ratings=18_000, n_people=160, seed=seed
    )
    ratings = (crowd.task, crowd.annotator, crowd.answer)
    fitted = DawidSkene().fit(*ratings, n_truths=2, context=crowd.context)
    counts = confusion_with_rest(
        compare_with_rest(fitted, *ratings), crowd.annotator, crowd.answer,
        n_annotators=crowd.n_people, n_answers=3,
    )  # fmt: skip
    definite = np.bincount(crowd.annotator[crowd.answer < 2], minlength=crowd.n_people)
    scores = spammer_scores(fitted.confusion_)
    found = only(
        Evidence(
            n_annotators=crowd.n_people, spammer_score=scores, n_definite=definite,
            spammer_high=highest_spammer_scores(counts),
        )
    )  # fmt: skip
    accused = np.array(["spammer" in codes for codes in found])
    skill = (crowd.sensitivity + crowd.specificity - 1).mean(axis=1)
    careful = ~crowd.is_spammer & (skill > 0.5)
    assert careful.sum() > 50
    assert not accused[careful].any()
    assert accused[~crowd.is_spammer].sum() <= 1  # somebody who hears next to nothing
    assert accused[crowd.is_spammer & (definite >= 30)].mean() > 0.7
    # By the score alone, as it was, careful people were among them.
    by_score = (definite >= 10) & (scores < 0.1 * np.minimum(1, definite / 30))
    assert by_score[~crowd.is_spammer].sum() > accused[~crowd.is_spammer].sum()


def test_haste_is_told_with_its_reasons() -> None:
    annotator = np.repeat([0, 1], 20)
    response = np.r_[np.full(20, 400.0), np.full(20, 6_000.0)]
    heard = np.r_[np.full(20, 300.0), np.full(20, 5_000.0)]
    evidence = Evidence(
        n_annotators=2, fast=too_fast(annotator, response, heard, required_ms=3_000)
    )
    assert only(evidence) == [("fast",), ()]
    assert raise_flags(evidence)[0][0].text == (
        "20 of 20 answers (100 %) came faster than hearing allows: 20 before enough was heard, 20 "
        "almost at once."
    )


def test_runs_are_flagged_by_own_rates_or_far_more_strictly_by_tasks() -> None:
    rng = np.random.default_rng(0)
    clicks = np.concatenate([rng.integers(2, size=60), np.ones(40, int)])
    always = np.ones(60, int)
    mixed = rng.integers(2, size=60)
    annotator = np.repeat([0, 1, 2], [100, 60, 60])
    answer = np.concatenate([clicks, always, mixed])
    expected = np.tile([0.55, 0.45], (220, 1))
    runs = straight_lining(annotator, answer, np.arange(220), expected=expected)
    evidence = Evidence(n_annotators=3, runs=runs)
    assert only(evidence) == [("straight",), ("straight",), ()]
    texts = [flags[0].text for flags in raise_flags(evidence)[:2]]
    assert texts[0].startswith("“yes” 4")
    assert "by the person's usual answers" in texts[0]
    assert texts[1] == (
        "“yes” 60 times in a row, of 60 definite answers; by the questions asked that has a chance "
        "of less than 1 in 1,000,000,000."
    )


def test_drift_is_told_with_before_and_after() -> None:
    rng = np.random.default_rng(0)
    right = np.concatenate([rng.random(200) < 0.9, rng.random(200) < 0.5])
    evidence = Evidence(n_annotators=1, drift=drift(np.zeros(400, int), right, np.arange(400)))
    assert only(evidence) == [("drift",)]
    assert only(evidence, drift_minimum=500) == [()]
    assert raise_flags(evidence)[0][0].text == (
        "Right 85.5 % of the time in the first 194 answers, 48 % in the 206 since (drift 32.2, "
        "alarm from 8.5)."
    )


def test_agreement_is_held_against_everybodys() -> None:
    rest = wilson_many([95, 60, 8, 0], [100, 100, 15, 0])
    evidence = Evidence(n_annotators=4, rest=rest)
    assert only(evidence) == [(), ("rest",), (), ()]
    assert only(Evidence(n_annotators=1, rest=wilson_many([0], [0]))) == [()]


def test_contradicting_oneself_needs_eight_repeats() -> None:
    task = np.repeat(np.arange(10), 2)
    annotator = np.zeros(20, int)
    answer = np.tile([0, 1], 10)
    found = repeats(task, annotator, answer, np.arange(20))
    assert only(Evidence(n_annotators=1, repeats=found)) == [("repeats",)]
    few = repeats(task[:14], annotator[:14], answer[:14], np.arange(14))
    assert only(Evidence(n_annotators=1, repeats=few)) == [()]


def test_unsure_too_often_is_a_warning() -> None:
    flagged = raise_flags(Evidence(n_annotators=2, unsure=wilson_many([60, 40], [100, 100])))
    assert [len(flags) for flags in flagged] == [1, 0]
    assert flagged[0][0].severity == "warning"
    assert flagged[0][0].text == "60 of 100 answers (60 %) are “unsure”."


def test_without_evidence_nobody_is_flagged() -> None:
    assert raise_flags(Evidence(n_annotators=2)) == ((), ())
    shortage = NotEnoughData(what="pairs", have=0, needed=1)
    assert raise_flags(Evidence(n_annotators=1, pairs=shortage)) == ((),)


def test_a_whole_crowd_is_judged_at_once() -> None:
    crowd = simulate(
        n_clips=2_000, n_classes=10, n_items=3_000, n_ratings=18_000, n_people=120, seed=3
    )
    n_people = crowd.n_people
    rng = np.random.default_rng(0)
    when = rng.permutation(len(crowd.task))
    ratings = (crowd.task, crowd.annotator, crowd.answer.copy())
    # Three people copy a fourth's answers, wherever they meet.
    busiest = np.argsort(-np.bincount(crowd.annotator[crowd.answer < 2]))
    ring = np.sort(busiest[~crowd.is_spammer[busiest]][:4])
    said = rng.integers(2, size=crowd.n_tasks)
    said = np.where(rng.random(crowd.n_tasks) < 0.8, crowd.truth, said)
    copies = np.isin(crowd.annotator, ring)
    ratings[2][copies] = said[crowd.task[copies]]
    fitted = DawidSkene().fit(*ratings, n_truths=2, context=crowd.context)
    comparison = compare_with_rest(fitted, *ratings)
    clear = comparison.is_clear
    definite = np.bincount(crowd.annotator[ratings[2] < 2], minlength=n_people)
    total = np.bincount(crowd.annotator, minlength=n_people)
    evidence = Evidence(
        n_annotators=n_people,
        gold=gold_accuracy(*ratings, crowd.gold(300, seed=0), n_annotators=n_people).people,
        spammer_score=spammer_scores(fitted.confusion_),
        spammer_high=highest_spammer_scores(
            confusion_with_rest(
                comparison, crowd.annotator, ratings[2], n_annotators=n_people, n_answers=3
            )
        ),
        n_definite=definite,
        runs=straight_lining(crowd.annotator, ratings[2], when),
        drift=drift(
            crowd.annotator[clear], comparison.is_right[clear], when[clear],
            expected=comparison.expected[clear], n_annotators=n_people,
        ),
        rest=agreement_by_person(comparison, crowd.annotator),
        pairs=suspicious_pairs(*ratings, rest=comparison.rest, confusion=fitted.confusion_),
        unsure=wilson_many(total - definite, total),
    )  # fmt: skip
    raised = raise_flags(evidence)
    assert len(raised) == n_people
    flagged = np.array([bool(flags) for flags in raised])
    copying = np.array([any(flag.code == "cluster" for flag in flags) for flags in raised])
    spamming = np.array([any(flag.code == "spammer" for flag in flags) for flags in raised])
    seen = definite >= 20
    assert spamming[crowd.is_spammer & (definite >= 30)].mean() > 0.9
    assert np.isin(np.flatnonzero(copying), ring).all()
    assert copying[ring].sum() >= 3
    honest = ~crowd.is_spammer
    honest[ring] = False
    assert flagged[honest & seen].mean() < 0.2
    for flags in raised:
        order = [flag.severity for flag in flags]
        assert order == sorted(order)  # serious before warning
        for flag in flags:
            assert isinstance(flag, Flag)
            assert flag.code in RULES
            assert np.isfinite([flag.value, flag.threshold]).all()
            assert flag.text.endswith(".")
            assert "nan" not in flag.text


def test_thresholds_are_stored_as_json_and_make_the_same_rules_again() -> None:
    rules = FlagRules(gold_below=0.65, run_minimum=20)
    assert FlagRules(**json.loads(json.dumps(rules.as_dict()))) == rules


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"gold_below": 1.2}, "gold_below is 1.2"),
        ({"gold_minimum": 0}, "gold_minimum is 0"),
        ({"gold_minimum": 2.5}, "gold_minimum is 2.5"),
        ({"fast_above": "much"}, "fast_above is 'much'"),
        ({"fast_above": float("nan")}, "fast_above is nan"),
        ({"fast_above": True}, "fast_above is True"),
    ],
)
def test_impossible_thresholds_are_refused(wrong: dict, sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        FlagRules(**wrong)


def test_every_rule_explains_itself_with_its_thresholds() -> None:
    assert [rule.code for rule in RULES.values()] == list(RULES)
    told = {code: rule.told(FlagRules()) for code, rule in RULES.items()}
    assert told["gold"] == "Certainly less than 70 % right on gold, with 10 answers or more."
    for sentence in told.values():
        assert "{" not in sentence
        assert sentence.endswith(".")


def test_evidence_speaks_of_the_same_people() -> None:
    with pytest.raises(ParameterError, match="gold speaks of 2 people, n_annotators is 3"):
        Evidence(n_annotators=3, gold=wilson_many([1, 1], [1, 1]))
    with pytest.raises(ParameterError, match="needed together"):
        Evidence(n_annotators=1, spammer_score=np.zeros(1))
