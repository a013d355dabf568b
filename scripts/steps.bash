# SPDX-License-Identifier: Apache-2.0
#
# What scripts/check and scripts/soak share: steps with a log and counts each, and how Python's tests and
# sanitizers are run. To be sourced at the top of the repository by a script that has set `wanted`, an array
# of beginnings of steps (empty: all of them), and `logs`, where the logs go. `exact` holds whole names of steps that are wanted too.
# shellcheck disable=SC2154 # those two

unset MAKEFLAGS MAKELEVEL SAN BUILD # of the make that called
export LC_ALL=C.UTF-8
mkdir -p -- "$logs"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ckptfs-check.XXXXXX")
scratch=$(realpath -- "$scratch")
export TMPDIR=$scratch # so that whatever a test mounts lies below it
jobs=$(nproc)
exact=()
times=$scratch/times # of each test: seconds, a tab, what it is
: > "$times"
passed=0 failed=0 skipped=0
broken=() # what is repeated at the end, as what is printed here may be long

# failures_in LOG: the tests that failed, with what pytest says of them.
failures_in() { grep -E '^(FAILED|ERROR) |^ *not ok [0-9]+ - ' -- "$1" | cut -c 1-400 | head -n 20; }

# left_mounts: the mount points of the tests that are still there.
left_mounts() { awk -v under="$scratch/" 'index($2, under) == 1 { print $2 }' /proc/self/mounts | sort -r; }

unmount_left() {
    left_mounts | while IFS= read -r point; do
        point=$(printf '%b' "$point")
        umount -l -- "$point" 2> /dev/null || fusermount3 -uz -- "$point"
    done
}

leave() {
    unmount_left
    chmod -R u+rwX -- "$scratch" 2> /dev/null
    rm -rf --one-file-system -- "$scratch"
}
trap leave EXIT
trap 'exit 130' INT TERM

chosen() {
    [ ${#wanted[@]} -gt 0 ] || return 0
    local one
    for one in "${wanted[@]}"; do
        case $1 in "$one"*) return 0 ;; esac
    done
    for one in "${exact[@]}"; do
        if [ "$1" = "$one" ]; then return 0; fi
    done
    return 1
}

# step NAME COMMAND...: runs the command into the log. Its counts are the last line of the log that has them, as in
# `units: 3 passed, 1 failed, 0 skipped`; a command without counts is one test. Its lines `note: ...` are shown.
step() {
    local name=$1 log=$logs/$1.log start=${EPOCHREALTIME/./} status counts good bad skips left took
    shift
    chosen "$name" || return 0
    "$@" < /dev/null > "$log" 2>&1
    status=$?
    took=$(((${EPOCHREALTIME/./} - start) / 100000))
    # Unit tests: `build/tests/test_arena: 12 passed, 0 skipped (34 ms)`.
    sed -nE 's/^([^ ]+): [0-9]+ passed, [0-9]+ skipped \(([0-9]+) ms\)$/\2 \1/p' "$log" |
        awk -v step="$name" '{ printf "%.3f\t%s: %s\n", $1 / 1000, step, $2 }' >> "$times"
    counts=$(sed -nE 's/^[a-z-]+: ([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?$/\1 \2 \4/p' "$log" | tail -n 1)
    if [ -n "$counts" ]; then
        read -r good bad skips <<< "$counts"
        # A failure outside the tests, such as a crash of the runner.
        if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    elif [ "$status" -eq 0 ]; then
        good=1 bad=0
    else
        good=0 bad=1
    fi
    skips=${skips:-0}
    left=$(left_mounts)
    if [ -n "$left" ]; then
        printf 'still mounted after the tests:\n%s\n' "$left" >> "$log"
        bad=$((bad + 1))
        unmount_left
    fi
    passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + skips))
    printf '%-22s %5d passed %4d failed %4d skipped %6d.%d s\n' "$name" "$good" "$bad" "$skips" $((took / 10)) $((took % 10))
    sed -n 's/^note: /    /p' "$log"
    if [ "$bad" -gt 0 ]; then
        broken+=("$name: $bad failed")
        mapfile -t -O ${#broken[@]} broken < <(failures_in "$log" | sed 's/^ */    /')
        grep -vE '^[^ ]+: [0-9]+ passed, 0 failed|^[^ ]+: [0-9]+ passed, [0-9]+ skipped \([0-9]+ ms\)$|^  (CC|AR|LD|PROTO) ' "$log" | sed 's/^/    /' | tail -n "${LOG_LINES:-300}"
        printf '    (all of it: %s)\n' "${log#"$PWD/"}"
    elif [ "$skips" -gt 0 ]; then
        grep -iE 'skip' "$log" | sed 's/^/    /' | head -n 40
    fi
}

