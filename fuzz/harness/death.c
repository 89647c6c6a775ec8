/* SPDX-License-Identifier: BSD-2-Clause */

#include "fuzz/harness/death.h"

#include <signal.h>
#include <stddef.h>

/* Of a sanitizer's runtime, if there is one: it handles the signals itself, and does not always end
 * by one. */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));

/* Asked by AddressSanitizer when it starts: whatever is found, the process ends by a signal. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "abort_on_error=1";
}

static void (*expected)(void);

static void die(void)
{
    void (*last_word)(void) = expected;
    expected = NULL;
    if (last_word != NULL) {
        last_word();
    }
}

/* The handler was for once: returning, or raising it again, ends the process. */
static void on_signal(int number)
{
    die();
    (void)raise(number);
}

void death_expect(void (*last_word)(void))
{
    static const int deadly[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};
    expected = last_word;
    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(die);
        (void)sigaction(SIGABRT, &action, NULL);
        return;
    }
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) {
        (void)sigaction(deadly[i], &action, NULL);
    }
}
