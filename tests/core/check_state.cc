// SPDX-License-Identifier: BSD-2-Clause

#include "tests/core/check_state.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr uint64_t kBase = 0x80000000;
constexpr uint64_t kSize = 64u << 20;
constexpr uint64_t kPage = 4096;
constexpr Word kRootPriority = 100;

[[noreturn]] void die(const std::string &what)
{
    fprintf(stderr, "%s\n", what.c_str());
    abort();
}

} // namespace

Booted::Booted() : ram(kBase, kSize)
{
    boot();
    find_caps();
    call(kRootTcb, ABI_LABEL_TCB_SET_PRIORITY, {kRootPriority}, {kRootTcb});
}

void Booted::boot()
{
    params.machine = &machine;
    params.window = ram.window();
    params.kernel_vspace = kBase + (sizeof(struct kernel) + kPage - 1) / kPage * kPage;
    params.timer_hz = 10000000;
    params.ram_count = 1;
    params.ram[0] = {kBase, kBase + kSize};
    params.reserved_count = 1;
    params.reserved[0] = {kBase, params.kernel_vspace + kPage};
    params.image = {params.kernel_vspace + kPage, params.kernel_vspace + 3 * kPage};
    params.image_offset = params.image.start - 0x10000;
    params.entry = 0x10000;
    params.irq_max = 95;
    k = ram.at<struct kernel>(kBase);
    /* Something that VSpaces must have a copy of. */
    ram.at<Word>(params.kernel_vspace)[511] = 0x200000cf;
    enum boot_status status = kernel_boot(k, &params);
    if (status != BOOT_OK) {
        die(boot_status_text(status));
    }
    root = k->cores[0].current;
    cnode = root->slots[THREAD_CSPACE].cap.slots;
}

void Booted::find_caps()
{
    for (CPtr i = 0; i < 4096; i++) {
        if (cap(i).type == CAP_SCHED_CONTROL && sched_control == 0) {
            sched_control = i;
        }
        if (cap(i).type != CAP_UNTYPED || cap(i).bits > 30) {
            continue;
        }
        CPtr &best = cap(i).device ? device_memory : memory;
        if (best == 0 || cap(i).bits > cap(best).bits) {
            best = i;
        }
    }
}

std::string Booted::check()
{
    scratch_.resize(kernel_check_scratch(k));
    struct check_scratch scratch = {scratch_.data(), scratch_.size()};
    return kernel_check(k, scratch, &failure) ? "ok" : failure.invariant;
}

void Booted::ecall(int64_t number, const std::vector<Word> &a, Word a6)
{
    struct thread *thread = k->cores[0].current;
    for (size_t i = 0; i < a.size(); i++) {
        thread->regs.x[REG_A0 + i] = a[i];
    }
    thread->regs.x[REG_A6] = a6;
    thread->regs.x[REG_A7] = static_cast<Word>(number);
    now += 10;
    machine.now = now;
    kernel_on_syscall(k, 0, now);
    if (check() != "ok") {
        die("after a system call: " + std::string(failure.invariant) + " " + failure.what);
    }
}

void Booted::call(CPtr dest, Word label, const std::vector<Word> &words,
                  const std::vector<CPtr> &caps)
{
    struct thread *thread = k->cores[0].current;
    std::vector<Word> a = {dest, label * 4096 + caps.size() * 128 + words.size()};
    Word *buffer = thread_buffer(k, thread, true);
    for (size_t i = 0; i < words.size(); i++) {
        if (i < ABI_MSG_REGISTERS) {
            a.push_back(words[i]);
        } else {
            buffer[ABI_BUFFER_MSG + i] = words[i];
        }
    }
    for (size_t i = 0; i < caps.size(); i++) {
        buffer[ABI_BUFFER_CAPS + i] = caps[i];
    }
    ecall(ABI_SYS_CALL, a);
    if (k->cores[0].current == thread && thread->regs.x[REG_A1] / 4096 != STATUS_OK) {
        die("invocation " + std::to_string(label) + ": error " +
            std::to_string(thread->regs.x[REG_A1] / 4096));
    }
}

CPtr Booted::free_slot()
{
    CPtr i = ABI_SLOT_DYNAMIC;
    while (cap(i).type != CAP_NULL) {
        i++;
    }
    return i;
}

CPtr Booted::retype(CPtr untyped, Word type, Word size_bits)
{
    CPtr to = free_slot();
    call(untyped, ABI_LABEL_UNTYPED_RETYPE, {type, size_bits, 0, 0, to, 1}, {kRootCNode});
    return to;
}

CPtr Booted::copy(CPtr source, Word rights)
{
    CPtr to = free_slot();
    call(kRootCNode, ABI_LABEL_CNODE_COPY, {to, 64, source, 64, rights}, {kRootCNode});
    return to;
}

