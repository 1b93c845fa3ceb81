from __future__ import annotations

import numpy as np
import pytest

from twincell.errors import SafetyError
from twincell.safety.ledger import LatencyLedger


def test_percentiles_by_stage_match_sorted_samples() -> None:
    rng = np.random.default_rng(0)
    ledger = LatencyLedger()
    waits = rng.exponential(0.002, 501)
    for i, wait in enumerate(waits):
        stamps = {"light": float(i), "detected": i + float(wait), "standstill": i + 0.5}
        ledger.add(f"r{i}", "critical_anomaly", "inspector", stamps)
    row = ledger.stage("light", "detected")
    assert row.count == 501
    assert row.percentiles[50.0] == pytest.approx(np.sort(waits)[250], abs=1e-9)
    assert [r.stage for r in ledger.table()] == [
        "light -> detected", "detected -> standstill", "light -> standstill",
    ]  # fmt: skip
    assert ledger.stage("light", "detected", cause="other").count == 0


def test_senseless_chains_are_refused() -> None:
    ledger = LatencyLedger()
    with pytest.raises(SafetyError, match="did you mean 'detected'"):
        ledger.add("r", "c", "m", {"detectd": 1.0})
    with pytest.raises(SafetyError, match="is before"):
        ledger.add("r", "c", "m", {"light": 2.0, "detected": 1.0})
    with pytest.raises(SafetyError, match="nan"):
        ledger.add("r", "c", "m", {"light": float("nan")})
    assert ledger.chains == ()
