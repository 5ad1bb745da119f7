from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from consonance.errors import ParameterError, StateError
from consonance.tables.schemas import SPLITS, conform
from consonance.tables.store import TableStore


def _splits() -> pa.Table:
    return pa.table({"clip_id": ["a", "b"], "partition": ["train", "test"]})


def test_the_same_rows_and_facts_are_stored_once_under_the_same_name(tmp_path: Path) -> None:
    store = TableStore(tmp_path)
    first = store.freeze(_splits(), "splits", {"seed": 1})
    second = store.freeze(_splits(), "splits", {"seed": 1})
    assert first == second
    assert [path.name for path in (tmp_path / "splits").iterdir()] == [f"{first.sha256}.parquet"]


def test_other_facts_make_another_table(tmp_path: Path) -> None:
    store = TableStore(tmp_path)
    assert (
        store.freeze(_splits(), "splits", {"seed": 1}).sha256
        != store.freeze(_splits(), "splits", {"seed": 2}).sha256
    )


def test_an_opened_table_has_its_rows_schema_and_facts(tmp_path: Path) -> None:
    store = TableStore(tmp_path)
    name = store.freeze(_splits(), "splits", {"seed": 1}).sha256
    opened = store.open("splits", name)
    assert opened.facts == {"seed": 1}
    assert opened.read().column("partition").to_pylist() == ["train", "test"]
    assert opened.read().schema.names == SPLITS.names


def test_an_altered_table_is_refused(tmp_path: Path) -> None:
    store = TableStore(tmp_path)
    frozen = store.freeze(_splits(), "splits", {})
    content = bytearray(frozen.path.read_bytes())
    content[40] ^= 1
    frozen.path.write_bytes(content)
    with pytest.raises(StateError, match="altered"):
        store.open("splits", frozen.sha256)


def test_a_missing_table_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="no splits table"):
        TableStore(tmp_path).open("splits", "0" * 64)


def test_facts_that_are_not_json_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="JSON"):
        TableStore(tmp_path).freeze(_splits(), "splits", {"path": tmp_path})
    assert not list(tmp_path.rglob("*.p*"))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ParameterError, match="partition"):
        conform(pa.table({"clip_id": ["a"]}), "splits")


def test_a_null_where_none_may_be_is_named() -> None:
    with pytest.raises(ParameterError, match="clip_id"):
        conform(pa.table({"clip_id": ["a", None], "partition": ["train", "test"]}), "splits")


def test_a_wrong_type_is_refused() -> None:
    with pytest.raises(ParameterError, match="not a splits table"):
        conform(pa.table({"clip_id": [["a"]], "partition": ["train"]}), "splits")


def test_an_unknown_kind_lists_the_known_ones() -> None:
    with pytest.raises(ParameterError, match="labels"):
        conform(_splits(), "lables")
