# SPDX-License-Identifier: BSD-2-Clause
"""Output of programs that work for hours, for tools/fuzz and tools/mutants: that nobody reads it
any more, or that there is no room for it, is no reason to end, or to lose what was found."""

import errno
import os

# The reader of a pipe is gone; the terminal is.
_NOBODY_THERE = (errno.EPIPE, errno.EIO)


def _silence(out):
    """Whatever still comes goes nowhere, also what Python itself writes at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, out.fileno())
    os.close(nowhere)


def put(out, text):
    """Writes the text to a stream, at once if that is possible."""
    try:
        out.write(text)
        out.flush()
    except OSError as error:
        # On a full disk it waits in the buffer, and comes with what is said next.
        if error.errno in _NOBODY_THERE:
            _silence(out)


def finish(*streams):
    """To be called before the program ends: Python would make an exit status of its own of what
    cannot be written."""
    for out in streams:
        try:
            out.flush()
        except OSError:
            _silence(out)
