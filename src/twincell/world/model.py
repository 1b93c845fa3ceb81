"""The whole world file as one frozen dataclass."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated

from pydantic import Field

from twincell.world._typed import Name, typed
from twincell.world.blades import Blade, Part
from twincell.world.layout import Box, Fixture, Rack, Visitor, Zone
from twincell.world.robots import Arm
from twincell.world.sensors import Lidar, Multispectral, Profiler, Sensor
from twincell.world.separation import Separation
from twincell.world.units import Duration, Quantity
from twincell.world.work import Inspection, Production, StopRule

__all__ = ["Operator", "Recording", "Safety", "World"]


@typed
class Safety:
    """Stops and who lifts them."""

    rules: dict[str, StopRule]
    """Cause to stop: `emergency_button`, `person_in_zone`, `critical_anomaly`, `sensor_silent`,
    `heartbeat_lost`, `mover_fault`."""
    heartbeat: Annotated[float, Quantity("Hz", least=10, most=1000)] = 80.0
    """Rate of the safety state, at most `physics_rate` [Hz]."""
    lease: Duration = 0.04
    """Simulated time for which a safety state lets movers go on; then time waits; more than a beat
    of `heartbeat` [s]."""
    patience: Duration = 0.2
    """A mover stops by itself when the safety state is older than this (wall time); more than a
    beat of `heartbeat` [s]."""
    clear_time: Duration = 1.0
    """A zone counts as clear after no person was seen for so long [s]."""
    separation: Separation | None = field(default_factory=Separation)
    """The distance that people and moving arms keep; `null`: zones alone."""


@typed
class Operator:
    """The person who presses reset, but not after an emergency button.

    Who pressed that calls the service, as has to be done where there is no such person.
    """

    reset_delay: Duration = 1.5
    """From the causes' end to the reset [s]."""


@typed
class Recording:
    """What the recorder keeps of large messages."""

    cloud_interval: Duration = 2.0
    """Shortest time between two kept LiDAR clouds or images of one topic [s]."""
    profile_interval: Duration = 0.5
    """Shortest time between two kept profiler messages [s]."""


@typed
class World:
    """A cell: what stands where, what it can do, what work there is."""

    name: Name
    """Lower-case name; outputs carry it."""
    seed: Annotated[int, Field(ge=0, strict=True)] = 0
    """Root of all chance."""
    physics_rate: Annotated[float, Quantity("Hz", least=100, most=2000)] = 240.0
    """Steps of the Bullet world a second [Hz]."""
    state_rate: Annotated[float, Quantity("Hz", least=10, most=2000)] = 120.0
    """Joint states, body states and the clock, by the nearest whole number of steps; at most
    `physics_rate` [Hz]."""
    arms: dict[Name, Arm]
    """Movers by name: arms and rotary tables. `cell`, `visitor`, `blade`, `furniture` and `rack`
    mean something else."""
    handler: str
    """The arm that moves blades; it has a gripper."""
    fixture: Fixture
    """Where blades are inspected."""
    racks: dict[Name, Rack]
    """In-tray and bins by name."""
    furniture: dict[Name, Box] = field(default_factory=dict)
    """By name."""
    zones: dict[Name, Zone] = field(default_factory=dict)
    """By name."""
    visitor: Visitor | None = None
    """The person who walks in."""
    sensors: dict[Name, Sensor]
    """By name; a sensor's node has it, too, so that no other node's will do."""
    part: Part = field(default_factory=Part)
    """What blades look like."""
    blades: dict[Name, Blade]
    """Blades on the in-tray by name."""
    inspection: Inspection
    """How blades are scanned and judged."""
    production: Production
    """The shift."""
    safety: Safety
    """Stops."""
    operator: Operator | None = None
    """The person at the reset button."""
    recording: Recording = field(default_factory=Recording)
    """The recorder."""

    @property
    def idle_power(self) -> float:
        """What all arms draw at rest [W]."""
        return sum(arm.power.idle for arm in self.arms.values())

    def lidars(self) -> dict[str, Lidar]:
        """The LiDARs by name."""
        return {n: s for n, s in self.sensors.items() if isinstance(s, Lidar)}

    def profilers(self) -> dict[str, Profiler]:
        """The profilers by name."""
        return {n: s for n, s in self.sensors.items() if isinstance(s, Profiler)}

    def cameras(self) -> dict[str, Multispectral]:
        """The multispectral cameras by name."""
        return {n: s for n, s in self.sensors.items() if isinstance(s, Multispectral)}

    def rack_of(self, role: str) -> str:
        """Name of the first rack with a role."""
        return next(name for name, rack in self.racks.items() if rack.role == role)
