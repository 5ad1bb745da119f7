"""Put the labels of several consensus runs of one collection into one table to release."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
from django.conf import settings
from django.db import transaction

from consonance.catalog.models import FrozenTableRow
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role, Scope
from consonance.tables.schemas import conform
from consonance.tables.store import TableStore

_PAIR = ["clip_id", "class_name"]
#: Of a rater in several runs: means, weighted by how many ratings each knows of them.
_MEANS = ("sensitivity", "specificity", "unsure_rate", "trust")


def combine_labels(*, sources: Sequence[FrozenTableRow], actor: Any = None) -> FrozenTableRow:
    """Return one table of labels: the first run's, and of each further one what is missing.

    A clip and class is decided by the first run that decides it; it comes with that run's ratings
    and no other's, so that every label still traces to the ratings behind it. What none decides
    stays the first's. Safe to repeat: equal tables have one name.

    Parameters
    ----------
    sources
        Labels of consensus runs of one collection, the leading one first.
    actor
        A curator of the collection; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator of the collection.
    ParameterError
        If there are fewer than two tables, one stands twice, is not of labels, or of another
        collection.
    StateError
        If a table does not name its ratings and skills.
    """
    first = _checked(sources)
    if actor is not None:
        require(actor, Role.CURATOR, (Scope.COLLECTION, first.collection_id))
    labels, ratings, skills = [], [], []
    for place, row in enumerate(sources):
        found = {"labels": row.open().read()}
        for kind in ("ratings", "skills"):
            name = row.facts.get(kind)
            if not name:
                raise StateError(f"{row} does not say which {kind} it came from: aggregate again.")
            found[kind] = TableStore(settings.TABLES_ROOT).open(kind, str(name)).read()
        labels.append(_frame(found["labels"]).assign(place=place))
        ratings.append(_frame(found["ratings"]).assign(place=place))
        skills.append(_frame(found["skills"]))
    kept = _kept(pd.concat(labels, ignore_index=True))
    answers = pd.concat(ratings, ignore_index=True)
    answers = answers.merge(kept[[*_PAIR, "place"]], on=[*_PAIR, "place"]).drop(columns="place")
    tables = {
        "ratings": answers.sort_values("rating_id", kind="stable", ignore_index=True),
        "skills": _skills(pd.concat(skills, ignore_index=True)),
        "labels": kept.drop(columns="place"),
    }
    return _freeze(tables, sources, first, actor)


def _checked(sources: Sequence[FrozenTableRow]) -> FrozenTableRow:
    if len({row.sha256 for row in sources}) < max(2, len(sources)):
        raise ParameterError("Name two different tables of labels or more.")
    first = sources[0]
    for row in sources:
        if row.kind != "labels":
            raise ParameterError(f"{row} holds no labels but {row.kind}.")
        if row.collection_id != first.collection_id:
            raise ParameterError(f"{row} is of another collection than {first}.")
    return first


def _frame(table: pa.Table) -> pd.DataFrame:
    frame = table.to_pandas()
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            frame[name] = frame[name].astype(object)
    return frame


def _kept(labels: pd.DataFrame) -> pd.DataFrame:
    """Return one row a clip and class: the first that is decided, else the first."""
    order = labels.assign(is_open=~labels["decision"].isin(("present", "absent")))
    order = order.sort_values([*_PAIR, "is_open", "place"], kind="stable", ignore_index=True)
    return order.drop_duplicates(_PAIR, ignore_index=True).drop(columns="is_open")


def _skills(skills: pd.DataFrame) -> pd.DataFrame:
    weight = skills["n_ratings"].clip(lower=1)
    weighted = skills.assign(weight=weight, **{name: skills[name] * weight for name in _MEANS})
    found = weighted.groupby("rater", sort=True, as_index=False).agg(
        {"rater_is_simulated": "max", "n_ratings": "sum", "weight": "sum"}
        | dict.fromkeys(_MEANS, "sum")
    )
    for name in _MEANS:
        found[name] = found[name] / found["weight"]
    return found.drop(columns="weight")


def _gold_marked(store: TableStore, sources: Sequence[FrozenTableRow]) -> dict[str, object]:
    """Return what answers marked as gold mean; nothing where the tables do not agree on it."""
    marks = {store.open("ratings", str(row.facts["ratings"])).facts.get("gold") for row in sources}
    mark = marks.pop()
    return {"gold": mark} if mark and not marks else {}


def _freeze(
    tables: dict[str, pd.DataFrame],
    sources: Sequence[FrozenTableRow],
    first: FrozenTableRow,
    actor: Any,
) -> FrozenTableRow:
    store = TableStore(settings.TABLES_ROOT)
    names = [row.sha256 for row in sources]
    facts: dict[str, Any] = {**first.facts, "combines": names}
    told: dict[str, dict[str, object]] = {
        "ratings": {"combines": names, **_gold_marked(store, sources)},
        "skills": {"combines": names},
        "labels": facts,
    }
    with transaction.atomic():
        for kind in ("ratings", "skills", "labels"):
            table = conform(pa.Table.from_pandas(tables[kind], preserve_index=False), kind)
            made = FrozenTableRow.keep(store.freeze(table, kind, told[kind]), first.collection)
            facts[kind] = made.sha256
        record("combine_labels", target=made, actor=actor, combines=names, labels=made.rows)
    return made
