#!/bin/sh
# Compile joblet-shim to the path given; `build.sh OUT [extra compiler flags]`.
# Freestanding where that is ported to (freestanding/libc.c says what it is good for), else static where the host has a
# static libc, else as the host does. With extra flags (sanitizers need a libc) never freestanding.
set -eu
out=$1
shift
here=$(dirname "$0")
flags="-std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla -Werror"
hard="-fstack-protector-strong"
bare="-static -nostdlib -ffreestanding -fno-tree-loop-distribute-patterns -U_FORTIFY_SOURCE -Wl,-z,noseparate-code"
case $(${CC:-cc} -dumpmachine) in
x86_64*) bare="$bare -mstack-protector-guard=global" ;;
esac
mkdir -p "$(dirname "$out")"
# shellcheck disable=SC2086  # the flags are words
if [ $# -eq 0 ] && ${CC:-cc} $flags $hard $bare -o "$out" "$here"/*.c "$here"/freestanding/*.c 2>/dev/null; then
    exit
fi
# shellcheck disable=SC2086
${CC:-cc} $flags $hard -D_FORTIFY_SOURCE=2 -static "$@" -o "$out" "$here"/*.c 2>/dev/null ||
    ${CC:-cc} $flags $hard -D_FORTIFY_SOURCE=2 "$@" -o "$out" "$here"/*.c
