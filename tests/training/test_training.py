"""Training for real, in small: it learns, it goes on after a kill, its file acts as it does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import gymnasium
import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from twincell.cli import app
from twincell.errors import TrainingError
from twincell.training import seeds, trainer
from twincell.training.adapter import make_many
from twincell.training.evaluation import judge
from twincell.training.policy import OnnxPolicy, baselines
from twincell.training.seeds import train_seeds
from twincell.training.settings import load_settings
from twincell.training.trainer import train_seed

SMALL = {"options": {"physics": "free", "tolerance": 0.05}, "train_options": {}}
"""Goals of 50 mm on arms without contacts: a few thousand steps show learning."""


class KnowsTheWay:
    """The closed form for Cartesian actions: straight to the goal."""

    def predict(self, seen, *, deterministic=True):
        return np.clip((seen["desired_goal"] - seen["achieved_goal"]) / 0.05, -1, 1), None


class StandsStill:
    def predict(self, seen, *, deterministic=True):
        return np.zeros(3, np.float32), None


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A training of two seeds by the command line, in the same process."""
    out = tmp_path_factory.mktemp("run")
    settings = load_settings("Reach-v0").changed(algo="ppo", steps=8192, every=4096, **SMALL)
    train_seeds(settings, [1, 2], out, 20, workers=1)
    return out


def results(run: Path) -> list[dict]:
    return [json.loads((run / f"seed_{s}" / "result.json").read_text()) for s in (1, 2)]


def test_judging_counts_what_is_known():
    options = {"physics": "free"}
    good = judge("twincell/Reach-v0", options, KnowsTheWay(), 10, 0)
    lazy = judge("twincell/Reach-v0", options, StandsStill(), 10, 0)
    assert (good.successes, lazy.successes) == (10, 0)
    assert good.steps == lazy.steps == 500
    assert good.mean_distance < 1e-3 < lazy.mean_distance
    assert good.interval[1] == 1.0
    assert good.interval[0] == pytest.approx(0.025 ** (1 / 10))  # closed form of Clopper-Pearson


def test_it_learns(run):
    """Standing still ends within 50 mm in the share of the box that a ball of 50 mm fills: 2 %."""
    for result in results(run):
        assert result["steps"] >= 8192
        assert result["success_rate"] >= 0.5
        assert result["curve"][-1][2] > 2 * result["curve"][0][2] or result["curve"][0][1] > 0.3


def test_the_same_seed_gives_the_same_policy(run, tmp_path):
    settings = load_settings("Reach-v0").changed(algo="ppo", steps=8192, every=4096, **SMALL)
    (again,) = train_seeds(settings, [2], tmp_path, 20, workers=1)
    assert again["curve"] == results(run)[1]["curve"]


def test_a_finished_run_is_not_trained_again_and_another_design_is_refused(run):
    settings = load_settings("Reach-v0").changed(algo="ppo", steps=8192, every=4096, **SMALL)
    before = (run / "seed_1" / "policy.zip").stat().st_mtime_ns
    train_seeds(settings, [1, 2], run, 20, workers=1)
    assert (run / "seed_1" / "policy.zip").stat().st_mtime_ns == before
    with pytest.raises(TrainingError, match=r"steps there is 8192, given: 9000"):
        train_seeds(settings.changed(steps=9000), [1], run, 20, workers=1)


