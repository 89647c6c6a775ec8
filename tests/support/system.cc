/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/system.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "tests/support/recorder.h"

namespace albireo {

namespace {

/* Words of the BootInfo frame, docs/abi/11 section 11.7. */
enum {
    BOOTINFO_EMPTY_START = 5,
    BOOTINFO_EMPTY_END = 6,
    BOOTINFO_SCHED_CONTROL = 19,
    BOOTINFO_UNTYPED_START = 21,
    BOOTINFO_UNTYPED_END = 22,
    BOOTINFO_UNTYPED_LIST = 23,
};

constexpr Word kBufferArea = 0x20000000; /* Where buffers of spawned threads are said to be. */

void *ram(struct sim *sim, Word paddr, Word size)
{
    void *at = sim_ram(sim, paddr, size);
    if (at == nullptr) {
        std::abort();
    }
    return at;
}

std::string text_of(const struct sim *sim, enum sim_dump_detail detail)
{
    char *text = nullptr;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    sim_dump(sim, file, detail);
    std::fclose(file);
    std::string result(text, size);
    std::free(text);
    return result;
}

std::vector<std::string> lines_of(const std::string &text)
{
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
    }
    return lines;
}

/* The lines that only one of the two has, as sets: enough to see what changed. */
std::string difference(const std::string &before, const std::string &after)
{
    std::vector<std::string> a = lines_of(before);
    std::vector<std::string> b = lines_of(after);
    std::string out;
    for (const std::string &line : a) {
        if (std::find(b.begin(), b.end(), line) == b.end()) {
            out += "- " + line + "\n";
        }
    }
    for (const std::string &line : b) {
        if (std::find(a.begin(), a.end(), line) == a.end()) {
            out += "+ " + line + "\n";
        }
    }
    return out.empty() ? "(the same lines in another order)\n" : out;
}

Word info_word(Word label, size_t length, size_t caps)
{
    return label << 12 | static_cast<Word>(caps) << 7 | static_cast<Word>(length);
}

} // namespace

/* --- Construction ----------------------------------------------------------------------------- */

System::System(const SystemOptions &options)
{
    struct sim_config config;
    sim_config_default(&config);
    sim_config_memory(&config, options.memory);
    config.irq_complete_at_claim = options.complete_at_claim;
    config.check_every = options.checks ? 1 : 0;
    config.start_time = options.start_time;
    config.ticks_per_us = options.ticks_per_us;
    config.root_cnode_bits = options.root_cnode_bits;
    config.boot_slice_ms = options.boot_slice_ms;
    config.dtb = options.dtb.empty() ? nullptr : options.dtb.data();
    config.dtb_size = options.dtb.size();
    if (options.configure) {
        options.configure(config);
    }
    struct sim_error error;
    sim_ = sim_create(&config, &error);
    if (sim_ == nullptr) {
        /* Nothing in a test makes sense without a system. */
        std::fprintf(stderr, "System: %s\n", error.text);
        std::abort();
    }
    recorder_ = TraceRecorder::create(sim_);
    counted_ = std::make_unique<struct counters>();
    root_.tcb = kTcb;
    root_.sc = kSchedContext;
    root_.buffer = kBuffer;
    root_.object = current();
    root_.system = this;
    bootinfo_ = static_cast<const Word *>(ram(sim_, cap_at(ABI_SLOT_BOOTINFO_FRAME).paddr, 4096));
    next_slot_ = bootinfo_[BOOTINFO_EMPTY_START];
    end_slot_ = bootinfo_[BOOTINFO_EMPTY_END];
    find_untypeds();
    if (options.root_priority != ABI_MAX_PRIO) {
        EXPECT_OK(TCB_SetPriority(kTcb, kTcb, options.root_priority));
    }
}

System::~System()
{
    account();
    recorder_.reset();
    sim_destroy(sim_);
}

