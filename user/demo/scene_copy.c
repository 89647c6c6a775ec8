/* SPDX-License-Identifier: BSD-2-Clause */

/* Scene 7: two processes that do not trust each other move data through the copy server. */
#include "user/demo/demo.h"
#include "user/lib/copy_server.h"
#include "user/lib/port.h"

#define DATA 0x10000000u /* In each client. */

enum {
    PAGES = 8,
    BYTES = PAGES << seL4_PageBits,
    SENDER = 0, /* Client numbers. */
    RECEIVER = 1,
    CLIENTS,
    /* Slots of a client. */
    SLOT_COPY = PROCESS_SLOT_FIRST,
    SLOT_ROOT, /* Endpoint to the root task, which says when to go on. */
    SLOT_PAGES,
};

/* ---- The clients ---- */

/* Tells the root task two numbers and waits until it answers. */
static void report(seL4_Word first, seL4_Word second)
{
    seL4_SetMR(0, first);
    seL4_SetMR(1, second);
    seL4_Call(SLOT_ROOT, seL4_MessageInfo_new(0, 0, 0, 2));
}

static uint64_t lend_all(void)
{
    uint64_t lent = 0;
    for (seL4_Word page = 0; page < PAGES; page++) {
        lent += copy_lend(SLOT_COPY, SLOT_PAGES + page, page) == seL4_NoError;
    }
    return lent;
}

static uint64_t word_of(uint64_t index)
{
    return index * 0x9e3779b97f4a7c15u;
}

static void sender_main(uint64_t argument)
{
    (void)argument;
    for (uint64_t i = 0; i < BYTES / 8; i++) {
        user_store64(DATA + 8 * i, word_of(i));
    }
    uint64_t lent = lend_all();
    report(lent, (seL4_Word)copy_run(SLOT_COPY, RECEIVER, 0, 0, BYTES));
    report((seL4_Word)copy_run(SLOT_COPY, RECEIVER, 0, 0, BYTES), 0);
    for (seL4_Word page = 0; page < PAGES; page++) {
        seL4_CNode_Revoke(PROCESS_SLOT_CNODE, SLOT_PAGES + page, seL4_WordBits);
    }
    report((seL4_Word)copy_run(SLOT_COPY, RECEIVER, 0, 0, BYTES), 0);
    report(0, 0);
}

static void receiver_main(uint64_t argument)
{
    (void)argument;
    report(lend_all(), 0);
    report((seL4_Word)copy_accept(SLOT_COPY, SENDER), 0);
    uint64_t right = 0;
    for (uint64_t i = 0; i < BYTES / 8; i++) {
        right += user_load64(DATA + 8 * i) == word_of(i);
    }
    report(right, 0);
    report(0, 0);
}

/* ---- The root task ---- */

struct copy_scene {
    struct copy_server server;
    struct process clients[CLIENTS];
    seL4_CPtr reports[CLIENTS]; /* One endpoint and Reply object for each, */
    seL4_CPtr replies[CLIENTS]; /* so that each can be kept waiting. */
};

static void listen(const struct copy_scene *s, int client, seL4_Word *first, seL4_Word *second)
{
    seL4_Recv(s->reports[client], seL4_Null, s->replies[client]);
    *first = seL4_GetMR(0);
    *second = seL4_GetMR(1);
}

static void go_on(const struct copy_scene *s, int client)
{
    seL4_Send(s->replies[client], seL4_MessageInfo_new(0, 0, 0, 0));
}

/* Frames for a client: mapped for it, and then given to it for good. */
static bool give_pages(struct demo *d, const struct process *client)
{
    seL4_CPtr frames[PAGES];
    if (!demo_ok(d, space_map_new(&d->scene, &client->space, DATA, PAGES, frames), "pages")) {
        return false;
    }
    for (seL4_Word page = 0; page < PAGES; page++) {
        seL4_Error error = seL4_CNode_Move(client->cnode, SLOT_PAGES + page, PROCESS_CNODE_BITS,
                                           d->alloc.cnode, frames[page], ALLOC_DEPTH);
        if (!demo_ok(d, error, "giving a page")) {
            return false;
        }
    }
    return true;
}

static bool make_client(struct demo *d, struct copy_scene *s, int client, const char *name,
                        void (*entry)(uint64_t))
{
    struct process *process = &s->clients[client];
    struct thread_spec spec = demo_spec(d, name, entry, seL4_Null, 100);
    spec = demo_with_time(spec, 10000, 10000);
    s->reports[client] = demo_object(d, seL4_EndpointObject);
    s->replies[client] = demo_object(d, seL4_ReplyObject);
    return demo_ok(d, process_create(&d->scene, d->info, &spec, process), name) &&
           demo_ok(d,
                   process_grant(&d->scene, process, SLOT_ROOT, s->reports[client], seL4_NoRead, 0),
                   "granting") &&
           demo_ok(d,
                   process_grant(&d->scene, process, SLOT_COPY, s->server.endpoint, seL4_NoRead,
                                 COPY_BADGE + (seL4_Word)client),
                   "granting") &&
           give_pages(d, process) && demo_ok(d, thread_start(&process->thread), name);
}

static void watch(struct demo *d, const struct copy_scene *s)
{
    seL4_Word first;
    seL4_Word second;
    listen(s, RECEIVER, &first, &second);
    demo_claim(d, first == PAGES, "the receiver lends %lu pages to the server", first);
    listen(s, SENDER, &first, &second);
    demo_claim(d, first == PAGES, "the sender lends %lu pages to the server", first);
    demo_claim(d, second == seL4_IllegalOperation,
               "it cannot write to the receiver, which has not agreed");
    go_on(s, RECEIVER);
    listen(s, RECEIVER, &first, &second);
    demo_claim(d, first == seL4_NoError, "the receiver agrees");
    go_on(s, SENDER);
    listen(s, SENDER, &first, &second);
    demo_claim(d, first == seL4_NoError, "now one call moves %lu bytes", (seL4_Word)BYTES);
    go_on(s, RECEIVER);
    listen(s, RECEIVER, &first, &second);
    demo_claim(d, first == BYTES / 8, "the receiver finds all %lu words right", first);
    go_on(s, SENDER);
    listen(s, SENDER, &first, &second);
    demo_claim(d, first == seL4_RangeError, "the sender takes its pages back; the server sees it");
}

void scene_copy(struct demo *d)
{
    struct copy_scene s;
    struct thread_spec spec = demo_spec(d, "copy server", seL4_Null, seL4_Null, 120);
    spec = demo_with_time(spec, 5000, 5000);
    demo_say("  The copy server, sender and receiver are processes of their own.");
    if (!demo_ok(d, copy_server_start(&d->scene, d->info, &spec, &s.server), "the copy server") ||
        !make_client(d, &s, SENDER, "sender", sender_main) ||
        !make_client(d, &s, RECEIVER, "receiver", receiver_main)) {
        return;
    }
    watch(d, &s);
}
