#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause

# `albireo run` and what follows from it, on the very ELF files that run on boards.
# Arguments: albireo, compare.py, the hosted body's TAP output, conformance.elf, demo.elf, echo.elf.
set -u
albireo=$1 compare=$2 tap=$3 conformance=$4 demo=$5 echo_task=$6
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# fail TEXT...
fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# expect STATUS PATTERN ARGUMENT...: runs the program without input; its output must match.
expect() {
    local status=$1 pattern=$2 output got
    shift 2
    output=$("$albireo" "$@" 2>&1 </dev/null)
    got=$?
    if [ "$got" != "$status" ] || ! grep -q -- "$pattern" <<<"$output"; then
        fail "albireo $*: exit status $got, expected $status; expected '$pattern' in:" \
            "$(tail -5 <<<"$output")"
    fi
}

# The conformance program: line by line what the native threads' run has printed.
"$albireo" run --trace "$work/conformance.trace" "$conformance" \
    </dev/null >"$work/conformance.tap" ||
    fail "conformance does not end well"
"$compare" "$tap" "$work/conformance.tap" || fail "conformance differs from the native run"
expect 0 'all as recorded' replay "$work/conformance.trace"

# The demonstration, with all checks; twice, recorded in both kinds, and played again.
expect 0 'All 38 claims hold' run --checks on "$demo"
expect 0 'both runs are the same' verify "$demo"
expect 0 'All 38 claims hold' run --trace "$work/demo.trace" --memory 64M "$demo"
expect 0 'all as recorded' replay "$work/demo.trace"
expect 0 'All 38 claims hold' run --trace "$work/calls.trace" --trace-calls "$demo"
expect 0 'all as recorded' replay "$work/calls.trace"
expect 0 'All 38 claims hold' run --trace "$work/last.trace" --trace-last 100 "$demo"
expect 0 '100 compared: all as recorded' replay "$work/last.trace"
if ! cmp -s <("$albireo" run "$demo" </dev/null) <("$albireo" run "$demo" </dev/null); then
    fail "two runs differ"
fi

# Input comes through the serial driver, and is in the trace.
output=$(printf 'one\ntwo\n' | "$albireo" run --trace "$work/echo.trace" "$echo_task" 2>&1)
[[ $output == *one*two*"nothing will ever wake them"* ]] || fail "echo printed: $output"
expect 0 'all as recorded' replay "$work/echo.trace"
# Nobody has to repeat it for a replay; and Ctrl-D ends it.
output=$(printf 'x\004' | "$albireo" run "$echo_task" 2>&1) || fail "echo has not ended: $output"

# Ends, and wrong arguments.
expect 1 'stopped after 10 kernel entries' run --max-events 10 "$demo"
expect 0 'million instructions/s' run --stats --quiet "$demo"
expect 0 'usage: albireo run' run --help
expect 2 'no root task given' run
expect 2 'more than one' run "$demo" "$demo"
expect 2 "not 'x'" run --max-events x "$demo"
expect 2 'on or off' run --checks maybe "$demo"
expect 2 'must begin at boot' run --trace-calls --trace-last 5 --trace "$work/t" "$demo"
for option in --trace-calls --trace-last=5 --hash-every=2; do
    expect 2 'needs --trace FILE' run $option "$demo"
done
# The root task is not overwritten, whatever it is called.
cp "$demo" "$work/task.elf"
ln "$work/task.elf" "$work/hard"
ln -s task.elf "$work/soft"
for name in task.elf hard soft; do
    expect 2 'is the root task; it would be overwritten' run --trace "$work/$name" "$work/task.elf"
done
cmp -s "$demo" "$work/task.elf" || fail "the root task was overwritten"
mkfifo "$work/fifo"
expect 3 'not a regular file' run "$work/fifo"
expect 3 'no trace: the first line' replay "$work/fifo"
expect 2 'at most 32' run --root-cnode-bits 40 "$demo"
expect 2 'unrecognized option' run --wings "$demo"
expect 3 'No such file' run "$work/nothing.elf"
expect 3 'not an ELF file' run "$0"
expect 3 'No such file or directory' run --trace "$work/no/such/dir" "$demo"
expect 1 'no room\|does not fit' run --memory 1M "$demo"

[ "$failures" = 0 ]
