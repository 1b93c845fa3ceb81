"""The journal: every byte counts, nothing acknowledged is lost, the state comes back."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader

import twincell
from twincell.errors import ProductionError
from twincell.production.journal import (
    GENESIS,
    Journal,
    Verified,
    check,
    read_journal,
    verify,
)
from twincell.production.journal_replay import MEMORY, rebuild, recap
from twincell.production.messages import Inject, Journalled

quick = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)  # fmt: skip
lines = st.builds(
    Journalled,
    st.floats(0.0, 1e6),
    st.text(max_size=10),
    st.text(max_size=10),
    st.dictionaries(st.text(max_size=5), plain, max_size=3),
)


def filled(path: Path, count: int = 5, close: bool = True) -> Path:
    journal = Journal(path)
    for i in range(count):
        journal.append(Journalled(float(i), "task_done", f"blade_{i}", {"took": i * 0.5}))
    if close:
        journal.close()
    else:
        os.close(journal._file)
    return path


def test_lines_come_back_in_order_and_up_to_a_moment(tmp_path: Path) -> None:
    with Journal(filled(tmp_path / "j.mcap")) as journal:
        assert [e.line.subject for e in journal.replay()] == [f"blade_{i}" for i in range(5)]
        assert len(list(journal.replay(until=2.0))) == 3
        assert len(journal) == 5
    assert [e.number for e in read_journal(tmp_path / "j.mcap", 2.0)] == [1, 2, 3]


@quick
@given(kept=st.lists(lines, max_size=6), more=st.lists(lines, max_size=3))
def test_any_line_comes_back_as_it_was(tmp_path, kept, more) -> None:
    path = tmp_path / "j.mcap"
    path.unlink(missing_ok=True)
    for part in (kept, more):
        with Journal(path) as journal:
            for line in part:
                journal.append(line)
    assert [e.line for e in read_journal(path)] == [*kept, *more]
    assert check(path).closed


def test_another_reader_finds_the_same_and_hashes_are_those_of_a_second_implementation(
    tmp_path: Path,
) -> None:
    path = filled(tmp_path / "j.mcap")
    last, seen = GENESIS, 0
    with path.open("rb") as file:
        for _, channel, message in make_reader(file).iter_messages():
            body = json.loads(message.data)
            digest = body.pop("hash")
            content = json.dumps(body, sort_keys=True, separators=(",", ":"))
            last = hashlib.sha256((last + "\n" + content).encode()).hexdigest()
            assert digest == last
            assert channel.topic == "/production/journal"
            assert message.log_time == body["stamp"] * 1e9
            seen += 1
    with Journal(path) as journal:
        assert journal.head == last
        assert len(journal) == seen == 5


def test_a_journal_is_read_in_one_pass(tmp_path: Path, monkeypatch) -> None:
    path = filled(tmp_path / "j.mcap", 60)
    crc32, summed = zlib.crc32, []

    def counted(data: bytes, *start: int) -> int:
        summed.append(len(data))
        return crc32(data, *start)

    monkeypatch.setattr(zlib, "crc32", counted)
    assert check(path).closed
    assert sum(summed) < 1.5 * path.stat().st_size


def test_a_reopened_journal_goes_on(tmp_path: Path) -> None:
    path = filled(tmp_path / "j.mcap")
    with Journal(path) as journal:
        journal.append(Journalled(9.0, "plan", "plan-1", {}))
    assert verify(path) == 6


@pytest.mark.parametrize("closed", [True, False])
def test_each_altered_byte_of_the_file_is_found(tmp_path: Path, closed: bool) -> None:
    path = filled(tmp_path / "j.mcap", 3, closed)
    whole = path.read_bytes()
    ends = [whole.index(b'"subject":"blade_%d"}' % i) + 20 for i in range(3)]
    for at in range(len(whole)):
        for flip in (1, 0x20, 0x80):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
            found = check(path)
            assert found.fault, f"byte {at} of {len(whole)}"
            first = sum(at >= end for end in ends)
            assert len(found.entries) in (0, first)
            if found.bad:
                assert found.bad == first + 1
            with pytest.raises(ProductionError):
                Journal(path)
    path.write_bytes(whole)
    assert verify(path) == 3


@quick
@given(data=st.data())
def test_entries_that_are_lost_swapped_rewritten_or_put_in_are_found(tmp_path, data) -> None:
    path = tmp_path / "j.mcap"
    path.unlink(missing_ok=True)
    marks = []
    with Journal(path) as journal:
        for i in range(6):
            journal.append(Journalled(float(i), "task_done", f"blade_{i}", {"took": i * 0.5}))
            marks.append(path.stat().st_size)
    whole = path.read_bytes()
    cuts = [marks[0] - (marks[1] - marks[0]), *marks]
    pieces = [whole[a:b] for a, b in pairwise(cuts)]
    assert whole == whole[: cuts[0]] + b"".join(pieces) + whole[marks[-1] :]
    at = data.draw(st.integers(0, 4))
    harm = data.draw(st.sampled_from(["lost", "swapped", "rewritten", "twice", "foreign"]))
    if harm == "lost":
        del pieces[at]
    elif harm == "swapped":
        pieces[at], pieces[at + 1] = pieces[at + 1], pieces[at]
    elif harm == "twice":
        pieces.insert(at, pieces[at])
        at += 1
    else:
        # a whole, well-formed entry by another writer, hash and all
        other = tmp_path / "other.mcap"
        other.unlink(missing_ok=True)
        with Journal(other) as journal:
            for i in range(6):
                took = 9.0 if i == at else i * 0.5
                journal.append(Journalled(float(i), "task_done", f"blade_{i}", {"took": took}))
                if harm == "foreign" and i == at:
                    break
        text = other.read_bytes()
        pieces[at] = text[cuts[at] : cuts[at + 1]]
        at += 1
    path.write_bytes(whole[: cuts[0]] + b"".join(pieces) + whole[marks[-1] :])
    assert check(path).bad == at + 1


def test_a_file_cut_anywhere_keeps_all_whole_entries_and_goes_on(tmp_path: Path) -> None:
    path = filled(tmp_path / "j.mcap", 4)
    whole = path.read_bytes()
    ends = [whole.index(b'"subject":"blade_%d"}' % i) + 20 for i in range(4)]
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        kept = sum(size >= end for end in ends)
        found = check(path)
        assert (len(found.entries), found.fault) == (kept, "")
        with Journal(path) as journal:
            assert len(journal) == kept
            journal.append(Journalled(50.0, "plan", "plan-9", {}))
        assert verify(path) == kept + 1
        assert check(path).closed


WORK = """
import os, sys
from twincell.production.journal import Journal
from twincell.production.messages import Journalled

