from __future__ import annotations

import json

import pytest

from twincell.errors import AssetError
from twincell.report.rates import rates_table, read_rates

TOPICS = [
    {"topic": "/clock", "type": "Clock", "expected": 240, "measured": 239.1, "messages": 2391},
    {"topic": "/a", "type": "X", "expected": 10, "measured": 6.0, "messages": 60},
    {"topic": "/b", "type": "X", "expected": 2, "measured": 0, "messages": 0},
    {"topic": "/plan", "type": "Plan", "expected": None, "measured": 0.02, "messages": 2},
]


def test_silent_and_slow_topics_are_told(tmp_path):
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "rates.json").write_text(json.dumps({"topics": TOPICS}))
    rates = read_rates(tmp_path)
    assert [rate.state for rate in rates] == ["ok", "slow", "silent", "ok"]
    table = rates_table(rates)
    assert table.bad == (False, True, True, False)
    assert table.rows[3][2] == "on events"


@pytest.mark.parametrize("text", ["", "[]", '{"topics": [{"topic": "/a"}]}', '{"topics": 3}'])
def test_what_is_no_table_of_rates(tmp_path, text):
    (tmp_path / "rates.json").write_text(text)
    with pytest.raises(AssetError, match="no table of rates"):
        read_rates(tmp_path)


def test_no_file(tmp_path):
    with pytest.raises(AssetError, match="cannot be read"):
        read_rates(tmp_path)
