/* SPDX-License-Identifier: BSD-2-Clause */

/* Interrupts, docs/abi/10, by the board's serial port: with nothing to send, it asks for attention
 * as soon as that is turned on. Nothing is sent, and the console can go on using the port.
 *
 * Boards differ in when an interrupt is complete. Scenarios therefore let the port be quiet again
 * before they acknowledge, and expect no second interrupt without an acknowledgement, nor its
 * absence.
 */
#include "abi/api.h"
#include "tests/conformance/conformance.h"
#include "user/lib/port.h"
#include "user/lib/serial.h"

#define WINDOW ((uint64_t)CONF_WINDOW)

enum { IRQ_BADGE = 4, OTHER_BADGE = 2, ROUNDS = 3 };
enum { PATIENCE_US = 10000, STEP_US = 50, QUIET_US = 2000 };

struct line {
    struct serial port;
    seL4_Word irq;
    seL4_IRQHandler handler;
    seL4_CPtr ntfn;
};

static struct serial serial_at(const struct devices_serial *found)
{
    return (struct serial){
        .kind = found->kind,
        .base = WINDOW + found->paddr % USER_PAGE_SIZE,
        .reg_shift = found->reg_shift,
        .reg_width = found->reg_width,
    };
}

/* The port, mapped and quiet, its interrupt not yet taken. */
static bool find_port(struct conf *c, struct line *line)
{
    const struct devices_serial *found = &c->console.devices.serial;
    line->port = serial_at(found);
    line->irq = found->irq;
    line->handler = conf_slot(c);
    line->ntfn = conf_object(c, seL4_NotificationObject, 0);
    if (!CHECK(c, found->kind != SERIAL_NONE) || !CHECK(c, found->irq != 0)) {
        return false;
    }
    seL4_CPtr frame = conf_mint(c, console_frame(&c->console, found->paddr), seL4_AllRights, 0);
    if (!CHECK(c, space_map(&c->scene, &c->space, frame, WINDOW, seL4_ReadWrite) == seL4_NoError)) {
        return false;
    }
    serial_init(&line->port);
    serial_drain(&line->port);
    return true;
}

static seL4_Error get(const struct conf *c, seL4_Word irq, seL4_CPtr slot)
{
    return seL4_IRQControl_Get(seL4_CapIRQControl, irq, c->alloc.cnode, slot, ALLOC_DEPTH);
}

static seL4_Error remove_cap(const struct conf *c, seL4_CPtr cap)
{
    return seL4_CNode_Delete(c->alloc.cnode, cap, ALLOC_DEPTH);
}

/* With its interrupt, which signals the line's notification. */
static bool set_up(struct conf *c, struct line *line)
{
    return find_port(c, line) && CHECK(c, get(c, line->irq, line->handler) == seL4_NoError) &&
           CHECK(c, seL4_IRQHandler_SetNotification(
                        line->handler, conf_mint(c, line->ntfn, seL4_CanWrite, IRQ_BADGE)) ==
                        seL4_NoError);
}

static void assert_line(const struct line *line)
{
    serial_interrupts(&line->port, SERIAL_SENT);
}

/* Sees what there is, and lets the port be quiet. */
static bool hush(const struct line *line)
{
    uint32_t events = serial_events(&line->port);
    serial_interrupts(&line->port, 0);
    return events == SERIAL_SENT;
}

static bool serve(const struct line *line)
{
    return hush(line) && seL4_IRQHandler_Ack(line->handler) == seL4_NoError;
}

/* The badge of a signal; 0 if none comes. */
static seL4_Word await(seL4_CPtr ntfn)
{
    seL4_Word badge = conf_nb_wait(ntfn).a0;
    for (uint32_t us = 0; badge == 0 && us < PATIENCE_US; us += STEP_US) {
        user_work_us(STEP_US);
        badge = conf_nb_wait(ntfn).a0;
    }
    return badge;
}