/* The largest of each kind. */
void System::find_untypeds()
{
    Word best[2] = {0, 0};
    for (Word slot = bootinfo_[BOOTINFO_UNTYPED_START]; slot < bootinfo_[BOOTINFO_UNTYPED_END];
         slot++) {
        const struct cap &cap = cap_at(slot);
        Word &bits = best[cap.device ? 1 : 0];
        if (cap.type == CAP_UNTYPED && cap.bits > bits) {
            bits = cap.bits;
            (cap.device ? device_untyped_ : ram_untyped_) = slot;
        }
    }
}

void System::account()
{
    const struct counters &now = kernel()->counters;
    CountersTable::add(now, *counted_);
    *counted_ = now;
}

void System::after_event()
{
    if (sim_status(sim_) == SIM_PANICKED && !panic_expected_ && !reported_) {
        reported_ = true;
        ADD_FAILURE() << "kernel panic: " << sim_message(sim_) << "\n" << dump();
    }
}

/* --- Slots and objects ------------------------------------------------------------------------ */

CPtr System::alloc_slots(size_t count)
{
    CPtr first = next_slot_;
    if (count > end_slot_ - next_slot_) {
        ADD_FAILURE() << "the root CNode is full";
        return 0;
    }
    next_slot_ += count;
    return first;
}

CPtr System::alloc_slot()
{
    return alloc_slots(1);
}

CPtr System::make(Word type, Word size_bits)
{
    CPtr slot = alloc_slot();
    Reply reply = retype(ram_untyped_, type, size_bits, slot);
    if (!reply.ok()) {
        ADD_FAILURE() << "make(" << type << ", " << size_bits << "): " << error_name(reply.label)
                      << ", by " << thread_name(current());
        return 0;
    }
    return slot;
}

CPtr System::untyped(Word bits)
{
    return make(ABI_OBJECT_UNTYPED, bits);
}

CPtr System::device_untyped(Word bits)
{
    CPtr slot = alloc_slot();
    EXPECT_OK(retype(device_untyped_, ABI_OBJECT_UNTYPED, bits, slot));
    return slot;
}

CPtr System::sched_control(Word core) const
{
    return bootinfo_[BOOTINFO_SCHED_CONTROL] + core;
}

CPtr System::make_sc(Word budget_us, Word period_us, Word extra_refills, Word badge, Word flags,
                     Word size_bits)
{
    CPtr sc = make(ABI_OBJECT_SCHED_CONTEXT, size_bits);
    EXPECT_OK(SchedControl_ConfigureFlags(sched_control(), sc, budget_us, period_us, extra_refills,
                                          badge, flags));
    return sc;
}

CPtr System::copy(CPtr source, Word rights)
{
    CPtr slot = alloc_slot();
    EXPECT_OK(CNode_Copy(kCNode, slot, 64, kCNode, source, 64, rights));
    return slot;
}

CPtr System::mint(CPtr source, Word badge, Word rights)
{
    CPtr slot = alloc_slot();
    EXPECT_OK(CNode_Mint(kCNode, slot, 64, kCNode, source, 64, rights, badge));
    return slot;
}

struct slot *System::slot_at(CPtr cptr) const
{
    struct slot *slot = nullptr;
    struct lookup_failure failure;
    return cspace_lookup(root_.object, cptr, &slot, &failure) ? slot : nullptr;
}

const struct cap &System::cap_at(CPtr cptr) const
{
    static const struct cap none = {};
    const struct slot *slot = slot_at(cptr);
    return slot == nullptr ? none : slot->cap;
}

struct thread *System::thread_of(CPtr cptr) const
{
    const struct cap &cap = cap_at(cptr);
    return cap.type == CAP_TCB ? cap.thread : nullptr;
}

struct sched_context *System::sc_of(CPtr cptr) const
{
    const struct cap &cap = cap_at(cptr);
    return cap.type == CAP_SCHED_CONTEXT ? cap.sc : nullptr;
}

struct endpoint *System::endpoint_of(CPtr cptr) const
{
    const struct cap &cap = cap_at(cptr);
    return cap.type == CAP_ENDPOINT ? cap.endpoint : nullptr;
}

