# SPDX-License-Identifier: BSD-2-Clause
"""Programs in the interpreter and in QEMU's user mode."""

import os
import subprocess
import tempfile

GCC = "/usr/bin/riscv64-unknown-elf-gcc"
QEMU = ["/usr/bin/qemu-riscv64", "-cpu", "rv64"]
TIMEOUT_SECONDS = 120
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


def folder():
    """A new directory for files of a test."""
    return tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))


def build(sources, output, options=()):
    """Compiles and links freestanding RV64 code."""
    subprocess.run(
        [GCC, "-ffreestanding", "-nostdlib", "-static", "-Wl,--no-relax,--no-warn-rwx-segments",
         "-I" + ROOT, *options, *sources, "-lgcc", "-o", output], check=True)
    return output


def run(command):
    """Standard output, and what happened in words: "exit 0" if all is well."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired as expired:
        return expired.stdout or b"", f"no end within {TIMEOUT_SECONDS} s"
    how = f"exit {done.returncode}" if done.returncode >= 0 else f"signal {-done.returncode}"
    return done.stdout, " ".join([how, done.stderr.decode(errors="replace").strip()]).strip()
