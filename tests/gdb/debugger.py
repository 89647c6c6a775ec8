# SPDX-License-Identifier: BSD-2-Clause
"""Runs gdb on a list of commands, and gives what each of them printed."""

import os
import subprocess

SECONDS = 120
SCRIPT = "tools/gdb/albireo.py"
# Between the outputs of two commands.
MARK = "==== command %d"
# What gdb prints of an exception in Python code that nobody caught.
UNCAUGHT = ("Traceback", "Python Exception", "Error while executing Python code",
            "Error occurred in Python")


def run(program, commands, debugger="gdb", before=()):
    """{command: output}; `before`: commands whose output nobody wants. All must succeed."""
    arguments = [debugger, "-nx", "-batch", "-ex", "set pagination off", "-ex", "set width 0",
                 "-ex", "set confirm off", "-ex", "source " + SCRIPT]
    for command in before:
        arguments += ["-ex", command]
    for index, command in enumerate(commands):
        arguments += ["-ex", "echo \\n" + MARK % index + "\\n", "-ex", command]
    arguments += ["-ex", "echo \\n" + MARK % len(commands) + "\\n", program]
    environment = dict(os.environ, LC_ALL="C.UTF-8", HOME="/nonexistent")
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=SECONDS, env=environment)
    text = done.stdout.decode(errors="replace")
    for sign in UNCAUGHT:
        if sign in text:
            raise AssertionError("gdb met an exception in Python:\n" + text)
    outputs = {}
    for index, command in enumerate(commands):
        start, end = (text.find("\n" + MARK % i + "\n") for i in (index, index + 1))
        if start < 0 or end < 0:
            raise AssertionError("gdb did not come to '%s':\n%s" % (command, text))
        outputs[command] = text[start + len("\n" + MARK % index + "\n"):end].rstrip("\n")
    return outputs
