"""How much light surfaces send back: diffuse reflectance over wavelength.

Rounded to two digits after published measurements, enough to tell materials apart:

- titanium: normal reflectance from n and k of Johnson and Christy, Phys. Rev. B 9 (1974) 5056;
- concrete, painted steel: man-made materials of the ECOSTRESS spectral library
  (Meerdink et al., Remote Sens. Environ. 230 (2019) 111196);
- skin: Cooksey and Allen, "Reference data set of human skin reflectance", NIST (2013);
- cloth: a dyed cotton, dark in the visible and bright in the near infrared, as cotton is;
- thermal_barrier: zirconia, white since it scatters and absorbs little (Eldridge et al., "Infrared
  radiative properties of yttria-stabilized zirconia thermal barrier coatings", NASA Glenn, 2002),
  and aluminide, grey: their levels are judgements;
- at 300 nm, where those sources are silent: metals by their n and k (titanium as above), paint and
  polymer dark, since their titania pigment absorbs below 400 nm; a judgement for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twincell.errors import SensorError, did_you_mean

__all__ = [
    "LIDAR_WAVELENGTH",
    "MATERIALS",
    "WAVELENGTHS",
    "Material",
    "material",
]

F64 = NDArray[np.float64]

LIDAR_WAVELENGTH = 905.0
"""Of most spinning LiDARs [nm]."""
WAVELENGTHS = np.arange(300.0, 1101.0, 100.0)
"""Of the tables [nm]; beyond them nothing is known."""


@dataclass(frozen=True)
class Material:
    """An optical material.

    Attributes:
        name: as world files and bodies name it.
        reflectance: diffuse reflectance at 300, 400, ... 1100 nm, 0 to 1.
    """

    name: str
    reflectance: tuple[float, ...]

    def at(self, wavelength: ArrayLike) -> F64:
        """Reflectance at wavelengths [nm], linear between the table's, shape as given.

        Raises:
            SensorError: a wavelength outside of the table.
        """
        given = np.asarray(wavelength, float)
        low, high = WAVELENGTHS[0], WAVELENGTHS[-1]
        if not ((given >= low) & (given <= high)).all():
            raise SensorError(
                f"reflectance of {self.name} at {given} nm; valid: {low:g} to {high:g} nm"
            )
        return np.asarray(np.interp(given, WAVELENGTHS, self.reflectance))


_TABLE = {
    "concrete": (0.10, 0.16, 0.24, 0.29, 0.32, 0.33, 0.34, 0.35, 0.35),
    "painted_steel": (0.06, 0.28, 0.36, 0.42, 0.45, 0.47, 0.49, 0.50, 0.50),
    "steel": (0.42, 0.48, 0.52, 0.55, 0.57, 0.58, 0.60, 0.62, 0.63),
    "aluminium": (0.71, 0.72, 0.72, 0.71, 0.70, 0.68, 0.70, 0.74, 0.77),
    "titanium": (0.43, 0.45, 0.49, 0.53, 0.55, 0.56, 0.57, 0.58, 0.59),
    "polymer": (0.10, 0.55, 0.62, 0.64, 0.65, 0.66, 0.66, 0.65, 0.62),
    "rubber": (0.04, 0.04, 0.04, 0.04, 0.05, 0.05, 0.05, 0.05, 0.05),
    "skin": (0.08, 0.18, 0.30, 0.42, 0.58, 0.62, 0.60, 0.50, 0.46),
    "thermal_barrier": (0.35, 0.62, 0.71, 0.74, 0.75, 0.75, 0.75, 0.74, 0.73),
    "aluminide": (0.22, 0.27, 0.31, 0.35, 0.38, 0.41, 0.43, 0.45, 0.46),
    "cloth": (0.05, 0.06, 0.08, 0.12, 0.25, 0.45, 0.52, 0.55, 0.56),
}

MATERIALS = {name: Material(name, values) for name, values in _TABLE.items()}
"""By name."""


def material(name: str) -> Material:
    """The material that a body or a world file names.

    Raises:
        SensorError: there is no such material; the message lists them.
    """
    if name not in MATERIALS:
        raise SensorError(f"no optical material '{name}'; {did_you_mean(name, MATERIALS)}")
    return MATERIALS[name]
