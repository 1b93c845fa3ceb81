from __future__ import annotations

import json

import pytest

from twincell.errors import AssetError
from twincell.report.rates import rates_table, read_rates
from twincell.stack.recording import Rates
from twincell.stack.surface import Topic

TOPICS = {
    "/clock": {"type": "Clock", "expected": 240.0, "measured": 239.1, "messages": 2391},
    "/a": {"type": "X", "expected": 10.0, "measured": 6.0, "messages": 60},
    "/b": {"type": "X", "expected": 2.0, "measured": 0.0, "messages": 0},
    "/plan": {"type": "Plan", "expected": None, "measured": 0.02, "messages": 2},
    "/markers": {"type": "Markers", "expected": None, "measured": 0.0, "messages": 0},
}


def test_silent_and_slow_topics_are_told(tmp_path):
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "rates.json").write_text(json.dumps({"topics": TOPICS}))
    rates = read_rates(tmp_path)
    assert [rate.state for rate in rates] == ["ok", "slow", "silent", "ok", "no event"]
    table = rates_table(rates)
    assert table.bad == (False, True, True, False, False)
    assert table.rows[3][2] == "on events"


@pytest.mark.parametrize("text", ["", "[]", '{"topics": {"/a": {}}}', '{"topics": 3}'])
def test_what_is_no_table_of_rates(tmp_path, text):
    (tmp_path / "rates.json").write_text(text)
    with pytest.raises(AssetError, match="no table of rates"):
        read_rates(tmp_path)


@pytest.mark.parametrize(("key", "value"), [("measured", "NaN"), ("expected", "Infinity")])
def test_a_rate_that_is_no_number_is_refused(tmp_path, key, value):
    topic = TOPICS["/a"] | {key: float(value)}
    (tmp_path / "rates.json").write_text(json.dumps({"topics": {"/a": topic}}))
    assert value in (tmp_path / "rates.json").read_text()
    with pytest.raises(AssetError, match=r"rates\.json: .*valid: a finite number"):
        read_rates(tmp_path)


def test_no_file(tmp_path):
    with pytest.raises(AssetError, match="cannot be read"):
        read_rates(tmp_path)


def test_what_the_recorder_writes_is_read(tmp_path):
    topics = {"/a": Topic("/a", "std_msgs/msg/String", 5.0), "/b": Topic("/b", "x/msg/Y", None)}
    counted = Rates(topics)
    for i in range(21):
        counted.count("/a", 0.2 * i, 8)
    counted.save(tmp_path / "rates.json", 4.0)
    rate, event = read_rates(tmp_path)
    assert (rate.topic, rate.messages, rate.state) == ("/a", 21, "ok")
    assert rate.measured == pytest.approx(5.0)
    assert event.state == "no event"
