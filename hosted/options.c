/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hosted/commands/commands.h"

struct parser {
    struct options *options;
    struct sim_error *error;
    bool memory_given;
    bool ram_given;
};

const char *options_help(void)
{
    return "  --memory SIZE        RAM at 0x80000000; SIZE may end in K, M or G (default 64M;\n"
           "                       demo needs 9M)\n"
           "  --ram START:SIZE     one region of RAM instead; may be repeated\n"
           "  --reserve START:SIZE keep a region from users; may be repeated (the first 2 MiB of\n"
           "                       RAM at 0x80000000 are always reserved for firmware)\n"
           "  --seed N             seed for what is random (default 1)\n"
           "  --checks on|off      check all invariants after every kernel entry (default on)\n"
           "  --quiet              print only errors\n"
           "  -h, --help           this text\n";
}

static bool refuse(struct parser *p, const char *option, const char *what, const char *value)
{
    snprintf(p->error->text, sizeof p->error->text, "%s: %s '%s'", option, what, value);
    return false;
}

/* A number with its suffix from `text` up to `end`. */
static bool size_until(const char *text, const char *end, uint64_t *size)
{
    if (!isdigit((unsigned char)text[0])) {
        return false; /* strtoull() would take blanks and signs. */
    }
    char *rest;
    errno = 0;
    uint64_t value = strtoull(text, &rest, 0);
    uint32_t shift = 0;
    if (errno != 0) {
        return false;
    }
    switch (*rest) {
    case 'K':
        shift = 10;
        break;
    case 'M':
        shift = 20;
        break;
    case 'G':
        shift = 30;
        break;
    default:
        break;
    }
    rest += shift != 0;
    if (rest != end || value > UINT64_MAX >> shift) {
        return false;
    }
    *size = value << shift;
    return true;
}

bool options_size(const char *text, uint64_t *size)
{
    return size_until(text, text + strlen(text), size);
}

static bool region(struct parser *p, const char *option, const char *value,
                   struct boot_region *regions, uint32_t *count)
{
    const char *colon = strchr(value, ':');
    uint64_t start;
    uint64_t size;
    if (colon == NULL || !size_until(value, colon, &start) || !options_size(colon + 1, &size)) {
        return refuse(p, option, "expected START:SIZE, not", value);
    }
    if (size > UINT64_MAX - start) {
        return refuse(p, option, "ends beyond the address space:", value);
    }
    if (*count == BOOT_REGIONS_MAX) {
        return refuse(p, option, "too many regions, at", value);
    }
    regions[(*count)++] = (struct boot_region){start, start + size};
    return true;
}

static bool memory(struct parser *p, const char *option, const char *value)
{
    uint64_t size;
    if (!options_size(value, &size) || size > UINT64_MAX - SIM_RAM_BASE) {
        return refuse(p, option, "expected a size such as 64M, not", value);
    }
    if (p->ram_given) {
        return refuse(p, option, "cannot be combined with --ram, at", value);
    }
    p->memory_given = true;
    sim_config_memory(&p->options->config, size);
    return true;
}

static bool ram(struct parser *p, const char *option, const char *value)
{
    struct sim_config *config = &p->options->config;
    if (p->memory_given) {
        return refuse(p, option, "cannot be combined with --memory, at", value);
    }
    if (!p->ram_given) {
        config->ram_count = 0;
    }
    p->ram_given = true;
    return region(p, option, value, config->ram, &config->ram_count);
}

static bool reserve(struct parser *p, const char *option, const char *value)
{
    struct sim_config *config = &p->options->config;
    return region(p, option, value, config->reserved, &config->reserved_count);
}

static bool seed(struct parser *p, const char *option, const char *value)
{
    return options_size(value, &p->options->demo.seed) ||
           refuse(p, option, "expected a number, not", value);
}

static bool checks(struct parser *p, const char *option, const char *value)
{
    bool on = strcmp(value, "on") == 0;
    if (!on && strcmp(value, "off") != 0) {
        return refuse(p, option, "expected on or off, not", value);
    }
    p->options->config.check_every = on ? 1 : 0;
    return true;
}

static const struct {
    const char *name;
    const char *example;
    bool (*parse)(struct parser *p, const char *option, const char *value);
} valued[] = {
    {"--memory", "64M", memory},
    {"--ram", "0x80000000:64M", ram},
    {"--reserve", "0x81000000:1M", reserve},
    {"--seed", "1", seed},
    {"--checks", "off", checks},
};

/* One option with its value, in one word ("--seed=1") or two. *used: how many words. */
static bool valued_option(struct parser *p, int argc, char *const *argv, int *used)
{
    for (size_t i = 0; i < sizeof valued / sizeof *valued; i++) {
        size_t length = strlen(valued[i].name);
        if (strncmp(argv[0], valued[i].name, length) != 0) {
            continue;
        }
        if (argv[0][length] == '=') {
            *used = 1;
            return valued[i].parse(p, valued[i].name, argv[0] + length + 1);
        }
        if (argv[0][length] == '\0' && argc < 2) {
            return refuse(p, valued[i].name, "needs a value, such as", valued[i].example);
        }
        if (argv[0][length] == '\0') {
            *used = 2;
            return valued[i].parse(p, valued[i].name, argv[1]);
        }
    }
    snprintf(p->error->text, sizeof p->error->text, "%s '%.100s'",
             argv[0][0] == '-' ? "unknown option" : "unexpected argument", argv[0]);
    return false;
}

bool options_parse(struct options *options, int argc, char *const *argv, struct sim_error *error)
{
    struct parser p = {.options = options, .error = error};
    memset(options, 0, sizeof *options);
    sim_config_default(&options->config);
    options->demo.seed = 1;
    int used = 0;
    for (int i = 0; i < argc; i += used) {
        used = 1;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            options->help = true;
        } else if (strcmp(argv[i], "--quiet") == 0) {
            options->demo.quiet = true;
        } else if (!valued_option(&p, argc - i, argv + i, &used)) {
            return false;
        }
    }
    return true;
}

bool options_command(struct options *options, int argc, char **argv, int *status)
{
    struct sim_error error;
    *status = COMMAND_USAGE;
    if (!options_parse(options, argc - 1, argv + 1, &error)) {
        fprintf(stderr, "albireo %s: %s\nTry 'albireo %s --help'.\n", argv[0], error.text, argv[0]);
        return false;
    }
    if (options->help) {
        printf("usage: albireo %s [OPTION]...\n\noptions:\n%s\n"
               "exit status: 0 good, 1 the run failed, 2 wrong usage\n",
               argv[0], options_help());
        *status = COMMAND_GOOD;
    }
    return !options->help;
}
