/* SPDX-License-Identifier: BSD-2-Clause */

/* BootInfo: what the initial thread finds in its BootInfo frame, docs/abi/11 section 11.7. */
#ifndef CORE_BOOTINFO_H
#define CORE_BOOTINFO_H

#include <stddef.h>
#include <stdint.h>

#include "abi/api.h"
#include "core/compiler.h"

/* Slots from `start` up to but not including `end`. */
struct bootinfo_slots {
    uint64_t start;
    uint64_t end;
};

struct bootinfo_untyped {
    uint64_t paddr;
    uint8_t size_bits;
    uint8_t is_device;
    uint8_t padding[6];
};

struct bootinfo {
    uint64_t extra_len; /* Bytes of extra BootInfo in the pages behind this one. */
    uint64_t node_id;
    uint64_t num_nodes;
    uint64_t num_io_pt_levels;
    uint64_t ipc_buffer; /* Virtual address. */
    struct bootinfo_slots empty;
    struct bootinfo_slots shared_frames;
    struct bootinfo_slots user_image_frames;
    struct bootinfo_slots user_image_paging;
    struct bootinfo_slots io_space_caps;
    struct bootinfo_slots extra_pages;
    uint64_t cnode_bits;
    uint64_t domain;
    struct bootinfo_slots sched_control;
    struct bootinfo_slots untyped;
    struct bootinfo_untyped untyped_list[ABI_BOOTINFO_UNTYPEDS];
};

STATIC_ASSERT(offsetof(struct bootinfo, empty) == 40, "BootInfo layout");
STATIC_ASSERT(offsetof(struct bootinfo, extra_pages) == 120, "BootInfo layout");
STATIC_ASSERT(offsetof(struct bootinfo, sched_control) == 152, "BootInfo layout");
STATIC_ASSERT(offsetof(struct bootinfo, untyped_list) == 184, "BootInfo layout");
STATIC_ASSERT(sizeof(struct bootinfo_untyped) == 16, "untyped descriptor size");
STATIC_ASSERT(sizeof(struct bootinfo) == 3864, "BootInfo size");

enum { BOOTINFO_ID_FDT = 6 };

/* Header of a chunk of extra BootInfo; `len` counts it too. */
struct bootinfo_chunk {
    uint64_t id;
    uint64_t len;
};

#endif