struct ntfn *System::ntfn_of(CPtr cptr) const
{
    const struct cap &cap = cap_at(cptr);
    return cap.type == CAP_NOTIFICATION ? cap.ntfn : nullptr;
}

struct reply *System::reply_of(CPtr cptr) const
{
    const struct cap &cap = cap_at(cptr);
    return cap.type == CAP_REPLY ? cap.reply : nullptr;
}

/* --- Threads ---------------------------------------------------------------------------------- */

Thread System::spawn(const ThreadOptions &o)
{
    Thread t;
    t.system = this;
    t.tcb = make(ABI_OBJECT_TCB);
    t.object = thread_of(t.tcb);
    if (t.object == nullptr) {
        ADD_FAILURE() << "spawn: no TCB";
        return root_; /* Something that can be looked at without a crash. */
    }
    Word number = ++spawned_;
    Word buffer_vaddr = 0;
    if (o.with_buffer) {
        CPtr frame = make(ABI_OBJECT_PAGE_4K);
        t.buffer = (o.buffer_rights & 3) == 3 ? frame : copy(frame, o.buffer_rights);
        buffer_vaddr = kBufferArea + number * 4096;
    }
    EXPECT_OK(TCB_Configure(t.tcb, o.cspace, o.cspace_data, o.vspace, 0, buffer_vaddr, t.buffer));
    if (!o.passive) {
        t.sc = make_sc(o.budget_us, o.period_us, o.extra_refills, o.sc_badge,
                       o.sporadic ? ABI_SC_SPORADIC : 0, o.extra_refills > 8 ? 12 : 8);
    }
    EXPECT_OK(TCB_SetSchedParams(t.tcb, kTcb, o.mcp, o.priority, t.sc, o.fault_ep));
    if (o.timeout_ep != 0) {
        EXPECT_OK(TCB_SetTimeoutEndpoint(t.tcb, o.timeout_ep));
    }
    Word pc = o.pc != 0 ? o.pc : SIM_IMAGE_VADDR + 0x100 + 16 * number;
    EXPECT_OK(write_registers(t.tcb, false, {pc}));
    if (CONFIG_DEBUG && recorder_ == nullptr) { /* A replay has no such hand. */
        std::snprintf(t.object->name, sizeof t.object->name, "thread %u",
                      static_cast<unsigned>(number));
    }
    if (o.start) {
        TCB_Resume(t.tcb); /* May switch to it, so the answer may come later. */
    }
    return t;
}

Word *Thread::buffer_words() const
{
    return system->buffer_of(object);
}

Reply Thread::message() const
{
    return system->message_of(object);
}

void System::switch_to(const Thread &thread)
{
    if (is_current(thread)) {
        return;
    }
    SchedContext_YieldTo(thread.sc);
    EXPECT_CURRENT(*this, thread);
}

void System::park()
{
    if (park_ == 0) {
        park_ = make(ABI_OBJECT_NOTIFICATION);
    }
    wait(park_);
}

void System::unpark()
{
    signal(park_);
}

/* --- System calls ----------------------------------------------------------------------------- */

/* The current thread's ecall, repeated as often as the kernel has it repeated. */
bool System::syscall()
{
    struct thread *caller = current();
    Word pc = caller->regs.pc;
    sim_syscall(sim_);
    after_event();
    while (auto_restart && alive() && current() == caller && caller->regs.pc == pc) {
        restarts++;
        sim_syscall(sim_);
        after_event();
    }
    return alive() && current() == caller && caller->regs.pc == pc + 4;
}

