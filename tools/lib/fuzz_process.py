# SPDX-License-Identifier: BSD-2-Clause
"""Processes that tools/fuzz starts. None of them outlives it, and Ctrl-C is not theirs: they are in
sessions of their own, and tools/fuzz ends them in order, together with what they have started."""

import contextlib
import os
import signal
import subprocess

# Of util-linux: the process is told to end when the thread that has started it is no more. Not by
# preexec_fn, which Python calls unsafe where there are threads.
_DIES_WITH_US = ["setpriv", "--pdeathsig", "TERM", "--"]


def start(command, **options):
    """A Popen of `command`, in a session of its own."""
    return subprocess.Popen([*_DIES_WITH_US, *command], start_new_session=True, **options)


def _signal(process, number):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def end(process, seconds=5):
    """Asks the process and all that it has started to end, and insists after some seconds."""
    if process.poll() is None:
        _signal(process, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    clear(process)


def clear(process):
    """Kills what there still is of the process and of what it has started."""
    _signal(process, signal.SIGKILL)
    process.wait()


def run(command, seconds=None, **options):
    """(status, output) of `command`, with the options of Popen; `output` is what goes to PIPEs, of
    stdout if there is one, else of stderr. Raises TimeoutExpired after so many seconds. Nothing of
    it is left then, nor after any other exception."""
    process = start(command, **options)
    try:
        out, err = process.communicate(timeout=seconds)
    except BaseException:
        end(process)
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()
        raise
    return process.returncode, err if out is None else out
