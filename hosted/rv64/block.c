/* SPDX-License-Identifier: BSD-2-Clause */

/* The cache of decoded blocks. */
#include <string.h>

#include "hosted/rv64/internal.h"

enum {
    CODE_LINE = 64,
    /* What one block may take of the arena. */
    BLOCK_BYTES_MAX =
        sizeof(struct block) + (RV64_BLOCK_MAX + 1) * sizeof(struct op) + RV64_BLOCK_MAX * 4 + 16,
};

static size_t hash(const uint8_t *host)
{
    return (uintptr_t)host * UINT64_C(0x9E3779B97F4A7C15) >> 32;
}

static const uint8_t *page_of(const uint8_t *host)
{
    return host - (uintptr_t)host % RV64_PAGE;
}

/* --- Pages with code -------------------------------------------------------------------------- */

/* Where the page is in the table, or the free place where it would be. */
static struct code_page *code_place(struct rv64 *rv, const uint8_t *page)
{
    size_t place = hash(page) % RV64_CODE_PAGES;
    while (rv->code[place].page != NULL && rv->code[place].page != page) {
        place = (place + 1) % RV64_CODE_PAGES;
    }
    return &rv->code[place];
}

struct code_page *rv64_code_page(struct rv64 *rv, const uint8_t *host)
{
    struct code_page *code = code_place(rv, page_of(host));
    return code->page == NULL ? NULL : code;
}

static uint64_t lines_of(const uint8_t *host, uint32_t size)
{
    uintptr_t first = (uintptr_t)host % RV64_PAGE / CODE_LINE;
    uintptr_t last = ((uintptr_t)host % RV64_PAGE + size - 1) / CODE_LINE;
    return UINT64_MAX >> (63 - (last - first)) << first;
}

/* From now on stores to these bytes must be noticed. */
static void mark_code(struct rv64 *rv, const uint8_t *host, uint32_t size)
{
    struct code_page *code = code_place(rv, page_of(host));
    if (code->page == NULL) {
        code->page = page_of(host);
        rv->code_count++;
        for (size_t i = 0; i < 2 * RV64_PAGE_ENTRIES; i++) {
            struct page_entry *entry = &rv->stores[i];
            uint64_t start = entry->tag & ~(uint64_t)(RV64_PAGE - 1);
            bool same = start + entry->offset == (uint64_t)(uintptr_t)code->page;
            entry->tag |= same && entry->tag != 0 ? RV64_TAG_CODE : 0;
        }
    }
    code->lines |= lines_of(host, size);
}

void rv64_code_written(struct rv64 *rv, const uint8_t *host, uint32_t size)
{
    const struct code_page *code = rv64_code_page(rv, host);
    if (code != NULL && (code->lines & lines_of(host, size)) != 0) {
        rv64_memory_changed(rv);
    }
}

/* --- Blocks ----------------------------------------------------------------------------------- */

static void drop_all(struct rv64 *rv)
{
    rv->arena_used = 0;
    rv->code_count = 0;
    memset(rv->buckets, 0, sizeof rv->buckets);
    memset(rv->code, 0, sizeof rv->code);
    memset(rv->jumps, 0, sizeof rv->jumps);
    memset(rv->stores, 0, sizeof rv->stores); /* For the marks. */
}

/* The bytes of at most one page, or of the instruction across two. */
struct source {
    const uint8_t *host;
    const uint8_t *tail; /* Null: all in this page. */
};

static uint32_t read_half(const uint8_t *host)
{
    uint16_t half;
    memcpy(&half, host, sizeof half);
    return half;
}

static uint32_t read_code(const struct source *source, uint32_t at)
{
    uint32_t low = read_half(source->host + at);
    if (rv64_length(low) == 2) {
        return low;
    }
    return low | read_half(source->tail != NULL ? source->tail : source->host + at + 2) << 16;
}

static void copy_bytes(const struct source *source, uint8_t *to, uint32_t size)
{
    uint32_t head = source->tail != NULL ? 2 : size;
    memcpy(to, source->host, head);
    if (source->tail != NULL) {
        memcpy(to + head, source->tail, size - head);
    }
}

static bool agrees(const struct block *block)
{
    uint32_t head = block->tail != NULL ? 2u : block->size;
    return memcmp(block->bytes, block->host, head) == 0 &&
           (block->tail == NULL || memcmp(block->bytes + head, block->tail, 2) == 0);
}

