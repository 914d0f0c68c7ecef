#!/usr/bin/env bash
# In a guest of its own that can be rebooted, as vmrun.sh's cannot: one qemu, three boots, on a copy of vmrun.sh's disk
# that has a journal, as a host's has. reboots.py is what the boots do; its lines are printed. start.sh prepares.
# shellcheck disable=SC2054 # the commas are qemu's
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PATH:/sbin"

stage=build/vm
cache=${VMRUN_CACHE:-/var/tmp/vmrun}
timeout_seconds=300
disks=$(mktemp -d "$stage/reboot.XXXXXX")
trap 'rm -rf "$disks"' EXIT

# The host's disk: without vmrun.sh's agent, with reboots.service.
make_root() {
    cp --sparse=always "$cache/root.ext4" "$disks/root.ext4"
    tune2fs -j "$disks/root.ext4" >"$disks/tune2fs.log"
    debugfs -w -f - "$disks/root.ext4" >"$disks/debugfs.log" 2>&1 <<'END'
cd /etc/systemd/system
write tests/vm/reboots.service reboots.service
cd multi-user.target.wants
rm vm-agent.service
symlink reboots.service ../reboots.service
END
}

# What start.sh prepared, and room for the test's own memory: a file system that no job's file shares a sync with.
make_scratch() {
    truncate -s 1G "$disks/scratch.ext4"
    mke2fs -q -t ext4 -d "$stage/guest" "$disks/scratch.ext4"
}

# A reset of the machine keeps what the guest wrote to its disk and nothing else: cache=unsafe is about a crash of ours.
boot() {
    local qemu=(
        qemu-system-x86_64 -accel tcg,thread=multi,tb-size=512 -M q35 -cpu qemu64 -smp 1 -m 1024
        -nodefaults -no-user-config -display none -serial stdio -rtc base=utc,clock=host
        -kernel "$cache/vmlinuz" -initrd "$cache/initrd.gz"
        -append "console=ttyS0 quiet loglevel=4 panic=-1 nokaslr mitigations=off psi=1 audit=0
            systemd.unified_cgroup_hierarchy=1 systemd.show_status=0 random.trust_cpu=1"
        -drive "if=none,id=root,format=raw,cache=unsafe,file=$disks/root.ext4" -device virtio-blk-pci,drive=root
        -drive "if=none,id=scratch,format=raw,cache=unsafe,file=$disks/scratch.ext4" -device virtio-blk-pci,drive=scratch
        -device virtio-rng-pci
    )
    # setpriv: a guest must not outlive us, however we end.
    setpriv --pdeathsig TERM timeout --kill-after=5 "$timeout_seconds" "${qemu[@]}" </dev/null |
        tr -d '\r' | tee "$disks/console"
}

make_root
make_scratch
boot
if grep --quiet FAIL "$disks/console" || ! grep --quiet 'PASS all' "$disks/console"; then
    echo "tests/vm/reboot.sh: something failed, or the last boot was not reached" >&2
    exit 1
fi