def test_a_killed_training_goes_on_from_its_checkpoint(tmp_path):
    settings = ("--algo", "sac", "--steps", "1600", "--episodes", "5", "--out", str(tmp_path))
    command = [sys.executable, "-m", "twincell", "train", "Reach-v0", *settings, "--json"]
    file = tmp_path / "mine.toml"
    file.write_text(
        "every = 400\n[options]\nphysics = 'free'\n"
        "[sac]\nlearning_starts = 100\ngradient_steps = 1\n"
    )
    command += ["--settings", str(file)]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    state = tmp_path / "seed_1" / "checkpoint" / "state.json"
    give_up = time.monotonic() + 90
    while not state.is_file() and time.monotonic() < give_up and first.poll() is None:
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert not (tmp_path / "seed_1" / "result.json").exists()
    behind = json.loads(state.read_text())["curve"]
    assert 400 <= behind[-1][0] < 1600
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {"success_rate", "episodes", "steps", "seconds"} <= told.keys()
    assert told["steps"] == 1600
    result = json.loads((tmp_path / "seed_1" / "result.json").read_text())
    assert result["curve"][: len(behind)] == behind
    assert [row[0] for row in result["curve"]] == [400, 800, 1200, 1600]


def tiny(**more):
    """A training of a second."""
    ppo = {"net": [8], "n_steps": 16, "batch_size": 64, "n_epochs": 1}
    small = {**SMALL, "algo": "ppo", "steps": 128, "every": 128, "envs": 8, **more}
    return load_settings("Reach-v0").changed(**small, arguments={"ppo": ppo})


def test_what_a_kill_between_two_checkpoints_leaves_is_gone_on_with(monkeypatch, tmp_path):
    monkeypatch.setattr(trainer, "_LOOKS", 1)

    def breaks(steps):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_seed(tiny(), 1, tmp_path, 1, breaks)
    (tmp_path / "checkpoint").rename(tmp_path / "checkpoint.old")
    behind = json.loads((tmp_path / "checkpoint.old" / "state.json").read_text())["curve"]

    def killed(self, target):
        raise KeyboardInterrupt

    # killed once more, before the new checkpoint is in place: the old one is still there
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            train_seed(tiny(steps=256), 1, tmp_path, 1)
    assert (tmp_path / "checkpoint.old" / "state.json").is_file()
    # and with all steps done
    result = train_seed(tiny(), 1, tmp_path, 1)
    assert result["curve"] == behind
    assert not list(tmp_path.glob("checkpoint*"))


def test_a_result_from_elsewhere_comes_last(tmp_path):
    folder = tmp_path / "seed_1"
    files = {"result.json": b"{}", "tensorboard/run_0/events": b"e", "policy.zip": b"p"}
    (folder / "policy.zip").mkdir(parents=True)  # what cannot be written over
    with pytest.raises(OSError, match=r"policy\.zip"):
        seeds._bring(files, folder)
    assert not (folder / "result.json").exists()
    (folder / "policy.zip").rmdir()
    seeds._bring(files, folder)
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert found == files


def test_no_two_seeds_train_or_are_judged_on_the_same_episodes(monkeypatch, tmp_path):
    begun, judged = [], []
    many = trainer.make_many

    def watched(*given):
        venv = many(*given)
        started = venv.vector.reset

        def reset(seed=None, options=None):
            if seed is not None:
                begun.append(list(seed))
            return started(seed=seed, options=options)

        venv.vector.reset = reset
        return venv

    def looked(_env, _options, _policy, episodes, first):
        judged.append(set(range(first, first + episodes)))
        return SimpleNamespace(share=0.0, mean_return=0.0, episodes=episodes, successes=0)

    monkeypatch.setattr(trainer, "make_many", watched)
    monkeypatch.setattr(trainer, "judge", looked)
    for seed in (1, 2, 3):
        train_seed(tiny(), seed, tmp_path / str(seed), 50)
    begun_sets = [set(seeds) for seeds in begun]
    # measuring and training of one seed begin alike; of two seeds nothing is alike
    assert len(begun_sets) == 6
    assert begun_sets[0] == begun_sets[1]
    assert all(len(seeds) == tiny().envs for seeds in begun_sets)
    apart = [*begun_sets[::2], *judged]
    assert sum(len(seeds) for seeds in apart) == len(set().union(*apart))


