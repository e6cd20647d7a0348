"""The floor under the scores of the clause grammar; it only rises (tests/clauses/floor.toml)."""

from __future__ import annotations

import pytest

from clause_scores import MEASURES, SETS, floors, score


@pytest.mark.parametrize("name", SETS)
def test_no_score_falls_below_its_floor(name: str) -> None:
    found, held = score(SETS[name]), floors()[name]
    assert set(held) == set(MEASURES)
    assert {m: found[m] for m in MEASURES if found[m] < held[m]} == {}
    assert found["left_though_checkable"] < 0.05