bool System::ecall(int64_t number, const std::vector<Word> &a, const Word *t0)
{
    if (!alive() || is_idle()) {
        ADD_FAILURE() << "a system call, but nobody runs";
        return false;
    }
    struct regs &regs = current()->regs;
    /* A scripted thread's code is straight on; it jumps back before it gets to native code. */
    if (regs.pc - SIM_IMAGE_VADDR >= SIM_IMAGE_SIZE / 2 &&
        regs.pc - SIM_IMAGE_VADDR < SIM_IMAGE_SIZE) {
        regs.pc = SIM_IMAGE_VADDR;
    }
    regs.x[REG_A7] = static_cast<Word>(number);
    for (size_t i = 0; i < a.size() && i < 7; i++) {
        regs.x[REG_A0 + i] = a[i];
    }
    if (t0 != nullptr) {
        regs.x[REG_T0] = *t0;
    }
    return syscall();
}

bool System::refire()
{
    return alive() && !is_idle() && syscall();
}

Word *System::buffer_of(struct thread *thread) const
{
    return thread_buffer(kernel(), thread, false);
}

/* Message registers a2..a5 and the buffer; gives the info word. */
Word System::prepare(Word label, const std::vector<Word> &words, const std::vector<CPtr> &caps,
                     std::vector<Word> *a)
{
    Word *buffer = is_idle() ? nullptr : buffer_of(current());
    a->assign(6, 0);
    for (size_t i = 0; i < words.size() && i < ABI_MSG_MAX_LENGTH; i++) {
        if (i < ABI_MSG_REGISTERS) {
            (*a)[2 + i] = words[i];
        } else if (buffer != nullptr) {
            buffer[ABI_BUFFER_MSG + i] = words[i];
        }
    }
    for (size_t i = 0; i < caps.size() && i < ABI_MSG_MAX_CAPS && buffer != nullptr; i++) {
        buffer[ABI_BUFFER_CAPS + i] = caps[i];
    }
    return info_word(label, words.size(), caps.size());
}

Reply System::message_of(struct thread *thread) const
{
    Reply r;
    const struct regs &regs = thread->regs;
    const Word *buffer = buffer_of(thread);
    Word info = regs.x[REG_A1];
    r.badge = regs.x[REG_A0];
    r.length = std::min<Word>(info % 128, ABI_MSG_MAX_LENGTH);
    r.extra_caps = info >> 7 & 3;
    r.unwrapped = info >> 9 & 7;
    r.label = info >> 12;
    for (Word i = 0; i < r.length; i++) {
        if (i < ABI_MSG_REGISTERS) {
            r.words.push_back(regs.x[REG_A2 + i]);
        } else if (buffer != nullptr) {
            r.words.push_back(buffer[ABI_BUFFER_MSG + i]);
        }
    }
    return r;
}

Reply System::result(struct thread *caller, bool returned) const
{
    Reply r;
    if (returned) {
        r = message_of(caller);
    }
    r.returned = returned;
    return r;
}

/* With nobody running there is no caller: ecall() reports it. */
Reply System::call(CPtr dest, Word label, const std::vector<Word> &words,
                   const std::vector<CPtr> &caps)
{
    struct thread *caller = current();
    std::vector<Word> a;
    Word info = prepare(label, words, caps, &a);
    a[0] = dest;
    a[1] = info;
    bool returned = ecall(ABI_SYS_CALL, a);
    return result(caller, returned);
}

Reply System::send(CPtr dest, Word label, const std::vector<Word> &words,
                   const std::vector<CPtr> &caps)
{
    struct thread *caller = current();
    std::vector<Word> a;
    a.reserve(6);
    Word info = prepare(label, words, caps, &a);
    a[0] = dest;
    a[1] = info;
    bool returned = ecall(ABI_SYS_SEND, a);
    return result(caller, returned);
}

Reply System::nb_send(CPtr dest, Word label, const std::vector<Word> &words,
                      const std::vector<CPtr> &caps)
{
    struct thread *caller = current();
    std::vector<Word> a;
    Word info = prepare(label, words, caps, &a);
    a[0] = dest;
    a[1] = info;
    bool returned = ecall(ABI_SYS_NB_SEND, a);
    return result(caller, returned);
}

