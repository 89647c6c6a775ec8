/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/show/show.h"

#include <inttypes.h>
#include <string.h>

#include "hosted/show/text.h"
#include "hosted/show/view.h"

static const struct part {
    const char *name;
    uint32_t part;
} part_names[] = {
    {"threads", SHOW_THREADS}, {"caps", SHOW_CAPS}, {"memory", SHOW_MEMORY},
    {"queues", SHOW_QUEUES},   {"time", SHOW_TIME}, {"all", SHOW_ALL},
};

static uint32_t part_named(const char *word, size_t length)
{
    for (size_t i = 0; i < sizeof part_names / sizeof *part_names; i++) {
        const char *name = part_names[i].name;
        if (strlen(name) == length && strncmp(name, word, length) == 0) {
            return part_names[i].part;
        }
    }
    return 0;
}

bool show_parts(const char *words, uint32_t *parts, const char **bad)
{
    for (const char *word = words;; word++) {
        size_t length = strcspn(word, ",");
        uint32_t part = part_named(word, length);
        if (part == 0) {
            if (bad != NULL) {
                *bad = word;
            }
            return false;
        }
        *parts |= part;
        word += length;
        if (*word == '\0') {
            return true;
        }
    }
}

static void put_head(const struct view *view, FILE *file)
{
    static const char *const words[] = {
        [SIM_RUNNING] = "running", [SIM_HALTED] = "halted", [SIM_PANICKED] = "PANIC"};
    fprintf(file, "After event %" PRIu64 ": %s%s%s\n", sim_events(view->sim),
            words[sim_status(view->sim)], sim_message(view->sim)[0] == '\0' ? "" : ": ",
            sim_message(view->sim));
    if (view->problem_count == 0) {
        return;
    }
    fprintf(file, "\nProblems\n");
    for (uint32_t i = 0; i < view->problem_count && i < VIEW_PROBLEMS; i++) {
        fprintf(file, "  %s\n", view->problems[i]);
    }
    if (view->problem_count > VIEW_PROBLEMS) {
        fprintf(file, "  and %" PRIu32 " more\n", view->problem_count - VIEW_PROBLEMS);
    }
}

void show_text(const struct sim *sim, uint32_t parts, FILE *file)
{
    static const struct {
        uint32_t part;
        void (*put)(const struct view *view, FILE *file);
    } sections[] = {
        {SHOW_TIME, text_time}, {SHOW_THREADS, text_threads}, {SHOW_QUEUES, text_queues},
        {SHOW_CAPS, text_caps}, {SHOW_MEMORY, text_memory},
    };
    struct view *view = view_create(sim);
    if (view == NULL) {
        fprintf(file, "(out of memory)\n");
        return;
    }
    put_head(view, file);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        if ((parts & sections[i].part) != 0) {
            sections[i].put(view, file);
        }
    }
    view_free(view);
}