static bool stays_quiet(seL4_CPtr ntfn)
{
    user_work_us(QUIET_US);
    return conf_nb_wait(ntfn).a0 == 0;
}

/* Turns the port on: the interrupt comes, and is served. */
static void expect_interrupt(struct conf *c, const struct line *line)
{
    assert_line(line);
    CHECK(c, await(line->ntfn) == IRQ_BADGE);
    CHECK(c, serve(line));
    conf_nb_wait(line->ntfn); /* It may have come twice. */
}

/* ---- Capabilities ---- */

static void get_errors(struct conf *c)
{
    struct line line;
    REQUIRE(c, find_port(c, &line));
    const seL4_Word label = ABI_LABEL_IRQ_CONTROL_GET;
    seL4_Word words[] = {line.irq, line.handler, ALLOC_DEPTH};
    seL4_CPtr root = c->alloc.cnode;
    CHECK(c, albireo_invoke(seL4_CapIRQControl, label + 1, 3, words, 1, &root, 0) ==
                 seL4_IllegalOperation);
    CHECK(c, albireo_invoke(seL4_CapIRQControl, label, 2, words, 1, &root, 0) ==
                 seL4_TruncatedMessage);
    CHECK(c, albireo_invoke(seL4_CapIRQControl, label, 3, words, 0, &root, 0) ==
                 seL4_TruncatedMessage);
    CHECK(c, get(c, 0, c->park) == seL4_RangeError);
    seL4_Word highest = seL4_GetMR(1);
    CHECK(c, seL4_GetMR(0) == 1 && highest > line.irq);
    CHECK(c, get(c, highest + 1, c->park) == seL4_RangeError);
    CHECK(c, seL4_GetMR(0) == 1 && seL4_GetMR(1) == highest);
    CHECK(c, get(c, UINT64_MAX, c->park) == seL4_RangeError);
    CHECK(c, seL4_IRQControl_Get(seL4_CapIRQControl, line.irq, c->park, line.handler,
                                 ALLOC_DEPTH) == seL4_FailedLookup);
    CHECK(c, get(c, line.irq, c->park) == seL4_DeleteFirst);
    CHECK(c, get(c, line.irq, line.handler) == seL4_NoError);
    CHECK(c, get(c, line.irq, c->park) == seL4_RevokeFirst);
}

static void timer_is_the_kernels(struct conf *c)
{
    CHECK(c, get(c, 0, conf_slot(c)) == seL4_RangeError);
    seL4_Word highest = seL4_GetMR(1);
    CHECK(c, get(c, highest, conf_slot(c)) == seL4_RevokeFirst);
}

static void get_trigger(struct conf *c)
{
    struct line line;
    REQUIRE(c, find_port(c, &line));
    seL4_Word words[] = {line.irq, 0, line.handler, ALLOC_DEPTH};
    seL4_CPtr root = c->alloc.cnode;
    CHECK(c, albireo_invoke(seL4_CapIRQControl, ABI_LABEL_IRQ_CONTROL_GET_TRIGGER, 3, words, 1,
                            &root, 0) == seL4_TruncatedMessage);
    CHECK(c, seL4_IRQControl_GetTrigger(seL4_CapIRQControl, 0, 0, root, line.handler,
                                        ALLOC_DEPTH) == seL4_RangeError);
    CHECK(c, seL4_IRQControl_GetTrigger(seL4_CapIRQControl, line.irq, 0, root, c->park,
                                        ALLOC_DEPTH) == seL4_DeleteFirst);
    CHECK(c, seL4_IRQControl_GetTrigger(seL4_CapIRQControl, line.irq, 0, root, line.handler,
                                        ALLOC_DEPTH) == seL4_NoError);
    CHECK(c, seL4_IRQControl_GetTrigger(seL4_CapIRQControl, line.irq, 1, root, c->park,
                                        ALLOC_DEPTH) == seL4_RevokeFirst);
    CHECK(c, seL4_IRQHandler_SetNotification(
                 line.handler, conf_mint(c, line.ntfn, seL4_CanWrite, IRQ_BADGE)) == seL4_NoError);
    expect_interrupt(c, &line);
}

