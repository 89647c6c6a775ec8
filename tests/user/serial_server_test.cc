/* SPDX-License-Identifier: BSD-2-Clause */

/* The serial driver as a process in the simulator, with the simulated port. */
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "hosted/board_devices.h"
#include "hosted/native.h"
#include "hosted/sim.h"

extern "C" {
#include "user/lib/console.h"
#include "user/lib/port.h"
#include "user/lib/serial_server.h"
}

namespace {

constexpr uint32_t kGoOnLine = 20;
constexpr uint32_t kOtherLine = 21; /* Of a second driver. */

/* What the root task has, while it runs a test's script. */
struct Root {
    const seL4_BootInfo *info = nullptr;
    struct alloc alloc = {};
    struct space space = {seL4_CapInitThreadVSpace};
    struct console console = {};
    struct serial_server server = {};
    seL4_IRQHandler handler = 0;
    seL4_CPtr ntfn = 0;
    uint64_t area = 0x40000000;

    /* Waits for the test. */
    void pause() const
    {
        seL4_Wait(ntfn, nullptr);
        seL4_IRQHandler_Ack(handler);
    }

    /* A thread beside the root task. */
    struct user_thread spawn(void (*entry)(uint64_t))
    {
        struct user_thread thread;
        struct thread_spec spec = {};
        spec.name = "client";
        spec.entry = entry;
        spec.argument = server.endpoint;
        spec.area = area;
        spec.space = &space;
        spec.cspace = seL4_CapInitThreadCNode;
        spec.authority = seL4_CapInitThreadTCB;
        spec.priority = 100;
        spec.sched_control = info->schedcontrol.start;
        spec.budget_us = 5000;
        spec.period_us = 5000;
        area += THREAD_AREA_PAGES * USER_PAGE_SIZE;
        EXPECT_EQ(thread_create(&alloc, &spec, &thread), seL4_NoError);
        EXPECT_EQ(thread_start(&thread), seL4_NoError);
        return thread;
    }
};

std::function<void(Root &)> script;
seL4_CPtr never; /* A notification that nobody signals. */

struct thread_spec driver_spec(const Root &r)
{
    struct thread_spec spec = {};
    spec.name = "driver";
    spec.authority = seL4_CapInitThreadTCB;
    spec.priority = 200;
    spec.sched_control = r.info->schedcontrol.start;
    spec.budget_us = 5000;
    spec.period_us = 5000;
    return spec;
}

seL4_Error start_driver(Root *r)
{
    seL4_CPtr frame = 0;
    const struct devices_serial *port = &r->console.devices.serial;
    struct thread_spec spec = driver_spec(*r);
    EXPECT_EQ(
        alloc_mint(&r->alloc, console_frame(&r->console, port->paddr), seL4_ReadWrite, 0, &frame),
        seL4_NoError);
    return serial_server_start(&r->alloc, r->info, &spec, port, frame, &r->server);
}

void root_main(uint64_t bootinfo)
{
    Root r;
    r.info = static_cast<const seL4_BootInfo *>(albireo_native_pointer(bootinfo, false));
    alloc_init(&r.alloc, r.info);
    EXPECT_EQ(console_open(&r.console, &r.alloc, &r.space, r.info), seL4_NoError);
    r.handler = alloc_slot(&r.alloc);
    EXPECT_EQ(alloc_object(&r.alloc, seL4_NotificationObject, 0, &r.ntfn), seL4_NoError);
    EXPECT_EQ(
        seL4_IRQControl_Get(seL4_CapIRQControl, kGoOnLine, r.alloc.cnode, r.handler, ALLOC_DEPTH),
        seL4_NoError);
    EXPECT_EQ(seL4_IRQHandler_SetNotification(r.handler, r.ntfn), seL4_NoError);
    EXPECT_EQ(alloc_object(&r.alloc, seL4_NotificationObject, 0, &never), seL4_NoError);
    EXPECT_EQ(start_driver(&r), seL4_NoError);
    script(r);
    user_halt();
}

/* With completion of interrupts as on QEMU's virt board (true), or as elsewhere. */
struct SerialServerTest : ::testing::TestWithParam<bool> {
    void SetUp() override
    {
        struct sim_config config;
        struct sim_error error;
        sim_config_default(&config);
        board_devices_describe(&devices_, &config, 1);
        config.root_native = root_main;
        config.native_only = true;
        config.native_stack_size = 1u << 20;
        config.irq_complete_at_claim = GetParam();
        sim_ = sim_create(&config, &error);
        ASSERT_NE(sim_, nullptr) << error.text;
        ASSERT_TRUE(board_devices_attach(&devices_, sim_));
    }

