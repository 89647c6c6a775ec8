/* SPDX-License-Identifier: BSD-2-Clause */

/* A state file is a few lines of text, which say whether it can be read here, and then one
 * compressed frame: numbers of 8 bytes, little-endian, and the pages of RAM that are not zero. One
 * function, code_state(), is the description of that content for writing and for reading.
 */
#include "hosted/show/state_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zstd.h>

#include "core/kernel.h"
#include "hosted/state.h"
#include "hosted/trace/trace.h"

enum { VERSION = 1, LEVEL = 3, HEADER_LINES = 5 };

#define NO_PAGE UINT64_MAX /* In place of a page's address: the end. */

__attribute__((format(printf, 2, 3))) static bool fail(struct show_error *error, const char *format,
                                                       ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return false;
}

/* --- Bytes in memory -------------------------------------------------------------------------- */

struct bytes {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

static bool bytes_reserve(struct bytes *bytes, size_t more)
{
    if (bytes->capacity - bytes->size >= more) {
        return true;
    }
    size_t capacity = 2 * bytes->capacity + more;
    uint8_t *data = realloc(bytes->data, capacity);
    if (data == NULL) {
        return false;
    }
    bytes->data = data;
    bytes->capacity = capacity;
    return true;
}

static bool bytes_read(struct bytes *bytes, FILE *file, struct show_error *error)
{
    enum { CHUNK = 1 << 16 };
    for (;;) {
        if (!bytes_reserve(bytes, CHUNK)) {
            return fail(error, "out of memory");
        }
        size_t got = fread(bytes->data + bytes->size, 1, CHUNK, file);
        bytes->size += got;
        if (got == 0) {
            return ferror(file) == 0 || fail(error, "the file cannot be read");
        }
    }
}

/* --- The coder: writes or reads, whichever it was made for ------------------------------------ */

struct coder {
    ZSTD_CCtx *compress; /* Null when reading. */
    ZSTD_DCtx *expand;
    struct bytes out;
    ZSTD_inBuffer in;
    uint64_t at;             /* Bytes of content so far. */
    bool ended;              /* That was the end of the frame. */
    struct show_error error; /* "" as long as all is well; then nothing happens any more. */
};

static bool is_good(const struct coder *c)
{
    return c->error.text[0] == '\0';
}

static void compress(struct coder *c, const void *data, size_t size, ZSTD_EndDirective directive)
{
    ZSTD_inBuffer in = {.src = data, .size = size};
    size_t left = 1;
    while (is_good(c) && (in.pos < in.size || (directive == ZSTD_e_end && left != 0))) {
        if (!bytes_reserve(&c->out, ZSTD_CStreamOutSize())) {
            fail(&c->error, "out of memory");
            return;
        }
        ZSTD_outBuffer out = {.dst = c->out.data, .size = c->out.capacity, .pos = c->out.size};
        left = ZSTD_compressStream2(c->compress, &out, &in, directive);
        c->out.size = out.pos;
        if (ZSTD_isError(left)) {
            fail(&c->error, "compression failed: %s", ZSTD_getErrorName(left));
        }
    }
}

static void expand(struct coder *c, void *data, size_t size)
{
    ZSTD_outBuffer out = {.dst = data, .size = size};
    while (is_good(c) && out.pos < out.size) {
        size_t before = c->in.pos + out.pos;
        size_t left = ZSTD_decompressStream(c->expand, &out, &c->in);
        c->ended = left == 0;
        if (ZSTD_isError(left)) {
            fail(&c->error, "the content is damaged at byte %" PRIu64 ": %s", c->at + out.pos,
                 ZSTD_getErrorName(left));
        } else if (c->in.pos + out.pos == before) {
            fail(&c->error, "the content ends at byte %" PRIu64 ", too early", c->at + out.pos);
        }
    }
}

static void code_bytes(struct coder *c, void *data, size_t size)
{
    if (c->compress != NULL) {
        compress(c, data, size, ZSTD_e_continue);
    } else {
        expand(c, data, size);
    }
    c->at += size;
}

/* A number that must be at most `max`; what it is, for the complaint. */
static uint64_t code_number(struct coder *c, uint64_t value, uint64_t max, const char *what)
{
    uint8_t bytes[8];
    for (uint32_t i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    code_bytes(c, bytes, sizeof bytes);
    value = 0;
    for (uint32_t i = 0; i < 8; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    if (is_good(c) && value > max) {
        fail(&c->error, "the content is wrong at byte %" PRIu64 ": %s is %" PRIu64, c->at - 8, what,
             value);
    }
    return is_good(c) ? value : 0;
}

static void code_64(struct coder *c, uint64_t *value)
{
    *value = code_number(c, *value, UINT64_MAX, "a number");
}

static void code_32(struct coder *c, uint32_t *value, uint32_t max, const char *what)
{
    *value = (uint32_t)code_number(c, *value, max, what);
}

static void code_flag(struct coder *c, bool *value)
{
    *value = code_number(c, *value, 1, "a flag") != 0;
}

static void code_flags(struct coder *c, bool *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        code_flag(c, &values[i]);
    }
}

/* --- What is in a state file ------------------------------------------------------------------ */

static void code_regions(struct coder *c, uint32_t *count, struct boot_region *regions)
{
    code_32(c, count, BOOT_REGIONS_MAX, "the number of regions");
    for (uint32_t i = 0; i < *count; i++) {
        code_64(c, &regions[i].start);
        code_64(c, &regions[i].end);
    }
}

static void code_config(struct coder *c, struct sim_config *config)
{
    code_regions(c, &config->ram_count, config->ram);
    code_regions(c, &config->reserved_count, config->reserved);
    code_regions(c, &config->device_count, config->devices);
    code_64(c, &config->kernel_paddr);
    code_64(c, &config->image_paddr);
    code_64(c, &config->image_vaddr);
    code_64(c, &config->image_size);
    code_64(c, &config->image_entry);
    code_64(c, &config->ticks_per_us);
    code_64(c, &config->start_time);
    code_32(c, &config->irq_max, CONFIG_IRQ_LIMIT - 1, "the highest interrupt");
    code_flag(c, &config->irq_complete_at_claim);
    code_32(c, &config->root_cnode_bits, UINT32_MAX, "the root CNode's size");
    code_32(c, &config->boot_slice_ms, UINT32_MAX, "the first slice");
}

static void code_core(struct coder *c, struct machine_core *core)
{
    code_64(c, &core->deadline);
    code_64(c, &core->root);
    core->asid = (uint16_t)code_number(c, core->asid, UINT16_MAX, "an ASID");
    code_flag(c, &core->fpu_enabled);
    for (uint32_t i = 0; i < sizeof core->fpu / sizeof *core->fpu; i++) {
        code_64(c, &core->fpu[i]);
    }
}

static void code_machine(struct coder *c, struct machine *m)
{
    code_64(c, &m->now);
    code_64(c, &m->events);
    code_64(c, &m->instructions);
    code_64(c, &m->polls);
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        code_core(c, &m->cores[i]);
        code_flags(c, m->plic.enabled[i], CONFIG_IRQ_LIMIT);
    }
    code_flags(c, m->plic.pending, CONFIG_IRQ_LIMIT);
    code_flags(c, m->plic.latched, CONFIG_IRQ_LIMIT);
    code_flags(c, m->plic.level, CONFIG_IRQ_LIMIT);
    code_flags(c, m->plic.in_service, CONFIG_IRQ_LIMIT);
    code_flags(c, m->plic.edge, CONFIG_IRQ_LIMIT);
}

static void code_status(struct coder *c, struct sim *sim)
{
    uint32_t status = sim->status;
    code_32(c, &status, SIM_PANICKED, "the status");
    sim->status = (enum sim_status)status;
    code_bytes(c, sim->message, sizeof sim->message);
    sim->message[sizeof sim->message - 1] = '\0';
    for (char *at = sim->message; *at != '\0'; at++) {
        *at = *at >= ' ' && *at <= '~' ? *at : '?';
    }
    code_32(c, &sim->core, CONFIG_CORES - 1, "the acting core");
}

/* --- Pages ------------------------------------------------------------------------------------ */

static bool is_zero(const uint64_t *page)
{
    uint64_t all = 0;
    for (size_t i = 0; i < SIM_PAGE / sizeof *page; i++) {
        all |= page[i];
    }
    return all == 0;
}

/* A page as it goes into the file: without the one pointer of the kernel that leads out of RAM, so
 * that equal states make equal files. */
static void read_page(const struct sim *sim, uint64_t paddr, uint64_t *words)
{
    uint64_t machine = (uint64_t)(uintptr_t)&sim->k->machine - SIM_WINDOW;
    memcpy(words, sim_ram(sim, paddr, SIM_PAGE), SIM_PAGE);
    if (machine - paddr < SIM_PAGE) {
        words[(machine - paddr) / sizeof *words] = 0;
    }
}

static void write_pages(struct coder *c, const struct sim *sim)
{
    uint64_t page[SIM_PAGE / sizeof(uint64_t)];
    for (uint32_t i = 0; i < sim->config.ram_count; i++) {
        const struct boot_region *region = &sim->config.ram[i];
        for (uint64_t paddr = region->start; paddr < region->end; paddr += SIM_PAGE) {
            read_page(sim, paddr, page);
            if (!is_zero(page)) {
                code_64(c, &paddr);
                code_bytes(c, page, SIM_PAGE);
            }
        }
    }
    code_number(c, NO_PAGE, NO_PAGE, "the end");
}

static void read_pages(struct coder *c, const struct sim *sim)
{
    while (is_good(c)) {
        uint64_t paddr = code_number(c, 0, NO_PAGE, "a page");
        if (paddr == NO_PAGE || !is_good(c)) {
            break;
        }
        void *page = paddr % SIM_PAGE == 0 ? sim_ram(sim, paddr, SIM_PAGE) : NULL;
        if (page == NULL) {
            fail(&c->error, "the content is wrong at byte %" PRIu64 ": no page is at 0x%" PRIx64,
                 c->at - 8, paddr);
            break;
        }
        code_bytes(c, page, SIM_PAGE);
    }
    /* The frame may have an end of its own behind the last page. */
    ZSTD_outBuffer none = {.dst = NULL};
    if (is_good(c) && !c->ended) {
        c->ended = ZSTD_decompressStream(c->expand, &none, &c->in) == 0;
    }
    if (is_good(c) && (!c->ended || c->in.pos != c->in.size)) {
        fail(&c->error, "the content goes on at byte %" PRIu64 ", behind its end", c->at);
    }
}

/* --- Saving ----------------------------------------------------------------------------------- */

static const char *config_words(char text[80])
{
    snprintf(text, 80, "%s %s domains=%d cores=%d", CONFIG_DEBUG ? "debug" : "release",
             CONFIG_FPU ? "fpu" : "no-fpu", CONFIG_DOMAINS, CONFIG_CORES);
    return text;
}

static bool write_file(const struct coder *c, FILE *file, struct show_error *error)
{
    char config[80];
    fprintf(file, SHOW_STATE_MAGIC "%d\nbuild %s\nconfig %s\nsize %zu\nhash %016" PRIx64 "\n",
            VERSION, trace_build_id(), config_words(config), c->out.size,
            (uint64_t)XXH3_64bits(c->out.data, c->out.size));
    fwrite(c->out.data, 1, c->out.size, file);
    if (fflush(file) != 0 || ferror(file) != 0) {
        return fail(error, "%s", strerror(errno));
    }
    return true;
}

bool show_save(const struct sim *sim, FILE *file, struct show_error *error)
{
    struct coder c = {.compress = ZSTD_createCCtx()};
    struct sim *copy = malloc(sizeof *copy);
    if (c.compress == NULL || copy == NULL) {
        ZSTD_freeCCtx(c.compress);
        free(copy);
        return fail(error, "out of memory");
    }
    /* The coder takes what it writes from where it would put what it reads. */
    *copy = *sim;
    copy->config.kernel_paddr = (uint64_t)(uintptr_t)sim->k - SIM_WINDOW;
    copy->config.image_paddr = sim->params.image.start;
    ZSTD_CCtx_setParameter(c.compress, ZSTD_c_compressionLevel, LEVEL);
    code_config(&c, &copy->config);
    code_status(&c, copy);
    code_machine(&c, &copy->machine);
    write_pages(&c, sim);
    compress(&c, NULL, 0, ZSTD_e_end);
    bool good = is_good(&c);
    if (!good) {
        *error = c.error;
    }
    good = good && write_file(&c, file, error);
    ZSTD_freeCCtx(c.compress);
    free(c.out.data);
    free(copy);
    return good;
}

/* --- Loading ---------------------------------------------------------------------------------- */

struct header {
    uint64_t version;
    char build[64];
    char config[128];
    uint64_t size;
    uint64_t hash;
    size_t length; /* Of the header itself. */
};

/* The next line, "key value", into `value`; false if it is another. */
static bool take_line(const struct bytes *file, size_t *at, const char *key, char *value,
                      size_t value_size)
{
    const char *line = (const char *)file->data + *at;
    const char *end = memchr(line, '\n', file->size - *at);
    size_t length = strlen(key);
    if (end == NULL || (size_t)(end - line) < length || memcmp(line, key, length) != 0 ||
        (size_t)(end - line) - length >= value_size) {
        return false;
    }
    size_t value_length = (size_t)(end - line) - length;
    memcpy(value, line + length, value_length);
    value[value_length] = '\0';
    *at += (size_t)(end - line) + 1;
    return true;
}

static bool take_number(const struct bytes *file, size_t *at, const char *key, int base,
                        uint64_t *number)
{
    char text[32];
    char *end = NULL;
    if (!take_line(file, at, key, text, sizeof text) ||
        strspn(text, base == 16 ? "0123456789abcdef" : "0123456789") != strlen(text)) {
        return false;
    }
    *number = strtoull(text, &end, base);
    return text[0] != '\0' && *end == '\0';
}

/* Whether the header's lines, all `HEADER_LINES` of them, are within the file. */
static bool has_header(const struct bytes *file)
{
    uint32_t lines = 0;
    for (size_t i = 0; i < file->size && lines < HEADER_LINES; i++) {
        lines += file->data[i] == '\n' ? 1 : 0;
    }
    return lines == HEADER_LINES;
}

static bool read_header(const struct bytes *file, struct header *h, struct show_error *error)
{
    size_t length = strlen(SHOW_STATE_MAGIC);
    size_t at = 0;
    if (file->size == 0) {
        return fail(error, "the file is empty");
    }
    if (memcmp(file->data, SHOW_STATE_MAGIC, file->size < length ? file->size : length) != 0) {
        return fail(error, "no state file: it does not start with '%.13s'", SHOW_STATE_MAGIC);
    }
    if (file->size < length || memchr(file->data, '\n', file->size) == NULL) {
        return fail(error, "the file is cut short within its first line, after %zu bytes",
                    file->size);
    }
    if (!take_number(file, &at, SHOW_STATE_MAGIC, 10, &h->version)) {
        return fail(error, "line 1: no version number behind '%.13s'", SHOW_STATE_MAGIC);
    }
    if (h->version != VERSION) {
        return fail(error, "line 1: format version %" PRIu64 "; this program reads version %d",
                    h->version, VERSION);
    }
    if (!has_header(file)) {
        return fail(error, "the file is cut short within its header, after %zu bytes", file->size);
    }
    if (!take_line(file, &at, "build ", h->build, sizeof h->build)) {
        return fail(error, "line 2: not 'build' and the kernel's build");
    }
    if (!take_line(file, &at, "config ", h->config, sizeof h->config)) {
        return fail(error, "line 3: not 'config' and the kernel's configuration");
    }
    if (!take_number(file, &at, "size ", 10, &h->size)) {
        return fail(error, "line 4: not 'size' and a number");
    }
    if (!take_number(file, &at, "hash ", 16, &h->hash)) {
        return fail(error, "line 5: not 'hash' and a hexadecimal number");
    }
    h->length = at;
    return true;
}

/* Whether this program can read what the file has. */
static bool check_header(const struct bytes *file, const struct header *h, struct show_error *error)
{
    char config[80];
    uint64_t there = file->size - h->length;
    if (strcmp(h->build, trace_build_id()) != 0) {
        return fail(error, "line 2: it is of kernel build %s, and this program has build %s",
                    h->build, trace_build_id());
    }
    if (strcmp(h->config, config_words(config)) != 0) {
        return fail(error, "line 3: its kernel is '%s', and that of this program '%s'", h->config,
                    config);
    }
    if (there < h->size) {
        return fail(error,
                    "the file is cut short: it has %" PRIu64 " of %" PRIu64
                    " bytes behind its header",
                    there, h->size);
    }
    if (there > h->size) {
        return fail(error, "%" PRIu64 " bytes too many, from byte %" PRIu64 " of the file on",
                    there - h->size, h->length + h->size);
    }
    uint64_t hash = XXH3_64bits(file->data + h->length, (size_t)h->size);
    if (hash != h->hash) {
        return fail(error,
                    "the file is damaged: behind its header, from byte %zu on, it has the hash "
                    "%016" PRIx64 " and not %016" PRIx64,
                    h->length, hash, h->hash);
    }
    return true;
}

/* The machine with its memory, but without any content. */
static bool make_machine(struct sim *sim, struct show_error *error)
{
    struct sim_error why = {""};
    if (!map_create(sim, &why)) {
        return fail(error, "its machine cannot be made: %s", why.text);
    }
    sim->machine.sim = sim;
    sim->machine.plic.max = sim->config.irq_max;
    return true;
}

static bool decode(struct coder *c, struct sim *sim, struct show_error *error)
{
    code_config(c, &sim->config);
    code_status(c, sim);
    code_machine(c, &sim->machine);
    if (!is_good(c)) {
        *error = c->error;
        return false;
    }
    if (!make_machine(sim, error)) {
        return false;
    }
    read_pages(c, sim);
    *error = c->error;
    return is_good(c);
}

static struct sim *load(const struct bytes *file, struct show_error *error)
{
    struct header header = {0};
    if (!read_header(file, &header, error) || !check_header(file, &header, error)) {
        return NULL;
    }
    struct coder c = {.expand = ZSTD_createDCtx(),
                      .in = {.src = file->data + header.length, .size = (size_t)header.size}};
    struct sim *sim = calloc(1, sizeof *sim);
    bool good = sim != NULL && c.expand != NULL;
    if (!good) {
        fail(error, "out of memory");
    }
    if (!good || !decode(&c, sim, error)) {
        sim_destroy(sim);
        sim = NULL;
    }
    ZSTD_freeDCtx(c.expand);
    return sim;
}

struct sim *show_load(FILE *file, struct show_error *error)
{
    struct bytes bytes = {0};
    struct sim *sim = bytes_read(&bytes, file, error) ? load(&bytes, error) : NULL;
    free(bytes.data);
    return sim;
}
