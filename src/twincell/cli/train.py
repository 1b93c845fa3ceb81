"""`twincell train`, `evaluate` and `export`: policies for the environments."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated, Any

import typer

from twincell.cli.output import Json, emit, say

__all__ = ["register"]

Options = Annotated[
    list[str] | None,
    typer.Option("--option", help="Of the environment, as tolerance=0.05; may be repeated."),
]


def register(app: typer.Typer, panel: str) -> None:
    """Add the commands to `app`."""
    for command in (train, evaluate, export):
        app.command(rich_help_panel=panel)(command)


def train(
    env: Annotated[str, typer.Argument(metavar="ID", help="As twincell/Reach-v0.")],
    algo: Annotated[str | None, typer.Option(help="ppo, sac or tqc.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many policies.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The first seed.")] = 1,
    steps: Annotated[int | None, typer.Option(min=1, help="Of the environment, a seed.")] = None,
    option: Options = None,
    settings: Annotated[
        Path | None, typer.Option(help="TOML file in place of the shipped one.")
    ] = None,
    episodes: Annotated[int, typer.Option(min=1, help="By which a policy is judged.")] = 200,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one a core without it.")
    ] = None,
    ray: Annotated[
        str | None, typer.Option(help="Address of a Ray cluster, or 'local'; seeds go there.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder; out/train/ID without it. A cut-off run goes on.")
    ] = None,
    json: Json = False,
) -> None:
    """Train policies, judge them, and draw their curves; called again, it goes on."""
    from twincell.cli.progress import bar
    from twincell.report.training_picture import training_picture
    from twincell.study.rates import share_interval
    from twincell.training.algorithms import algorithm
    from twincell.training.settings import load_settings

    made = load_settings(env, settings)
    given = _parsed(option)
    made = made.changed(
        algo=algo,
        steps=steps,
        options={**made.options, **given},
        train_options={k: v for k, v in made.train_options.items() if k not in given},
    )
    algorithm(made.algo)  # says what is not installed before torch is imported
    from twincell.training.seeds import train_seeds

    folder = out or Path("out/train") / made.env.split("/")[-1]
    numbers = list(range(seed, seed + seeds))
    with bar("steps") as progress:
        results = train_seeds(made, numbers, folder, episodes, workers, ray, progress)
    successes = sum(r["successes"] for r in results)
    judged = sum(r["episodes"] for r in results)
    low, high = share_interval(successes, judged)
    picture = folder / "curve.png"
    picture.write_bytes(training_picture(results, f"{made.env}, {made.algo.upper()}"))
    summary = {
        "env": made.env,
        "algo": made.algo,
        "success_rate": successes / judged,
        "interval": [low, high],
        "episodes": judged,
        "steps": max(r["steps"] for r in results),
        "seconds": sum(r["seconds"] for r in results),
        "seeds": [{k: v for k, v in r.items() if k != "curve"} for r in results],
        "out": str(folder),
    }
    if json:
        emit(summary)
        return
    for r in results:
        typer.echo(
            f"seed {r['seed']}: {r['successes']} of {r['episodes']} episodes after {r['steps']} "
            f"steps in {r['seconds']:.0f} s"
        )
    typer.echo(f"success {successes / judged:.1%} (95 %: {low:.1%} to {high:.1%})")
    say(f"wrote {picture} and the policies beside it; next: twincell export {folder}")


def evaluate(
    policy: Annotated[
        str, typer.Argument(help="ONNX file, shipped name, or a folder of 'twincell train'.")
    ],
    episodes: Annotated[int, typer.Option(min=1, help="How many.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of the first episode.")] = 1_000_000,
    option: Options = None,
    json: Json = False,
) -> None:
    """Play episodes without exploration, and count successes."""
    import time

    from twincell.training.evaluation import judge
    from twincell.training.layout import of_environment
    from twincell.training.policy import OnnxPolicy, compare
    from twincell.training.settings import environment_id

    given = _parsed(option)
    path = Path(policy)
    loaded: Any
    if path.is_dir():
        loaded, env, options, _ = _trained(path)
        if given:
            compare(policy, of_environment(env, options), of_environment(env, {**options, **given}))
    else:
        loaded = OnnxPolicy.load(policy)
        env, options = environment_id(loaded.about["env_id"]), loaded.about["options"]
        loaded.check(env, *of_environment(env, {**options, **given}))
    began = time.perf_counter()
    result = judge(env, {**options, **given}, loaded, episodes, seed)
    low, high = result.interval
    summary = {
        "env": env,
        "success_rate": result.share,
        "interval": [low, high],
        "episodes": result.episodes,
        "steps": result.steps,
        "seconds": round(time.perf_counter() - began, 2),
        "mean_return": result.mean_return,
        "mean_distance": result.mean_distance,
        "contacts": result.contacts,
    }
    if json:
        emit(summary)
        return
    typer.echo(
        f"{env}: {result.successes} of {result.episodes} episodes, {result.share:.1%} "
        f"(95 %: {low:.1%} to {high:.1%})"
    )
    if result.mean_distance is not None:
        typer.echo(f"distance to the goal at the end, mean: {1e3 * result.mean_distance:.2f} mm")
    if result.contacts is not None:
        typer.echo(f"episodes with a contact: {result.contacts}")


def export(
    run: Annotated[Path, typer.Argument(help="Folder of 'twincell train'.")],
    out: Annotated[Path | None, typer.Option(help="ONNX file; policy.onnx in RUN without it.")] = (
        None
    ),
    json: Json = False,
) -> None:
    """Write the best policy of a run as ONNX, checked against the trained one."""
    from twincell.training.algorithms import algorithm

    algorithm("ppo")  # says what is not installed before torch is imported
    from twincell.training.export import export as write

    model, env, options, about = _trained(run)
    file = out or run / "policy.onnx"
    gap = write(model, env, options, file, about)
    summary = {"file": str(file), "env": env, "difference": gap, "bytes": file.stat().st_size}
    if json:
        emit(summary | about)
        return
    typer.echo(f"{file}: {summary['bytes']} bytes, actions within {gap:.1g} of the trained policy")


def _parsed(option: list[str] | None) -> dict[str, Any]:
    """Options of an environment from the command line; values as JSON, else as text."""
    from twincell.errors import TrainingError

    made: dict[str, Any] = {}
    for text in option or []:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise TrainingError(f"--option '{text}'; valid: NAME=VALUE, as tolerance=0.05")
        try:
            made[name] = jsonlib.loads(value)
        except ValueError:
            made[name] = value
    return made


def _trained(run: Path) -> tuple[Any, str, dict[str, Any], dict[str, Any]]:
    """The policy of a run that did best: model, id, options, and where it comes from."""
    from twincell.errors import TrainingError
    from twincell.training.algorithms import algorithm
    from twincell.training.records import RESULT, read_design, read_result

    design = read_design(run)
    results = [read_result(file) for file in run.glob(f"seed_*/{RESULT}")]
    if not results:
        raise TrainingError(f"{run}: no seed is trained to its end; valid: 'twincell train' again")
    best = max(results, key=lambda r: (r["success_rate"], -r["seed"]))
    file = run / f"seed_{best['seed']}" / "policy.zip"
    try:
        # who acts replays nothing, and hindsight replay would want an environment
        plain: dict[str, Any] = {"replay_buffer_class": None, "replay_buffer_kwargs": {}}
        model = algorithm(design["algo"]).load(file, device="cpu", custom_objects=plain)
    except (OSError, ValueError, KeyError) as fault:
        raise TrainingError(
            f"{file}: given: {fault}; valid: a policy of 'twincell train'"
        ) from None
    about = {
        "algo": design["algo"],
        "steps": best["steps"],
        "seed": best["seed"],
        "success_rate": best["success_rate"],
        "judged_on": best["episodes"],
    }
    return model, design["env"], dict(design["options"]), about
