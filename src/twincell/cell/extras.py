"""What a report shows beside the result: arrays that are too large for JSON."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twincell.errors import AssetError

__all__ = ["DeviationMap", "Extras"]


@dataclass(frozen=True)
class DeviationMap:
    """How far a scanned surface lies from the CAD.

    Attributes:
        points: shape (n, 3), part frame [m].
        deviation: along the outward normal, shape (n,) [m]; a crack is negative.
        suction: which points were seen from the suction side, shape (n,).
    """

    points: NDArray[np.floating]
    deviation: NDArray[np.floating]
    suction: NDArray[np.bool_]


@dataclass(frozen=True)
class Extras:
    """Pictures and curves of a run; what is absent is left out of the report.

    Attributes:
        power: rows (time [s], power [W]) of the whole cell, shape (n, 2).
        tariff: steps (start [s], price [EUR/MWh]).
        maps: by blade.
        picture: of the cell, shape (h, w, 3), uint8.
        files: that the run wrote, as the reader finds them.
    """

    power: NDArray[np.floating] | None = None
    tariff: tuple[tuple[float, float], ...] = ()
    maps: dict[str, DeviationMap] = field(default_factory=dict)
    picture: NDArray[np.uint8] | None = None
    files: tuple[str, ...] = ()

    def save(self, path: Path) -> Path:
        """Write everything into one `.npz` file, points as float32; returns the path."""
        arrays: dict[str, NDArray[np.generic]] = {
            "tariff": np.asarray(self.tariff, float).reshape(-1, 2),
            "files": np.asarray(json.dumps(self.files)),
        }
        if self.power is not None:
            arrays["power"] = np.asarray(self.power)
        if self.picture is not None:
            arrays["picture"] = self.picture
        for name, deviation_map in self.maps.items():
            arrays[f"map/{name}/points"] = deviation_map.points.astype(np.float32)
            arrays[f"map/{name}/deviation"] = deviation_map.deviation.astype(np.float32)
            arrays[f"map/{name}/suction"] = deviation_map.suction
        with path.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        return path

    @classmethod
    def load(cls, path: Path) -> Extras:
        """Read what `save` wrote.

        Raises:
            AssetError: no such file, or it holds something else.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
                names = [key.split("/")[1] for key in data if key.endswith("/points")]
                return cls(
                    power=data.get("power", None),
                    tariff=tuple((float(t), float(price)) for t, price in data["tariff"]),
                    maps={
                        name: DeviationMap(
                            data[f"map/{name}/points"],
                            data[f"map/{name}/deviation"],
                            data[f"map/{name}/suction"],
                        )
                        for name in names
                    },
                    picture=data.get("picture", None),
                    files=tuple(json.loads(str(data["files"]))),
                )
        except (OSError, EOFError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
            raise AssetError(f"{path}: no pictures and curves of a run: {error}") from None
