#!/bin/sh
# Compile joblet-shim to the path given; `build.sh OUT [extra compiler flags]`.
# Freestanding where that is ported to and tested (docs/decisions/0008), else static where the host has a static libc, else
# as the host does. With extra flags (sanitizers need a libc) never freestanding.
set -eu
out=$1
shift
here=$(dirname "$0")
flags="-std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla -Werror -fstack-protector-strong"
bare="-static -nostdlib -ffreestanding -fno-tree-loop-distribute-patterns -U_FORTIFY_SOURCE -Wl,-z,noseparate-code -mstack-protector-guard=global"
libc="-D_FORTIFY_SOURCE=2"
case $(${CC:-cc} -dumpmachine) in
x86_64*) is_ported=1 ;;
*) is_ported=0 ;;
esac
mkdir -p "$(dirname "$out")"
if [ $# -eq 0 ] && [ $is_ported = 1 ]; then
    # shellcheck disable=SC2086  # the flags are words
    ${CC:-cc} $flags $bare -o "$out" "$here"/*.c "$here"/freestanding/*.c 2>/dev/null && exit
    echo "joblet-shim: ${CC:-cc} cannot build it freestanding; a job will start 0.3 ms later" >&2
fi
# shellcheck disable=SC2086
${CC:-cc} $flags $libc -static "$@" -o "$out" "$here"/*.c 2>/dev/null ||
    ${CC:-cc} $flags $libc "$@" -o "$out" "$here"/*.c
