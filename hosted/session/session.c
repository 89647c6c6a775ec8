/* SPDX-License-Identifier: BSD-2-Clause */

/* Making sessions: what the machine is made of, and whether the trace is for this kernel. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "core/config.h"
#include "core/kernel.h"
#include "hosted/session/internal.h"

#define PATH_SIZE 4096

enum { INSTRUCTIONS_PER_TICK = 100 }; /* As QEMU's -icount shift=0. */

/* Always false. */
static bool fail(struct session_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(struct session_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return false;
}

/* --- The root task's file --------------------------------------------------------------------- */

/* Reads, hashes and parses it. */
static bool load(const char *path, struct elf_image *image, uint64_t *hash,
                 struct session_error *error)
{
    struct elf_error wrong;
    size_t size;
    uint8_t *bytes = elf_read_file(path, &size, &wrong);
    bool good = bytes != NULL && elf_parse(path, bytes, size, CONFIG_FPU, image, &wrong);
    if (good) {
        *hash = XXH3_64bits(bytes, size);
    }
    free(bytes);
    return good || fail(error, "%s", wrong.text);
}

bool session_header(struct trace_header *header, const char *path, uint64_t memory,
                    struct session_error *error)
{
    struct elf_image image = {0};
    memset(header, 0, sizeof *header);
    if (strlen(path) >= sizeof header->image_file) {
        return fail(error, "%s: a path of more than %zu characters", path,
                    sizeof header->image_file - 1);
    }
    if (!load(path, &image, &header->image_hash, error)) {
        return false;
    }
    header->kind = TRACE_PROGRAM;
    snprintf(header->origin, sizeof header->origin, "hosted");
    snprintf(header->build, sizeof header->build, "%s", trace_build_id());
    snprintf(header->image_file, sizeof header->image_file, "%s", path);
    header->debug = CONFIG_DEBUG;
    header->fpu = CONFIG_FPU;
    header->domains = CONFIG_DOMAINS;
    header->cores = CONFIG_CORES;
    sim_config_default(&header->machine);
    board_devices_virt(&header->machine, memory);
    header->machine.image_vaddr = image.vaddr;
    header->machine.image_size = image.size;
    header->machine.image_entry = image.entry;
    header->dtb_size = board_tree_size;
    header->instructions_per_tick = INSTRUCTIONS_PER_TICK;
    header->hash_every = 1;
    header->first = 1;
    elf_free(&image);
    return true;
}

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Where the file is: as given, or else in the directory of the trace. */
static const char *find(const struct session *session, char *path)
{
    const char *name = session->header.image_file;
    const char *dir = session->options.trace_dir;
    if (session->options.image_path != NULL) {
        return session->options.image_path;
    }
    if (is_file(name) || name[0] == '/' || dir == NULL) {
        return name;
    }
    const char *slash = strrchr(name, '/');
    snprintf(path, PATH_SIZE, "%s/%s", dir, name);
    if (!is_file(path) && slash != NULL) {
        snprintf(path, PATH_SIZE, "%s%s", dir, slash);
    }
    return is_file(path) ? path : name;
}

static bool load_image(struct session *session, struct session_error *error)
{
    const struct trace_header *header = &session->header;
    const struct sim_config *machine = &header->machine;
    char buffer[PATH_SIZE];
    uint64_t hash;
    if (session->trace != NULL && header->image_file[0] == '\0' &&
        session->options.image_path == NULL) {
        return fail(error, "the trace does not name the root task's ELF file");
    }
    const char *path = find(session, buffer);
    if (!load(path, &session->image, &hash, error)) {
        return false;
    }
    if (hash != header->image_hash) {
        return fail(error,
                    "%s is not the file that was recorded: its hash is %016" PRIx64
                    ", the trace says "
                    "%016" PRIx64,
                    path, hash, header->image_hash);
    }
    if (session->image.vaddr != machine->image_vaddr ||
        session->image.size != machine->image_size ||
        session->image.entry != machine->image_entry) {
        return fail(error,
                    "%s takes 0x%" PRIx64 " bytes at 0x%" PRIx64 " and starts at 0x%" PRIx64
                    ", not as the trace says "
                    "(line \"image\")",
                    path, session->image.size, session->image.vaddr, session->image.entry);
    }
    return true;
}

/* --- Whether the trace is for this kernel ----------------------------------------------------- */

static bool right_config(const struct trace_header *h, struct session_error *error)
{
    if (h->debug != CONFIG_DEBUG) {
        return fail(error, "the trace is of a %s kernel, this is a %s kernel",
                    h->debug ? "debug" : "release", CONFIG_DEBUG ? "debug" : "release");
    }
    if (h->fpu != CONFIG_FPU) {
        return fail(error, "the trace is of a kernel %s FPU support, this one is built %s",
                    h->fpu ? "with" : "without", CONFIG_FPU ? "with it" : "without");
    }
    if (h->domains != CONFIG_DOMAINS) {
        return fail(error, "the trace is of a kernel with domains=%u, this one has domains=%d",
                    h->domains, CONFIG_DOMAINS);
    }
    if (h->cores != CONFIG_CORES) {
        return fail(error, "the trace is of a kernel with cores=%u, this one has cores=%d",
                    h->cores, CONFIG_CORES);
    }
    return true;
}

static bool right_kernel(const struct session *session, struct session_error *error)
{
    const struct trace_header *h = &session->header;
    if (!right_config(h, error)) {
        return false;
    }
    if (!session->options.any_build && h->build[0] != '\0' &&
        strcmp(h->build, trace_build_id()) != 0) {
        return fail(error,
                    "the trace is of kernel build %s, this is build %s (--any-build replays it "
                    "all the same)",
                    h->build, trace_build_id());
    }
    if (h->first > 1 && (h->kind == TRACE_CALLS || h->clock_recorded)) {
        return fail(error,
                    "the trace begins at event %" PRIu64 ", but such a trace must have all events",
                    h->first);
    }
    return true;
}

/* --- The machine ------------------------------------------------------------------------------ */

/* The device tree: the trace's own; zeros, with calls; or what this program has for the machine. */
static bool configure_tree(struct session *session, struct sim_config *config,
                           struct session_error *error)
{
    const struct trace_header *header = &session->header;
    if (header->dtb_size == 0) {
        return true;
    }
    config->dtb = header->dtb;
    config->dtb_size = header->dtb_size;
    if (header->dtb != NULL || header->kind == TRACE_CALLS) {
        return true;
    }
    board_devices_describe(&session->devices, config, session->header.seed);
    return config->dtb_size == header->dtb_size ||
           fail(error,
                "the trace lacks its device tree, and that of this program has %" PRIu64
                " bytes, not %" PRIu64,
                config->dtb_size, header->dtb_size);
}

/* Where things are now goes into recordings: another build may place them differently. Not the tree
 * if it has no place of its own: at a given one it would stay reserved. */
static void note_places(struct session *session)
{
    const struct boot_params *params = sim_boot_params(session->sim);
    struct sim_config *machine = &session->header.machine;
    machine->kernel_paddr = (uint64_t)(uintptr_t)sim_kernel(session->sim) - SIM_WINDOW;
    machine->image_paddr = params->image.start;
    machine->image_entry = params->entry;
    machine->dtb_paddr = machine->dtb_paddr == 0 ? 0 : params->dtb;
}

static bool build(struct session *session, struct session_error *error)
{
    struct trace_header *header = &session->header;
    struct sim_config config = header->machine;
    struct sim_error wrong;
    bool native = config.root_native != NULL;
    if (session->trace == NULL) {
        header->kind = TRACE_PROGRAM;
        header->clock_recorded = false;
    }
    if (header->kind == TRACE_PROGRAM && !native) {
        if (!load_image(session, error)) {
            return false;
        }
        config.image_data = session->image.bytes;
        config.image_data_size = session->image.byte_count;
        config.interpret = true;
    }
    if (!configure_tree(session, &config, error)) {
        return false;
    }
    if (header->instructions_per_tick == 0) {
        header->instructions_per_tick = INSTRUCTIONS_PER_TICK;
    }
    config.instructions_per_tick = header->instructions_per_tick;
    config.check_every = session->options.check_every;
    config.console = session->options.console;
    session->sim = sim_create(&config, &wrong);
    if (session->sim == NULL) {
        return fail(error, "%s", wrong.text);
    }
    note_places(session);
    if (!board_devices_attach(&session->devices, session->sim) || !session_input_attach(session)) {
        return fail(error, "there is RAM where the devices should be, at 0x%x and 0x%x",
                    BOARD_FINISHER_PADDR, BOARD_UART_PADDR);
    }
    if (header->kind == TRACE_CALLS || header->clock_recorded) {
        sim_hold_irqs(session->sim, true);
    }
    if (header->clock_recorded) {
        session_recorded_begin(session);
    }
    return true;
}

/* The state hash after boot, for recording or to be compared with the recorded one. */
static void check_boot(struct session *session)
{
    struct trace_header *header = &session->header;
    if (header->hash_every == 0 || session->options.no_hashes) {
        return;
    }
    uint64_t hash = trace_state_hash(session->sim);
    if (session->trace != NULL && header->boot_hash != 0 && header->boot_hash != hash) {
        session_finish(session, SESSION_DIFFERENT,
                       "event 0: the system boots into another state than the trace says: its "
                       "hash is %016" PRIx64 ", not %016" PRIx64,
                       hash, header->boot_hash);
    }
    header->boot_hash = hash;
}

static struct session *create(const struct trace_header *header, struct trace *trace,
                              const struct session_options *options, struct session_error *error)
{
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        fail(error, "out of memory");
        return NULL;
    }
    session->header = *header;
    session->trace = trace;
    session->options = *options;
    session->input_fd = -1;
    session->stop_before = UINT64_MAX;
    if ((trace != NULL && !right_kernel(session, error)) || !build(session, error)) {
        session_close(session);
        return NULL;
    }
    check_boot(session);
    session_keep(session);
    return session;
}

