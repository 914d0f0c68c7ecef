"""The texts of kernel counters as numbers; what they do not say is None, never 0."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from joblet.linux.cgroup import CgroupUsage, read_usage

V2 = "/sys/fs/cgroup/joblet.slice/job-1"
V1 = "/sys/fs/cgroup/memory/joblet.slice/job-1"

V2_COUNTERS = {
    f"{V2}/memory.events": "low 0\nhigh 0\nmax 57\noom 1\noom_kill 3\noom_group_kill 1\n",
    f"{V2}/memory.peak": "50331648\n",
    f"{V2}/memory.current": "4194304\n",
    f"{V2}/cpu.stat": "usage_usec 540065\nuser_usec 132230\nsystem_usec 407835\nnr_periods 0\n",
    f"{V2}/io.stat": (
        "254:0 rbytes=4096 wbytes=1048576 rios=1 wios=4 dbytes=0 dios=0\n"
        "8:16 rbytes=100 wbytes=0 rios=1 wios=0 dbytes=7 dios=1\n"
    ),
}
V1_COUNTERS = {
    f"{V1}/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
    f"{V1}/memory.memsw.max_usage_in_bytes": "50331648\n",
    f"{V1}/memory.memsw.usage_in_bytes": "4194304\n",
    f"{V1}/cpuacct.usage": "540065123\n",
    f"{V1}/blkio.throttle.io_service_bytes": (
        "254:0 Read 4096\n254:0 Write 3145728\n254:0 Sync 6291456\n254:0 Async 0\n"
        "254:0 Discard 3145728\n254:0 Total 6291456\nTotal 6291456\n"
    ),
}
NUMBERS = st.integers(0, 2**63 - 1)


def test_v2_counters_are_read() -> None:
    """Each number comes from the line that means it, summed over devices."""
    assert read_usage(V2_COUNTERS) == CgroupUsage(
        cpu_seconds=0.540065,
        peak_memory_bytes=50331648,
        read_bytes=4196,
        written_bytes=1048576,
        oom_kills=3,
        memory_bytes=4194304,
    )


def test_v1_counters_are_read() -> None:
    """The same numbers from v1's files; discards and totals are not counted as writes."""
    assert read_usage(V1_COUNTERS) == CgroupUsage(
        cpu_seconds=0.540065123,
        peak_memory_bytes=50331648,
        read_bytes=4096,
        written_bytes=3145728,
        oom_kills=2,
        memory_bytes=4194304,
    )


def test_without_swap_accounting_the_peak_is_that_of_memory() -> None:
    """The file without swap is used where the one with it is absent."""
    usage = read_usage({f"{V1}/memory.max_usage_in_bytes": "4096\n", f"{V1}/memory.usage_in_bytes": "8\n"})

    assert (usage.peak_memory_bytes, usage.memory_bytes) == (4096, 8)


def test_what_was_not_recorded_is_not_measured() -> None:
    """No counters, no numbers; and no I/O at all is a number."""
    assert read_usage({}) == CgroupUsage()
    assert read_usage({f"{V2}/io.stat": ""}) == CgroupUsage(read_bytes=0, written_bytes=0)


@given(st.sampled_from(sorted(V2_COUNTERS | V1_COUNTERS)), st.data())
def test_a_text_that_was_cut_off_gives_no_number(path: str, data: st.DataObject) -> None:
    """Half a number is a wrong number, so a text that does not end with its line is not used."""
    text = (V2_COUNTERS | V1_COUNTERS)[path]
    length = data.draw(st.integers(1, len(text) - 1).filter(lambda end: text[end - 1] != "\n"))

    assert read_usage({path: text[:length]}) == CgroupUsage()


@given(st.dictionaries(st.sampled_from(sorted(V2_COUNTERS | V1_COUNTERS)), st.text()))
def test_no_text_is_an_error(counters: dict[str, str]) -> None:
    """A counter is worth less than a job's ending: whatever it says, reading it does not fail."""
    read_usage(counters)


@given(NUMBERS, NUMBERS, st.lists(st.tuples(NUMBERS, NUMBERS)))
def test_every_number_comes_back(microseconds: int, kills: int, devices: list[tuple[int, int]]) -> None:
    """Any number that the kernel can print is the one that is read."""
    io = "".join(
        f"8:{minor} rbytes={read} wbytes={wrote} rios=9\n" for minor, (read, wrote) in enumerate(devices)
    )

    usage = read_usage(
        {
            "cpu.stat": f"usage_usec {microseconds}\n",
            "memory.events": f"oom 1\noom_kill {kills}\n",
            "io.stat": io,
        }
    )

    assert usage.cpu_seconds == microseconds / 1e6
    assert usage.oom_kills == kills
    assert usage.read_bytes == sum(read for read, _ in devices)
    assert usage.written_bytes == sum(wrote for _, wrote in devices)