static void control_is_not_copied(struct conf *c)
{
    seL4_CPtr slot = conf_slot(c);
    seL4_CNode root = c->alloc.cnode;
    CHECK(c, seL4_CNode_Copy(root, slot, ALLOC_DEPTH, root, seL4_CapIRQControl, ALLOC_DEPTH,
                             seL4_AllRights) == seL4_IllegalOperation);
    CHECK(c, seL4_CNode_Move(root, slot, ALLOC_DEPTH, root, seL4_CapIRQControl, ALLOC_DEPTH) ==
                 seL4_NoError);
    CHECK(c, seL4_IRQControl_Get(slot, 0, root, slot, ALLOC_DEPTH) == seL4_RangeError);
    CHECK(c, seL4_CNode_Move(root, seL4_CapIRQControl, ALLOC_DEPTH, root, slot, ALLOC_DEPTH) ==
                 seL4_NoError);
}

static void handler_errors(struct conf *c)
{
    struct line line;
    REQUIRE(c, find_port(c, &line));
    CHECK(c, get(c, line.irq, line.handler) == seL4_NoError);
    CHECK(c, albireo_invoke(line.handler, ABI_LABEL_IRQ_CONTROL_GET, 0, seL4_Null, 0, seL4_Null,
                            0) == seL4_IllegalOperation);
    CHECK(c, albireo_invoke(line.handler, ABI_LABEL_IRQ_HANDLER_SET_NOTIFICATION, 0, seL4_Null, 0,
                            seL4_Null, 0) == seL4_TruncatedMessage);
    CHECK(c, seL4_IRQHandler_SetNotification(
                 line.handler, conf_object(c, seL4_EndpointObject, 0)) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 0);
    CHECK(c, seL4_IRQHandler_SetNotification(
                 line.handler, conf_mint(c, line.ntfn, seL4_CanRead, 0)) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 0);
    CHECK(c, seL4_IRQHandler_Clear(line.handler) == seL4_NoError);
    CHECK(c, seL4_IRQHandler_Ack(line.handler) == seL4_NoError);
}

static void last_handler_frees_the_number(struct conf *c)
{
    struct line line;
    REQUIRE(c, set_up(c, &line));
    seL4_CPtr copy = conf_mint(c, line.handler, seL4_AllRights, 0);
    seL4_CPtr slot = conf_slot(c);
    CHECK(c, remove_cap(c, line.handler) == seL4_NoError);
    CHECK(c, get(c, line.irq, slot) == seL4_RevokeFirst);
    line.handler = copy;
    expect_interrupt(c, &line);
    CHECK(c, remove_cap(c, copy) == seL4_NoError);
    CHECK(c, get(c, line.irq, slot) == seL4_NoError);
    line.handler = slot;
    CHECK(c, seL4_IRQHandler_SetNotification(
                 slot, conf_mint(c, line.ntfn, seL4_CanWrite, IRQ_BADGE)) == seL4_NoError);
    expect_interrupt(c, &line);
}

static void revoking_control_takes_handlers(struct conf *c)
{
    struct line line;
    REQUIRE(c, set_up(c, &line));
    CHECK(c, seL4_CNode_Revoke(c->alloc.cnode, seL4_CapIRQControl, ALLOC_DEPTH) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, line.handler));
    CHECK(c, get(c, line.irq, line.handler) == seL4_NoError);
}

/* ---- Signals ---- */

static void interrupt_is_a_signal(struct conf *c)
{
    struct line line;
    REQUIRE(c, set_up(c, &line));
    CHECK(c, stays_quiet(line.ntfn));
    for (uint32_t i = 0; i < ROUNDS; i++) {
        expect_interrupt(c, &line);
    }
    CHECK(c, stays_quiet(line.ntfn));
}