struct session *session_boot(const struct trace_header *header,
                             const struct session_options *options, struct session_error *error)
{
    return create(header, NULL, options, error);
}

struct session *session_replay(struct trace *trace, const struct session_options *options,
                               struct session_error *error)
{
    return create(trace_header(trace), trace, options, error);
}

void session_close(struct session *session)
{
    if (session == NULL) {
        return;
    }
    session_record_close(session);
    session_forget(session);
    sim_destroy(session->sim);
    elf_free(&session->image);
    trace_event_free(&session->event);
    trace_event_free(&session->line);
    free(session);
}

/* --- Asking ----------------------------------------------------------------------------------- */

const char *session_complaint(const struct session *session)
{
    return session->complaint[0] == '\0' ? NULL : session->complaint;
}

struct sim *session_sim(const struct session *session)
{
    return session->sim;
}

uint64_t session_events(const struct session *session)
{
    return sim_events(session->sim);
}

const struct trace_event *session_last(const struct session *session)
{
    uint64_t number = sim_events(session->sim);
    return number == 0 || session->described != number ? NULL : &session->event;
}

const struct trace_event *session_expected(const struct session *session)
{
    bool says = session->has_line && session->line.number == sim_events(session->sim);
    return says ? &session->line : NULL;
}

const struct trace_header *session_trace_header(const struct session *session)
{
    return &session->header;
}

void session_observe(struct session *session, session_observer *observer, void *context)
{
    session->observer = observer;
    session->observer_context = context;
}

void session_stop_before(struct session *session, uint64_t number)
{
    session->stop_before = number;
}

void session_interrupt(struct session *session)
{
    session->interrupted = 1;
}