# --keep-going: a warning in one test should not take all other tests along.
build() { make --no-print-directory --keep-going -j "$jobs" "$@"; }

# pytest_in FOLDER BUILD ARGUMENT...: the counts come from the JUnit file, and no file is a failure.
pytest_in() {
    local folder=$1 build=$2 python xml label
    shift 2
    label=$(basename -- "$folder")-$(basename -- "$build")
    python=$(scripts/venv ${environment:+"$environment"})/bin/python || return 1
    xml=$logs/${label//[^A-Za-z0-9_.-]/_}.xml
    rm -f -- "$xml"
    CKPTFS_BUILD=$build PYTHONDONTWRITEBYTECODE=1 "${under[@]}" "$python" -m pytest -q -rsfE --basetemp="$TMPDIR/pytest" \
        --junit-xml="$xml" "$@" "$folder"
    local status=$?
    "$python" - "$xml" "$build" "$times" << 'COUNT' || return 1
import sys
import xml.etree.ElementTree as tree

total = bad = skipped = 0
for suite in tree.parse(sys.argv[1]).getroot().iter("testsuite"):
    total += int(suite.get("tests"))
    bad += int(suite.get("failures")) + int(suite.get("errors"))
    skipped += int(suite.get("skipped"))
with open(sys.argv[3], "a", encoding="utf-8") as times:
    for case in tree.parse(sys.argv[1]).getroot().iter("testcase"):
        file = case.get("classname").replace(".", "/")
        print(f"{float(case.get('time')):.3f}\t{sys.argv[2]}: {file}.py::{case.get('name')}", file=times)
if not total:
    sys.exit("pytest ran no test")
print(f"pytest: {total - bad - skipped} passed, {bad} failed, {skipped} skipped")
COUNT
    return $status
}
under=()
environment= # the default one of scripts/venv

# tsan_starts: whether programs of that sanitizer do, with what has to stand before their names in `under`; else says so.
tsan_starts() {
    # gcc 12 knows fewer layouts of the address space than new kernels make; without randomisation it is one that it knows.
    if setarch "$(uname -m)" -R true 2> /dev/null; then under=(setarch "$(uname -m)" -R); fi
    if ! printf 'int main(void) { return 0; }\n' | "${CC:-cc}" -fsanitize=thread -x c -o "$TMPDIR/tsan" -; then
        echo 'tsan: 0 passed, 1 failed'
        return 1
    fi
    if ! "${under[@]}" "$TMPDIR/tsan"; then
        echo "skipped: programs built with -fsanitize=thread do not start on this kernel ($(uname -r))"
        echo 'tsan: 0 passed, 0 failed, 1 skipped'
        return 1
    fi
}

sanitizer_reports() { # PREFIX: shows what the sanitizers wrote; fails if they did
    local file found=0
    for file in "$1".*; do
        [ -s "$file" ] || continue
        found=1
        echo "--- $file"
        head -n 80 -- "$file"
    done
    [ $found -eq 0 ]
}

# readers BUILD SECONDS [ARGUMENT...]: 64 processes read mounts of that build (tests/soak), which has sanitizers.
readers() {
    local build=$1 seconds=$2 status
    shift 2
    if [ "$build" = build/tsan ]; then tsan_starts || return 0; fi
    ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
        TSAN_OPTIONS=halt_on_error=0:exitcode=66 SOAK_SECONDS=$seconds pytest_in tests/soak "$build" "$@"
    status=$?
    under=()
    return $status
}

# faults BUILD SECONDS [ARGUMENT...]: calls of that build's programs fail (tests/faults), as many of them as can be tried; 0: each.
faults() {
    local build=$1 seconds=$2
    shift 2
    FAULTS_SECONDS=$seconds pytest_in tests/faults "$build" "$@"
}

# end_steps: the slowest tests, what failed, the last line of a script, and its exit status.
end_steps() {
    if [ -s "$times" ]; then
        echo 'the slowest tests:'
        sort -rn -- "$times" | head -n 10 | awk -F '\t' '{ printf "%9.1f s  %s\n", $1, substr($2, 1, 140) }'
    fi
    if [ "${CI:-}" = true ]; then
        failed=$((failed + skipped))
        skipped=0
    fi
    if [ ${#broken[@]} -gt 0 ]; then
        echo 'what failed:'
        printf '    %s\n' "${broken[@]}"
    fi
    printf '%d passed, %d failed%s\n' "$passed" "$failed" "$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")"
    [ "$failed" -eq 0 ]
}
