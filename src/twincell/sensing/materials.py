"""How much light surfaces send back: diffuse reflectance over wavelength.

Rounded to two digits after published measurements, enough to tell materials apart:

- titanium: normal reflectance from n and k of Johnson and Christy, Phys. Rev. B 9 (1974) 5056;
- concrete, painted steel: man-made materials of the ECOSTRESS spectral library
  (Meerdink et al., Remote Sens. Environ. 230 (2019) 111196);
- skin: Cooksey and Allen, "Reference data set of human skin reflectance", NIST (2013);
- cloth: a dyed cotton, dark in the visible and bright in the near infrared, as cotton is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twincell.errors import SensorError, did_you_mean

__all__ = ["LIDAR_WAVELENGTH", "MATERIALS", "PROFILER_WAVELENGTH", "Material", "material"]

F64 = NDArray[np.float64]

LIDAR_WAVELENGTH = 905.0
"""Of most spinning LiDARs [nm]."""
PROFILER_WAVELENGTH = 450.0
"""Blue, as laser profilers for metal use it [nm]."""
_WAVELENGTHS = np.array([400.0, 500.0, 600.0, 700.0, 800.0, 900.0, 1000.0])


@dataclass(frozen=True)
class Material:
    """An optical material.

    Attributes:
        name: as world files and bodies name it.
        reflectance: diffuse reflectance at 400, 500, ... 1000 nm, 0 to 1.
    """

    name: str
    reflectance: tuple[float, ...]

    def at(self, wavelength: ArrayLike) -> F64:
        """Reflectance at wavelengths [nm], linear between the table's, shape as given."""
        return np.asarray(np.interp(np.asarray(wavelength, float), _WAVELENGTHS, self.reflectance))


_TABLE = {
    "concrete": (0.16, 0.24, 0.29, 0.32, 0.33, 0.34, 0.35),
    "painted_steel": (0.28, 0.36, 0.42, 0.45, 0.47, 0.49, 0.50),
    "steel": (0.48, 0.52, 0.55, 0.57, 0.58, 0.60, 0.62),
    "aluminium": (0.72, 0.72, 0.71, 0.70, 0.68, 0.70, 0.74),
    "titanium": (0.45, 0.49, 0.53, 0.55, 0.56, 0.57, 0.58),
    "polymer": (0.55, 0.62, 0.64, 0.65, 0.66, 0.66, 0.65),
    "rubber": (0.04, 0.04, 0.04, 0.05, 0.05, 0.05, 0.05),
    "skin": (0.18, 0.30, 0.42, 0.58, 0.62, 0.60, 0.50),
    "cloth": (0.06, 0.08, 0.12, 0.25, 0.45, 0.52, 0.55),
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