def work():
    with Journal(sys.argv[1]) as journal:
        last = max((e.line.detail["item"] for e in journal.replay()), default=0)
        for item in range(last + 1, 10**6):
            detail = {"item": item, "note": "x" * (item * 37 % 900)}
            journal.append(Journalled(item * 0.1, "task_done", f"item_{item}", detail))
            os.write(1, b"%d\\n" % item)

# imports are paid for once; each worker is a process of its own all the same
for _ in sys.stdin:
    child = os.fork()
    if not child:
        os.write(1, b"%d\\n" % os.getpid())
        work()
    os.waitpid(child, 0)
    os.write(1, b"dead\\n")
"""


def test_killed_at_50_moments_nothing_is_lost_and_nothing_done_twice(tmp_path: Path) -> None:
    path = tmp_path / "j.mcap"
    rng = np.random.default_rng(11)
    environment = {**os.environ, "PYTHONPATH": str(Path(twincell.__file__).parents[1])}
    nursery = subprocess.Popen(
        [sys.executable, "-c", WORK, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
        bufsize=1,
    )
    with nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        acknowledged = 0
        for _ in range(50):
            nursery.stdin.write("go\n")
            worker = int(nursery.stdout.readline())
            for _ in range(int(rng.integers(0, 12))):
                acknowledged = int(nursery.stdout.readline())
            sum(range(int(rng.integers(0, 30000))))  # somewhere within the next entry
            os.kill(worker, signal.SIGKILL)
            while (line := nursery.stdout.readline()) != "dead\n":
                acknowledged = int(line)
            found = check(path) if path.exists() else Verified(())
            assert found.fault == ""
            items = [e.line.detail["item"] for e in found.entries]
            assert items == list(range(1, len(items) + 1))
            assert acknowledged <= len(items) <= acknowledged + 1
        nursery.stdin.close()
    assert acknowledged > 50
    assert not check(path).closed


def test_two_writers_are_refused_and_so_is_what_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "j.mcap"
    with Journal(path), pytest.raises(ProductionError, match="another process"):
        Journal(path)
    with pytest.raises(ProductionError, match="no journal"):
        verify(tmp_path / "none.mcap")
    with pytest.raises(ProductionError, match="cannot be opened"):
        Journal(tmp_path)
    wrong = tmp_path / "text.mcap"
    wrong.write_text("this is no journal, it is text" * 50)
    with pytest.raises(ProductionError, match="not a journal"):
        Journal(wrong)
    assert wrong.read_text().startswith("this is no journal")


@pytest.mark.parametrize(
    "line",
    [
        Journalled(0.0, "x", "y", {"nan": float("nan")}),
        Journalled(-1.0, "x", "y", {}),
        Journalled(float("inf"), "x", "y", {}),
        Journalled(0.0, "x", "y", {"object": object()}),
    ],
)
def test_what_json_cannot_hold_is_refused_and_the_journal_goes_on(tmp_path: Path, line) -> None:
    path = tmp_path / "k.mcap"
    with Journal(path) as journal:
        with pytest.raises(ProductionError, match="cannot be kept"):
            journal.append(line)
        journal.append(Journalled(1.0, "x", "y", {1: "a", "b": (1, 2)}))
    assert read_journal(path)[0].line.detail == {"1": "a", "b": [1, 2]}


def test_the_state_is_rebuilt_at_any_moment_of_a_shift(whole_world, fake_cell, tmp_path) -> None:
    """Against the orchestrator that lived through it, with cracks and disruptions."""
    cell = fake_cell(whole_world, {"blade_2": 0.0025, "blade_4": 0.009})
    cell.injects = [
        (5.0, Inject("rush_order", "order_b", {"due": 60.0, "priority": 4.0})),
        (20.0, Inject("tariff_spike", "tariff", {"price": 400.0, "until": 90.0})),
        (30.0, Inject("arm_slow", whole_world.handler, {"factor": 0.8})),
        (40.0, Inject("late_material", "blade_6", {"until": 120.0})),
    ]
    path = tmp_path / "j.mcap"
    rng, compared, written = np.random.default_rng(2), 0, 0
    with Journal(path) as journal:
        while not cell.orchestrator.finished:
            cell.step()
            for line in cell.journal[written:]:
                journal.append(line)
            written = len(cell.journal)
            assert cell.now < 900
            if rng.random() < 0.01 or cell.orchestrator.finished:
                was = cell.orchestrator.state
                now = rebuild(whole_world, journal.replay())
                for name in ("blades", "orders", "tariff", "outages", "tasks", "taken"):
                    assert getattr(now, name) == getattr(was, name), (name, cell.now)
                told = recap(journal.replay())
                assert told.running == [t for t, p in was.tasks.items() if p.status == "running"]
                compared += 1
    assert compared > 10
    assert {b.where for b in now.blades.values()} == {"bin"}
    assert {i["kind"] for i in told.disruptions} == {
        "rush_order", "tariff_spike", "arm_slow", "late_material"
    }  # fmt: skip


def test_a_line_of_memory_ends_no_outage_ahead_of_older_events(small_world, tmp_path) -> None:
    told = [
        Journalled(
            5.0, "disruption", "handler", {"kind": "arm_failed", "parameters": {"until": 10.1}}
        ),
        Journalled(10.5, MEMORY, "Plan", {}),
        Journalled(10.05, "disruption", "handler", {"kind": "arm_repaired", "parameters": {}}),
    ]
    with Journal(tmp_path / "j.mcap") as journal:
        for line in told:
            journal.append(line)
        assert rebuild(small_world, journal.replay()).happened == 2


def test_the_journal_of_another_world_is_told(small_world, tmp_path) -> None:
    with Journal(tmp_path / "j.mcap") as journal:
        journal.append(Journalled(1.0, "task_started", "blade_99/load", {}))
        with pytest.raises(ProductionError, match=r"entry 1 .*does not fit the world"):
            rebuild(small_world, journal.replay())
