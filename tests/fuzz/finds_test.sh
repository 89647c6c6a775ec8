#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The program fuzz_input: finds_test.sh FUZZ_INPUT PLANTED BROKEN ALBIREO
# PLANTED is the same program of a kernel with a bug: who stops receiving keeps its Reply object.
# BROKEN is that of another one: TCB_SetPriority does not end.
set -uo pipefail
fuzz_input=$1 planted=$2 broken=$3 albireo=$4
work=${TEST_TMPDIR:-$(mktemp -d)}/finds
mkdir -p "$work"
failures=0

fail() {
    echo "FAILED: $*"
    tail -n 20 "$work/out" "$work/err"
    failures=$((failures + 1))
}

# expect STATUS PROGRAM ARGUMENT...: its output is then in out and err.
expect() {
    local status=$1 got=0
    shift
    "$@" >"$work/out" 2>"$work/err" || got=$?
    [[ $got -eq $status ]] || fail "exit status $got, expected $status: ${*##*/}"
}

# said FILE TEXT: a line of it has this text.
said() {
    grep -qF -- "$2" "$work/$1" || fail "'$2' is not in $1"
}

# event FILE KIND WHICH: one more event, by two bytes of 16; the others are zeros.
zeros() {
    head -c "$1" /dev/zero
}
event() {
    { printf '%b' "\\x$2\\x00\\x$3" && zeros 13; } >>"$work/$1"
}

begin() {
    zeros 8 >"$work/$1"
}
load=bc receive=8f invoke=00 yield=b3 suspend=0b set_priority=05
# A thread receives; the next one suspends it. In between, what does not matter.
begin stale
event stale $load 00
event stale $receive 00
event stale $load 02
event stale $load 04
event stale $invoke $suspend
event stale $yield 00
begin quiet
event quiet $yield 00
event quiet $load 00
begin empty
begin endless
event endless $load 00
event endless $yield 00
event endless $invoke $set_priority
event endless $load 02

# --- Words ---

expect 2 "$fuzz_input"
said err 'fuzz_input: no command given'
expect 2 "$fuzz_input" paly
said err "unknown command 'paly'"
expect 0 "$fuzz_input" --help
for command in play show shrink trace test stats minimise; do
    said out "  $command "
    expect 0 "$fuzz_input" "$command" --help
    said out "usage: fuzz_input $command"
    expect 2 "$fuzz_input" "$command"
    said err "fuzz_input $command: no file given"
    expect 0 "$fuzz_input" --help
done
expect 2 "$fuzz_input" play --oracles some "$work/stale"
said err "fuzz_input play: --oracles: expected off, cheap or full, not 'some'"
expect 2 "$fuzz_input" play --timeout 0 "$work/stale"
said err "fuzz_input play: --timeout: expected a number within 1..3600, not '0'"
expect 2 "$fuzz_input" shrink --seconds soon "$work/stale" -o "$work/none"
said err "fuzz_input shrink: --seconds: expected a number within 0..1048576, not 'soon'"
expect 2 "$fuzz_input" play --seconds 5 "$work/stale"
said err 'fuzz_input play: it does not take this option: --seconds'
expect 2 "$fuzz_input" play --reduce "$work/stale"
said err 'fuzz_input play: it does not take this option: --reduce'
expect 2 "$fuzz_input" play "$work/stale" -o "$work/none"
said err 'fuzz_input play: it does not take this option: -o'
expect 0 "$fuzz_input" play --help
said out 'schedule'
expect 2 "$fuzz_input" shrink "$work/stale"
said err 'fuzz_input shrink: no output given (-o)'
expect 2 "$fuzz_input" show "$work/stale" "$work/quiet"
said err "fuzz_input show: unexpected argument '$work/quiet'"
expect 3 "$fuzz_input" play "$work/none"
said err "fuzz_input play: $work/none: No such file or directory"
expect 3 "$fuzz_input" test "$work/quiet" -o "$work/none/at/all"
said err "fuzz_input test: $work/none/at/all: No such file or directory"

# --- A kernel without the bug ---

expect 0 "$fuzz_input" play "$work/stale" "$work/quiet" "$work/empty"
[[ $(grep -c ': ok$' "$work/out") -eq 3 ]] || fail 'three inputs find nothing'
expect 0 "$fuzz_input" show "$work/stale"
said out '  5: invoke TCB_Suspend'
said out 'event 5: invoke'
said out 'TCB_Suspend() = ok'
expect 1 "$fuzz_input" shrink "$work/stale" -o "$work/none"
said err 'finds nothing'
expect 1 "$fuzz_input" trace "$work/stale" --reduce -o "$work/none"
said err 'only a panic or a violated invariant'
[[ ! -e $work/none ]] || fail 'something was written'
expect 0 "$fuzz_input" trace "$work/stale" -o "$work/stale.trace"
said out 'finds nothing'
expect 0 "$albireo" replay --checks on "$work/stale.trace"
said out 'all as recorded'
# As with a full disk, the trace is cut short: that is no success.
full() (
    trap '' XFSZ
    ulimit -f 8
    "$@"
)
expect 3 full "$fuzz_input" trace "$work/stale" -o "$work/full.trace"
said err 'fuzz_input trace: a temporary file: File too large'
[[ ! -e $work/full.trace ]] || fail 'a piece of a trace was written'

