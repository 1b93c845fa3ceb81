"""`twincell inspect scan`: a scan from anywhere against its CAD."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from twincell.cli.files import write_whole
from twincell.cli.output import Json, emit, fail, say

__all__ = ["register"]


_SHOWN = 12
"""Candidates of a scan in words; all are in the JSON."""


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(scan)


def scan(
    scan: Annotated[
        list[Path], typer.Option(help="PLY, PCD, XYZ or STL; again for more, or a folder.")
    ],
    cad: Annotated[Path, typer.Option(help="Nominal surface: STL, OBJ or PLY.")],
    out: Annotated[Path, typer.Option(help="JSON of the findings; pictures and PLY go beside it.")],
    truth: Annotated[
        Path | None, typer.Option(help="JSON of the true cracks, or a folder of SCAN.json.")
    ] = None,
    scan_unit: Annotated[
        str, typer.Option(help="Unit of the scans: mm, m, or auto: by their extent.")
    ] = "auto",
    cad_unit: Annotated[
        str, typer.Option(help="Unit of the CAD: mm, m, or auto: by its extent.")
    ] = "auto",
    json: Json = False,
) -> None:
    """Register scans to their CAD, map the deviation, list crack candidates.

    Exit code 1 where a file could not be judged; the others are judged all the same.
    """
    from twincell.errors import InspectionError
    from twincell.inspection.cloud import SCANS, check_unit, read_cad

    check_unit(scan_unit, "--scan-unit")
    mesh = read_cad(cad, cad_unit)
    files: list[Path] = []
    for given in scan:
        inside = sorted(
            p for p in given.glob("*") if p.suffix.lower() in SCANS and not _ours(p, out)
        )
        if given.is_dir() and not inside:
            raise InspectionError(f"{given}: no scan in it; valid: {', '.join(SCANS)}")
        files += inside if given.is_dir() else [given]
    stems = _stems(out, files)
    _apart(out, stems, [*files, cad], truth)
    out.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for file, stem in zip(files, stems, strict=True):
        try:
            rows.append(_one(file, mesh, out.with_name(stem), truth, scan_unit))
        except InspectionError as error:
            fail(str(error))
            rows.append({"file": str(file), "score": None, "error": str(error)})
    report = {"cad": str(cad), "unit": "m", "files": rows, **_totals(rows)}
    _save(out, report)
    if json:
        emit(report)
    else:
        for row in rows:
            _tell(row)
    say(f"wrote {out}")
    raise typer.Exit(1 if any(row["error"] for row in rows) else 0)


def _ours(path: Path, out: Path) -> bool:
    """Whether a file is a coloured cloud that this command wrote with the same `--out`."""
    beside = path.parent.resolve() == out.parent.resolve() and path.suffix == ".ply"
    return beside and (path.stem == out.stem or path.stem.startswith(f"{out.stem}-"))


def _apart(out: Path, stems: list[str], read: list[Path], truth: Path | None) -> None:
    """Nothing is written over what is read, nor one file over another.

    Raises:
        InspectionError: `out` would do so.
    """
    from twincell.errors import InspectionError

    written = [out, *(out.with_name(s + kind) for s in stems for kind in (".ply", ".png"))]
    if truth is not None:
        inside = truth.is_dir()
        read = [*read, *(truth / f"{f.stem}.json" for f in read)] if inside else [*read, truth]
    taken = {path.resolve() for path in read}
    valid = "valid: a JSON of another name or folder"
    for path in written:
        if path.resolve() in taken:
            raise InspectionError(
                f"--out {out}: {path} would be written over, a file to read; {valid}"
            )
    if len({path.resolve() for path in written}) < len(written):
        raise InspectionError(f"--out {out}: a picture or cloud would be written over it; {valid}")
    if out.is_dir():
        raise InspectionError(f"--out {out}: given: a folder; valid: a JSON in it")


def _stems(out: Path, files: list[Path]) -> list[str]:
    """Names without endings of what is written for each scan."""
    if len(files) == 1:
        return [out.stem]
    count = Counter(file.stem for file in files)
    return [
        f"{out.stem}-{file.stem}" + (f"-{number}" if count[file.stem] > 1 else "")
        for number, file in enumerate(files, 1)
    ]


def _one(file: Path, mesh: Any, out: Path, truth: Path | None, unit: str) -> dict[str, Any]:
    """Judge one scan, and write its picture and coloured cloud: `out` with their endings."""
    import numpy as np

    from twincell.inspection.cloud import finite, read_scan, write_coloured
    from twincell.inspection.cloud_truth import read_truth, score
    from twincell.inspection.whole_cloud import inspect_cloud
    from twincell.report.scan_picture import colours_of, scan_picture

    points, bad = finite(read_scan(file, unit), str(file))
    known = None
    if truth is not None:
        known = read_truth(truth / f"{file.stem}.json" if truth.is_dir() else truth)
    verdict = inspect_cloud(points, mesh, str(file))
    right = None if known is None else score(verdict.candidates, known)
    cloud, picture = out.with_name(f"{out.name}.ply"), out.with_name(f"{out.name}.png")
    write_coloured(cloud, verdict.points, colours_of(verdict.deviation))
    title = f"{file.name}: {len(verdict.cracks)} crack candidates, {len(verdict.points):,} points"
    found = () if right is None else right.found
    write_whole({picture: scan_picture(verdict, title, known or (), found)})
    row: dict[str, Any] = {
        "file": str(file),
        "score": max((c.size.confidence for c in verdict.cracks), default=0.0),
        "error": None,
        "points": len(verdict.points),
        "not_finite": bad,
        "strays": verdict.strays,
        "scan_to_cad": {"xyz": verdict.pose.p.tolist(), "xyzw": verdict.pose.q.tolist()},
        "fitness": verdict.fitness,
        "residual": verdict.residual,
        "noise": verdict.noise,
        "spacing": verdict.spacing,
        "deviation": {
            "rms": float(np.sqrt((verdict.deviation**2).mean())),
            "low": float(np.quantile(verdict.deviation, 0.01)),
            "high": float(np.quantile(verdict.deviation, 0.99)),
        },
        "candidates": [
            {
                "kind": c.size.kind,
                "length": c.size.length,
                "opening": c.size.opening,
                "depth": c.size.depth,
                "confidence": c.size.confidence,
                "center": c.size.center.tolist(),
                "direction": c.size.direction.tolist(),
                "points": len(c.points),
                "dark": c.dark,
            }
            for c in verdict.candidates
        ],
        "cloud": str(cloud),
        "picture": str(picture),
    }
    if right is not None:
        row |= {
            "cracks": len(right.found),
            "found": sum(right.found),
            "missed": len(right.found) - sum(right.found),
            "false": right.false,
            "f1": right.f1,
            "iou": right.iou,
        }
    return row


def _totals(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Figures over all files with a truth."""
    from twincell.inspection.cloud_truth import f1
    from twincell.inspection.photo_score import auroc

    scored = [row for row in rows if "f1" in row]
    if not scored:
        return {}
    cracked = [row["score"] for row in scored if row["cracks"]]
    free = [row["score"] for row in scored if not row["cracks"]]
    return {
        "f1": f1(*(sum(row[k] for row in scored) for k in ("found", "false", "missed"))),
        "iou": sum(row["iou"] for row in scored) / len(scored),
        "auroc": auroc(cracked, free),
    }


