#!/usr/bin/env bash
# `make test-vm`: what needs systemd and pure cgroup v2, in two throw-away guests side by side, each on one processor:
# one runs of tests/isolation what depends on the kernel, the other tests/vm. Then a third one is rebooted. Everything
# the guests need is prepared here: there is no network inside.
set -euo pipefail
cd "$(dirname "$0")/../.."

vmrun=${VMRUN:-../shared/vm/vmrun.sh}
if [ ! -x "$vmrun" ]; then
    echo "make test-vm: there is no $vmrun, which runs a command in a throw-away guest (set VMRUN to its path)" >&2
    exit 1
fi
stage=build/vm
bin=.venv/bin
export VMRUN_SMP=1
timeout_seconds=420

# The versions that are tested here, for the guest's Python; once for each set of them.
prepare_packages() {
    "$bin/pip" freeze --exclude-editable >"$stage/versions.new"
    cmp --silent "$stage/versions.new" "$stage/versions" && return
    rm -rf "$stage/site" "$stage/versions"
    "$bin/pip" install --quiet --target "$stage/site" --python-version 3.11 --only-binary=:all: \
        --constraint "$stage/versions.new" "$stage"/wheel/joblet-*.whl \
        pytest pytest-asyncio pytest-randomly pytest-timeout hypothesis
    mv "$stage/versions.new" "$stage/versions"
}

# joblet itself as its users install it, from the wheel.
prepare_joblet() {
    rm -rf "$stage/wheel" "$stage/guest"
    "$bin/pip" wheel --quiet --no-deps --wheel-dir "$stage/wheel" .
    prepare_packages
    rm -rf "$stage"/site/{bin,joblet,joblet-*.dist-info}
    "$bin/pip" install --quiet --no-deps --target "$stage/site" "$stage"/wheel/joblet-*.whl
    mkdir "$stage/guest"
    cp -al "$stage/site" "$stage/guest/site"
    cp -a pyproject.toml tests "$stage/guest/"
}

# run_guest NAME TEST...: in a guest of its own, its output kept until it is over.
run_guest() {
    local name=$1
    shift
    "$vmrun" run --dir "$stage/guest" --exclude __pycache__/conftest* --timeout "$timeout_seconds" \
        -- bash tests/vm/run.sh "$@" >"$stage/$name.log" 2>&1
}

isolation_tests=(
    tests/isolation/runner
    tests/isolation/test_{cgroup,cgroup_limits,probe,daemon,stop_jobs}.py
    tests/shim/test_cgroup.py
)

main() {
    local status=0 isolation name
    mkdir -p "$stage"
    prepare_joblet
    "$vmrun" snapshot
    # A guest must not outlive us.
    trap 'jobs -p | xargs --no-run-if-empty kill' EXIT
    run_guest isolation "${isolation_tests[@]}" &
    isolation=$!
    run_guest systemd tests/vm || status=$?
    tests/vm/reboot.sh >"$stage/reboot.log" 2>&1 || status=$?
    wait "$isolation" || status=$?
    for name in isolation systemd reboot; do
        echo "== guest: $name"
        cat "$stage/$name.log"
    done
    exit "$status"
}

main
