"""Light that comes back along rays, a row a band."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twincell.geometry.pose import Pose
from twincell.sensing.finish import Surface, glow, metal, reflectance
from twincell.sensing.glints import METALS
from twincell.sensing.gloss import highlight
from twincell.sensing.grooves import openness
from twincell.sensing.light import SKIN, irradiance
from twincell.sensing.materials import material
from twincell.sensing.optics import camera_info
from twincell.sensing.scene import Hits, Placement
from twincell.sensing.sightlines import Sightlines
from twincell.world.sensors import Multispectral

__all__ = ["View"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_FINE_SKIN = 2e-5
"""As `SKIN`, for rays into a groove whose walls are that near to each other."""


@dataclass(frozen=True)
class View:
    """A camera that looks at a scene.

    Attributes:
        scene: what there is.
        spec: the camera.
        sensor: pose of its optical frame in the world.
        poses: of the bodies.
    """

    scene: Sightlines
    spec: Multispectral
    sensor: Pose
    poses: Placement

    @cached_property
    def wavelengths(self) -> F64:
        """Bands, then excitation and emission where there is ultraviolet [nm]."""
        more = self.spec.ultraviolet
        extra = () if more is None else (more.excitation, more.emission)
        return np.array([*self.spec.bands, *extra], float)

    @cached_property
    def _bare(self) -> F32:
        """Reflectance by wavelength and body; the last column is for rays that meet nothing."""
        bodies = self.scene.bodies
        rho = np.zeros((len(self.wavelengths), len(bodies) + 1), np.float32)
        rho[:, :-1] = np.array([material(b.material).at(self.wavelengths) for b in bodies]).T
        return rho

    @property
    def planes(self) -> int:
        """Rows that `radiance` gives."""
        return len(self.spec.bands) + (self.spec.ultraviolet is not None)

    def radiance(
        self,
        rays: F32,
        behind: Hits | None = None,
        lit: NDArray[np.int8] | None = None,
        *,
        shrink: float = 1.0,
        deep: bool = False,
    ) -> F32:
        """Light along rays from the camera, in units of a white surface's, shape (planes, k).

        Args:
            rays: directions with z = 1 in the optical frame, given in the world frame, (k, 3).
            behind: hits on what has no detail, where they are known.
            lit: whether that lets the lamp's light through to these (see `irradiance`).
            shrink: side of a ray's area over a pixel's.
            deep: rays go into grooves: ambient light is taken by their walls.
        """
        scene, spec = self.scene, self.spec
        _, fine = scene.split(self.poses)
        who = self.poses if behind is None else fine
        hits = scene.cast(self.sensor.p, rays, who, behind)
        if lit is not None and behind is not None:
            lit = np.where(hits.range == behind.range, lit, np.int8(-1))
        skin = _FINE_SKIN if deep else SKIN
        direct = irradiance(scene, spec, self.sensor, rays, hits, self.poses, lit, skin)
        ambient = np.float32(spec.lamp.ambient)
        around: F32 = np.full(len(rays), ambient)
        if deep:
            depth = np.where(hits.body >= 0, hits.range, np.float32(0))
            at = self.sensor.p.astype(np.float32) + rays * depth[:, None]
            around *= openness(scene, at, hits, self.poses)
        rho = self._bare.take(hits.body, axis=1, mode="wrap")
        glows, bare = self._finish(rays, hits, rho, shrink)
        shone = self._gloss(rays, hits, direct, bare) if spec.effects.gloss else direct
        light = shone + around
        count = len(spec.bands)
        out = np.empty((self.planes, len(rays)), np.float32)
        np.multiply(rho[:count], light, out=out[:count])
        if spec.ultraviolet is not None:
            leak, dim = np.float32(spec.ultraviolet.leak), np.float32(spec.ultraviolet.ambient)
            out[count] = direct * (glows + leak * rho[count]) + dim * around * rho[count + 1]
        return out

    def _gloss(self, rays: F32, hits: Hits, direct: F32, bare: F32) -> F32:
        """Direct light with what metal mirrors of it, shape (k,)."""
        spec = self.spec
        shiny = np.array([b.material in METALS for b in self.scene.bodies] + [False])
        k = np.flatnonzero(shiny.take(hits.body, mode="wrap") & (direct > 0))
        offset = (self.sensor.p - self.sensor.apply(spec.lamp.place)).astype(np.float32)
        lobe = highlight(
            rays[k],
            hits.range[k],
            hits.normal[k],
            offset,
            np.float32(spec.lamp.distance**2),
            np.float32(spec.roughness),
        )
        share = np.float32(spec.gloss) * bare[k]
        out = direct.copy()
        out[k] += share * (lobe - direct[k])
        return out

    def _finish(self, rays: F32, hits: Hits, rho: F32, shrink: float) -> tuple[F32, F32]:
        """Change `rho` where something lies on a surface; fluorescence and bare metal's share."""
        glows = np.zeros(len(rays), np.float32)
        bare = np.ones(len(rays), np.float32)
        angle = shrink / camera_info(self.spec).k[0, 0]
        for body, marks in enumerate(b.finish for b in self.scene.bodies):
            k = np.flatnonzero(hits.body == body) if marks else ()
            frame = self.scene.frame(body, self.poses) if len(k) else None
            if frame is None:
                continue
            turn, place = frame[0].astype(np.float32), (self.sensor.p - frame[1]).astype(np.float32)
            depth = hits.range[k]
            leaning = np.maximum(hits.cosine[k], np.float32(0.2))
            pixel = np.asarray(np.float32(angle) * depth / leaning, np.float32)
            points = np.asarray((rays[k] * depth[:, None] + place) @ turn, np.float32)
            at = Surface(points, hits.normal[k] @ turn, pixel)
            below = self._bare[:, body].astype(float)
            rho[:, k] = reflectance(marks, below, self.wavelengths, at)
            if self.spec.ultraviolet is not None:
                glows[k] = glow(marks, at)
            if self.spec.effects.gloss:
                bare[k] = metal(marks, at)
        return glows, bare