def test_hindsight_replay_wants_goals(tmp_path):
    sac = {"her": True, "learning_starts": 101, "buffer_size": 200}
    settings = load_settings("ScanBlade-v0").changed(algo="sac", steps=8, arguments={"sac": sac})
    with pytest.raises(TrainingError, match="ScanBlade-v0 has no goals to replay"):
        train_seeds(settings, [1], tmp_path, 1, workers=1)


def test_hindsight_replay_knows_what_rewards_ask_of_the_info(monkeypatch, tmp_path):
    monkeypatch.setattr(trainer, "_LOOKS", 1)
    sac = {
        "her": True, "net": [8], "learning_starts": 101, "batch_size": 8, "buffer_size": 200,
        "replay_buffer_kwargs": {"n_sampled_goal": 2},
    }  # fmt: skip
    settings = load_settings("PickBlade-v0").changed(
        algo="sac", steps=104, every=104, envs=1, arguments={"sac": sac}
    )
    (result,) = train_seeds(settings, [1], tmp_path, 1, workers=1)
    assert result["steps"] == 104
    done = CliRunner().invoke(app, ["export", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["difference"] <= 1e-4


def test_many_arms_tell_what_each_saw_and_did_last():
    venv = make_many("twincell/Reach-v0", 2, {"physics": "free"}, 3, goals=False)
    venv.reset()
    for _ in range(50):
        *_, done, told = venv.step(np.zeros((2, 3), np.float32))
    assert done.all()
    for info in told:
        assert info["terminal_observation"]["observation"].shape == (20,)
        assert info["TimeLimit.truncated"] is True
        assert info["is_success"] is False
    venv.close()


def test_a_folder_for_something_else_is_refused_as_its_file_is(run):
    command = ["evaluate", str(run), "--episodes", "1", "--option"]
    done = CliRunner().invoke(app, [*command, "arm=inspector"])
    assert done.exit_code == 2
    assert "arm here is 'inspector'; the policy is for 'handler'" in done.stderr.replace("\n", " ")
    assert CliRunner().invoke(app, [*command, "tolerance=0.1"]).exit_code == 0


def test_the_exported_file_acts_as_the_trained_policy(run, tmp_path):
    file = tmp_path / "p.onnx"
    done = CliRunner().invoke(app, ["export", str(run), "--out", str(file), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["difference"] <= 1e-4
    policy = OnnxPolicy.load(file)
    assert policy.about["env_id"] == "twincell/Reach-v0"
    assert policy.about["arm"] == "handler"
    best = max(results(run), key=lambda r: (r["success_rate"], -r["seed"]))
    first = trainer._JUDGED + 20 * best["seed"]
    mine = judge("twincell/Reach-v0", SMALL["options"], policy, 20, first)
    assert mine.successes == best["successes"]


def test_a_file_for_something_else_is_refused_before_anything_moves(run, tmp_path):
    file = tmp_path / "p.onnx"
    CliRunner().invoke(app, ["export", str(run), "--out", str(file)])
    policy = OnnxPolicy.load(file)
    sizes = dict(policy.about["layout"])
    policy.check("twincell/Reach-v0", sizes, {"arm": "handler"})
    with pytest.raises(TrainingError, match="arm here is 'inspector'; the policy is for 'handler'"):
        policy.check("twincell/Reach-v0", sizes, {"arm": "inspector"})
    with pytest.raises(TrainingError, match="observation here"):
        policy.check("twincell/Reach-v0", {**sizes, "observation": 3}, {})
    with gymnasium.make("twincell/Reach-v0", physics="free") as env:
        seen, _ = env.reset(seed=0)
    with pytest.raises(TrainingError, match="finite: False"):
        policy.act({**seen, "desired_goal": np.full(3, np.nan)})
    done = CliRunner().invoke(app, ["evaluate", str(file), "--option", "arm=inspector"])
    assert done.exit_code == 2
    assert "the policy is for 'handler'" in done.output + str(done.stderr)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"options": None}, "options None; valid: a table"),
        ({"options": [1]}, r"options [1]; valid: a table"),
        ({"env_id": 3}, "env_id 3; valid: text"),
        ({"env_id": "twincell/Reech-v0"}, "did you mean 'twincell/Reach-v0'"),
    ],
)
def test_a_policy_of_no_environment_is_named(tmp_path, changes, said):
    model = onnx.load(str(baselines()["reach-5mm"]))
    meta = {entry.key: json.loads(entry.value) for entry in model.metadata_props} | changes
    del model.metadata_props[:]
    kept = {key: json.dumps(value) for key, value in meta.items() if value is not None}
    onnx.helper.set_model_props(model, kept)
    onnx.save(model, str(tmp_path / "p.onnx"))
    done = CliRunner().invoke(app, ["evaluate", str(tmp_path / "p.onnx"), "--episodes", "1"])
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())


