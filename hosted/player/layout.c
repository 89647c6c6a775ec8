/* SPDX-License-Identifier: BSD-2-Clause */

/* The script as bytes, and its place in the player's ELF file (System V ABI, chapters 4 and 5). */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "hosted/player/parts.h"

enum { PAGE = 4096 };

/* Bytes that grow. */
struct bytes {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

/* Room for `size` bytes, zeroed and 8-byte aligned: its offset. */
static uint64_t reserve(struct bytes *b, size_t size)
{
    size_t at = (b->size + 7) / 8 * 8;
    if (at + size > b->capacity) {
        b->capacity = 2 * (at + size) + PAGE;
        b->data = realloc(b->data, b->capacity);
        if (b->data == NULL) {
            abort();
        }
    }
    memset(b->data + b->size, 0, at + size - b->size);
    b->size = at + size;
    return at;
}

static uint64_t append(struct bytes *b, const void *data, size_t size)
{
    uint64_t at = reserve(b, size);
    if (size != 0) {
        memcpy(b->data + at, data, size);
    }
    return at;
}

static void put_call(struct bytes *b, uint64_t at, const struct part_call *part)
{
    struct script_call call = part->call;
    call.what = append(b, part->what, strlen(part->what) + 1);
    call.loads = append(b, part->loads, call.load_count * sizeof *part->loads);
    call.words = append(b, part->words, call.word_count * sizeof *part->words);
    memcpy(b->data + at, &call, sizeof call);
}

static void put_thread(struct bytes *b, uint64_t at, const struct part_thread *part)
{
    struct script_thread thread = {.call_count = part->count, .buffer = part->buffer};
    thread.name = append(b, part->name, strlen(part->name) + 1);
    thread.calls = reserve(b, part->count * sizeof(struct script_call));
    for (uint32_t i = 0; i < part->count; i++) {
        put_call(b, thread.calls + i * sizeof(struct script_call), &part->calls[i]);
    }
    memcpy(b->data + at, &thread, sizeof thread);
}

uint8_t *parts_layout(const struct parts *p, size_t *size)
{
    struct bytes b = {0};
    struct script script = {.magic = SCRIPT_MAGIC,
                            .cnode_bits = p->cnode_bits,
                            .sched_control = p->sched_control,
                            .table_count = p->table_count,
                            .thread_count = p->thread_count,
                            .event_count = p->events,
                            .last = p->last};
    reserve(&b, sizeof script);
    script.untypeds = b.size;
    for (uint32_t i = 0; i < p->untyped_count; i++) {
        if (p->untyped_used[i]) {
            append(&b, &p->untypeds[i], sizeof p->untypeds[i]);
            script.untyped_count++;
        }
    }
    script.tables = append(&b, p->tables, p->table_count * sizeof *p->tables);
    script.threads = reserve(&b, p->thread_count * sizeof(struct script_thread));
    for (uint32_t i = 0; i < p->thread_count; i++) {
        put_thread(&b, script.threads + i * sizeof(struct script_thread), &p->threads[i]);
    }
    script.size = b.size;
    memcpy(b.data, &script, sizeof script);
    *size = b.size;
    return b.data;
}

/* The program header of the segment that begins with the magic number; null if there is none. */
static Elf64_Phdr *find_place(uint8_t *elf, size_t size)
{
    Elf64_Ehdr header;
    uint64_t magic;
    if (size < sizeof header) {
        return NULL;
    }
    memcpy(&header, elf, sizeof header);
    for (size_t i = 0; i < header.e_phnum; i++) {
        size_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
        if (at > size || size - at < sizeof(Elf64_Phdr) || at % 8 != 0) {
            return NULL;
        }
        Elf64_Phdr *segment = (Elf64_Phdr *)(void *)(elf + at);
        if (segment->p_type != PT_LOAD || segment->p_filesz < sizeof magic ||
            segment->p_offset > size || size - segment->p_offset < sizeof magic) {
            continue;
        }
        memcpy(&magic, elf + segment->p_offset, sizeof magic);
        if (magic == SCRIPT_MAGIC) {
            return segment;
        }
    }
    return NULL;
}

uint8_t *script_pack(const uint8_t *player, size_t player_size, const uint8_t *script,
                     size_t script_size, size_t *size)
{
    size_t at = (player_size + PAGE - 1) / PAGE * PAGE;
    *size = at + script_size;
    uint8_t *elf = calloc(*size, 1);
    if (elf == NULL) {
        abort();
    }
    memcpy(elf, player, player_size);
    memcpy(elf + at, script, script_size);
    Elf64_Phdr *segment = find_place(elf, player_size);
    if (segment == NULL) {
        free(elf);
        return NULL;
    }
    segment->p_offset = at;
    segment->p_filesz = script_size;
    segment->p_memsz = script_size;
    return elf;
}
