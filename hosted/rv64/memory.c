/* SPDX-License-Identifier: BSD-2-Clause */

/* The page caches, and the loads, stores and atomics that they do not answer. */
#include <string.h>

#include "hosted/rv64/internal.h"

static struct page_entry *entry_of(struct rv64 *rv, enum rv64_access access, uint64_t vaddr)
{
    uint64_t page = vaddr >> RV64_PAGE_BITS;
    switch (access) {
    case RV64_FETCH:
        return &rv->fetch[page % RV64_FETCH_ENTRIES];
    case RV64_LOAD:
        return &rv->load[page % RV64_PAGE_ENTRIES];
    case RV64_STORE:
        break;
    }
    return &rv->store[page % RV64_PAGE_ENTRIES];
}

uint8_t *rv64_page_pointer(struct rv64 *rv, enum rv64_access access, uint64_t vaddr,
                           uint64_t *cause)
{
    const struct page_entry *known = entry_of(rv, access, vaddr);
    uint64_t start = vaddr & ~(uint64_t)(RV64_PAGE - 1);
    *cause = 0;
    if ((known->tag & ~(uint64_t)RV64_TAG_CODE) == (start | rv->tag)) {
        return (uint8_t *)(uintptr_t)(vaddr + known->offset);
    }
    void *page = NULL;
    *cause = rv->bus.translate(rv->bus.context, access, vaddr, &page);
    if (*cause != 0 || page == NULL) {
        return NULL;
    }
    uint8_t *host = page;
    bool slow = access == RV64_STORE && rv64_code_page(rv, host) != NULL;
    /* Only now, as the callback may have changed the space. */
    *entry_of(rv, access, vaddr) = (struct page_entry){
        .tag = start | rv->tag | (slow ? RV64_TAG_CODE : 0),
        .offset = (uint64_t)(uintptr_t)host - start,
    };
    return host + (vaddr - start);
}

static bool crosses_page(uint64_t vaddr, uint32_t size)
{
    return (vaddr & (RV64_PAGE - 1)) + size > RV64_PAGE;
}

static bool trap(struct rv64 *rv, struct op *op, uint64_t cause, uint64_t value)
{
    rv64_trap(rv, op, cause, value);
    return false;
}

/* Through the owner's `access`. */
static bool access_indirectly(struct rv64 *rv, struct op *op, enum rv64_access access,
                              uint64_t vaddr, uint32_t size, uint64_t *value)
{
    uint64_t bad = vaddr;
    uint64_t cause = rv->bus.access(rv->bus.context, access, rv->done, vaddr, size, value, &bad);
    return cause == 0 || trap(rv, op, cause, bad);
}

bool rv64_load(struct rv64 *rv, struct op *op, uint32_t size, uint64_t *value)
{
    uint64_t vaddr = rv->x[op->rs1] + (uint64_t)op->imm;
    uint64_t cause = 0;
    const uint8_t *host = NULL;
    rv64_note_progress(rv, op);
    if (!crosses_page(vaddr, size)) {
        host = rv64_page_pointer(rv, RV64_LOAD, vaddr, &cause);
    }
    if (cause != 0) {
        return trap(rv, op, cause, vaddr);
    }
    if (host == NULL) {
        return access_indirectly(rv, op, RV64_LOAD, vaddr, size, value);
    }
    memcpy(value, host, size);
    return true;
}

bool rv64_store(struct rv64 *rv, struct op *op, uint32_t size, uint64_t value)
{
    uint64_t vaddr = rv->x[op->rs1] + (uint64_t)op->imm;
    uint64_t cause = 0;
    uint8_t *host = NULL;
    bool crosses = crosses_page(vaddr, size);
    rv64_note_progress(rv, op);
    if (!crosses) {
        host = rv64_page_pointer(rv, RV64_STORE, vaddr, &cause);
    }
    if (cause != 0) {
        return trap(rv, op, cause, vaddr);
    }
    if (host == NULL) {
        /* Two pages, either of which may hold code; nobody tells where they are. */
        if (crosses) {
            rv64_memory_changed(rv);
        }
        return access_indirectly(rv, op, RV64_STORE, vaddr, size, &value);
    }
    rv64_code_written(rv, host, size);
    memcpy(host, &value, size);
    return true;
}

uint8_t *rv64_atomic(struct rv64 *rv, struct op *op, enum rv64_access access, uint32_t size)
{
    uint64_t vaddr = rv->x[op->rs1];
    bool load = access == RV64_LOAD;
    uint64_t cause = 0;
    uint8_t *host = NULL;
    rv64_note_progress(rv, op);
    if (vaddr % size != 0) {
        cause = load ? RV64_CAUSE_LOAD_MISALIGNED : RV64_CAUSE_STORE_MISALIGNED;
    } else {
        host = rv64_page_pointer(rv, access, vaddr, &cause);
    }
    if (host == NULL) {
        uint64_t no_memory = load ? RV64_CAUSE_LOAD_ACCESS : RV64_CAUSE_STORE_ACCESS;
        rv64_trap(rv, op, cause != 0 ? cause : no_memory, vaddr);
    } else if (!load) {
        rv64_code_written(rv, host, size);
    }
    return host;
}
