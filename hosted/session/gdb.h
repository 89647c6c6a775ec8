/* SPDX-License-Identifier: BSD-2-Clause */

/* This program in the host's debugger, stopped where the kernel is entered for an event. */
#ifndef HOSTED_SESSION_GDB_H
#define HOSTED_SESSION_GDB_H

#include "hosted/session/session.h"

/* Becomes a gdb ($ALBIREO_GDB, else "gdb") that runs this program with these words, up to a null,
 * among them an event to session_stop_before(). Returns only if that fails: *error says why. */
void gdb_run(const char *const *words, struct session_error *error);

#endif
