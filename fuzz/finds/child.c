/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz/finds/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/finds/finds.h"

enum { OUTPUT_MAX = 1 << 16 };

/* What a child has to say: memory that both see. */
struct verdict {
    bool done, found;
    struct oracle_find find;
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "fuzz_input: %s: %s\n", what, strerror(errno));
    exit(FINDS_FILE);
}

void *child_shared(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        die("memory for a child process");
    }
    return at;
}

/* All that comes, of which the beginning is kept. */
static void read_output(int from, char *output)
{
    char rest[4096];
    size_t size = 0;
    for (;;) {
        bool full = size == OUTPUT_MAX - 1;
        ssize_t got =
            read(from, full ? rest : output + size, full ? sizeof rest : OUTPUT_MAX - 1 - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        size += full ? 0 : (size_t)got;
    }
    output[size] = '\0';
}

/* The line of a sanitizer's report that says what happened where; null if there is none. The
 * summary of UndefinedBehaviorSanitizer only says where. */
static const char *report_in(char *output)
{
    static const char *const signs[] = {"runtime error: ", "SUMMARY: "};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        char *at = strstr(output, signs[i]);
        if (at != NULL) {
            at[strcspn(at, "\n")] = '\0';
            while (at > output && at[-1] != '\n') {
                at--;
            }
            return at;
        }
    }
    return NULL;
}

static void note_crash(int status, char *output, struct oracle_find *find)
{
    const char *report = report_in(output);
    memset(find, 0, sizeof *find);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        snprintf(find->kind, sizeof find->kind, "hang");
        snprintf(find->text, sizeof find->text, "the input does not end in time");
        return;
    }
    snprintf(find->kind, sizeof find->kind, "crash");
    if (report != NULL) {
        snprintf(find->text, sizeof find->text, "%.*s", (int)sizeof find->text - 1, report);
    } else if (WIFSIGNALED(status)) {
        snprintf(find->text, sizeof find->text, "%s", strsignal(WTERMSIG(status)));
    } else {
        snprintf(find->text, sizeof find->text, "the process exits by itself");
    }
}

/* The exit status of the child; what it writes on standard error goes to output. */
static int wait_for(pid_t child, int from, char *output)
{
    int status;
    read_output(from, output);
    close(from);
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            die("a child process");
        }
    }
    return status;
}

/* In the child. Else who ends a parent that waits for it would leave it running. */
static void die_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(FINDS_FILE); /* It has died before that. */
    }
}

bool child_run(child_work *work, void *context, uint32_t seconds, struct oracle_find *find)
{
    static struct verdict *verdict;
    static char output[OUTPUT_MAX];
    int ends[2];
    if (verdict == NULL) {
        verdict = child_shared(sizeof *verdict);
    }
    memset(verdict, 0, sizeof *verdict);
    fflush(NULL);
    pid_t parent = getpid();
    pid_t child = pipe(ends) == 0 ? fork() : -1;
    if (child < 0) {
        die("a child process");
    }
    if (child == 0) {
        die_with(parent);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        alarm(seconds);
        verdict->found = work(context, &verdict->find);
        fflush(stdout);
        verdict->done = true;
        _exit(0);
    }
    close(ends[1]);
    int status = wait_for(child, ends[0], output);
    if (!verdict->done) {
        note_crash(status, output, find);
        return true;
    }
    *find = verdict->find;
    return verdict->found;
}
