# SPDX-License-Identifier: BSD-2-Clause
"""Mutants of the kernel, fuzz/mutants/*.patch, for tools/mutants: reading and applying them.

A file is a header, then a unified diff of one file of core/, for `patch -p1`:

    class: words                what kind of bug it is
    bug: words                  what is wrong; goes on in lines that begin with two blanks
    config: domains=16          only if it takes another configuration
    --- a/core/FILE.c
    +++ b/core/FILE.c
    @@ ...
"""

import collections
import os
import re

# Lines that a mutant may add, and that it may take away: a bug, not a new kernel.
LINES_MAX = 6

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_FILE = re.compile(r"\+\+\+ b/(core/\w+\.c)$")
_CONFIG = re.compile(r"(\w+)=(\d+)$")

# `start` is the line, from 1, where `old` was; both are lists of lines.
Hunk = collections.namedtuple("Hunk", "start old new")
# `config` is a dictionary of settings of //config; `file` a path below the source tree.
Mutant = collections.namedtuple("Mutant", "name kind bug config file hunks")


class PatchError(Exception):
    """A patch that is no mutant, or does not apply."""


def _header(path, lines):
    """The fields before the diff."""
    fields = {}
    last = None
    for line in lines:
        if line.startswith("  ") and last:
            fields[last] += " " + line.strip()
            continue
        last, colon, value = line.partition(":")
        if not colon or last not in ("class", "bug", "config") or last in fields:
            raise PatchError("%s: not a line of a header: %s" % (path, line))
        fields[last] = value.strip()
    for field in ("class", "bug"):
        if not fields.get(field):
            raise PatchError("%s: the header does not say its %s" % (path, field))
    return fields


def _config(path, text):
    config = {}
    for word in text.split():
        match = _CONFIG.match(word)
        if not match:
            raise PatchError("%s: config: expected NAME=NUMBER, not '%s'" % (path, word))
        config[match.group(1)] = int(match.group(2))
    return config


def _hunk(path, number, match, lines):
    """A hunk, and the number of its lines."""
    old, new = [], []
    want = [int(match.group(group) or 1) for group in (2, 3)]
    count = 0
    while [len(old), len(new)] != want:
        line = lines[count] if count < len(lines) else "end"
        if line[:1] not in (" ", "-", "+", ""):
            raise PatchError("%s: hunk %d is not as long as it says" % (path, number))
        if line[:1] != "+":
            old.append(line[1:])
        if line[:1] != "-":
            new.append(line[1:])
        count += 1
    return Hunk(int(match.group(1)), old, new), count


def _hunks(path, lines):
    hunks = []
    i = 0
    while i < len(lines):
        match = _HUNK.match(lines[i])
        if not match:
            raise PatchError("%s: expected a hunk: %s" % (path, lines[i]))
        hunk, count = _hunk(path, len(hunks) + 1, match, lines[i + 1:])
        hunks.append(hunk)
        i += 1 + count
    return hunks


def read(path):
    """The Mutant in a file. Raises PatchError."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    diff = next((i for i, line in enumerate(lines) if line.startswith("--- ")), len(lines))
    fields = _header(path, lines[:diff])
    match = _FILE.match(lines[diff + 1]) if diff + 1 < len(lines) else None
    if not match or lines[diff] != "--- a/" + match.group(1):
        raise PatchError("%s: expected a diff of one file of core/" % path)
    hunks = _hunks(path, lines[diff + 2:])
    for sign in "-+":
        changed = sum(line.startswith(sign) for line in lines[diff + 2:])
        if changed > LINES_MAX:
            raise PatchError("%s: %d lines with %s, more than %d" % (path, changed, sign,
                                                                     LINES_MAX))
    name = os.path.splitext(os.path.basename(path))[0]
    return Mutant(name, fields["class"], fields["bug"], _config(path, fields.get("config", "")),
                  match.group(1), hunks)


def _place(lines, hunk, guess):
    """Where the hunk applies, nearest to the guess; None if nowhere."""
    size = len(hunk.old)
    places = [i for i in range(len(lines) - size + 1) if lines[i:i + size] == hunk.old]
    return min(places, key=lambda i: abs(i - guess)) if places else None


def apply(mutant, text):
    """The file's text, changed. Raises PatchError."""
    lines = text.split("\n")
    offset = 0
    for number, hunk in enumerate(mutant.hunks, 1):
        place = _place(lines, hunk, hunk.start - 1 + offset)
        if place is None:
            raise PatchError("%s: hunk %d of %s does not apply, at line %d" % (
                mutant.name, number, mutant.file, hunk.start))
        lines[place:place + len(hunk.old)] = hunk.new
        offset = place - (hunk.start - 1) + len(hunk.new) - len(hunk.old)
    return "\n".join(lines)
