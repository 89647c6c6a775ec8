#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause

# The program `albireo`: what it prints, and how it exits. Argument: the program.
set -u
albireo=$1
failures=0

# expect STATUS PATTERN ARGUMENT...: runs the program; its output must match the pattern.
expect() {
    local status=$1 pattern=$2
    shift 2
    local output
    output=$("$albireo" "$@" 2>&1)
    local got=$?
    if [ "$got" != "$status" ] || ! grep -q -- "$pattern" <<<"$output"; then
        echo "albireo $*: exit status $got, expected $status; expected '$pattern' in:"
        echo "$output"
        failures=$((failures + 1))
    fi
}

expect 0 'usage: albireo' --help
expect 0 '^albireo [0-9]' --version
expect 0 'exit status' demo --help
expect 2 'usage: albireo'
expect 2 "unknown command 'fly'" fly
expect 2 "unknown option '--wings'" demo --wings
expect 2 "not 'much'" demo --memory much
expect 2 'needs a value' info --ram

expect 0 'Untyped memory of the root task' info
expect 0 '0x0090000000' info --ram 0x80000000:32M --ram 0x90000000:32M
expect 0 'reserved  *0x0081000000\.\.0x0081100000' info --reserve 0x81000000:1M
expect 1 'overlaps RAM region 0x80000000' info --ram 0x80000000:64M --ram 0x82000000:64M
expect 1 'no room in RAM for the kernel' info --memory 2M
expect 1 'limit' info --memory 32G

expect 0 'claims hold' demo
expect 0 'all invariants checked 0 times' demo --checks off --seed 5

# Quiet is quiet. (Only standard output: a sanitizer may have something to say on the other.)
if ! output=$("$albireo" demo --quiet 2>/dev/null) || [ -n "$output" ]; then
    echo "albireo demo --quiet failed or printed: $output"
    failures=$((failures + 1))
fi

expect 1 'albireo demo: ' demo --memory 2M
# A device of the demonstration where RAM is asked for.
expect 1 'albireo demo: ' demo --ram 0x10000000:64M

exit $((failures > 0))
