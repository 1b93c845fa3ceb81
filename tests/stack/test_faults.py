from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from twincell.stack.faults import matrix

CASES = st.lists(
    st.fixed_dictionaries(
        {
            "fault": st.sampled_from(["killed", "paused"]),
            "phase": st.sampled_from(["idle", "scan"]),
            "safe": st.booleans(),
            "ms": st.floats(0, 2000),
            "simulated_ms": st.floats(0, 2000),
            "slower_ms": st.floats(0, 2000),
        }
    )
)


@given(CASES)
def test_no_case_is_lost_and_the_slowest_is_told(cases: list[dict[str, Any]]) -> None:
    table = matrix(cases)
    cells = [(f, p, c) for f, row in table.items() for p, c in row.items()]
    assert sum(c["runs"] for *_, c in cells) == len(cases)
    assert sum(c["unsafe"] for *_, c in cells) == sum(not c["safe"] for c in cases)
    for fault, phase, cell in cells:
        mine = [c["simulated_ms"] for c in cases if (c["fault"], c["phase"]) == (fault, phase)]
        assert cell["simulated_ms"] == max(mine)
