from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twincell.world.units import Quantity, to_si

# by hand, not by pint: how many SI units one of the other unit is
FACTORS = [
    ("m", "mm", 1e-3),
    ("m", "um", 1e-6),
    ("m", "inch", 0.0254),
    ("rad", "deg", math.pi / 180),
    ("s", "ms", 1e-3),
    ("s", "min", 60.0),
    ("Hz", "kHz", 1e3),
    ("m/s", "mm/s", 1e-3),
    ("m/s", "km/h", 1 / 3.6),
    ("rad/s**2", "deg/s^2", math.pi / 180),
    ("rad/s**3", "rad/s^3", 1.0),
    ("N", "kN", 1e3),
    ("W", "kW", 1e3),
    ("kg/m**3", "g/cm^3", 1e3),
    ("EUR/MWh", "EUR/kWh", 1e3),
    ("1", "%", 0.01),
]
SIZES = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-9)


@pytest.mark.parametrize(("unit", "other", "factor"), FACTORS)
@given(number=SIZES)
def test_a_number_and_its_string_in_another_unit_agree(unit, other, factor, number):
    assert to_si(f"{number / factor!r} {other}", unit) == pytest.approx(number, rel=1e-12)
    assert to_si(number, unit) == number


@pytest.mark.parametrize(
    ("value", "unit", "word"),
    [
        ("3 s", "m", "'s' does not measure this"),
        ("600 rpm", "Hz", "'rpm' does not measure this"),  # else 62.8 Hz, off by 2 pi
        ("5 1/s", "rad/s", "does not measure"),
        ("3", "m", "needs a unit"),
        ("3 parsecks", "m", "unknown unit 'parsecks'"),
        ("long", "m", "no quantity"),
        ("9**9**9 m", "m", "unknown unit"),
        ("1e999 m", "m", "finite"),
        pytest.param(10**400, "m", "finite", id="400 digits"),
        (math.nan, "m", "finite"),
        (True, "m", "expected a number in m"),
        (None, "m", "expected a number in m"),
        ([1], "m", "expected a number in m"),
    ],
)
def test_what_is_no_such_quantity_is_refused_by_name(value, unit, word):
    with pytest.raises(ValueError, match=word.replace("(", r"\(")):
        to_si(value, unit)


@given(st.tuples(SIZES, SIZES))
def test_a_range_is_a_pair_in_order_or_refused(pair):
    quantity = Quantity("m", "range")
    if pair[0] <= pair[1]:
        assert quantity.read(list(pair)) == pair
    else:
        with pytest.raises(ValueError, match="lowest"):
            quantity.read(list(pair))


def test_one_value_is_a_range_without_width():
    assert Quantity("m", "range").read("2 mm") == (0.002, 0.002)


def test_limits_are_told_with_their_unit():
    with pytest.raises(ValueError, match="more than 0 m"):
        Quantity("m", above=0).read(0)
    with pytest.raises(ValueError, match="at least 0 s"):
        Quantity("s", least=0).read("-1 ms")
    with pytest.raises(ValueError, match=r"at most 1$"):
        Quantity("1", most=1).read(1.5)


def test_a_vector_has_three():
    with pytest.raises(ValueError, match="list of 3 quantities in m"):
        Quantity("m", "vector").read([1, 2])