CPtr Booted::mint(CPtr source, Word badge, Word rights)
{
    CPtr to = free_slot();
    call(kRootCNode, ABI_LABEL_CNODE_MINT, {to, 64, source, 64, rights, badge}, {kRootCNode});
    return to;
}

void Booted::copy_into(CPtr cspace, Word index, Word depth, CPtr source, bool move)
{
    if (move) {
        call(cspace, ABI_LABEL_CNODE_MOVE, {index, depth, source, 64}, {kRootCNode});
    } else {
        call(cspace, ABI_LABEL_CNODE_COPY, {index, depth, source, 64, ABI_RIGHT_ALL}, {kRootCNode});
    }
}

void Booted::configure(CPtr sc, Word budget_us, Word period_us, Word extra)
{
    call(sched_control, ABI_LABEL_SCHED_CONTROL_CONFIGURE_FLAGS,
         {budget_us, period_us, extra, 0, 0}, {sc});
}

Task Booted::spawn(Word priority, Word budget_us, Word period_us, CPtr fault)
{
    CPtr tcb = make(ABI_OBJECT_TCB);
    CPtr sc = make(ABI_OBJECT_SCHED_CONTEXT, 8);
    configure(sc, budget_us, period_us, 4);
    call(tcb, ABI_LABEL_TCB_CONFIGURE, {0, 0, 0}, {kRootCNode, kRootVSpace, 0});
    call(tcb, ABI_LABEL_TCB_SET_SCHED_PARAMS, {255, priority}, {kRootTcb, sc, fault});
    call(tcb, ABI_LABEL_TCB_RESUME);
    return {tcb, sc, cap(tcb).thread};
}

Rich::Rich()
{
    make_ipc();
    make_chain();
    make_memory();
    make_vspace();
    make_zombies();
    make_time();
}

void Rich::make_ipc()
{
    ep_recv = make(ABI_OBJECT_ENDPOINT);
    ep_send = make(ABI_OBJECT_ENDPOINT);
    ep_fault = make(ABI_OBJECT_ENDPOINT);
    ep_badged = mint(ep_send, 7);
    ep_badged_copy = copy(ep_badged);
    reply_1 = make(ABI_OBJECT_REPLY);
    reply_2 = make(ABI_OBJECT_REPLY);
    reply_unused = make(ABI_OBJECT_REPLY);
    ntfn_wait = make(ABI_OBJECT_NOTIFICATION);
    ntfn_active = make(ABI_OBJECT_NOTIFICATION);
    ntfn_bound = make(ABI_OBJECT_NOTIFICATION);
    ntfn_sc = make(ABI_OBJECT_NOTIFICATION);
    ntfn_irq = make(ABI_OBJECT_NOTIFICATION);

    receiver_2 = spawn(120);
    recv(ep_recv, reply_2);
    receiver_1 = spawn(150);
    recv(ep_recv, reply_1);
    sender_1 = spawn(150);
    call_endpoint(ep_badged);
    sender_2 = spawn(120);
    send(ep_send);
    waiter_1 = spawn(150);
    recv(ntfn_wait);
    waiter_2 = spawn(120);
    recv(ntfn_wait);
    bound = spawn(130);
    recv(ntfn_bound);
    call(kRootTcb, ABI_LABEL_TCB_BIND_NOTIFICATION, {}, {ntfn_sc});
    send(mint(ntfn_active, 5));

    faulted = spawn(150, 1000, 1000, ep_fault);
    now += 10;
    kernel_on_fault(k, 0, now, 13, 0x1234);

    CPtr other = make(ABI_OBJECT_SCHED_CONTEXT, 8);
    call(other, ABI_LABEL_SCHED_CONTEXT_BIND, {}, {ntfn_sc});
    handler = free_slot();
    call(ABI_SLOT_IRQ_CONTROL, ABI_LABEL_IRQ_CONTROL_GET, {5, handler, 64}, {kRootCNode});
    handler_copy = copy(handler);
    for (Word irq : {6, 7}) {
        handler_7 = free_slot();
        call(ABI_SLOT_IRQ_CONTROL, ABI_LABEL_IRQ_CONTROL_GET, {irq, handler_7, 64}, {kRootCNode});
    }
    call(handler, ABI_LABEL_IRQ_HANDLER_SET_NOTIFICATION, {}, {mint(ntfn_irq, 1)});
}

/* Client and proxy have called, the server runs on the client's SC and waits. */
void Rich::make_chain()
{
    CPtr ep_proxy = make(ABI_OBJECT_ENDPOINT);
    CPtr ep_server = make(ABI_OBJECT_ENDPOINT);
    reply_top = make(ABI_OBJECT_REPLY);
    reply_bottom = make(ABI_OBJECT_REPLY);

    server = spawn(140);
    recv(ep_server, reply_top);
    call(server.sc, ABI_LABEL_SCHED_CONTEXT_UNBIND);
    proxy = spawn(140);
    recv(ep_proxy, reply_bottom);
    call(proxy.sc, ABI_LABEL_SCHED_CONTEXT_UNBIND);
    client = spawn(140);
    call_endpoint(ep_proxy);
    call_endpoint(ep_server);
    recv(ntfn_irq);
}