/* Decodes the block's ops; its size is then known. */
static void decode_ops(struct block *block, const struct source *source)
{
    uint32_t room = RV64_PAGE - (uint32_t)((uintptr_t)source->host % RV64_PAGE);
    uint32_t at = 0;
    bool ended = false;
    room += source->tail != NULL ? 2 : 0;
    while (!ended && at < room && block->count < RV64_BLOCK_MAX) {
        uint32_t length = rv64_length(read_half(source->host + at));
        if (at + length > room) {
            break;
        }
        struct op *op = &block->ops[block->count];
        ended = rv64_decode(read_code(source, at), at, op);
        op->index = (uint8_t)block->count++;
        at += length;
    }
    block->ops[block->count] = (struct op){
        .run = rv64_op_end,
        .imm = at,
        .index = (uint8_t)block->count,
        .at = (uint16_t)at,
    };
    block->size = (uint16_t)at;
}

static struct block *decode_block(struct rv64 *rv, const struct source *source)
{
    if (rv->arena_used + BLOCK_BYTES_MAX > RV64_ARENA || rv->code_count > RV64_CODE_PAGES / 2) {
        drop_all(rv);
    }
    struct block *block = (struct block *)(void *)(rv->arena + rv->arena_used);
    *block = (struct block){.epoch = rv->epoch, .host = source->host, .tail = source->tail};
    decode_ops(block, source);
    block->bytes = (uint8_t *)&block->ops[block->count + 1];
    copy_bytes(source, block->bytes, block->size);
    size_t end = (size_t)(block->bytes + block->size - rv->arena);
    rv->arena_used = (end + 15) & ~(size_t)15;

    struct block **bucket = &rv->buckets[hash(source->host) % RV64_BUCKETS];
    block->bucket = *bucket;
    *bucket = block;
    if (source->tail != NULL) {
        mark_code(rv, source->host, 2);
        mark_code(rv, source->tail, 2);
    } else {
        mark_code(rv, source->host, block->size);
    }
    return block;
}

/* The block of this code as memory has it now, or null. */
static struct block *find_decoded(struct rv64 *rv, const struct source *source)
{
    struct block **link = &rv->buckets[hash(source->host) % RV64_BUCKETS];
    while (*link != NULL && ((*link)->host != source->host || (*link)->tail != source->tail)) {
        link = &(*link)->bucket;
    }
    struct block *block = *link;
    if (block == NULL) {
        return NULL;
    }
    if (block->epoch != rv->epoch && !agrees(block)) {
        *link = block->bucket; /* Whoever still has its address sees that its epoch is old. */
        return NULL;
    }
    block->epoch = rv->epoch;
    return block;
}

/* --- Lookup ----------------------------------------------------------------------------------- */

static const uint8_t *fetch_pointer(struct rv64 *rv, uint64_t vaddr)
{
    uint64_t cause = 0;
    const uint8_t *host = rv64_page_pointer(rv, RV64_FETCH, vaddr, &cause);
    if (host == NULL) {
        rv->trapped = true;
        rv->cause = cause != 0 ? cause : RV64_CAUSE_FETCH_ACCESS;
        rv->value = vaddr;
    }
    return host;
}

struct block *rv64_find_block(struct rv64 *rv)
{
    struct block *known = rv64_jump(rv);
    if (known != NULL) {
        return known;
    }
    struct source source = {.host = fetch_pointer(rv, rv->pc)};
    if (source.host == NULL) {
        return NULL;
    }
    uint64_t tag = rv->tag; /* Another fetch may change it, and then nothing is to be kept. */
    bool last_half = rv->pc % RV64_PAGE == RV64_PAGE - 2;
    if (last_half && rv64_length(read_half(source.host)) == 4) {
        source.tail = fetch_pointer(rv, rv->pc + 2);
        if (source.tail == NULL) {
            return NULL;
        }
    }
    struct block *block = find_decoded(rv, &source);
    if (block == NULL) {
        block = decode_block(rv, &source);
    }
    *rv64_jump_entry(rv, rv->pc) = (struct jump_entry){rv->pc, tag, block};
    return block;
}

struct block *rv64_chain(struct rv64 *rv, struct op *op)
{
    struct block *next = rv64_jump(rv);
    const struct block *from = rv->block;
    /* A block with a tail depends on the space. The second page of two with the same frame is none
     * of the first one's business, hence the distance. */
    bool near = next != NULL && next->tail == NULL && page_of(next->host) == page_of(from->host) &&
                next->host - from->host == op->imm;
    if (near) {
        op->link = next;
    }
    return next;
}