Reply System::recv(CPtr source, CPtr reply)
{
    struct thread *caller = current();
    bool returned = ecall(ABI_SYS_RECV, {source, 0, 0, 0, 0, 0, reply});
    return result(caller, returned);
}

Reply System::nb_recv(CPtr source, CPtr reply)
{
    struct thread *caller = current();
    bool returned = ecall(ABI_SYS_NB_RECV, {source, 0, 0, 0, 0, 0, reply});
    return result(caller, returned);
}

Reply System::wait(CPtr source)
{
    struct thread *caller = current();
    bool returned = ecall(ABI_SYS_WAIT, {source, 0});
    return result(caller, returned);
}

Reply System::nb_wait(CPtr source)
{
    struct thread *caller = current();
    bool returned = ecall(ABI_SYS_NB_WAIT, {source, 0});
    return result(caller, returned);
}

Reply System::reply_recv(CPtr source, CPtr reply, Word label, const std::vector<Word> &words,
                         const std::vector<CPtr> &caps)
{
    struct thread *caller = current();
    std::vector<Word> a;
    Word info = prepare(label, words, caps, &a);
    a[0] = source;
    a[1] = info;
    a.push_back(reply);
    bool returned = ecall(ABI_SYS_REPLY_RECV, a);
    return result(caller, returned);
}

Reply System::nb_send_recv(CPtr dest, CPtr source, CPtr reply, Word label,
                           const std::vector<Word> &words, const std::vector<CPtr> &caps)
{
    struct thread *caller = current();
    std::vector<Word> a;
    Word info = prepare(label, words, caps, &a);
    a[0] = source;
    a[1] = info;
    a.push_back(reply);
    bool returned = ecall(ABI_SYS_NB_SEND_RECV, a, &dest);
    return result(caller, returned);
}

Reply System::nb_send_wait(CPtr dest, CPtr source, Word label, const std::vector<Word> &words,
                           const std::vector<CPtr> &caps)
{
    struct thread *caller = current();
    std::vector<Word> a;
    Word info = prepare(label, words, caps, &a);
    a[0] = source;
    a[1] = info;
    a.push_back(dest);
    bool returned = ecall(ABI_SYS_NB_SEND_WAIT, a);
    return result(caller, returned);
}

void System::set_receive_slot(CPtr cnode, CPtr index, Word depth)
{
    Word *buffer = buffer_of(current());
    if (buffer == nullptr) {
        ADD_FAILURE() << thread_name(current()) << " has no IPC buffer";
        return;
    }
    buffer[ABI_BUFFER_RECEIVE_CNODE] = cnode;
    buffer[ABI_BUFFER_RECEIVE_INDEX] = index;
    buffer[ABI_BUFFER_RECEIVE_DEPTH] = depth;
}

Reply System::write_registers(CPtr tcb, bool resume, const std::vector<Word> &registers)
{
    std::vector<Word> words = {resume ? 1u : 0u, registers.size()};
    words.insert(words.end(), registers.begin(), registers.end());
    return call(tcb, ABI_LABEL_TCB_WRITE_REGISTERS, words);
}

/* --- Memory ----------------------------------------------------------------------------------- */

CPtr System::make_vspace()
{
    CPtr vspace = make(ABI_OBJECT_PAGE_TABLE);
    EXPECT_OK(RISCV_ASIDPool_Assign(kAsidPool, vspace));
    return vspace;
}

void System::map_tables(CPtr vspace, Word vaddr, Word bits)
{
    auto *root = static_cast<struct page_table *>(nullptr);
    const struct cap &cap = cap_at(vspace);
    if (cap.type == CAP_PAGE_TABLE) {
        root = cap.table;
    }
    for (Word level_bits = 30; root != nullptr && level_bits > bits; level_bits -= 9) {
        uint32_t level = 0;
        vspace_walk(kernel(), root, vaddr, &level);
        if (vspace_level_bits(level) <= bits) {
            return;
        }
        EXPECT_OK(RISCV_PageTable_Map(make(ABI_OBJECT_PAGE_TABLE), vspace, vaddr, 0));
    }
}

