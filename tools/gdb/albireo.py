# SPDX-License-Identifier: BSD-2-Clause
"""Makes gdb know Albireo: (gdb) source tools/gdb/albireo.py

Values of the kernel's types are printed in words, and `albireo` is a command with subcommands; see
README.md beside this file, or `help albireo`. Works on the hosted process, on a core dump of it,
and on the RISC-V kernel in QEMU or behind another gdb stub.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(os.path.expanduser(__file__))))

from albireo_gdb import commands, printers  # noqa: E402

printers.register()
commands.register()
