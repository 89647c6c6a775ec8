# SPDX-License-Identifier: BSD-2-Clause
"""What a fuzzer has found, told from the words it died with, for tools/fuzz.

Two finds are the same if their kinds are, and their texts but for numbers and addresses. The same
rule is in fuzz/api/shrink.c, by which inputs are made small.
"""

import collections
import re
import signal

# `kind` is one word, `text` one line.
Find = collections.namedtuple("Find", "kind text")

_FOUND = re.compile(r"fuzz: (?P<kind>[\w-]+): (?P<text>.+)")
_RUNTIME_ERROR = re.compile(r"(?P<text>\S+: runtime error: .+)")
_SANITIZER = re.compile(r"==\d+==ERROR: (?P<tool>\w+)Sanitizer: (?P<what>[\w-]+)")
_LIMIT = re.compile(r"SUMMARY: libFuzzer: (?P<what>[\w-]+)")
_FRAME = re.compile(r"\s*#\d+ 0x[0-9a-f]+ in (?P<function>\w+) (?P<file>\S+?\.[chS]):\d+")
_OURS = re.compile(r"(^|/)(core|hosted|fuzz|fdt|arch)/")
# A digit within a word belongs to it: invariants R1 and R2 are two.
_NUMBER = re.compile(r"(?<![A-Za-z_0-9])(0x[0-9a-fA-F]+|\d+)")

# What libFuzzer says of itself, and what we call it.
_LIBFUZZER = {"timeout": "timeout", "out-of-memory": "memory-limit"}


def _place(lines):
    """" in FUNCTION", the innermost function of ours on a stack, or nothing."""
    for line in lines:
        match = _FRAME.match(line)
        if match and _OURS.search(match.group("file")):
            return " in " + match.group("function")
    return ""


def _find_of_sanitizer(lines):
    for line in lines:
        match = _RUNTIME_ERROR.match(line)
        if match:
            return Find("ubsan", match.group("text").strip())
        match = _SANITIZER.match(line)
        if match:
            tool, what = match.group("tool").lower(), match.group("what")
            # Signals look the same under all of them.
            return Find("signal" if what.isupper() else tool, what + _place(lines))
    return None


def diagnose(output, status):
    """The Find that a process ended with, or None if it has found nothing.

    `output` is what it wrote last, `status` as of subprocess: negative for a signal.
    """
    lines = output.splitlines()
    for line in lines:
        match = _FOUND.match(line)
        if match:
            return Find(match.group("kind"), match.group("text").strip())
    found = _find_of_sanitizer(lines)
    if found:
        return found
    for line in lines:
        match = _LIMIT.match(line)
        if match and match.group("what") in _LIBFUZZER:
            return Find(_LIBFUZZER[match.group("what")], match.group("what") + _place(lines))
    if status < 0 or any("deadly signal" in line for line in lines):
        name = signal.Signals(-status if status < 0 else signal.SIGABRT).name[3:]
        return Find("signal", name + _place(lines))
    return None


def key(find):
    """Equal for finds that are the same."""
    return "%s: %s" % (find.kind, _NUMBER.sub("#", find.text))


def name(find, taken):
    """A name for a folder and a test: KIND-WORDS, in lower case, none of those `taken`."""
    words = re.findall(r"[a-z][a-z0-9]*", _NUMBER.sub(" ", find.text.lower()))
    stem = "-".join([find.kind.lower()] + words)[:48].rstrip("-")
    count, candidate = 1, stem
    while candidate in taken:
        count += 1
        candidate = "%s-%d" % (stem, count)
    return candidate


def minimise(data, same, unit=1):
    """The smallest `data` that can be had by leaving out pieces and by zeroing bytes, for which
    same(data) holds; same() may also say False because time is over. Pieces are multiples of
    `unit`, counted from the end: what is left over at the beginning stays."""
    size = max(unit, len(data) // 2 // unit * unit)
    while size >= unit:
        end = len(data)
        while end >= unit:
            start = max(end % unit, end - size)
            shorter = data[:start] + data[end:]
            if same(shorter):
                data = shorter
            end = start
        size = size // 2 // unit * unit
    for at in reversed(range(len(data))):
        zeroed = data[:at] + b"\0" + data[at + 1:]
        if data[at] and same(zeroed):
            data = zeroed
    return data