static void interrupt_merges_with_signals(struct conf *c)
{
    struct line line;
    REQUIRE(c, set_up(c, &line));
    seL4_CPtr other = conf_mint(c, line.ntfn, seL4_CanWrite, OTHER_BADGE);
    seL4_Signal(other);
    assert_line(&line);
    user_work_us(QUIET_US);
    seL4_Signal(other);
    CHECK(c, conf_nb_wait(line.ntfn).a0 == (IRQ_BADGE | OTHER_BADGE));
    CHECK(c, serve(&line));
}

static void none_without_handler(struct conf *c)
{
    struct line line;
    REQUIRE(c, set_up(c, &line));
    CHECK(c, remove_cap(c, line.handler) == seL4_NoError);
    assert_line(&line);
    CHECK(c, stays_quiet(line.ntfn));
    CHECK(c, hush(&line));
}

/* An interrupt that comes now is lost; but it may have to be acknowledged all the same before there
 * is another one. That may come at once: the kernel's message about the lost one may have gone
 * through the same port. */
static void lose_one_and_go_on(struct conf *c, const struct line *line)
{
    assert_line(line);
    CHECK(c, stays_quiet(line->ntfn));
    CHECK(c, hush(line));
    CHECK(c, seL4_IRQHandler_SetNotification(line->handler, conf_mint(c, line->ntfn, seL4_CanWrite,
                                                                      IRQ_BADGE)) == seL4_NoError);
    CHECK(c, stays_quiet(line->ntfn));
    CHECK(c, seL4_IRQHandler_Ack(line->handler) == seL4_NoError);
    if (conf_nb_wait(line->ntfn).a0 != 0) {
        CHECK(c, seL4_IRQHandler_Ack(line->handler) == seL4_NoError);
    }
    expect_interrupt(c, line);
}

static void none_without_notification(struct conf *c)
{
    struct line line;
    REQUIRE(c, find_port(c, &line));
    CHECK(c, get(c, line.irq, line.handler) == seL4_NoError);
    lose_one_and_go_on(c, &line);
}

static void none_after_clear(struct conf *c)
{
    struct line line;
    REQUIRE(c, set_up(c, &line));
    expect_interrupt(c, &line);
    CHECK(c, seL4_IRQHandler_Clear(line.handler) == seL4_NoError);
    lose_one_and_go_on(c, &line);
}

static void second_notification_replaces_the_first(struct conf *c)
{
    struct line line;
    REQUIRE(c, set_up(c, &line));
    seL4_CPtr first = line.ntfn;
    line.ntfn = conf_object(c, seL4_NotificationObject, 0);
    CHECK(c, seL4_IRQHandler_SetNotification(
                 line.handler, conf_mint(c, line.ntfn, seL4_CanWrite, IRQ_BADGE)) == seL4_NoError);
    expect_interrupt(c, &line);
    CHECK(c, conf_nb_wait(first).a0 == 0);
}

static void revoked_notification_is_gone(struct conf *c)
{
    struct line line;
    REQUIRE(c, set_up(c, &line));
    CHECK(c, seL4_CNode_Revoke(c->alloc.cnode, line.ntfn, ALLOC_DEPTH) == seL4_NoError);
    assert_line(&line);
    CHECK(c, stays_quiet(line.ntfn));
    CHECK(c, serve(&line));
}

/* ---- Threads ---- */

static void interrupt_wakes_a_higher_thread(struct conf *c)
{
    struct line line;
    REQUIRE(c, set_up(c, &line));
    PEER(c, driver, PEER_ABOVE);
    peer_wait(driver, line.ntfn);
    CHECK(c, !driver->done);
    assert_line(&line);
    user_work_us(QUIET_US); /* No system call of ours. */
    CHECK(c, driver->done && driver->regs.a0 == IRQ_BADGE);
    CHECK(c, serve(&line));
}