    void TearDown() override
    {
        sim_destroy(sim_);
        script = nullptr;
    }

    /* Until the script is at its end. */
    void finish()
    {
        EXPECT_EQ(sim_run(sim_, 0), SIM_RUN_STOPPED);
        EXPECT_EQ(sim_status(sim_), SIM_HALTED) << sim_message(sim_);
    }

    /* Until everybody waits. */
    void settle()
    {
        ASSERT_EQ(sim_run(sim_, 0), SIM_RUN_IDLE) << sim_message(sim_);
    }

    void go_on()
    {
        sim_raise_irq(sim_, kGoOnLine);
    }

    void type(const std::string &text)
    {
        for (char c : text) {
            uart16550_receive(&devices_.uart, static_cast<uint8_t>(c));
        }
    }

    /* What the port has sent. */
    std::string sent() const
    {
        std::string all = sim_console(sim_);
        return all.substr(0, all.find("halted by"));
    }

    struct sim *sim_ = nullptr;
    struct board_devices devices_;
};

std::string some_text(size_t size)
{
    std::string text;
    for (size_t i = 0; i < size; i++) {
        text += static_cast<char>('!' + i * 7 % 90);
    }
    return text;
}

seL4_Error write(seL4_CPtr server, const std::string &text)
{
    return serial_write(server, reinterpret_cast<const uint8_t *>(text.data()), text.size());
}

std::string read(seL4_CPtr server, uint64_t most)
{
    std::vector<uint8_t> bytes(SERIAL_MESSAGE_BYTES);
    uint64_t count = most;
    EXPECT_EQ(serial_read(server, bytes.data(), &count), seL4_NoError);
    EXPECT_LE(count, most);
    return std::string(bytes.begin(), bytes.begin() + static_cast<long>(count));
}

TEST_P(SerialServerTest, SendsMoreThanItsQueueHolds)
{
    std::string text = some_text(3 * SERIAL_QUEUE + 5);
    struct serial_figures figures = {};
    script = [&](Root &r) {
        EXPECT_EQ(write(r.server.endpoint, text), seL4_NoError);
        EXPECT_EQ(serial_flush(r.server.endpoint), seL4_NoError);
        EXPECT_EQ(serial_figures(r.server.endpoint, &figures), seL4_NoError);
    };
    finish();
    EXPECT_EQ(sent(), text);
    EXPECT_EQ(figures.sent, text.size());
    EXPECT_EQ(figures.received, 0u);
    EXPECT_GE(figures.interrupts, text.size() / 16);
}

TEST_P(SerialServerTest, WriterDoesNotWaitForTheDevice)
{
    std::string text = some_text(SERIAL_QUEUE);
    script = [&](Root &r) {
        uint64_t start = user_now_us();
        EXPECT_EQ(write(r.server.endpoint, text), seL4_NoError);
        EXPECT_EQ(user_now_us(), start);
        EXPECT_EQ(serial_flush(r.server.endpoint), seL4_NoError);
        EXPECT_GE(user_now_us() - start, text.size() * 86);
    };
    finish();
    EXPECT_EQ(sent(), text);
}

TEST_P(SerialServerTest, FlushOfNothingReturns)
{
    script = [](Root &r) {
        EXPECT_EQ(serial_flush(r.server.endpoint), seL4_NoError);
        EXPECT_EQ(write(r.server.endpoint, ""), seL4_NoError);
        EXPECT_EQ(serial_flush(r.server.endpoint), seL4_NoError);
    };
    finish();
    EXPECT_EQ(sent(), "");
}

TEST_P(SerialServerTest, ReaderWaitsForInput)
{
    std::string got;
    script = [&](Root &r) {
        got = read(r.server.endpoint, 100);
    };
    settle();
    EXPECT_EQ(got, "");
    type("k");
    finish();
    EXPECT_EQ(got, "k");
}

TEST_P(SerialServerTest, InputIsKeptInOrder)
{
    std::vector<std::string> got;
    script = [&](Root &r) {
        r.pause();
        got = {read(r.server.endpoint, 3), read(r.server.endpoint, 100)};
    };
    settle();
    type("abcd");
    settle();
    type("efghijklmno");
    settle();
    go_on();
    finish();
    EXPECT_EQ(got, (std::vector<std::string>{"abc", "defghijklmno"}));
}

TEST_P(SerialServerTest, InputBeyondTheQueueIsLostAndCounted)
{
    std::string text = some_text(SERIAL_QUEUE + 32);
    std::string got;
    struct serial_figures figures = {};
    script = [&](Root &r) {
        r.pause();
        got = read(r.server.endpoint, SERIAL_MESSAGE_BYTES);
        got += read(r.server.endpoint, SERIAL_MESSAGE_BYTES);
        EXPECT_EQ(serial_figures(r.server.endpoint, &figures), seL4_NoError);
    };
    settle();
    for (size_t i = 0; i < text.size(); i += 16) {
        type(text.substr(i, 16));
        settle();
    }
    go_on();
    finish();
    EXPECT_EQ(got, text.substr(0, SERIAL_QUEUE));
    EXPECT_EQ(figures.received, text.size());
    EXPECT_EQ(figures.lost, 32u);
}

TEST_P(SerialServerTest, BothDirectionsAtOnce)
{
    std::string text = some_text(200);
    std::string got;
    script = [&](Root &r) {
        EXPECT_EQ(write(r.server.endpoint, text), seL4_NoError);
        for (int i = 0; i < 10; i++) {
            uart16550_receive(&devices_.uart, static_cast<uint8_t>('0' + i));
            user_work_us(700);
        }
        got = read(r.server.endpoint, 100);
        EXPECT_EQ(serial_flush(r.server.endpoint), seL4_NoError);
    };
    finish();
    EXPECT_EQ(sent(), text);
    EXPECT_EQ(got, "0123456789");
}

/* As the console of a release system does. */
TEST_P(SerialServerTest, WaitsForBytesThatSomebodyElseHasSent)
{
    script = [&](Root &r) {
        constexpr uint64_t registers = 0x50000000;
        struct serial port = {SERIAL_NS16550, registers, 0, 1};
        seL4_CPtr frame = 0;
        EXPECT_EQ(alloc_mint(&r.alloc, console_frame(&r.console, BOARD_UART_PADDR), seL4_ReadWrite,
                             0, &frame),
                  seL4_NoError);
        EXPECT_EQ(space_map(&r.alloc, &r.space, frame, registers, seL4_ReadWrite), seL4_NoError);
        serial_put(&port, 'a');
        serial_put(&port, 'b');
        EXPECT_EQ(write(r.server.endpoint, "cd"), seL4_NoError);
        EXPECT_EQ(serial_flush(r.server.endpoint), seL4_NoError);
    };
    finish();
    EXPECT_EQ(sent(), "abcd");
}

seL4_Error refused;

void read_one(uint64_t server)
{
    uint8_t byte;
    uint64_t count = 1;
    refused = serial_read(server, &byte, &count);
    seL4_Wait(never, nullptr);
}

TEST_P(SerialServerTest, NewestReaderTakesThePlaceOfAnother)
{
    refused = seL4_NoError;
    std::string got;
    script = [&](Root &r) {
        r.spawn(read_one);
        r.pause();
        got = read(r.server.endpoint, 2);
    };
    settle();
    EXPECT_EQ(refused, seL4_NoError);
    go_on();
    settle();
    EXPECT_EQ(refused, seL4_IllegalOperation);
    type("r");
    finish();
    EXPECT_EQ(got, "r");
}

TEST_P(SerialServerTest, ReaderThatIsGoneIsNotInTheWay)
{
    std::string got;
    script = [&](Root &r) {
        struct user_thread suspended = r.spawn(read_one);
        r.pause();
        EXPECT_EQ(seL4_TCB_Suspend(suspended.tcb), seL4_NoError);
        got += read(r.server.endpoint, 2);
        struct user_thread deleted = r.spawn(read_one);
        r.pause();
        EXPECT_EQ(seL4_CNode_Delete(r.alloc.cnode, deleted.tcb, ALLOC_DEPTH), seL4_NoError);
        got += read(r.server.endpoint, 2);
        seL4_SetMR(0, 1); /* Who does not call does not wait for the answer. */
        seL4_Send(r.server.endpoint, seL4_MessageInfo_new(SERIAL_READ, 0, 0, 1));
        got += read(r.server.endpoint, 2);
    };
    for (const char *text : {"a", "b"}) {
        settle();
        go_on();
        settle();
        type(text);
    }
    settle();
    type("c");
    finish();
    EXPECT_EQ(got, "abc");
}

/* Each writer has ten characters of its own. */
constexpr size_t kWriterBytes = 2 * SERIAL_QUEUE;
constexpr char kFirst = '!';
int writers;

std::string text_of(int writer)
{
    std::string text;
    for (size_t i = 0; i < kWriterBytes; i++) {
        text += static_cast<char>(kFirst + 10 * writer + static_cast<int>(i % 10));
    }
    return text;
}

TEST_P(SerialServerTest, WritersTakeTurns)
{
    writers = 0;
    script = [&](Root &r) {
        for (int i = 0; i < SERIAL_WAITERS; i++) {
            r.spawn([](uint64_t server) {
                /* A temporary: of a thread that never ends no destructor runs. */
                EXPECT_EQ(write(server, text_of(writers++)), seL4_NoError);
                EXPECT_EQ(serial_flush(server), seL4_NoError);
                seL4_Wait(never, nullptr);
            });
        }
        seL4_TCB_SetPriority(seL4_CapInitThreadTCB, seL4_CapInitThreadTCB, 50);
        EXPECT_EQ(write(r.server.endpoint, " "), seL4_NotEnoughMemory);
        EXPECT_EQ(serial_flush(r.server.endpoint), seL4_NotEnoughMemory);
        seL4_TCB_SetPriority(seL4_CapInitThreadTCB, seL4_CapInitThreadTCB, 255);
        r.pause();
    };
    settle();
    go_on();
    finish();
    ASSERT_EQ(writers, SERIAL_WAITERS);
    std::vector<std::string> parts(static_cast<size_t>(writers));
    for (char c : sent()) {
        parts.at(static_cast<size_t>((c - kFirst) / 10)) += c;
    }
    for (int i = 0; i < writers; i++) {
        EXPECT_EQ(parts[static_cast<size_t>(i)], text_of(i)) << "writer " << i;
    }
}

TEST_P(SerialServerTest, NoWriterGetsInBeforeOneThatWaits)
{
    std::string text = some_text(2 * SERIAL_QUEUE);
    script = [&](Root &r) {
        r.spawn([](uint64_t server) {
            EXPECT_EQ(write(server, some_text(2 * SERIAL_QUEUE)), seL4_NoError);
            seL4_Wait(never, nullptr);
        });
        seL4_TCB_SetPriority(seL4_CapInitThreadTCB, seL4_CapInitThreadTCB, 50);
        user_work_us(10000); /* Now there is some room again. */
        EXPECT_EQ(write(r.server.endpoint, " "), seL4_NoError);
        EXPECT_EQ(serial_flush(r.server.endpoint), seL4_NoError);
    };
    finish();
    EXPECT_EQ(sent(), text + " ");
}

TEST_P(SerialServerTest, WriterThatCannotWaitIsRefusedAsAWhole)
{
    std::string text = some_text(SERIAL_QUEUE - 100);
    script = [&](Root &r) {
        EXPECT_EQ(write(r.server.endpoint, text), seL4_NoError);
        for (int i = 0; i < SERIAL_WAITERS; i++) {
            r.spawn([](uint64_t server) {
                EXPECT_EQ(serial_flush(server), seL4_NoError);
                seL4_Wait(never, nullptr);
            });
        }
        seL4_TCB_SetPriority(seL4_CapInitThreadTCB, seL4_CapInitThreadTCB, 50);
        EXPECT_EQ(write(r.server.endpoint, std::string(500, '?')), seL4_NotEnoughMemory);
        EXPECT_EQ(write(r.server.endpoint, "fits"), seL4_NoError);
        seL4_TCB_SetPriority(seL4_CapInitThreadTCB, seL4_CapInitThreadTCB, 255);
        r.pause();
    };
    settle();
    go_on();
    finish();
    EXPECT_EQ(sent(), text + "fits");
}

/* A driver of a port that consists of memory: every register reads as what was written last. */
seL4_Error start_dead_port(Root *r, uint8_t line_status)
{
    constexpr uint64_t registers = 0x50000000;
    constexpr uint64_t lsr = 5;
    struct devices_serial *port = &r->console.devices.serial;
    seL4_CPtr frame = 0;
    seL4_CPtr copy = 0;
    EXPECT_EQ(alloc_object(&r->alloc, seL4_RISCV_4K_Page, 0, &frame), seL4_NoError);
    EXPECT_EQ(alloc_mint(&r->alloc, frame, seL4_ReadWrite, 0, &copy), seL4_NoError);
    EXPECT_EQ(space_map(&r->alloc, &r->space, copy, registers, seL4_ReadWrite), seL4_NoError);
    user_store8(registers + port->paddr % USER_PAGE_SIZE + lsr, line_status);
    port->irq = kOtherLine;
    struct thread_spec spec = driver_spec(*r);
    return serial_server_start(&r->alloc, r->info, &spec, port, frame, &r->server);
}

TEST_P(SerialServerTest, PortThatAlwaysHasInputDoesNotHoldTheDriver)
{
    struct serial_figures figures = {};
    script = [&](Root &r) {
        EXPECT_EQ(start_dead_port(&r, 0xff), seL4_NoError);
        r.pause();
        EXPECT_EQ(write(r.server.endpoint, "nowhere"), seL4_NoError);
        EXPECT_EQ(serial_figures(r.server.endpoint, &figures), seL4_NoError);
    };
    settle();
    sim_raise_irq(sim_, kOtherLine);
    settle();
    go_on();
    finish();
    EXPECT_EQ(figures.interrupts, 1u);
    EXPECT_EQ(figures.received, uint64_t{SERIAL_FIFO});
    EXPECT_EQ(figures.sent, 7u);
}

TEST_P(SerialServerTest, PortThatNeverHasRoomDoesNotHoldTheDriver)
{
    struct serial_figures figures = {};
    script = [&](Root &r) {
        uint64_t start = user_now_us();
        EXPECT_EQ(start_dead_port(&r, 0), seL4_NoError);
        EXPECT_GE(user_now_us() - start, uint64_t{SERIAL_PATIENCE_US});
        EXPECT_EQ(write(r.server.endpoint, "never"), seL4_NoError);
        EXPECT_EQ(serial_figures(r.server.endpoint, &figures), seL4_NoError);
    };
    finish();
    EXPECT_EQ(figures.sent, 0u);
    EXPECT_EQ(figures.interrupts, 0u);
}

/* Whatever is the first that there is no slot for. */
TEST_P(SerialServerTest, WithoutSlotsItIsNotStarted)
{
    script = [](Root &r) {
        seL4_CPtr end = r.alloc.slot_end;
        seL4_Error error = seL4_NotEnoughMemory;
        r.console.devices.serial.irq = kOtherLine;
        seL4_CPtr slots = 1;
        for (; error == seL4_NotEnoughMemory && slots < 60; slots++) {
            r.alloc.slot_end = r.alloc.slot_next + slots;
            error = start_driver(&r);
            EXPECT_TRUE(error == seL4_NoError || error == seL4_NotEnoughMemory) << error;
        }
        EXPECT_EQ(error, seL4_NoError);
        EXPECT_EQ(r.alloc.slot_next, r.alloc.slot_end) << "with as many as it needs";
        EXPECT_GT(slots, 20u);
        r.alloc.slot_end = end;
    };
    finish();
}

TEST_P(SerialServerTest, RequestsThatMakeNoSenseAreRefused)
{
    script = [](Root &r) {
        auto ask = [&](seL4_Word label, seL4_Word mr0, seL4_Word length) {
            seL4_SetMR(0, mr0);
            return seL4_MessageInfo_get_label(
                seL4_Call(r.server.endpoint, seL4_MessageInfo_new(label, 0, 0, length)));
        };
        EXPECT_EQ(ask(SERIAL_WRITE, 9, 2), seL4_TruncatedMessage);
        EXPECT_EQ(ask(SERIAL_WRITE, SERIAL_MESSAGE_BYTES + 1, 120), seL4_TruncatedMessage);
        EXPECT_EQ(ask(SERIAL_READ, 0, 1), seL4_RangeError);
        EXPECT_EQ(ask(SERIAL_READ, SERIAL_MESSAGE_BYTES + 1, 1), seL4_RangeError);
        EXPECT_EQ(ask(99, 0, 1), seL4_IllegalOperation);
        for (uint64_t count : {0, SERIAL_MESSAGE_BYTES + 1}) {
            EXPECT_EQ(serial_read(r.server.endpoint, nullptr, &count), seL4_RangeError);
        }
        EXPECT_EQ(write(r.server.endpoint, "still alive"), seL4_NoError);
        EXPECT_EQ(serial_flush(r.server.endpoint), seL4_NoError);
    };
    finish();
    EXPECT_EQ(sent(), "still alive");
}

INSTANTIATE_TEST_SUITE_P(Completion, SerialServerTest, ::testing::Bool());

} // namespace
