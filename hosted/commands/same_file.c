/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/stat.h>

#include "hosted/commands/commands.h"

bool same_file(const char *a, const char *b)
{
    struct stat a_status;
    struct stat b_status;
    return stat(a, &a_status) == 0 && stat(b, &b_status) == 0 &&
           a_status.st_dev == b_status.st_dev && a_status.st_ino == b_status.st_ino;
}