CPtr System::map_new_page(CPtr vspace, Word vaddr, Word rights, Word attributes)
{
    map_tables(vspace, vaddr);
    CPtr frame = make(ABI_OBJECT_PAGE_4K);
    EXPECT_OK(RISCV_Page_Map(frame, vspace, vaddr, rights, attributes));
    return frame;
}

bool System::load(Word vaddr, Word *value, uint32_t size)
{
    bool good = sim_load(sim_, vaddr, size, value);
    after_event();
    return good;
}

bool System::store(Word vaddr, Word value, uint32_t size)
{
    bool good = sim_store(sim_, vaddr, size, value);
    after_event();
    return good;
}

bool System::fetch(Word vaddr)
{
    Word value = 0;
    bool good = sim_fetch(sim_, vaddr, 4, &value);
    after_event();
    return good;
}

void System::fault(Word cause, Word value)
{
    sim_fault(sim_, cause, value);
    after_event();
}

/* --- Time and interrupts ---------------------------------------------------------------------- */

void System::advance_ticks(Word ticks)
{
    sim_advance(sim_, ticks);
    after_event();
}

bool System::run_idle()
{
    bool happened = sim_run_idle(sim_);
    after_event();
    return happened;
}

void System::irq(uint32_t line)
{
    sim_raise_irq(sim_, line);
    after_event();
}

/* --- Whole state ------------------------------------------------------------------------------ */

std::string System::state() const
{
    return text_of(sim_, SIM_DUMP_STATE);
}

std::string System::dump() const
{
    return text_of(sim_, SIM_DUMP_READABLE);
}

void System::expect_unchanged(const std::function<void()> &action)
{
    std::string before = state();
    action();
    std::string after = state();
    if (before != after) {
        ADD_FAILURE() << "the state has changed:\n" << difference(before, after);
    }
}

Snapshot System::snapshot()
{
    struct sim_snapshot *taken = sim_snapshot_take(sim_);
    EXPECT_NE(taken, nullptr);
    return Snapshot(taken, sim_snapshot_free);
}

void System::restore(const Snapshot &snapshot)
{
    account();
    if (recorder_ != nullptr) {
        recorder_->end();
    }
    sim_snapshot_restore(sim_, snapshot.get());
    *counted_ = kernel()->counters;
    reported_ = false;
}

/* --- Expectations ----------------------------------------------------------------------------- */

const char *error_name(Word error)
{
    switch (error) {
#define ABI_X(value, name, stub)                                                                   \
    case value:                                                                                    \
        return #stub;
        ABI_ERRORS(ABI_X)
#undef ABI_X
    default:
        return "(not an error number)";
    }
}

static ::testing::AssertionResult check_error(const Reply &reply, Word error)
{
    if (!reply.returned) {
        return ::testing::AssertionFailure() << "the call has not returned";
    }
    if (reply.label != error) {
        return ::testing::AssertionFailure() << "got " << error_name(reply.label) << " ("
                                             << reply.label << "), expected " << error_name(error);
    }
    return ::testing::AssertionSuccess();
}

::testing::AssertionResult has_error(const Reply &reply, Word error)
{
    return check_error(reply, error);
}

::testing::AssertionResult has_error(const Reply &reply, Word error,
                                     const std::vector<Word> &details)
{
    ::testing::AssertionResult result = check_error(reply, error);
    if (!result || reply.words == details) {
        return result;
    }
    return ::testing::AssertionFailure()
           << error_name(error) << " with details " << ::testing::PrintToString(reply.words)
           << ", expected " << ::testing::PrintToString(details);
}

std::string thread_name(const struct thread *thread)
{
    if (thread == nullptr) {
        return "(null)";
    }
    if (thread->state == THREAD_IDLE) {
        return "idle";
    }
    std::ostringstream out;
    out << thread->name << " at " << static_cast<const void *>(thread);
    return out.str();
}

} // namespace albireo
