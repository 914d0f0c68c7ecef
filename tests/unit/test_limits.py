"""How a requested limit becomes an enforced one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.errors import InvalidLimitError
from joblet.limits import INT32_MAX, Limits, resolve

DEFAULTS = Limits(cpu_percent=100, memory_mb=512, io_bps=0)
NO_CEILINGS = Limits()
amounts = st.integers(min_value=0, max_value=INT32_MAX)
limits = st.builds(Limits, amounts, amounts, amounts)


def test_zero_means_the_default() -> None:
    """A request without limits gets the configured ones."""
    assert resolve(Limits(), defaults=DEFAULTS, ceilings=NO_CEILINGS) == DEFAULTS


def test_a_request_wins_over_the_default() -> None:
    """What is asked for within the ceiling is what is enforced."""
    wanted = Limits(cpu_percent=50, memory_mb=1024, io_bps=1048576)

    assert resolve(wanted, defaults=DEFAULTS, ceilings=NO_CEILINGS) == wanted


@pytest.mark.parametrize(
    ("requested", "message"),
    [
        (Limits(cpu_percent=-1), "job creation failed: maxCPU must not be negative (got -1)"),
        (Limits(memory_mb=-5), "job creation failed: maxMemory must not be negative (got -5)"),
        (Limits(io_bps=-(2**31)), "job creation failed: maxIOBPS must not be negative (got -2147483648)"),
        (Limits(memory_mb=2**31), "job creation failed: maxMemory is out of range (got 2147483648)"),
        (
            Limits(memory_mb=4097),
            "job creation failed: maxMemory exceeds system limits (got 4097, at most 4096)",
        ),
    ],
)
def test_a_limit_that_cannot_be_granted_is_refused(requested: Limits, message: str) -> None:
    """Negative, absurd and above the ceiling: each is refused by name, with what was seen."""
    with pytest.raises(InvalidLimitError) as refused:
        resolve(requested, defaults=DEFAULTS, ceilings=Limits(memory_mb=4096))

    assert str(refused.value) == message


@given(requested=limits, defaults=limits, ceilings=limits)
def test_nothing_above_a_ceiling_is_ever_granted(
    requested: Limits, defaults: Limits, ceilings: Limits
) -> None:
    """With a ceiling there is no way to unlimited or beyond it, whatever the default says."""
    try:
        granted = resolve(requested, defaults=defaults, ceilings=ceilings)
    except InvalidLimitError:
        return
    for name in ("cpu_percent", "memory_mb", "io_bps"):
        ceiling = getattr(ceilings, name)
        if ceiling:
            assert 0 < getattr(granted, name) <= ceiling
        if asked := getattr(requested, name):
            assert getattr(granted, name) == asked