def _tell(row: dict[str, Any]) -> None:
    """One scan in words."""
    if row["error"]:
        return
    typer.echo(
        f"{row['file']}: {row['points']:,} points ({row['not_finite']:,} not finite, "
        f"{row['strays']:,} far off), fit {100 * row['fitness']:.1f} %, residual "
        f"{1e6 * row['residual']:.1f} µm, spacing {1e6 * row['spacing']:.0f} µm, "
        f"noise {1e6 * row['noise']:.1f} µm"
    )
    for c in row["candidates"][:_SHOWN]:
        x, y, z = (1e3 * v for v in c["center"])
        typer.echo(
            f"  {c['kind']}: length {1e3 * c['length']:.2f} mm, opening {1e3 * c['opening']:.2f} "
            f"mm, depth {1e3 * c['depth']:.2f} mm at ({x:.1f}, {y:.1f}, {z:.1f}) mm, confidence "
            f"{c['confidence']:.2f}"
        )
    if len(row["candidates"]) > _SHOWN:
        typer.echo(f"  and {len(row['candidates']) - _SHOWN} more in the JSON")
    if not row["candidates"]:
        typer.echo("  no candidate")
    if "f1" in row:
        typer.echo(
            f"  truth: {row['found']} of {row['cracks']} cracks found, {row['missed']} missed, "
            f"{row['false']} false, F1 {row['f1']:.2f}, IoU {row['iou']:.2f}"
        )
    for key in ("cloud", "picture"):
        say(f"wrote {row[key]}")


def _save(path: Path, report: dict[str, Any]) -> None:
    from json import dumps

    write_whole({path: (dumps(report, indent=2, allow_nan=False) + "\n").encode()})
