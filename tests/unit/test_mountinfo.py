"""`/proc/self/mountinfo` as values: real ones, any one, and broken ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.linux.cgroup import CgroupLimits
from joblet.linux.cgroup_hierarchy import hierarchy_from_mounts
from joblet.linux.mountinfo import Mount, parse_mountinfo, read_mountinfo
from support.mounts import DOCKER_V1, HYBRID, NESTED_V2, PURE_V1, PURE_V2, SYSTEMD_HYBRID

# What proc_pid_mountinfo(5) allows in a name; the kernel escapes white space and the backslash.
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
WORDS = st.text(st.characters(exclude_characters="\0 \t\n\\,", exclude_categories=["Cs"]), min_size=1)
OPTIONS = st.lists(WORDS, min_size=1).map(tuple)
MOUNTS = st.builds(
    Mount,
    mount_id=st.integers(0),
    parent_id=st.integers(0),
    device=st.builds("{}:{}".format, st.integers(0, 4095), st.integers(0, 2**20)),
    root=NAMES,
    mount_point=NAMES,
    options=OPTIONS,
    optional_fields=st.lists(WORDS.filter(lambda word: word != "-")).map(tuple),
    fstype=WORDS,
    source=NAMES | st.just(""),
    super_options=OPTIONS,
)


def escape(name: str) -> str:
    """Return a name as the kernel writes it (`mangle_path`, seq_file.c)."""
    return "".join(f"\\{ord(c):03o}" if c in " \t\n\\" else c for c in name)


def line_of(mount: Mount) -> str:
    """Return the line that the kernel writes for a mount."""
    words = [
        str(mount.mount_id),
        str(mount.parent_id),
        mount.device,
        escape(mount.root),
        escape(mount.mount_point),
    ]
    words += [",".join(mount.options), *mount.optional_fields, "-"]
    return " ".join([*words, mount.fstype, escape(mount.source), ",".join(mount.super_options)])


@given(st.lists(MOUNTS))
def test_every_mount_is_read_as_the_kernel_wrote_it(mounts: list[Mount]) -> None:
    """Whatever is in a name, the values are those that were there before the kernel escaped them."""
    text = "".join(f"{line_of(mount)}\n" for mount in mounts)

    assert parse_mountinfo(text) == mounts


@given(st.text())
def test_what_is_no_mountinfo_is_refused_by_line(text: str) -> None:
    """Any other text is either empty of lines or a ValueError that says which line is wrong."""
    if not text.strip("\n"):
        assert parse_mountinfo(text) == []
    else:
        with pytest.raises(ValueError, match=r"/proc/self/mountinfo, line [0-9]+: expected"):
            parse_mountinfo(text)


def test_spaces_that_a_filesystem_did_not_escape_stay_in_its_options() -> None:
    """Options come last, so even an unescaped space in them does not shift a field."""
    [mount] = parse_mountinfo(
        "36 35 98:0 /a /b rw,noatime master:1 shared:2 - fuse.x my\\040source rw,name=a b\n"
    )

    assert mount.source == "my source"
    assert mount.super_options == ("rw", "name=a b")
    assert mount.optional_fields == ("master:1", "shared:2")


def test_this_process_has_a_root_mount() -> None:
    """The real file of this host can be read, and has a mount at /."""
    assert any(mount.mount_point == "/" for mount in read_mountinfo())


@pytest.mark.parametrize(
    ("text", "v2_path", "v1_paths"),
    [
        pytest.param(PURE_V2, "/sys/fs/cgroup", {}, id="systemd, v2 only"),
        pytest.param(
            HYBRID,
            "/sys/fs/cgroup/unified",
            {name: f"/sys/fs/cgroup/{name}" for name in ("cpu", "cpuacct", "memory", "pids")}
            | {"io": "/sys/fs/cgroup/blkio"},
            id="each v1 controller by itself, and v2",
        ),
        pytest.param(
            SYSTEMD_HYBRID,
            "/sys/fs/cgroup/unified",
            dict.fromkeys(("cpu", "cpuacct"), "/sys/fs/cgroup/cpu,cpuacct")
            | {
                "memory": "/sys/fs/cgroup/memory",
                "io": "/sys/fs/cgroup/blkio",
                "pids": "/sys/fs/cgroup/pids",
            },
            id="systemd, hybrid: cpu and cpuacct share a hierarchy",
        ),
        pytest.param(
            PURE_V1, "", {"cpu": "/cgroup/cpu", "memory": "/cgroup/memory"}, id="v1 only, two of them"
        ),
        pytest.param(DOCKER_V1, "", {"memory": "/sys/fs/cgroup/memory"}, id="a container, v1 read-only"),
        pytest.param(NESTED_V2, "/sys/fs/cgroup", {}, id="a container in a container, v2"),
    ],
)
def test_controllers_are_where_they_are_mounted(text: str, v2_path: str, v1_paths: dict[str, str]) -> None:
    """Real hosts' mounts say where each controller is, and which are nowhere."""
    hierarchy = hierarchy_from_mounts(parse_mountinfo(text))

    assert hierarchy.v2_path == v2_path
    assert hierarchy.v1_paths == v1_paths


def test_a_writable_mount_is_preferred() -> None:
    """Of two mounts of one controller the writable one is used, whichever comes first."""
    lines = [
        "40 30 0:33 / /ro ro - cgroup cgroup rw,memory",
        "41 30 0:33 / /rw rw - cgroup cgroup rw,memory",
    ]

    for text in ("\n".join(lines), "\n".join(reversed(lines))):
        assert hierarchy_from_mounts(parse_mountinfo(text)).path_of("memory") == "/rw"


def test_missing_controllers_are_named() -> None:
    """A limit whose controller is nowhere is said to be missing, and io only if it is limited."""
    hierarchy = hierarchy_from_mounts(parse_mountinfo(PURE_V1))
    without_io = CgroupLimits(cpu_percent=100, memory_bytes=1 << 20, io_bps=0, max_processes=10)
    with_io = CgroupLimits(cpu_percent=1, memory_bytes=1, io_bps=1, max_processes=1, io_device="8:0")

    assert hierarchy.missing(without_io) == ["pids"]
    assert hierarchy.missing(with_io) == ["io", "pids"]
