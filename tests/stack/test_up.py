"""Real processes: scripts stand in for nodes, found in a prefix as ROS lays it out."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from twincell.errors import AssetError
from twincell.stack.environment import ros_environment
from twincell.stack.processes import Process, arguments
from twincell.stack.specs import NodeSpec
from twincell.stack.up import INTERRUPTED, PATIENCE, TRIES, end, up

Make = Callable[..., NodeSpec]
SLEEP = "import time\nprint('up', flush=True)\ntime.sleep(60)\n"


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    (tmp_path / "prefix" / "lib" / "twincell_nodes").mkdir(parents=True)
    return tmp_path / "prefix"


@pytest.fixture
def environment(prefix: Path) -> dict[str, str]:
    return {**os.environ, "AMENT_PREFIX_PATH": str(prefix)}


@pytest.fixture
def node(prefix: Path) -> Make:
    def make(name: str, body: str, **more: object) -> NodeSpec:
        script = prefix / "lib" / "twincell_nodes" / name
        script.write_text(f"#!{sys.executable}\n{body}")
        script.chmod(0o755)
        return NodeSpec("twincell_nodes", name, name, **more)  # type: ignore[arg-type]

    return make


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_the_terminal_nodes_end_is_the_end(
    node: Make, environment: Mapping[str, str], tmp_path: Path
) -> None:
    pids: dict[str, int] = {}
    lines: list[tuple[str, str]] = []
    specs = [
        node("worker", SLEEP),
        node("chief", "import time; time.sleep(0.3); print('over')", terminal=True),
    ]
    code = up(
        specs,
        out=tmp_path / "out",
        environment=environment,
        echo=lambda spec, line: lines.append((spec.name, line)),
        on_started=pids.update,
    )
    assert code == 0
    assert set(pids) == {"worker", "chief"}
    assert all(gone(pid) for pid in pids.values())
    assert ("chief", "over") in lines
    assert (tmp_path / "out" / "logs" / "chief.log").read_text() == "over\n"


def test_the_terminal_nodes_code_is_the_code(
    node: Make, environment: Mapping[str, str], tmp_path: Path
) -> None:
    specs = [node("worker", SLEEP), node("chief", "raise SystemExit(3)", terminal=True)]
    assert up(specs, out=tmp_path, environment=environment) == 3


def test_a_node_that_dies_ends_everything(
    node: Make, environment: Mapping[str, str], tmp_path: Path
) -> None:
    pids: dict[str, int] = {}
    lines: list[str] = []
    specs = [node("worker", SLEEP), node("frail", "import time; time.sleep(0.2)")]
    code = up(
        specs,
        out=tmp_path,
        environment=environment,
        echo=lambda spec, line: lines.append(f"{spec.name}: {line}"),
        on_started=pids.update,
    )
    # even exit code 0 is no reason for a node to end by itself
    assert code == 1
    assert gone(pids["worker"])
    assert any("frail: ended by itself with exit code 0" in line for line in lines)


def test_a_killed_node_that_may_is_started_again_and_others_are_not(
    node: Make, environment: Mapping[str, str], tmp_path: Path
) -> None:
    counts = "import os, pathlib, signal\nf = pathlib.Path(r'{}'); n = len(f.read_text())\n"
    counts += "f.write_text('x' * (n + 1)); print('start', n, flush=True)\n"
    file = tmp_path / "starts"
    dies = counts.format(file) + "n < 2 and os.kill(os.getpid(), signal.SIGKILL)\n"
    for respawn, starts, code in ((True, 3, 0), (False, 1, 128 + signal.SIGKILL)):
        file.write_text("")
        specs = [node("worker", SLEEP), node("chief", dies, terminal=True, respawn=respawn)]
        lines: list[str] = []
        out = tmp_path / str(respawn)
        assert code == up(
            specs, out=out, environment=environment, echo=lambda _, line, to=lines: to.append(line)
        )
        assert len(file.read_text()) == starts
        # the log of each start is kept
        assert (out / "logs" / "chief.log").read_text().count("start") == starts
        assert sum("SIGKILL; it is started again" in line for line in lines) == starts - 1


def test_a_node_that_fails_by_itself_or_is_killed_at_once_is_not_started_for_ever(
    node: Make, environment: Mapping[str, str], tmp_path: Path
) -> None:
    kill = "import os, signal\nprint('start', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    for body, starts, code in ((kill, TRIES, 137), ("print('start'); raise SystemExit(3)", 1, 3)):
        spec = node("chief", body, terminal=True, respawn=True)
        out = tmp_path / str(code)
        assert up([spec], out=out, environment=environment, echo=lambda _spec, _line: None) == code
        assert (out / "logs" / "chief.log").read_text().count("start") == starts


def test_who_ignores_sigint_gets_more(
    node: Make, environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = ((signal.SIGINT, 0.5), (signal.SIGTERM, 0.5), (signal.SIGKILL, 2.0))
    monkeypatch.setattr("twincell.stack.up.PATIENCE", steps)
    deaf = "import signal\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\n" + SLEEP
    pids: dict[str, int] = {}
    specs = [node("deaf", deaf), node("chief", "import time; time.sleep(0.4)", terminal=True)]
    code = up(specs, out=tmp_path, environment=environment, on_started=pids.update)
    assert code == 0
    assert gone(pids["deaf"])


def test_who_is_given_that_patience_itself_has_less(
    node: Make, environment: Mapping[str, str], tmp_path: Path
) -> None:
    """A node that runs a stack of its own has ended it before it is killed for being slow."""
    deaf = "import signal\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\n"
    process = Process(
        node("deaf", deaf + "print('on', flush=True)\n" + SLEEP),
        environment,
        tmp_path,
        lambda *_: None,
    )
    while not process.log.is_file() or not process.log.read_text():
        time.sleep(0.01)
    began = time.monotonic()
    end([process], share=0.1)
    assert gone(process.pid)
    asked = sum(seconds for _, seconds in PATIENCE[:2])
    assert 0.1 * asked <= time.monotonic() - began < asked


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_by_the_user(
    node: Make, environment: Mapping[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    caught = "import signal, sys, time\nsignal.signal(2, lambda *_: (print('bye'), sys.exit(0)))\n"
    lines: list[str] = []

    def echo(_: NodeSpec, line: str) -> None:
        lines.append(line)
        if line == "up":
            os.kill(os.getpid(), number)

    def ours(*_: object) -> None:
        """Whoever runs the tests under nohup has told SIGHUP to be ignored."""

    before = signal.signal(number, ours)
    try:
        code = up(
            [node("polite", caught + SLEEP)], out=tmp_path, environment=environment, echo=echo
        )
        assert code == INTERRUPTED
        assert lines == ["up", "bye"]
        assert signal.getsignal(number) is ours
    finally:
        signal.signal(number, before)


def test_under_nohup_it_outlives_its_terminal(
    node: Make, environment: Mapping[str, str], tmp_path: Path
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGHUP)).start()
    try:
        last = node("last", "import time; time.sleep(1); raise SystemExit(7)", terminal=True)
        assert up([last], out=tmp_path, environment=environment) == 7
    finally:
        signal.signal(signal.SIGHUP, before)


def test_impatient_users_interrupt_nothing_but_what_runs(
    node: Make, environment: Mapping[str, str], tmp_path: Path
) -> None:
    stop = threading.Event()

    def press() -> None:
        time.sleep(0.5)
        while not stop.wait(0.0005):
            os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    before = signal.signal(signal.SIGINT, lambda *_: None)
    presser.start()
    try:
        pids: dict[str, int] = {}
        code = up(
            [node("worker", SLEEP)], out=tmp_path, environment=environment, on_started=pids.update
        )
    finally:
        stop.set()
        presser.join()
        signal.signal(signal.SIGINT, before)
    assert code == INTERRUPTED
    assert gone(pids["worker"])


def test_too_long(node: Make, environment: Mapping[str, str], tmp_path: Path) -> None:
    started = time.monotonic()
    assert up([node("w", SLEEP)], out=tmp_path, environment=environment, timeout=0.3) == 124
    assert time.monotonic() - started < 10


def test_parameters_reach_the_node(
    node: Make, environment: Mapping[str, str], tmp_path: Path
) -> None:
    show = "import json, sys; print(json.dumps(sys.argv[1:]))"
    spec = node(
        "chief",
        show,
        terminal=True,
        namespace="cell_2",
        parameters={"world": "a b.yaml", "rate": 2.0, "on": True},
        remappings=(("x", "y"),),
    )
    lines: list[str] = []
    code = up([spec], out=tmp_path, environment=environment, echo=lambda _, x: lines.append(x))
    assert code == 0
    file = tmp_path / "params" / "chief.yaml"
    assert json.loads(lines[0]) == arguments(spec, file)
    assert "__ns:=/cell_2" in lines[0]
    assert "x:=y" in lines[0]
    assert json.loads(file.read_text())["/**"]["ros__parameters"] == spec.parameters


def test_nothing_starts_when_one_is_missing(
    node: Make, environment: Mapping[str, str], tmp_path: Path
) -> None:
    specs = [node("worker", "open('started', 'w')"), NodeSpec("twincell_nodes", "lost", "lost")]
    with pytest.raises(AssetError, match=r"'lost'.*make setup"):
        up(specs, out=tmp_path, environment=environment)
    assert not (tmp_path / "logs").exists()


def test_an_unbuilt_workspace_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twincell.stack.environment.project_root", lambda: tmp_path)
    with pytest.raises(AssetError, match="make setup"):
        ros_environment({"PATH": os.environ["PATH"]})


def test_a_built_workspace_is_sourced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install = tmp_path / "ros2_ws" / "install"
    profile = install / "share" / "twincell_bringup" / "config" / "fastdds_profiles.xml"
    profile.parent.mkdir(parents=True)
    profile.write_text("<dds/>")
    setup = f"export AMENT_PREFIX_PATH={install} LINES_OF='a\nb'\n"
    (install / "local_setup.bash").write_text(setup)
    monkeypatch.setattr("twincell.stack.environment.project_root", lambda: tmp_path)
    environment = ros_environment({"PATH": os.environ["PATH"], "ROS_DOMAIN_ID": "42"})
    assert environment["AMENT_PREFIX_PATH"] == str(install)
    assert environment["FASTRTPS_DEFAULT_PROFILES_FILE"] == str(profile)
    assert environment["ROS_DOMAIN_ID"] == "42"
    assert environment["LINES_OF"] == "a\nb"
