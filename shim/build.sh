#!/bin/sh
# Compile joblet-shim to the path given; `build.sh OUT [extra compiler flags]`.
# Static where the host has a static libc: it then starts in about half the time and needs nothing of the host.
set -eu
out=$1
shift
here=$(dirname "$0")
flags="-std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla -Werror"
hard="-fstack-protector-strong -D_FORTIFY_SOURCE=2"
mkdir -p "$(dirname "$out")"
# shellcheck disable=SC2086  # the flags are words
${CC:-cc} $flags $hard -static "$@" -o "$out" "$here"/*.c 2>/dev/null ||
    ${CC:-cc} $flags $hard "$@" -o "$out" "$here"/*.c
