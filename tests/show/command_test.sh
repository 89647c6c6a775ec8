#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause

# `albireo show`: every kind of file, every form, and what is refused. Arguments: albireo, demo.elf.
set -u
albireo=$1 demo=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# fail TEXT...
fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# expect STATUS PATTERN ARGUMENT...: `albireo show`; what it says must match.
expect() {
    local status=$1 pattern=$2 output got
    shift 2
    output=$("$albireo" show "$@" 2>&1 </dev/null)
    got=$?
    if [ "$got" != "$status" ] || ! grep -q -- "$pattern" <<<"$output"; then
        fail "albireo show $*: exit status $got, expected $status; expected '$pattern' in:" \
            "$(tail -5 <<<"$output")"
    fi
}

# same A B ARGUMENT...: A, with the arguments, and B are shown alike.
same() {
    local a=$1 b=$2
    shift 2
    "$albireo" show "$@" "$a" >"$work/a.txt" || fail "albireo show $* $a: exit status $?"
    "$albireo" show "$b" >"$work/b.txt" || fail "albireo show $b: exit status $?"
    cmp -s "$work/a.txt" "$work/b.txt" || fail "$a and $b differ"
}

"$albireo" run --quiet --trace "$work/demo.trace" "$demo" </dev/null || fail "the demo fails"
"$albireo" run --quiet --trace-calls --trace "$work/calls.trace" "$demo" </dev/null ||
    fail "the demo fails"

# A root task right after boot; a trace, at its end and in its middle: a call of which the server's
# time comes from its client.
event=$(sed -n '/^\([0-9]*\) [^:]*receiver@.*-> copy_server@.*caps=1/{s/ .*//;p;q}' \
    "$work/demo.trace")
[ -n "$event" ] || fail "the demo makes no call from receiver to copy_server with a capability"
expect 0 'After event 0: running' "$demo"
expect 0 '  rootserver@[0-9a-f]*: running, current' --parts threads "$demo"
expect 0 "After event $event: running" --at "$event" "$demo"
expect 0 ': halted' "$work/demo.trace"
expect 0 'copy_server@[0-9a-f]*: running, current' --at "$event" "$work/demo.trace"
expect 0 'copy_server@[0-9a-f]*, called by receiver@' --at "$event" --parts queues \
    "$work/demo.trace"

# The same state, whatever it comes from.
expect 0 '' --at "$event" --save "$work/state" "$work/demo.trace"
same "$work/demo.trace" "$work/state" --at "$event"
same "$demo" "$work/state" --at "$event"
expect 0 '' --at "$event" --save "$work/again" "$work/demo.trace"
cmp -s "$work/state" "$work/again" || fail "the same state makes two files"
cmp -s <("$albireo" show --at "$event" --json --parts queues "$work/calls.trace") \
    <("$albireo" show --json --parts queues "$work/state") || fail "the calls trace differs"
expect 0 'Call stacks' "$work/state"
expect 0 '' -o "$work/text" "$work/state"
cmp -s "$work/text" <("$albireo" show "$work/state") || fail "-o writes something else"

# JSON is JSON; Graphviz draws the graph.
"$albireo" show --json "$work/state" | python3 -c '
import json, sys
state = json.load(sys.stdin)
names = {thread["name"] for thread in state["threads"]}
assert {"rootserver", "copy server", "sender", "receiver"} == names, names
caps = state["capabilities"]
assert all(cap["parent"] is None or cap["parent"] < cap["index"] for cap in caps)
slots = {slot["capability"] for cnode in state["cnodes"] for slot in cnode["occupied"]}
assert None not in slots and slots <= set(range(len(caps)))
assert state["problems"] == []
' || fail "the JSON is not as it should be"
expect 0 '<svg ' --svg "$work/state"
expect 0 '' --svg -o "$work/state.svg" "$work/state"
grep -q '</svg>' "$work/state.svg" || fail "--svg -o writes no picture"
output=$(PATH=/nowhere "$albireo" show --svg "$work/state" 2>&1)
[[ $? == 3 && $output == *"package graphviz"* ]] || fail "without dot: $output"

# What is refused, in words.
size=$(stat -c %s "$work/state")
for part in 0 5 20 100 $((size / 2)) $((size - 1)); do
    head -c "$part" "$work/state" >"$work/part"
    expect 3 "albireo show: $work/part: " "$work/part"
done
head -c $((size - 1)) "$work/state" >"$work/part"
expect 3 'cut short' "$work/part"
{ head -c $((size / 2)) "$work/state"; printf 'X'; tail -c +$((size / 2 + 2)) "$work/state"; } \
    >"$work/part"
expect 3 'the file is damaged' "$work/part"
sed '1s/ 1$/ 2/' "$work/state" >"$work/part"
expect 3 'line 1: format version 2; this program reads version 1' "$work/part"
sed '2s/build .*/build 0123/' "$work/state" >"$work/part"
expect 3 'line 2: it is of kernel build 0123, and this program has build' "$work/part"
head -100 "$work/demo.trace" >"$work/part"
expect 3 "albireo show: $work/part: " "$work/part"
head -c 1000 "$demo" >"$work/part"
expect 3 "albireo show: .*$work/part" "$work/part"
: >"$work/part"
expect 3 'the file is empty' "$work/part"
echo nothing >"$work/part"
expect 3 'neither an ELF file, nor a trace, nor a state file' "$work/part"
expect 3 'No such file' "$work/none"
expect 3 'Is a directory' "$work"
expect 3 'No such file' --save "$work/none/state" "$work/state"
expect 3 'albireo show: /dev/full: No space left on device' --save /dev/full "$work/state"
for option in -o --save; do
    ln -sf state "$work/link"
    expect 2 "$work/link is the file to be shown; it would be overwritten" \
        "$option" "$work/link" "$work/state"
done
cmp -s "$work/state" "$work/again" || fail "a refused output was written to"
expect 2 'give one of -o and --save' -o "$work/text" --save "$work/part" "$work/state"
printf 'albireo-trace 1\nkind songs\nend 0 x\n' >"$work/part"
expect 3 "^albireo show: $work/part: line 2: expected" "$work/part"
expect 3 'No space left' -o /dev/full "$work/state"
expect 1 'this is the state after event [0-9]*, not 1000000: there are no more events' \
    --parts time --at 1000000 "$work/demo.trace"
expect 2 'state file, of one state' --at 1 "$work/state"
expect 2 "nothing is called 'thread': threads, caps" --parts time,thread "$work/state"
expect 2 "expected the number of an event, not '-1'" --at -1 "$work/state"
expect 2 "expected a size like 128M, not 'much'" --memory much "$demo"
expect 2 'no file given'
expect 2 'more than one file given' "$work/state" "$work/state"
expect 2 "Try 'albireo show --help'" --frobnicate
expect 0 'usage: albireo show' --help

exit $((failures > 0))
