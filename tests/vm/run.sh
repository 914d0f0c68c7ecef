#!/usr/bin/env bash
# Inside the throw-away guest, in the folder that start.sh prepared: install joblet, run the given tests. Nothing is
# tidied up: the guest is thrown away.
set -euo pipefail

tests/vm/install.sh

mkdir -p /scratch/tmp
export TMPDIR=/scratch/tmp JOBLET_TEST_DISK=/scratch
export JOBLET_SHIM=/opt/joblet/joblet/bin/joblet-shim
# An emulated host is many times slower, and must be able to do everything.
export JOBLET_TEST_PATIENCE=10 JOBLET_MUST_ISOLATE=1 JOBLET_TEST_VM=1
python3 -m pytest -q -p no:cacheprovider --timeout 300 --durations 5 "$@"