void Rich::make_memory()
{
    inner = make(ABI_OBJECT_UNTYPED, 14);
    inner_child = retype(inner, ABI_OBJECT_UNTYPED, 12);
    inner_frame = retype(inner, ABI_OBJECT_PAGE_4K, 0);
    copy(inner_child);
    device_frame = retype(device_memory, ABI_OBJECT_PAGE_4K, 0);
    small_cnode = make(ABI_OBJECT_CAP_TABLE, 4);
    copy_into(small_cnode, 3, 4, ep_send, false);
    copy(small_cnode);
    lone = make(ABI_OBJECT_UNTYPED, 12);
}

void Rich::make_vspace()
{
    CPtr untyped = make(ABI_OBJECT_UNTYPED, 12);
    pool = free_slot();
    call(ABI_SLOT_ASID_CONTROL, ABI_LABEL_ASID_CONTROL_MAKE_POOL, {pool, 64},
         {untyped, kRootCNode});
    vspace = make(ABI_OBJECT_PAGE_TABLE);
    middle = make(ABI_OBJECT_PAGE_TABLE);
    leaf = make(ABI_OBJECT_PAGE_TABLE);
    unmapped = make(ABI_OBJECT_PAGE_TABLE);
    call(pool, ABI_LABEL_ASID_POOL_ASSIGN, {}, {vspace});
    call(middle, ABI_LABEL_PAGE_TABLE_MAP, {0x40000000, 0}, {vspace});
    call(leaf, ABI_LABEL_PAGE_TABLE_MAP, {0x40000000, 0}, {vspace});
    copy(vspace);
    leaf_copy = copy(leaf);
    pool_copy = copy(pool);
    page_rw = make(ABI_OBJECT_PAGE_4K);
    page_ro = copy(page_rw, ABI_RIGHT_READ);
    page_none = make(ABI_OBJECT_PAGE_4K);
    page_mega = make(ABI_OBJECT_MEGA_PAGE);
    call(page_rw, ABI_LABEL_PAGE_MAP, {0x40000000, ABI_RIGHT_ALL, 0}, {vspace});
    call(page_ro, ABI_LABEL_PAGE_MAP, {0x40001000, ABI_RIGHT_ALL, ABI_VM_EXECUTE_NEVER}, {vspace});
    call(page_none, ABI_LABEL_PAGE_MAP, {0x40002000, 0, ABI_VM_EXECUTE_NEVER}, {vspace});
    call(page_mega, ABI_LABEL_PAGE_MAP, {0x40200000, ABI_RIGHT_READ, 0}, {vspace});
}

/* A CNode that contains the last capability to another is being deleted, and preempted. */
void Rich::make_zombies()
{
    zombie = make(ABI_OBJECT_CAP_TABLE, 2);
    CPtr other = make(ABI_OBJECT_CAP_TABLE, 3);
    zombie_home = cap(other).slots;
    copy_into(other, 5, 3, ep_recv, false);
    copy_into(other, 1, 3, make(ABI_OBJECT_ENDPOINT), true);
    copy_into(zombie, 3, 2, other, true);
    copy_into(zombie, 1, 2, ep_recv, false);
    Task task = spawn(50);
    dying = task.thread;
    copy_into(zombie, 2, 2, task.tcb, true);

    k->work_units_per_poll = 1;
    machine.pending = true;
    for (int i = 0; i < 20 && cap(zombie).left != 2; i++) {
        ecall(ABI_SYS_CALL, {kRootCNode, ABI_LABEL_CNODE_DELETE * 4096 + 2, zombie, 64});
    }
    machine.pending = false;
    k->work_units_per_poll = ABI_WORK_UNITS;
}

/* Threads that are ready or wait for their next refill. In the end the root task waits for a thread
 * that it has yielded to. */
void Rich::make_time()
{
    CPtr ntfn = make(ABI_OBJECT_NOTIFICATION);
    periodic = spawn(160, 1000, 100000);
    now += 3000;
    recv(ntfn);
    released_2 = spawn(160, 1000, 200000);
    yield();
    released_1 = spawn(160, 1000, 50000);
    yield();
    ready_1 = spawn(50, 1000, 50000);
    ready_2 = spawn(50);
    sleeper = spawn(50);
    call(sleeper.tcb, ABI_LABEL_TCB_SUSPEND);
    yielded = spawn(kRootPriority);
    call(yielded.sc, ABI_LABEL_SCHED_CONTEXT_YIELD_TO);
    if (dying->slots[0].cap.type != CAP_ZOMBIE || zombie_home->cap.type != CAP_ZOMBIE) {
        die("the ring is not complete");
    }
    if (k->cores[0].current != yielded.thread || root->yield_to == nullptr) {
        die("the root task has not yielded");
    }
}
