"""Quantities of the world file: a number is SI, a string carries its unit (`"120 mm"`)."""

from __future__ import annotations

import math
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import pint
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

__all__ = [
    "Acceleration",
    "Angle",
    "AnglePair",
    "AngleRange",
    "Angles",
    "Density",
    "Duration",
    "Extent",
    "ExtentPair",
    "Extents",
    "Force",
    "FractionRange",
    "Frequency",
    "Jerk",
    "Length",
    "LengthRange",
    "Money",
    "Opening",
    "Point2",
    "Position",
    "Power",
    "Price",
    "Quantity",
    "Rpy",
    "Speed",
    "Wavelength",
    "Wavelengths",
    "to_si",
]

_QUANTITY = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*")


@cache
def _registry() -> pint.UnitRegistry[float]:
    # an angle is a dimension here, else "600 rpm" would pass for 62.8 Hz; pint fills its caches
    # when it is made with its definitions, and would then not see that the radian has changed
    registry: pint.UnitRegistry[float] = pint.UnitRegistry(None, on_redefinition="ignore")
    registry.load_definitions(str(Path(pint.__file__).with_name("default_en.txt")))
    registry.define("radian = [angle] = rad")
    registry.define("EUR = [currency]")
    return registry


@cache
def _unit(name: str) -> pint.Unit:
    return _registry().parse_units(name.replace("%", "percent"))


def _example(unit: str) -> str:
    return f"a number in {unit} or a string such as '1.5 {unit}'" if unit != "1" else "a number"


def to_si(value: Any, unit: str) -> float:
    """Convert a number or a string with a unit to a float in `unit`.

    Raises:
        ValueError: not a number, or a unit of another dimension; the message says what is valid.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"expected {_example(unit)}")
    try:
        number = _converted(value, unit) if isinstance(value, str) else float(value)
    except OverflowError:  # an integer with more digits than a float has
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"expected a finite number in {unit}")
    return number


def _converted(text: str, unit: str) -> float:
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"this is no quantity; expected {_example(unit)}")
    number, name = float(match[1]), match[2]
    if not name:
        if unit == "1":
            return number
        raise ValueError(f"a string needs a unit; write the number bare for {unit}")
    try:
        given = _unit(name)
    except Exception:  # pint raises half a dozen classes for what it cannot parse
        raise ValueError(f"unknown unit '{name}'; expected {_example(unit)}") from None
    try:
        return float(
            _registry().Quantity(number, given).to(_unit(unit) if unit != "1" else "").magnitude
        )
    except pint.DimensionalityError:
        raise ValueError(
            f"unit '{name}' does not measure this; expected {_example(unit)}"
        ) from None


class Quantity:
    """Annotation that lets pydantic read a quantity, a list of them, or a range, in one unit.

    Args:
        unit: the unit of the stored floats.
        form: `one` float, a `list` of any length, a `pair`, a `vector` of three, or a `range`,
            which is one value or `[lowest, highest]` and is stored as a pair.
        least: smallest value allowed.
        above: the value that all must exceed.
        most: largest value allowed.
    """

    def __init__(
        self,
        unit: str,
        form: Literal["one", "list", "pair", "vector", "range"] = "one",
        *,
        least: float | None = None,
        above: float | None = None,
        most: float | None = None,
    ) -> None:
        self.unit = unit
        self.form = form
        self.least = least
        self.above = above
        self.most = most

    @property
    def count(self) -> int | None:
        """How many numbers are stored; None for any number of them."""
        return {"one": 1, "list": None, "pair": 2, "vector": 3, "range": 2}[self.form]

    def read(self, value: Any) -> float | tuple[float, ...]:
        """Convert what stands in the file.

        Raises:
            ValueError: what was given is no such quantity; pydantic adds the key.
        """
        if self.form == "one":
            return self._one(value)
        if self.form == "range" and not isinstance(value, list | tuple):
            value = (value, value)
        if not isinstance(value, list | tuple) or self.count not in (None, len(value)):
            number = f"{self.count} " if self.count else ""
            raise ValueError(f"expected a list of {number}quantities in {self.unit}")
        numbers = tuple(self._one(v) for v in value)
        if self.form == "range" and numbers[0] > numbers[1]:
            raise ValueError(f"lowest {numbers[0]:g} is above highest {numbers[1]:g} {self.unit}")
        return numbers

    def _one(self, value: Any) -> float:
        number = to_si(value, self.unit)
        unit = f" {self.unit}" if self.unit != "1" else ""
        if self.least is not None and number < self.least:
            raise ValueError(f"expected at least {self.least:g}{unit}")
        if self.above is not None and number <= self.above:
            raise ValueError(f"expected more than {self.above:g}{unit}")
        if self.most is not None and number > self.most:
            raise ValueError(f"expected at most {self.most:g}{unit}")
        return number

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        # "minimum" and its kind bind numbers only; of strings the loader checks the unit
        one: dict[str, Any] = {"type": ["number", "string"]}
        limits = {"minimum": self.least, "exclusiveMinimum": self.above, "maximum": self.most}
        one |= {key: limit for key, limit in limits.items() if limit is not None}
        if self.form == "one":
            return one
        many: dict[str, Any] = {"type": "array", "items": one}
        if self.count is not None:
            many |= {"minItems": self.count, "maxItems": self.count}
        return {"anyOf": [one, many]} if self.form == "range" else many


Pair = tuple[float, float]
Triple = tuple[float, float, float]
Many = tuple[float, ...]

Length = Annotated[float, Quantity("m", least=0)]
Extent = Annotated[float, Quantity("m", above=0)]
Angle = Annotated[float, Quantity("rad")]
Opening = Annotated[float, Quantity("rad", above=0, most=math.pi)]
Density = Annotated[float, Quantity("kg/m**3", above=0)]
Duration = Annotated[float, Quantity("s", least=0)]
Frequency = Annotated[float, Quantity("Hz", above=0)]
Speed = Annotated[float, Quantity("m/s", above=0)]
Acceleration = Annotated[float, Quantity("rad/s**2", above=0)]
Jerk = Annotated[float, Quantity("rad/s**3", above=0)]
Force = Annotated[float, Quantity("N", above=0)]
Power = Annotated[float, Quantity("W", least=0)]
Price = Annotated[float, Quantity("EUR/MWh")]  # it may be negative: the grid pays at times
Money = Annotated[float, Quantity("EUR")]
Point2 = Annotated[Pair, Quantity("m", "pair")]
Position = Annotated[Triple, Quantity("m", "vector")]
Extents = Annotated[Triple, Quantity("m", "vector", above=0)]
ExtentPair = Annotated[Pair, Quantity("m", "pair", above=0)]
AnglePair = Annotated[Pair, Quantity("rad", "pair")]
Rpy = Annotated[Triple, Quantity("rad", "vector")]
Angles = Annotated[Many, Quantity("rad", "list")]
Wavelength = Annotated[float, Quantity("nm", above=0)]
Wavelengths = Annotated[Many, Quantity("nm", "list", above=0)]
LengthRange = Annotated[Pair, Quantity("m", "range", above=0)]
AngleRange = Annotated[Pair, Quantity("rad", "range")]
FractionRange = Annotated[Pair, Quantity("1", "range", least=0, most=1)]
