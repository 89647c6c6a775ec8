# SPDX-License-Identifier: BSD-2-Clause
"""What gdb is taught about Albireo. See ../albireo.py."""
