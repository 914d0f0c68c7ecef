"""Which disk a path is on, as the I/O controllers name it: `major:minor` of a whole disk.

`io.max` and `blkio.throttle.*` refuse partitions, and a filesystem without a
disk of its own (tmpfs, overlay, network) cannot be limited at all.
"""

from __future__ import annotations

import errno
import os
import stat

from joblet.linux.mountinfo import Mount, read_mountinfo

SYS_DEV_BLOCK = "/sys/dev/block"


def device_of(path: str) -> str:
    """Return the `major:minor` of the disk that backs a path.

    A device of the device mapper or of a RAID is returned as it is: the
    kernel can limit it by itself.

    Raises:
        OSError: there is no such path, or (ENODEV) no single disk behind it.

    """
    device = os.stat(path).st_dev
    # Major 0 is the kernel's pool of anonymous devices: btrfs subvolumes have one each.
    if os.major(device) == 0:
        device = _device_of_source(path, _mount_of(path))
    try:
        return whole_disk(device)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}: {error.filename}", path) from error


def whole_disk(device: int, sysfs: str = SYS_DEV_BLOCK) -> str:
    """Return `major:minor` of a block device, or of the disk that it is a partition of.

    Raises:
        OSError: sysfs does not have the device, or is not mounted.

    """
    directory = f"{sysfs}/{os.major(device)}:{os.minor(device)}"
    if os.path.exists(f"{directory}/partition"):
        # sysfs keeps a partition's directory inside its disk's.
        directory = f"{os.path.realpath(directory)}/.."
    with open(f"{directory}/dev", encoding="ascii") as file:
        return file.read().strip()


def _mount_of(path: str) -> Mount:
    """Return the mount that a path is on: asked of the kernel, not guessed by comparing names."""
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as file:
            ids = [int(line.split()[1]) for line in file if line.startswith("mnt_id:")]
    finally:
        os.close(fd)
    mounts = [mount for mount in read_mountinfo() if mount.mount_id in ids]
    if not mounts:  # mounted outside what /proc/self/mountinfo shows of a changed root
        raise OSError(errno.ENODEV, "cannot tell on which filesystem this is", path)
    return mounts[0]


def _device_of_source(path: str, mount: Mount) -> int:
    try:
        status = os.stat(mount.source)
    except OSError:
        status = None
    if status is None or not stat.S_ISBLK(status.st_mode):
        why = f"{mount.fstype} (mounted at {mount.mount_point} from {mount.source!r}) has no disk to limit"
        raise OSError(errno.ENODEV, why, path)
    return status.st_rdev