static void interrupt_leaves_a_lower_thread_waiting(struct conf *c)
{
    struct line line;
    REQUIRE(c, set_up(c, &line));
    PEER(c, driver, PEER_BELOW);
    peer_wait(driver, line.ntfn);
    conf_settle();
    assert_line(&line);
    user_work_us(QUIET_US);
    CHECK(c, !driver->done);
    conf_settle();
    CHECK(c, driver->done && driver->regs.a0 == IRQ_BADGE);
    CHECK(c, serve(&line));
}

static void interrupt_comes_at_an_endpoint(struct conf *c)
{
    struct line line;
    REQUIRE(c, set_up(c, &line));
    PEER(c, driver, PEER_ABOVE);
    struct pair ep = conf_pair(c);
    CHECK(c, seL4_TCB_BindNotification(driver->thread.tcb, line.ntfn) == seL4_NoError);
    peer_recv(driver, ep.ep, c->reply);
    assert_line(&line);
    user_work_us(QUIET_US);
    CHECK(c, driver->done && driver->regs.a0 == IRQ_BADGE);
    CHECK(c, serve(&line));
}

static void passive_driver_runs_on_the_notifications_time(struct conf *c)
{
    struct line line;
    REQUIRE(c, set_up(c, &line));
    PEER(c, driver, PEER_ABOVE);
    peer_wait(driver, line.ntfn);
    CHECK(c, seL4_SchedContext_Unbind(driver->thread.sc) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(driver->thread.sc, line.ntfn) == seL4_NoError);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        assert_line(&line);
        user_work_us(QUIET_US);
        CHECK(c, driver->done && driver->regs.a0 == IRQ_BADGE);
        CHECK(c, serve(&line));
        CHECK(c, stays_quiet(line.ntfn));
        peer_wait(driver, line.ntfn);
    }
}

static void passive_driver_without_time_misses_nothing(struct conf *c)
{
    struct line line;
    REQUIRE(c, set_up(c, &line));
    PEER(c, driver, PEER_ABOVE);
    peer_wait(driver, line.ntfn);
    CHECK(c, seL4_SchedContext_Unbind(driver->thread.sc) == seL4_NoError);
    assert_line(&line);
    user_work_us(QUIET_US);
    CHECK(c, !driver->done);
    CHECK(c, seL4_SchedContext_Bind(driver->thread.sc, driver->thread.tcb) == seL4_NoError);
    CHECK(c, driver->done && driver->regs.a0 == IRQ_BADGE);
    CHECK(c, serve(&line));
}

/* The kernel's own capability keeps the notification alive. */
static void notification_lives_as_long_as_it_is_installed(struct conf *c)
{
    struct line line;
    REQUIRE(c, find_port(c, &line));
    CHECK(c, get(c, line.irq, line.handler) == seL4_NoError);
    CHECK(c, seL4_IRQHandler_SetNotification(line.handler, line.ntfn) == seL4_NoError);
    PEER(c, driver, PEER_ABOVE);
    peer_wait(driver, line.ntfn);
    CHECK(c, remove_cap(c, line.ntfn) == seL4_NoError);
    CHECK(c, !driver->done);
    assert_line(&line);
    user_work_us(QUIET_US);
    CHECK(c, driver->done);
    CHECK(c, serve(&line));
}

/* ---- A driver that has nothing but the port ---- */

enum { SLOT_NTFN = PROCESS_SLOT_FIRST, SLOT_HANDLER, SLOT_DONE };

/* The process cannot see our memory, so what it must know is in one word. */
static uint64_t pack(const struct devices_serial *found)
{
    return (uint64_t)found->kind | found->reg_shift << 8 | found->reg_width << 16 |
           (found->paddr % USER_PAGE_SIZE) << 32;
}

static struct devices_serial unpack(uint64_t word)
{
    return (struct devices_serial){
        .kind = (enum serial_kind)(word & 0xff),
        .paddr = word >> 32,
        .reg_shift = (uint32_t)(word >> 8) & 0xff,
        .reg_width = (uint32_t)(word >> 16) & 0xff,
    };
}

