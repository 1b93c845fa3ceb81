"""Rows of a benchmark that outlive a broken run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twincell.cli.files import write_whole
from twincell.errors import ProductionError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Rows"]


@dataclass(frozen=True)
class Rows:
    """Figures of the scenarios that have been played, a line each, on disk as soon as known.

    Attributes:
        path: of the file; its first line tells of which run it is.
        known: figures by scenario, from a run before.
    """

    path: Path
    known: dict[int, NDArray[np.float64]]

    @classmethod
    def open(
        cls,
        path: Path,
        run: Mapping[str, Any],
        shape: tuple[int, ...],
        rooms: tuple[str, ...] = (),
    ) -> Rows:
        """Go on with the file of the same run, or begin a new one.

        Args:
            path: of the file.
            run: all that the figures depend on.
            shape: of the figures of a scenario.
            rooms: whose code decides them, beside production and twin.
        """
        import numpy as np

        from twincell import __version__

        digest = hashlib.sha256(repr((__version__, sorted(run.items()))).encode())
        # another state of the model or the policies is another run
        for room in ("production", "twin", *rooms):
            for source in sorted((Path(__file__).parents[1] / room).glob("*.py")):
                digest.update(source.read_bytes())
        key = digest.hexdigest()
        known: dict[int, NDArray[np.float64]] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = path.read_text(errors="replace").splitlines() if path.exists() else []
            if lines[:1] == [key]:
                for line in lines[1:]:
                    try:
                        number, values = json.loads(line)
                        known[int(number)] = np.array(values, dtype=float).reshape(shape)
                    except (ValueError, TypeError):
                        continue  # the line at which the run was broken off
            kept = [key, *(_line(n, f) for n, f in sorted(known.items()))]
            write_whole({path: ("\n".join(kept) + "\n").encode()})
        except OSError as error:
            raise ProductionError(f"{path}: cannot be used: {error.strerror}") from None
        return cls(path, known)

    def add(self, number: int, figures: NDArray[np.float64]) -> None:
        """Keep a scenario."""
        with self.path.open("a") as file:
            file.write(_line(number, figures) + "\n")


def _line(number: int, figures: NDArray[np.float64]) -> str:
    return json.dumps([number, figures.tolist()])
