"""`twincell inspect images`: cracks in a folder of photographs; `inspect train`: the network."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from twincell.cli.output import Json, emit, fail, say

__all__ = ["register"]


class _Method(StrEnum):
    """What gives the evidence."""

    NETWORK = "network"
    FILTERS = "filters"


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(images)
    app.command()(train)


def images(
    folder: Annotated[Path, typer.Option("--in", help="Folder of photographs, searched deeply.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the masks (PNG).")],
    truth: Annotated[
        Path | None,
        typer.Option(help="Folder of true masks; a photograph without one is free of cracks."),
    ] = None,
    method: Annotated[_Method, typer.Option(help="Small network, or filters.")] = _Method.NETWORK,
    network: Annotated[
        Path | None, typer.Option(help="ONNX file of `inspect train`; the shipped one without it.")
    ] = None,
    json: Json = False,
) -> None:
    """Find cracks: one mask and one score a photograph; exit code 1 where a file was bad."""
    import numpy as np
    from PIL import Image

    from twincell.errors import InspectionError
    from twincell.inspection.photo_cracks import find_cracks
    from twincell.inspection.photo_evidence import check_network
    from twincell.inspection.photo_files import (
        find_photographs,
        find_truth,
        read_photograph,
        read_truth,
    )
    from twincell.inspection.photo_score import summary, tally

    for taken in (folder, truth):
        if taken is not None and out.resolve() == taken.resolve():
            raise InspectionError(
                f"--out {out}: given: a folder that is read; valid: another one, as masks would "
                "overwrite its files"
            )
    photographs = find_photographs(folder, [out, *([truth] if truth else [])])
    pairs = {p: find_truth(p, folder, truth) if truth else None for p in photographs}
    targets = _targets(photographs, folder, out)
    read = {p.resolve() for p in (*photographs, *pairs.values()) if p is not None}
    for target in targets.values():
        if target.resolve() in read or (target.exists() and not _is_mask(target)):
            raise InspectionError(
                f"--out {out}: {target} would be written over, which is no mask of this command; "
                "valid: another folder"
            )
    if method is _Method.NETWORK and network is not None:
        check_network(network)
    if truth is not None and not any(pairs.values()):
        raise InspectionError(
            f"{truth}: given: no mask for any photograph of {folder}; valid: files of the same "
            "names ending in .png, .mat, .bmp or .tif"
        )
    files: list[dict[str, Any]] = []
    tallies = []
    for path, mask_path in pairs.items():
        name = path.relative_to(folder).as_posix()
        score: float | None = None
        error: str | None = None
        try:
            grey = read_photograph(path)
            free = (np.zeros(grey.shape, bool), np.zeros(grey.shape, bool))
            known = read_truth(mask_path, grey.shape) if mask_path else free
            found = find_cracks(grey, method.value, network)
            target = targets[path]
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(found.mask.astype(np.uint8) * 255).save(target)
            score = found.score
            if truth is not None:
                tallies.append(tally(found.mask, found.score, known))
        except InspectionError as problem:
            error = str(problem)
            fail(error)
        files.append({"file": name, "score": score, "error": error})
    wrong = sum(1 for f in files if f["error"])
    table = summary(tallies) if truth is not None else {}
    if json:
        emit({"files": files, "out": str(out), "errors": wrong, **table})
    else:
        for f in files:
            typer.echo(
                f"{f['file']:<40} {'-' if f['score'] is None else format(f['score'], '.3f')}"
            )
        for key, value in table.items():
            typer.echo(f"{key:<20} {'-' if value is None else value}")
    say(f"{len(files) - wrong} of {len(files)} photographs judged; masks in {out}")
    raise typer.Exit(1 if wrong else 0)


def _is_mask(path: Path) -> bool:
    """Whether a file is what this command writes: black and white, one channel."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return picture.mode == "L" and set(np.unique(np.asarray(picture))) <= {0, 255}
    except OSError:
        return False


def _targets(photographs: list[Path], folder: Path, out: Path) -> dict[Path, Path]:
    """The mask's file of each; where names differ by their endings alone, these stay in them."""
    stems = Counter(p.relative_to(folder).with_suffix("") for p in photographs)
    targets = {}
    for path in photographs:
        name = path.relative_to(folder)
        alone = stems[name.with_suffix("")] == 1
        targets[path] = out / (name.with_suffix(".png") if alone else f"{name}.png")
    return targets


def train(
    out: Annotated[Path, typer.Option("--out", help="ONNX file to write.")],
    steps: Annotated[int, typer.Option(min=1, help="Batches of four pictures.")] = 3600,
    seed: Annotated[int, typer.Option(min=0, help="Root of all chance.")] = 7,
    threads: Annotated[int, typer.Option(min=1, help="Processor threads.")] = 1,
    photographs: Annotated[
        Path | None, typer.Option(help="Folder of photographs of your own to learn from as well.")
    ] = None,
    truth: Annotated[Path | None, typer.Option(help="Folder of their masks.")] = None,
    start: Annotated[
        Path | None, typer.Option("--from", help="ONNX file to go on from; from scratch without.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the same command was cut short.")
    ] = False,
) -> None:
    """Train the small network on synthetic photographs (needs the extra `train`)."""
    from twincell.errors import InspectionError
    from twincell.inspection.photo_calibration import calibrate
    from twincell.inspection.photo_training import read_samples
    from twincell.inspection.photo_training import train as learn

    if (photographs is None) != (truth is None):
        raise InspectionError("given: one of --photographs and --truth; valid: both or none")
    real = read_samples(photographs, truth) if photographs and truth else []
    learn(
        out,
        steps=steps,
        seed=seed,
        threads=threads,
        real=real,
        start=start,
        resume=resume,
        tell=say,
    )
    weights = ", ".join(f"{w:.2f}" for w in calibrate(out, 250, seed))
    say(f"weights of a piece's features and the constant, on 250 new pictures: {weights}")