/* Says at last how often the port had a reason. */
static void driver_main(uint64_t argument)
{
    struct devices_serial found = unpack(argument);
    struct line line = {.port = serial_at(&found), .handler = SLOT_HANDLER, .ntfn = SLOT_NTFN};
    seL4_Word served = 0;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        assert_line(&line);
        seL4_Wait(line.ntfn, seL4_Null);
        served += serve(&line) ? 1 : 0;
    }
    seL4_SendWithMRs(SLOT_DONE, seL4_MessageInfo_new(0, 0, 0, 1), &served, seL4_Null, seL4_Null,
                     seL4_Null);
    seL4_Wait(line.ntfn, seL4_Null);
}

/* The number of interrupts that a driver in a process of its own has served. */
static void driver_in_a_process(struct conf *c)
{
    struct line line;
    struct process process;
    struct pair done = conf_pair(c);
    const struct devices_serial *found = &c->console.devices.serial;
    REQUIRE(c, set_up(c, &line));
    struct thread_spec spec = conf_with_time(
        conf_spec(c, "driver", driver_main, seL4_Null, PEER_ABOVE), PEER_SLICE, PEER_SLICE);
    spec.argument = pack(found);
    REQUIRE(c, process_create(&c->scene, c->info, &spec, &process) == seL4_NoError);
    seL4_CPtr frame = conf_mint(c, console_frame(&c->console, found->paddr), seL4_AllRights, 0);
    CHECK(c, space_map(&c->scene, &process.space, frame, WINDOW, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, process_grant(&c->scene, &process, SLOT_NTFN, line.ntfn, seL4_CanRead, 0) ==
                 seL4_NoError);
    CHECK(c, process_grant(&c->scene, &process, SLOT_HANDLER, line.handler, seL4_AllRights, 0) ==
                 seL4_NoError);
    CHECK(c, process_grant(&c->scene, &process, SLOT_DONE, done.badged, seL4_CanWrite, 0) ==
                 seL4_NoError);
    REQUIRE(c, thread_start(&process.thread) == seL4_NoError);
    user_work_us(PATIENCE_US);
    struct albireo_trap message = conf_nb_recv(done.ep, c->reply);
    CHECK(c, message.a0 == BADGE && message.a2 == ROUNDS);
    serial_interrupts(&line.port, 0);
}

static const struct scenario scenarios[] = {
    {"Get makes its checks in order", get_errors},
    {"the timer's interrupt is the kernel's", timer_is_the_kernels},
    {"GetTrigger is like Get", get_trigger},
    {"the control of interrupts is moved, not copied", control_is_not_copied},
    {"a handler makes its checks", handler_errors},
    {"the last handler deleted frees the number", last_handler_frees_the_number},
    {"revoking the control takes the handlers", revoking_control_takes_handlers},
    {"an interrupt is a signal, again after each Ack", interrupt_is_a_signal},
    {"an interrupt's badge merges with others", interrupt_merges_with_signals},
    {"no interrupts come without a handler", none_without_handler},
    {"interrupts without notification are lost", none_without_notification},
    {"no interrupts come after Clear", none_after_clear},
    {"a second notification replaces the first", second_notification_replaces_the_first},
    {"a revoked notification gets no interrupts", revoked_notification_is_gone},
    {"an interrupt lets a higher thread run at once", interrupt_wakes_a_higher_thread},
    {"an interrupt leaves a lower thread waiting", interrupt_leaves_a_lower_thread_waiting},
    {"a bound notification brings interrupts to an endpoint", interrupt_comes_at_an_endpoint},
    {"a passive driver runs on the notification's time",
     passive_driver_runs_on_the_notifications_time},
    {"a driver without time gets its interrupt later", passive_driver_without_time_misses_nothing},
    {"an installed notification lives without other capabilities",
     notification_lives_as_long_as_it_is_installed},
    {"a driver in its own process serves the port", driver_in_a_process},
};

const struct group conf_interrupt = {"interrupt", scenarios, sizeof scenarios / sizeof *scenarios};