mkdir -p "$work/corpus"
cp "$work/stale" "$work/quiet" "$work/empty" "$work/corpus"
cp "$work/quiet" "$work/corpus/twin"
expect 0 "$fuzz_input" stats "$work/corpus"
said out '4 inputs, 10 events (mean 2.5)'
said out 'invocations, of which 100.0 % succeed'
grep -qE '^TCB_Suspend +0 +OK +1 ' "$work/out" || fail 'one success of TCB_Suspend'
said out 'Longest kernel entry:'
expect 0 "$fuzz_input" minimise "$work/corpus" -o "$work/small"
said out '2 of 4 inputs are needed'
[[ "$(cd "$work/small" && echo *)" == 'quiet stale' ]] || fail "what is left: $(ls "$work/small")"
# Once more: they are there. Then two other inputs of one name.
expect 0 "$fuzz_input" minimise "$work/corpus" -o "$work/small"
[[ "$(cd "$work/small" && echo *)" == 'quiet stale' ]] || fail "again: $(ls "$work/small")"
mkdir -p "$work/a" "$work/b"
cp "$work/quiet" "$work/a/one"
cp "$work/stale" "$work/b/one"
expect 0 "$fuzz_input" minimise "$work/a" "$work/b" -o "$work/both"
said out '2 of 2 inputs are needed'
if ! cmp "$work/small/quiet" "$work/both/one" || ! cmp "$work/small/stale" "$work/both/one-2"; then
    fail 'inputs of the same name'
fi

# --- A kernel with the bug ---

stale='invariant: invariant R2 violated: a thread with a Reply object waits for a reply'
expect 1 "$planted" play "$work/corpus"
said out "$work/corpus/stale: $stale"
said out "$work/corpus/quiet: ok"
expect 1 "$planted" show "$work/stale"
said out "TCB_Suspend() = panic: ${stale#*: }"
expect 0 "$planted" shrink "$work/stale" -o "$work/shrunk"
said out "$stale"
said out '2 of 6 events are left, after '
[[ $(stat -c %s "$work/shrunk") -lt 40 ]] || fail 'the shrunk input is small'
expect 1 "$planted" play "$work/shrunk"
expect 0 "$planted" shrink --trials 1 "$work/stale" -o "$work/tried"
said out 'after 1 trials'

# The trace: up to its end another kernel does the same, and then does not panic.
expect 0 "$planted" trace "$work/shrunk" -o "$work/shrunk.trace"
cp "$work/shrunk.trace" "$work/out"
said out "TCB_Suspend() | "
said out " = panic: ${stale#*: }"
said out "# Found: $stale"
last=$(sed -n 's/^end \([0-9]*\) .*/\1/p' "$work/shrunk.trace")
expect 1 "$albireo" replay --checks on "$work/shrunk.trace"
said err "event $last "
said err 'TCB_Suspend() = ok'
expect 0 "$planted" trace --reduce "$work/shrunk" -o "$work/reduced.trace"
expect 0 "$albireo" replay --checks on "$work/reduced.trace"
cp "$work/reduced.trace" "$work/out"
said out "# From shrunk of a fuzzer. Found: $stale"
[[ $(grep -cE '^[0-9]' "$work/out") -lt 40 ]] || fail 'the reduced trace is small'

expect 0 "$planted" test --name stale-reply "$work/shrunk"
said out '#include "tests/fuzz/find.h"'
said out '    {input_what(INPUT_RECEIVE), 0, 0, 0, {}},'
said out 'input_which(ABI_LABEL_TCB_SUSPEND), 0, {}},'
said out 'TEST(Find, StaleReply)'
grep -q "TCB_Suspend() = panic" "$work/out" || fail 'a comment says what comes of it'
[[ -z $(awk 'length > 100' "$work/out") ]] || fail 'a line of the test is too long'

# --- A kernel that does not come back ---

# limited ARGUMENT...: ends in time, whatever the input does. Status 124: it did not.
limited() {
    timeout --kill-after=1 60 "$broken" "$@"
}
expect 0 "$fuzz_input" play --timeout 5 "$work/endless"
expect 1 limited play --timeout 1 "$work/endless"
said out "$work/endless: hang: the input does not end in time"
expect 1 limited show --timeout 1 "$work/endless"
said out '  3: invoke TCB_SetPriority'
said out 'event 3: invoke'
said out 'hang: the input does not end in time'
# Each trial that still does not end takes a second: all of them would take longer.
expect 0 limited shrink --timeout 1 --seconds 3 "$work/endless" -o "$work/shrunk"
said out "hang: the input does not end in time"
[[ $(stat -c %s "$work/shrunk") -lt $(stat -c %s "$work/endless") ]] || fail 'it is smaller'
expect 1 limited play --timeout 1 "$work/shrunk"
expect 0 limited trace --timeout 1 "$work/endless" -o "$work/endless.trace"
cp "$work/endless.trace" "$work/out"
said out '# Found: hang: the input does not end in time'
expect 0 limited test --timeout 1 "$work/endless"
said out 'input_which(ABI_LABEL_TCB_SET_PRIORITY)'

echo "failures: $failures"
[[ $failures -eq 0 ]]
