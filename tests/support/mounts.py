"""`/proc/self/mountinfo` of hosts of every kind, shortened to what is cgroups and what is odd."""

PURE_V2 = """\
22 28 0:20 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
30 22 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate
44 28 0:40 / /mnt/with\\040space\\134and\\011tab rw - tmpfs  rw
"""

HYBRID = """\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
38 31 0:35 / /sys/fs/cgroup/blkio rw,relatime - cgroup cgroup rw,blkio
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
"""

SYSTEMD_HYBRID = """\
25 18 0:22 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:9 - tmpfs tmpfs ro,mode=755
26 25 0:23 / /sys/fs/cgroup/unified rw,nosuid,nodev,noexec,relatime shared:10 - cgroup2 cgroup2 rw,nsdelegate
27 25 0:24 / /sys/fs/cgroup/systemd rw,nosuid shared:11 - cgroup cgroup rw,xattr,name=systemd
30 25 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:15 - cgroup cgroup rw,cpu,cpuacct
31 25 0:28 / /sys/fs/cgroup/blkio rw,nosuid shared:16 - cgroup cgroup rw,blkio
32 25 0:29 / /sys/fs/cgroup/net_cls,net_prio rw,nosuid shared:17 - cgroup cgroup rw,net_cls,net_prio
33 25 0:30 / /sys/fs/cgroup/pids rw,nosuid shared:18 - cgroup cgroup rw,pids
34 25 0:31 / /sys/fs/cgroup/memory rw,nosuid shared:19 - cgroup cgroup rw,memory
"""

PURE_V1 = """\
20 1 8:1 / / rw - ext3 /dev/sda1 rw
21 20 0:15 / /cgroup/cpu rw - cgroup none rw,cpu
22 20 0:16 / /cgroup/memory rw - cgroup none rw,memory,release_agent=/sbin/agent
"""

DOCKER_V1 = """\
612 488 0:55 / / rw,relatime master:211 - overlay overlay rw,lowerdir=/l/A:/l/B,upperdir=/d/diff
650 640 0:59 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,mode=755
651 650 0:24 /docker/9f0c /sys/fs/cgroup/systemd ro,nosuid master:11 - cgroup cgroup rw,xattr,name=systemd
652 650 0:31 /docker/9f0c /sys/fs/cgroup/memory ro,nosuid master:19 - cgroup cgroup rw,memory
660 612 254:1 /var/lib/docker/containers/9f0c/hosts /etc/hosts rw,relatime - ext4 /dev/vda1 rw
"""

NESTED_V2 = """\
900 800 0:70 / / rw,relatime - overlay overlay rw,lowerdir=/a\\054b:/c
910 905 0:26 /../../.. /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate
"""
