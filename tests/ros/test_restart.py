"""The orchestrator is killed in mid-task; another goes on from its journal, with real nodes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from twincell.assets import world_path
from twincell.cell.result import RunResult
from twincell.errors import ProductionError
from twincell.production.identity import shift_line
from twincell.production.journal import Journal, check
from twincell.production.messages import Journalled
from twincell.stack.specs import NodeSpec, node_specs
from twincell.stack.up import INTERRUPTED, up
from twincell.world.load import load_world

pytestmark = [pytest.mark.ros, pytest.mark.timeout(900)]  # a busy machine takes its time


def short_world(folder: Path) -> Path:
    """The shipped cell with one blade, a disruption that comes while nobody listens, no visitor.

    Without LiDARs and camera, which take most of the machine's time.
    """
    text = yaml.safe_load(world_path("blade_cell").read_text(encoding="utf-8"))
    text["blades"] = {"blade_2": text["blades"]["blade_2"]}
    order = {"parts": ["blade_2"], "due": "60 s", "margin": 120, "priority": 1}
    spike = {"kind": "tariff_spike", "at": "7 s", "parameters": {"price": 300, "lasts": "20 s"}}
    text["production"] |= {"orders": {"order_a": order}, "disruptions": [spike]}
    text["sensors"] = {"profiler": text["sensors"]["profiler"]}
    del text["visitor"], text["inspection"]["camera"]
    path = folder / "short.yaml"
    path.write_text(yaml.safe_dump(text), encoding="utf-8")
    return path


def lines(path: Path) -> list[Journalled]:
    """What a journal holds at the moment, whoever writes it."""
    return [e.line for e in check(path).entries] if path.is_file() else []


@pytest.mark.usefixtures("workspace", "domain")
def test_killed_in_mid_task_the_shift_ends_with_every_blade_judged_once(
    tmp_path: Path, until: Callable[..., None]
) -> None:
    path, out = short_world(tmp_path), tmp_path / "run"
    specs = node_specs(load_world(path), path, seed=7, out=out, record=False)
    journal = out / "journal.mcap"
    pids: dict[str, int] = {}
    said: list[str] = []
    code: list[int] = []

    def echo(spec: NodeSpec, line: str) -> None:
        said.append(f"[{spec.name}] {line}")

    def stack() -> None:
        code.append(up(specs, out=out, echo=echo, timeout=700.0, on_started=pids.update))

    running = threading.Thread(target=stack)
    running.start()
    try:
        begun = ("task_started", "blade_2/load")
        until(
            lambda: begun in [(li.kind, li.subject) for li in lines(journal)] or code,
            "the first task",
            300,
        )
        assert not code, said[-20:]
        time.sleep(3.0)  # in mid-task
        os.kill(pids["orchestrator"], signal.SIGKILL)
        running.join(720.0)
    finally:
        if running.is_alive() and "orchestrator" in pids:
            os.kill(pids["simulator"], signal.SIGTERM)
            running.join(60.0)
    assert code == [0], said[-20:]
    found = check(journal)
    assert (found.fault, found.closed) == ("", True)
    kept = [e.line for e in found.entries]
    kinds = Counter(line.kind for line in kept)
    assert kinds["resumed"] == 1
    done = [line.subject for line in kept if line.kind == "task_done"]
    assert done == ["blade_2/load", "blade_2/inspect", "blade_2/unload"]
    begun = [line.subject for line in kept if line.kind == "task_started"]
    assert begun == done
    assert [line.subject for line in kept if line.kind == "disruption"] == [""]
    # the second process knows what the first one knew: nothing is missing in the result
    result = RunResult.from_json((out / "result.json").read_text(encoding="utf-8"))
    assert [(b.name, b.decision, b.expected) for b in result.blades] == [
        ("blade_2", "rework", "rework")
    ]
    assert result.plans[0].reason == "the shift begins"
    assert [p.revision for p in result.plans] == list(range(1, len(result.plans) + 1))
    assert next(e for e in result.events if e.kind == "task_started").subject == "blade_2/load"


def test_an_orchestrator_that_is_told_to_end_has_not_finished_the_shift(
    start: Callable[..., Any], until: Callable[..., None], tmp_path: Path
) -> None:
    process = start("orchestrator", out=str(tmp_path), use_sim_time=True)
    until((tmp_path / "journal.mcap").is_file, "the journal", 100)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == INTERRUPTED
    assert not (tmp_path / "result.json").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 8}, "the seed is 8, the journal's 7"),
        ({"world": "hard_day"}, "the world is 'hard_day', the journal's 'blade_cell'"),
    ],
)
def test_the_journal_of_another_shift_is_refused(
    start: Callable[..., Any], tmp_path: Path, capfd: Any, change: dict[str, Any], words: str
) -> None:
    with Journal(tmp_path / "journal.mcap") as journal:
        journal.append(shift_line(load_world(world_path("blade_cell")), 7))
    before = (tmp_path / "journal.mcap").read_bytes()
    process = start("orchestrator", out=str(tmp_path), use_sim_time=True, **change)
    assert process.wait(300) == 1
    said = capfd.readouterr().err
    assert words in said
    assert "give another folder" in said
    assert "Traceback" not in said
    assert (tmp_path / "journal.mcap").read_bytes() == before


def test_an_altered_journal_is_refused_with_the_first_bad_entry(
    start: Callable[..., Any], tmp_path: Path, capfd: Any
) -> None:
    path = tmp_path / "journal.mcap"
    with Journal(path) as journal:
        journal.append(shift_line(load_world(world_path("blade_cell")), 7))
        journal.append(Journalled(3.0, "mode", "running", {"text": "running"}))
    data = bytearray(path.read_bytes())
    data[data.rindex(b"running")] ^= 1
    path.write_bytes(data)
    process = start("orchestrator", out=str(tmp_path), use_sim_time=True)
    assert process.wait(300) == 1
    assert "entry 2 was altered" in capfd.readouterr().err
    assert path.read_bytes() == data
    with pytest.raises(ProductionError, match="entry 2"):
        Journal(path)
