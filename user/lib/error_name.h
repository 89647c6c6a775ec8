/* SPDX-License-Identifier: BSD-2-Clause */

/* Numbers of the API in words. */
#ifndef USER_LIB_ERROR_NAME_H
#define USER_LIB_ERROR_NAME_H

#include <sel4/sel4.h>

/* "NoError", "InvalidArgument", ...; "?" for numbers that are none. */
const char *sel4_error_name(seL4_Error error);

/* "CapFault", "VMFault", ... for the label of a fault message; "?" for others. */
const char *sel4_fault_name(seL4_Word label);

#endif
