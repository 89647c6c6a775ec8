/* SPDX-License-Identifier: BSD-2-Clause */

/* Sizes of error texts, with their terminators: the longest name of a file, and a sentence about
 * what is wrong with it.
 */
#ifndef HOSTED_ERROR_TEXT_H
#define HOSTED_ERROR_TEXT_H

enum { ERROR_PATH = 4096, ERROR_TEXT = ERROR_PATH + 512 };

#endif
