/* SPDX-License-Identifier: BSD-2-Clause */

/* Standard input: an instruction and its address in each line, in hexadecimal. Standard output:
 * each in words. */
#include <inttypes.h>
#include <stdio.h>

#include "hosted/rv64/rv64.h"

int main(void)
{
    uint32_t code;
    uint64_t pc;
    char text[80];
    while (scanf("%" SCNx32 " %" SCNx64, &code, &pc) == 2) {
        rv64_disassemble(code, pc, text, sizeof text);
        puts(text);
    }
    return ferror(stdin) || ferror(stdout);
}