def test_no_part_of_a_file_is_left_where_none_can_be_written(run, tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    done = CliRunner().invoke(app, ["export", str(run), "--out", str(tmp_path / "there")])
    assert done.exit_code == 2
    assert "is a folder; valid: a file" in " ".join(done.stderr.split())

    def full(*_given, **_named):
        raise OSError(28, "No space left on device", "p.part")

    monkeypatch.setattr(onnx, "save", full)
    CliRunner().invoke(app, ["export", str(run), "--out", str(tmp_path / "p.onnx")])
    assert [file.name for file in tmp_path.iterdir()] == ["there"]


def test_files_that_are_no_policy_are_named(tmp_path):
    file = tmp_path / "p.onnx"
    with pytest.raises(TrainingError, match="neither a file nor shipped"):
        OnnxPolicy.load(file)
    file.write_bytes(b"nonsense")
    with pytest.raises(TrainingError, match="valid: an ONNX file of 'twincell export'"):
        OnnxPolicy.load(file)
    node = onnx.helper.make_node("Identity", ["a"], ["b"])
    value = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1, 2]) for n in "ab"]
    graph = onnx.helper.make_graph([node], "g", value[:1], value[1:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(file))
    with pytest.raises(TrainingError, match="valid: an ONNX file of 'twincell export'"):
        OnnxPolicy.load(file)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "Raech-v0"], "did you mean"),
        (["train", "Reach-v0", "--algo", "pp0"], "did you mean 'ppo'"),
        (["train", "Reach-v0", "--option", "tolerance"], "valid: NAME=VALUE"),
        (["train", "Reach-v0", "--option", "tolerence=1", "--workers", "1"], "'tolerance'"),
        (["evaluate", "no_such_policy"], "neither a file nor shipped; "),
        (["export", "."], "valid: a folder of 'twincell train'"),
    ],
)
def test_bad_input_ends_in_code_2_and_says_what_is_valid(tmp_path, arguments, said):
    if arguments[0] == "train":
        arguments = [*arguments, "--out", str(tmp_path / "out")]
    if arguments[0] == "export":
        arguments = ["export", str(tmp_path)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert said in done.output + str(done.stderr)


def test_the_shipped_policy_reaches_in_a_process_of_its_own():
    command = [sys.executable, "-m", "twincell", "evaluate", "reach-5mm", "--episodes", "20"]
    done = subprocess.run(
        [*command, "--json"], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["env"] == "twincell/Reach-v0"
    assert told["success_rate"] >= 0.8
    assert told["mean_distance"] < 5e-3


@pytest.mark.parametrize(
    ("name", "episodes"),
    [("reach-pose", 10), ("reach-clear", 5), ("scan-blade", 5), ("pick-blade", 5)],
)
def test_the_shipped_policies_do_what_their_tasks_ask_for(name, episodes):
    policy = OnnxPolicy.load(name)
    result = judge(policy.about["env_id"], policy.about["options"], policy, episodes, 3_000_000)
    assert result.successes >= 0.8 * episodes
    assert result.contacts == 0
