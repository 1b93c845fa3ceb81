"""One HTML file that tells a whole shift; it loads nothing from anywhere."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import jinja2
import matplotlib.image
import numpy as np
from numpy.typing import NDArray

from twincell.cell.extras import Extras
from twincell.cell.result import RunResult
from twincell.report import facts
from twincell.report.blade_map import blade_picture
from twincell.report.charts import gantt, power_curve
from twincell.report.decisions import decided, decision_picture, told
from twincell.report.waterfall import waterfall

__all__ = ["write_report"]


def write_report(result: RunResult, out: Path, extras: Extras | None = None) -> Path:
    """Write the report.

    Args:
        result: the run.
        out: a file; a folder gets `report.html`: one that is there, or a name without suffix.
        extras: pictures and curves; those of the result by default; sections without them are left
            out.

    Returns:
        The file written.
    """
    extras = extras or result.extras
    path = out / "report.html" if out.is_dir() or not out.suffix else out
    path.parent.mkdir(parents=True, exist_ok=True)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    curve = extras.power if extras.power is not None and len(extras.power) > 1 else None
    chains = waterfall(result)
    html = environment.get_template("page.html.j2").render(
        result=result,
        headline=facts.headline(result),
        blades=facts.blades(result),
        anomalies=facts.anomalies(result),
        stops=facts.stops(result),
        waterfall=_embedded(chains) if chains is not None else None,
        plans=facts.plans(result),
        orders=facts.orders(result),
        decisions=[
            (plan, told(plan), _embedded(decision_picture(before, plan)))
            for before, plan in decided(result)
        ],
        gantt=_embedded(gantt(result)) if result.tasks else None,
        power=_embedded(power_curve(curve, extras.tariff, result)) if curve is not None else None,
        maps=[
            (blade.name, _embedded(blade_picture(blade, extras.maps[blade.name])))
            for blade in result.blades
            if blade.name in extras.maps and len(extras.maps[blade.name].points)
        ],
        picture=_embedded(_encoded(extras.picture)) if extras.picture is not None else None,
        files=extras.files,
    )
    path.write_text(html, encoding="utf-8")
    return path


def _embedded(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")


def _encoded(picture: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, np.ascontiguousarray(picture), format="png")
    return buffer.getvalue()
