/* SPDX-License-Identifier: BSD-2-Clause */

/* What user accesses see of page tables, frames, rights and ASIDs, through MMU and TLB: a change is
 * in force when the call that made it returns, also for threads that run (docs/abi/09 sections 9.2,
 * 9.12 to 9.14, 15 section 15.7).
 */
#include "tests/support/system.h"

namespace albireo {
namespace {

constexpr Word kVaddr = 0x50000000;
constexpr Word kReadWrite = ABI_RIGHT_READ | ABI_RIGHT_WRITE;
constexpr Word kPageSize = 0x1000;
constexpr Word kMegaSize = 0x200000;
constexpr Word kGigaSize = 0x40000000;

/* Status words of a VMFault, docs/abi/08. */
enum { STATUS_OF_FETCH = 1, STATUS_OF_LOAD = 5, STATUS_OF_STORE = 7 };

/* A thread that accesses memory on request, and whose faults the root task receives. Each access
 * starts and ends with root current. */
class Prober {
  public:
    Prober(System &sys, CPtr vspace) : sys_(sys)
    {
        endpoint_ = sys.make(ABI_OBJECT_ENDPOINT);
        reply_ = sys.make(ABI_OBJECT_REPLY);
        ThreadOptions options;
        options.vspace = vspace;
        options.fault_ep = endpoint_;
        thread = sys.spawn(options);
    }

    bool load(Word vaddr, uint32_t size = 8)
    {
        value = 0;
        return run([&] { return sys_.load(vaddr, &value, size); });
    }
    bool store(Word vaddr, Word word, uint32_t size = 8)
    {
        return run([&] { return sys_.store(vaddr, word, size); });
    }
    bool fetch(Word vaddr)
    {
        return run([&] { return sys_.fetch(vaddr); });
    }
    /* Does something as this thread, and expects that it does not stop it. */
    void act(const std::function<void()> &action)
    {
        EXPECT_TRUE(run([&] {
            action();
            return sys_.is_current(thread);
        }));
    }

    Thread thread;
    Word value = 0; /* Of the last load. */
    Reply fault;    /* Of the last access that failed. */

  private:
    bool run(const std::function<bool()> &action)
    {
        sys_.switch_to(thread);
        bool good = action();
        if (good) {
            sys_.yield();
        } else {
            EXPECT_CURRENT(sys_, sys_.root());
            fault = sys_.recv(endpoint_, reply_);
            sys_.send(reply_); /* It may try again. */
        }
        EXPECT_CURRENT(sys_, sys_.root());
        return good;
    }

    System &sys_;
    CPtr endpoint_ = 0;
    CPtr reply_ = 0;
};

/* The access that `good` tells of was a VMFault at `vaddr` with this status. */
::testing::AssertionResult vm_fault(bool good, const Prober &prober, Word vaddr, Word status)
{
    const Reply &fault = prober.fault;
    if (good) {
        return ::testing::AssertionFailure() << "the access succeeded";
    }
    std::vector<Word> tail = {vaddr, status == STATUS_OF_FETCH ? 1u : 0u, status};
    if (fault.label != FAULT_VM || fault.length != 4 ||
        tail != std::vector<Word>(fault.words.begin() + 1, fault.words.end())) {
        return ::testing::AssertionFailure()
               << "label " << fault.label << ", length " << fault.length << ", address 0x"
               << std::hex << fault[1] << ", fetch " << fault[2] << ", status " << fault[3];
    }
    return ::testing::AssertionSuccess();
}

class VSpaceAccessTest : public ::testing::Test {
  protected:
    CPtr page()
    {
        return sys.make(ABI_OBJECT_PAGE_4K);
    }
    CPtr table()
    {
        return sys.make(ABI_OBJECT_PAGE_TABLE);
    }
    Reply map(CPtr frame, Word vaddr, CPtr vspace, Word rights = kReadWrite, Word attributes = 0)
    {
        return sys.RISCV_Page_Map(frame, vspace, vaddr, rights, attributes);
    }
    void expect_no_load(Prober &prober, Word vaddr)
    {
        EXPECT_TRUE(vm_fault(prober.load(vaddr), prober, vaddr, STATUS_OF_LOAD));
    }
    void expect_no_store(Prober &prober, Word vaddr)
    {
        EXPECT_TRUE(vm_fault(prober.store(vaddr, 1), prober, vaddr, STATUS_OF_STORE));
    }
    void expect_no_fetch(Prober &prober, Word vaddr)
    {
        EXPECT_TRUE(vm_fault(prober.fetch(vaddr), prober, vaddr, STATUS_OF_FETCH));
    }
    void expect_nothing(Prober &prober, Word vaddr)
    {
        expect_no_load(prober, vaddr);
        expect_no_store(prober, vaddr);
        expect_no_fetch(prober, vaddr);
    }
    void expect_word(Prober &prober, Word vaddr, Word word)
    {
        EXPECT_TRUE(prober.load(vaddr));
        EXPECT_EQ(word, prober.value);
    }

    System sys{{.memory = 64u << 20}};
};

/* Device memory that answers loads with the offset and remembers the last store. */
struct Device {
    static uint64_t read(void *, uint64_t offset, uint32_t)
    {
        return offset;
    }
    static void write(void *context, uint64_t offset, uint32_t, uint64_t value)
    {
        Device *device = static_cast<Device *>(context);
        device->offset = offset;
        device->value = value;
    }
    uint64_t offset = 0;
    uint64_t value = 0;
};

/* --- Page sizes ------------------------------------------------------------------------------- */

TEST_F(VSpaceAccessTest, FramesOf4KAnd2MAreAccessibleFromFirstToLastByteAndNotBeyond)
{
    CPtr vspace = sys.make_vspace();
    Prober prober(sys, vspace);
    struct {
        Word type, bits, size;
    } rows[] = {{ABI_OBJECT_PAGE_4K, 12, kPageSize}, {ABI_OBJECT_MEGA_PAGE, 21, kMegaSize}};
    for (const auto &row : rows) {
        Word vaddr = kVaddr + row.type * 4 * kMegaSize;
        CPtr frame = sys.make(row.type);
        sys.map_tables(vspace, vaddr, row.bits);
        expect_nothing(prober, vaddr);
        ASSERT_OK(map(frame, vaddr, vspace));
        EXPECT_TRUE(prober.store(vaddr, 11));
        EXPECT_TRUE(prober.store(vaddr + row.size - 8, 12));
        expect_word(prober, vaddr, 11);
        expect_word(prober, vaddr + row.size / 2, 0);
        expect_word(prober, vaddr + row.size - 8, 12);
        EXPECT_TRUE(prober.fetch(vaddr + row.size - 4));
        expect_nothing(prober, vaddr - 8);
        expect_nothing(prober, vaddr + row.size);
        Word paddr = sys.RISCV_Page_GetAddress(frame)[0];
        EXPECT_EQ(12u, *static_cast<Word *>(sim_ram(sys.sim(), paddr + row.size - 8, 8)));
    }
}

TEST_F(VSpaceAccessTest, GigaFrameIsAccessibleFromFirstToLastByteAndNotBeyond)
{
    CPtr frame = sys.alloc_slot();
    ASSERT_OK(sys.retype(sys.device_untyped(30), ABI_OBJECT_GIGA_PAGE, 0, frame));
    Device device;
    Word paddr = sys.RISCV_Page_GetAddress(frame)[0];
    ASSERT_TRUE(sim_add_device(sys.sim(), paddr, kGigaSize, Device::read, Device::write, &device));
    CPtr vspace = sys.make_vspace();
    Prober prober(sys, vspace);
    constexpr Word vaddr = 2 * kGigaSize;
    expect_nothing(prober, vaddr);
    ASSERT_OK(map(frame, vaddr, vspace));
    expect_word(prober, vaddr, 0);
    expect_word(prober, vaddr + 0x12345678, 0x12345678);
    expect_word(prober, vaddr + kGigaSize - 8, kGigaSize - 8);
    EXPECT_TRUE(prober.store(vaddr + 0x1000, 77));
    EXPECT_EQ(0x1000u, device.offset);
    EXPECT_EQ(77u, device.value);
    expect_nothing(prober, vaddr - 8);
    expect_nothing(prober, vaddr + kGigaSize);
    ASSERT_OK(sys.RISCV_Page_Unmap(frame));
    expect_nothing(prober, vaddr + 0x12345678);
}

TEST_F(VSpaceAccessTest, DeviceFramesReachTheDeviceAndCannotBeExecuted)
{
    CPtr frame = sys.alloc_slot();
    ASSERT_OK(sys.retype(sys.device_untyped(12), ABI_OBJECT_PAGE_4K, 0, frame));
    Word paddr = sys.RISCV_Page_GetAddress(frame)[0];
    CPtr vspace = sys.make_vspace();
    Prober prober(sys, vspace);
    sys.map_tables(vspace, kVaddr);
    ASSERT_OK(map(frame, kVaddr, vspace));
    /* Nothing answers: access faults (causes 1, 5 and 7) look like page faults. */
    expect_nothing(prober, kVaddr + 16);
    Device device;
    ASSERT_TRUE(sim_add_device(sys.sim(), paddr, kPageSize, Device::read, Device::write, &device));
    expect_word(prober, kVaddr + 16, 16);
    EXPECT_TRUE(prober.store(kVaddr + 24, 5));
    EXPECT_EQ(5u, device.value);
    expect_no_fetch(prober, kVaddr + 16);
}

/* --- Rights ----------------------------------------------------------------------------------- */

struct RightsRow {
    Word cap_rights, map_rights, attributes;
    bool load, store, fetch;
};

constexpr Word kRead = ABI_RIGHT_READ;
constexpr Word kWrite = ABI_RIGHT_WRITE;
constexpr Word kNever = ABI_VM_EXECUTE_NEVER;

const RightsRow kRightsRows[] = {
    {kReadWrite, kReadWrite, 0, true, true, true},
    {kReadWrite, kReadWrite, kNever, true, true, false},
    {kReadWrite, ABI_RIGHT_ALL, 0, true, true, true},
    {kReadWrite, ~Word{0}, ~Word{1}, true, true, true}, /* Other bits mean nothing. */
    {kReadWrite, kRead, 0, true, false, true},
    {kReadWrite, kRead, kNever, true, false, false},
    {kReadWrite, kWrite, 0, false, false, true}, /* Write-only is none. */
    {kReadWrite, kWrite, kNever, false, false, false},
    {kReadWrite, 0, 0, false, false, true}, /* Execute-only. */
    {kReadWrite, 0, kNever, false, false, false},
    {kReadWrite, ABI_RIGHT_GRANT, 0, false, false, true},
    {kRead, kReadWrite, 0, true, false, true},
    {kRead, kReadWrite, kNever, true, false, false},
    {kRead, kRead, 0, true, false, true},
    {kRead, 0, 0, false, false, true},
    {0, kReadWrite, 0, false, false, true},
    {0, kReadWrite, kNever, false, false, false},
    {kWrite, kReadWrite, 0, false, false, true},
};

TEST_F(VSpaceAccessTest, RightsAreThoseOfCapabilityAndMappingTogether)
{
    CPtr vspace = sys.make_vspace();
    Prober prober(sys, vspace);
    sys.map_tables(vspace, kVaddr);
    CPtr frame = page();
    for (const RightsRow &row : kRightsRows) {
        SCOPED_TRACE(::testing::Message() << "capability " << row.cap_rights << ", mapping "
                                          << row.map_rights << ", attributes " << row.attributes);
        CPtr copy = sys.copy(frame, row.cap_rights);
        ASSERT_OK(map(copy, kVaddr, vspace, row.map_rights, row.attributes));
        EXPECT_EQ(row.load, prober.load(kVaddr));
        EXPECT_TRUE(row.load || vm_fault(false, prober, kVaddr, STATUS_OF_LOAD));
        EXPECT_EQ(row.store, prober.store(kVaddr, 1));
        EXPECT_TRUE(row.store || vm_fault(false, prober, kVaddr, STATUS_OF_STORE));
        EXPECT_EQ(row.fetch, prober.fetch(kVaddr));
        EXPECT_TRUE(row.fetch || vm_fault(false, prober, kVaddr, STATUS_OF_FETCH));
        ASSERT_OK(sys.del(copy));
    }
}

TEST_F(VSpaceAccessTest, RemapChangesTheRightsAtOnceInBothDirections)
{
    CPtr vspace = sys.make_vspace();
    Prober prober(sys, vspace);
    CPtr frame = sys.map_new_page(vspace, kVaddr);
    EXPECT_TRUE(prober.store(kVaddr, 1)); /* The TLB knows it now. */
    EXPECT_TRUE(prober.fetch(kVaddr));
    ASSERT_OK(map(frame, kVaddr, vspace, kRead, kNever));
    expect_no_store(prober, kVaddr);
    expect_no_fetch(prober, kVaddr);
    expect_word(prober, kVaddr, 1);
    /* The capability kept its own rights. */
    ASSERT_OK(map(frame, kVaddr, vspace, kReadWrite));
    EXPECT_TRUE(prober.store(kVaddr, 2));
    EXPECT_TRUE(prober.fetch(kVaddr));
    ASSERT_OK(map(frame, kVaddr, vspace, 0, kNever));
    expect_nothing(prober, kVaddr);
    ASSERT_OK(map(frame, kVaddr, vspace));
    expect_word(prober, kVaddr, 2);
}

TEST_F(VSpaceAccessTest, RemapOfAMegaPageChangesTheRightsAtOnce)
{
    CPtr vspace = sys.make_vspace();
    Prober prober(sys, vspace);
    CPtr frame = sys.make(ABI_OBJECT_MEGA_PAGE);
    sys.map_tables(vspace, kVaddr, 21);
    ASSERT_OK(map(frame, kVaddr, vspace));
    EXPECT_TRUE(prober.store(kVaddr + 0x123450, 1));
    ASSERT_OK(map(frame, kVaddr, vspace, kRead));
    expect_no_store(prober, kVaddr + 0x123450);
    expect_word(prober, kVaddr + 0x123450, 1);
}

/* --- Sharing ---------------------------------------------------------------------------------- */

TEST_F(VSpaceAccessTest, AddressSpacesAreSeparateAndFramesCanBeShared)
{
    CPtr first = sys.make_vspace();
    CPtr second = sys.make_vspace();
    Prober a(sys, first);
    Prober b(sys, second);
    CPtr shared = sys.map_new_page(first, kVaddr);
    sys.map_tables(second, kVaddr + 4 * kMegaSize);
    ASSERT_OK(map(sys.copy(shared), kVaddr + 4 * kMegaSize, second, kRead));
    EXPECT_TRUE(a.store(kVaddr, 99));
    expect_word(b, kVaddr + 4 * kMegaSize, 99);
    expect_no_store(b, kVaddr + 4 * kMegaSize);
    expect_nothing(b, kVaddr);
    expect_nothing(a, kVaddr + 4 * kMegaSize);
    /* The same address may mean different frames. */
    sys.map_new_page(second, kVaddr);
    expect_word(b, kVaddr, 0);
    expect_word(a, kVaddr, 99);
}

TEST_F(VSpaceAccessTest, SetSpaceSwitchesTheAddressSpaceAtOnce)
{
    CPtr first = sys.make_vspace();
    CPtr second = sys.make_vspace();
    Prober prober(sys, first);
    sys.map_new_page(first, kVaddr);
    sys.map_new_page(second, kVaddr);
    EXPECT_TRUE(prober.store(kVaddr, 1));
    CPtr handler = sys.make(ABI_OBJECT_ENDPOINT);
    ASSERT_OK(sys.TCB_SetSpace(prober.thread.tcb, handler, kCNode, 0, second, 0));
    expect_word(prober, kVaddr, 0);
    /* Also when a thread does it to itself. */
    prober.act([&] {
        EXPECT_OK(sys.TCB_SetSpace(prober.thread.tcb, handler, kCNode, 0, first, 0));
        Word value = 0;
        EXPECT_TRUE(sys.load(kVaddr, &value));
        EXPECT_EQ(1u, value);
    });
}

TEST_F(VSpaceAccessTest, ThreadWhoseVSpaceIsALowerTableHasNoUserMappings)
{
    CPtr vspace = sys.make_vspace();
    sys.map_new_page(vspace, kVaddr);
    CPtr lower = table();
    ASSERT_OK(sys.RISCV_PageTable_Map(lower, vspace, kVaddr + kMegaSize, 0));
    Prober prober(sys, lower);
    expect_nothing(prober, kVaddr);
    expect_nothing(prober, 0x10000);
}

/* --- Nothing stale ---------------------------------------------------------------------------- */

TEST_F(VSpaceAccessTest, MappingIsVisibleAtOnceAfterAFailedAccess)
{
    CPtr vspace = sys.make_vspace();
    Prober prober(sys, vspace);
    expect_nothing(prober, kVaddr); /* The TLB may remember this failure, at every level. */
    CPtr middle = table();
    CPtr leaf = table();
    ASSERT_OK(sys.RISCV_PageTable_Map(middle, vspace, kVaddr, 0));
    expect_nothing(prober, kVaddr);
    ASSERT_OK(sys.RISCV_PageTable_Map(leaf, vspace, kVaddr, 0));
    expect_nothing(prober, kVaddr);
    ASSERT_OK(map(page(), kVaddr, vspace));
    expect_word(prober, kVaddr, 0);
    EXPECT_TRUE(prober.store(kVaddr, 1));
    EXPECT_TRUE(prober.fetch(kVaddr));
}

TEST_F(VSpaceAccessTest, MappingByTheThreadItselfIsVisibleAtOnce)
{
    CPtr vspace = sys.make_vspace();
    Prober prober(sys, vspace);
    CPtr frame = page();
    sys.map_tables(vspace, kVaddr);
    expect_nothing(prober, kVaddr);
    prober.act([&] {
        EXPECT_OK(map(frame, kVaddr, vspace));
        EXPECT_TRUE(sys.store(kVaddr, 5));
    });
}

TEST_F(VSpaceAccessTest, OwnUnmapIsInForceWhenTheCallReturns)
{
    CPtr vspace = sys.make_vspace();
    Prober prober(sys, vspace);
    CPtr frame = sys.map_new_page(vspace, kVaddr);
    EXPECT_TRUE(prober.store(kVaddr, 1));
    prober.act([&] {
        EXPECT_OK(sys.RISCV_Page_Unmap(frame));
        uint64_t paddr;
        EXPECT_EQ(13u, sim_translate(sys.sim(), kVaddr, SIM_LOAD, &paddr));
        EXPECT_EQ(15u, sim_translate(sys.sim(), kVaddr, SIM_STORE, &paddr));
        EXPECT_EQ(12u, sim_translate(sys.sim(), kVaddr, SIM_FETCH, &paddr));
    });
    expect_nothing(prober, kVaddr);
}

/* A way to take a mapped page away from a VSpace. */
struct Removal {
    const char *name;
    /* The VSpace, its leaf table and the frame; the pool that its ASID is from; the untyped that
     * all of them were made of. */
    std::function<void(System &, CPtr vspace, CPtr leaf, CPtr frame, CPtr pool, CPtr memory)> act;
};

const Removal kRemovals[] = {
    {"Page_Unmap",
     [](System &s, CPtr, CPtr, CPtr f, CPtr, CPtr) {
         EXPECT_OK(s.RISCV_Page_Unmap(f));
     }},
    {"delete the frame",
     [](System &s, CPtr, CPtr, CPtr f, CPtr, CPtr) {
         EXPECT_OK(s.del(f));
     }},
    {"move and delete the frame",
     [](System &s, CPtr, CPtr, CPtr f, CPtr, CPtr) {
         CPtr dest = s.alloc_slot();
         EXPECT_OK(s.move(dest, f));
         EXPECT_OK(s.del(dest));
     }},
    {"delete the frame although copies exist",
     [](System &s, CPtr, CPtr, CPtr f, CPtr, CPtr) {
         s.copy(f);
         EXPECT_OK(s.del(f));
     }},
    {"delete a CNode with the frame",
     [](System &s, CPtr, CPtr, CPtr f, CPtr, CPtr) {
         CPtr cnode = s.make_cnode(2);
         EXPECT_OK(s.CNode_Move(cnode, 1, 2, kCNode, f, 64));
         EXPECT_OK(s.del(cnode));
     }},
    {"PageTable_Unmap",
     [](System &s, CPtr, CPtr t, CPtr, CPtr, CPtr) {
         EXPECT_OK(s.RISCV_PageTable_Unmap(t));
     }},
    {"delete the table",
     [](System &s, CPtr, CPtr t, CPtr, CPtr, CPtr) {
         EXPECT_OK(s.del(t));
     }},
    {"revoke and delete the root",
     [](System &s, CPtr v, CPtr, CPtr, CPtr, CPtr) {
         EXPECT_OK(s.revoke(v));
         EXPECT_OK(s.del(v));
     }},
    {"delete the ASID pool",
     [](System &s, CPtr, CPtr, CPtr, CPtr p, CPtr) {
         EXPECT_OK(s.del(p));
     }},
    {"revoke the untyped",
     [](System &s, CPtr, CPtr, CPtr, CPtr, CPtr m) {
         EXPECT_OK(s.revoke(m));
     }},
};

TEST_F(VSpaceAccessTest, EveryRemovalTakesEffectAtOnce)
{
    for (const Removal &removal : kRemovals) {
        SCOPED_TRACE(removal.name);
        CPtr pool = sys.alloc_slot();
        ASSERT_OK(sys.RISCV_ASIDControl_MakePool(kAsidControl, sys.untyped(12), kCNode, pool, 64));
        CPtr memory = sys.untyped(15);
        CPtr tables = sys.alloc_slots(3);
        CPtr frame = sys.alloc_slot();
        ASSERT_OK(sys.retype(memory, ABI_OBJECT_PAGE_TABLE, 0, tables, 3));
        ASSERT_OK(sys.retype(memory, ABI_OBJECT_PAGE_4K, 0, frame));
        ASSERT_OK(sys.RISCV_ASIDPool_Assign(pool, tables));
        ASSERT_OK(sys.RISCV_PageTable_Map(tables + 1, tables, kVaddr, 0));
        ASSERT_OK(sys.RISCV_PageTable_Map(tables + 2, tables, kVaddr, 0));
        ASSERT_OK(map(frame, kVaddr, tables));
        Prober prober(sys, tables);
        EXPECT_TRUE(prober.store(kVaddr, 1)); /* The TLB knows it. */
        EXPECT_TRUE(prober.fetch(kVaddr));
        removal.act(sys, tables, tables + 2, frame, pool, memory);
        expect_nothing(prober, kVaddr);
    }
}

TEST_F(VSpaceAccessTest, EveryRemovalByTheThreadItselfTakesEffectBeforeItsNextAccess)
{
    for (const Removal &removal : kRemovals) {
        SCOPED_TRACE(removal.name);
        CPtr pool = sys.alloc_slot();
        ASSERT_OK(sys.RISCV_ASIDControl_MakePool(kAsidControl, sys.untyped(12), kCNode, pool, 64));
        CPtr memory = sys.untyped(15);
        CPtr tables = sys.alloc_slots(3);
        CPtr frame = sys.alloc_slot();
        ASSERT_OK(sys.retype(memory, ABI_OBJECT_PAGE_TABLE, 0, tables, 3));
        ASSERT_OK(sys.retype(memory, ABI_OBJECT_PAGE_4K, 0, frame));
        ASSERT_OK(sys.RISCV_ASIDPool_Assign(pool, tables));
        ASSERT_OK(sys.RISCV_PageTable_Map(tables + 1, tables, kVaddr, 0));
        ASSERT_OK(sys.RISCV_PageTable_Map(tables + 2, tables, kVaddr, 0));
        ASSERT_OK(map(frame, kVaddr, tables));
        Prober prober(sys, tables);
        EXPECT_TRUE(prober.store(kVaddr, 1));
        prober.act([&] {
            removal.act(sys, tables, tables + 2, frame, pool, memory);
            uint64_t paddr;
            EXPECT_EQ(13u, sim_translate(sys.sim(), kVaddr, SIM_LOAD, &paddr));
            EXPECT_EQ(15u, sim_translate(sys.sim(), kVaddr, SIM_STORE, &paddr));
            EXPECT_EQ(12u, sim_translate(sys.sim(), kVaddr, SIM_FETCH, &paddr));
        });
    }
}

TEST_F(VSpaceAccessTest, UnmappingATableTakesAllItsPagesAtOnce)
{
    CPtr vspace = sys.make_vspace();
    Prober prober(sys, vspace);
    sys.map_new_page(vspace, kVaddr);
    for (Word i = 1; i < 40; i++) {
        ASSERT_OK(map(page(), kVaddr + i * kPageSize, vspace));
    }
    CPtr neighbour = sys.map_new_page(vspace, kVaddr + kMegaSize);
    for (Word i = 0; i < 40; i++) {
        EXPECT_TRUE(prober.store(kVaddr + i * kPageSize, i));
    }
    EXPECT_TRUE(prober.store(kVaddr + kMegaSize, 1));
    /* map_tables() made the middle table, then the leaf; find the leaf by what it maps. */
    CPtr leaf = 0;
    for (CPtr slot = 16; slot < neighbour; slot++) {
        const struct cap &cap = sys.cap_at(slot);
        if (cap.type == CAP_PAGE_TABLE && cap.asid == sys.cap_at(vspace).asid &&
            cap.vaddr == kVaddr) {
            leaf = slot;
        }
    }
    ASSERT_NE(0u, leaf);
    ASSERT_OK(sys.RISCV_PageTable_Unmap(leaf));
    for (Word i = 0; i < 40; i++) {
        expect_nothing(prober, kVaddr + i * kPageSize);
    }
    expect_word(prober, kVaddr + kMegaSize, 1);
}

TEST_F(VSpaceAccessTest, UnmappingAMiddleTableTakesPagesMegaPagesAndTablesBelow)
{
    CPtr vspace = sys.make_vspace();
    Prober prober(sys, vspace);
    CPtr middle = table();
    CPtr leaf = table();
    ASSERT_OK(sys.RISCV_PageTable_Map(middle, vspace, kVaddr, 0));
    ASSERT_OK(sys.RISCV_PageTable_Map(leaf, vspace, kVaddr, 0));
    ASSERT_OK(map(page(), kVaddr, vspace));
    ASSERT_OK(map(sys.make(ABI_OBJECT_MEGA_PAGE), kVaddr + kMegaSize, vspace));
    EXPECT_TRUE(prober.store(kVaddr, 1));
    EXPECT_TRUE(prober.store(kVaddr + kMegaSize + 64, 1));
    ASSERT_OK(sys.RISCV_PageTable_Unmap(middle));
    expect_nothing(prober, kVaddr);
    expect_nothing(prober, kVaddr + kMegaSize + 64);
    /* The middle table is empty when it is mapped again. */
    ASSERT_OK(sys.RISCV_PageTable_Map(middle, vspace, kVaddr, 0));
    expect_nothing(prober, kVaddr);
    expect_nothing(prober, kVaddr + kMegaSize + 64);
}

TEST_F(VSpaceAccessTest, FrameUnmappedAndAnotherMappedShowsTheNewOne)
{
    CPtr vspace = sys.make_vspace();
    Prober prober(sys, vspace);
    CPtr first = sys.map_new_page(vspace, kVaddr);
    EXPECT_TRUE(prober.store(kVaddr, 1));
    ASSERT_OK(sys.RISCV_Page_Unmap(first));
    ASSERT_OK(map(page(), kVaddr, vspace));
    expect_word(prober, kVaddr, 0);
    EXPECT_TRUE(prober.store(kVaddr, 2));
    ASSERT_OK(map(first, kVaddr + kPageSize, vspace));
    expect_word(prober, kVaddr + kPageSize, 1);
    expect_word(prober, kVaddr, 2);
}

TEST_F(VSpaceAccessTest, DeletingOneOfTwoRootCapabilitiesKeepsTheVSpace)
{
    CPtr vspace = sys.make_vspace();
    Prober prober(sys, vspace);
    CPtr frame = sys.map_new_page(vspace, kVaddr);
    EXPECT_TRUE(prober.store(kVaddr, 1));
    /* The thread's own copy keeps it alive. */
    ASSERT_OK(sys.del(vspace));
    expect_word(prober, kVaddr, 1);
    /* It goes with the thread. */
    ASSERT_OK(sys.del(prober.thread.tcb));
    ASSERT_OK(sys.RISCV_Page_Unmap(frame));
    sys.map_tables(kVSpace, kVaddr);
    EXPECT_OK(map(frame, kVaddr, kVSpace));
}

/* --- ASID reuse ------------------------------------------------------------------------------- */

TEST_F(VSpaceAccessTest, ReusedAsidShowsNothingOfTheVSpaceBefore)
{
    CPtr first = sys.make_vspace();
    Word asid = sys.cap_at(first).asid;
    {
        Prober prober(sys, first);
        sys.map_new_page(first, kVaddr);
        sys.map_new_page(first, kVaddr + kPageSize);
        EXPECT_TRUE(prober.store(kVaddr, 1));
        EXPECT_TRUE(prober.store(kVaddr + kPageSize, 1));
        expect_nothing(prober, kVaddr + 2 * kPageSize);
        ASSERT_OK(sys.revoke(first));
        ASSERT_OK(sys.del(first));
    }
    CPtr second = sys.make_vspace();
    ASSERT_EQ(asid, sys.cap_at(second).asid);
    Prober prober(sys, second);
    expect_nothing(prober, kVaddr);
    sys.map_new_page(second, kVaddr + kPageSize);
    expect_word(prober, kVaddr + kPageSize, 0);
    expect_nothing(prober, kVaddr);
    sys.map_new_page(second, kVaddr + 2 * kPageSize);
    EXPECT_TRUE(prober.store(kVaddr + 2 * kPageSize, 1));
}

TEST_F(VSpaceAccessTest, ThreadOfADeletedVSpaceDoesNotGetTheNextOneOfItsAsid)
{
    CPtr pool = sys.alloc_slot();
    CPtr untyped = sys.untyped(12);
    ASSERT_OK(sys.RISCV_ASIDControl_MakePool(kAsidControl, untyped, kCNode, pool, 64));
    CPtr first = table();
    ASSERT_OK(sys.RISCV_ASIDPool_Assign(pool, first));
    Prober prober(sys, first);
    sys.map_new_page(first, kVaddr);
    EXPECT_TRUE(prober.store(kVaddr, 1));
    Word asid = sys.cap_at(first).asid;
    ASSERT_OK(sys.del(pool));
    expect_nothing(prober, kVaddr);

    ASSERT_OK(sys.RISCV_ASIDControl_MakePool(kAsidControl, untyped, kCNode, pool, 64));
    CPtr second = table();
    ASSERT_OK(sys.RISCV_ASIDPool_Assign(pool, second));
    ASSERT_EQ(asid, sys.cap_at(second).asid);
    sys.map_new_page(second, kVaddr);
    /* The old root's capability, in the thread, still names this ASID. */
    expect_nothing(prober, kVaddr);
    Prober other(sys, second);
    expect_word(other, kVaddr, 0);
    expect_nothing(prober, kVaddr);
}

TEST_F(VSpaceAccessTest, RootOfADeletedPoolStaysMappedAndCannotBeAssignedAgain)
{
    CPtr pool = sys.alloc_slot();
    ASSERT_OK(sys.RISCV_ASIDControl_MakePool(kAsidControl, sys.untyped(12), kCNode, pool, 64));
    CPtr vspace = table();
    ASSERT_OK(sys.RISCV_ASIDPool_Assign(pool, vspace));
    sys.map_new_page(vspace, kVaddr);
    Prober prober(sys, vspace);
    EXPECT_TRUE(prober.store(kVaddr, 3));
    ASSERT_OK(sys.del(pool));
    expect_nothing(prober, kVaddr);
    /* Its capability still counts as mapped. */
    EXPECT_CALL_ERROR(sys.RISCV_ASIDPool_Assign(kAsidPool, vspace), STATUS_INVALID_CAPABILITY, {1});
}

/* --- Addresses -------------------------------------------------------------------------------- */

TEST_F(VSpaceAccessTest, AddressesOfTheKernelHalfAndNonCanonicalOnesFault)
{
    Prober prober(sys, kVSpace);
    const Word addresses[] = {
        ABI_USER_TOP,       Word{1} << 38,      (Word{1} << 38) + 0x123458, Word{1} << 39,
        0x7FFFFFFFF8,       0x0000800000000000, 0x8000000000000000,         0xFFFFFFBFFFFFFFF8,
        0xFFFFFFC000000000, 0xFFFFFFE000000008, 0xFFFFFFFF80200000,         0xFFFFFFFFFFFFFFF8,
    };
    for (Word address : addresses) {
        SCOPED_TRACE(::testing::Message() << "address 0x" << std::hex << address);
        expect_nothing(prober, address);
    }
    /* Where the kernel sees its own state, too. */
    expect_nothing(prober, SIM_WINDOW + SIM_RAM_BASE);
}

TEST_F(VSpaceAccessTest, AllBitsOfAUserAddressAreReported)
{
    CPtr vspace = sys.make_vspace();
    Prober prober(sys, vspace);
    for (Word vaddr : {Word{0}, Word{0x10}, Word{0x2AAAAAAAA8}, Word{0x1555555550},
                       Word{0x3FFFFFEFF8}, Word{0x2000000000}}) {
        expect_nothing(prober, vaddr);
        EXPECT_TRUE(vm_fault(prober.load(vaddr + 3, 1), prober, vaddr + 3, STATUS_OF_LOAD));
    }
}

TEST_F(VSpaceAccessTest, FaultMessageCarriesThePcOfTheAccess)
{
    CPtr vspace = sys.make_vspace();
    Prober prober(sys, vspace);
    Word pc = prober.thread.regs().pc;
    EXPECT_FALSE(prober.load(0x10));
    EXPECT_EQ(pc, prober.fault[0]);
    EXPECT_EQ(pc, prober.thread.regs().fault_pc);
    EXPECT_FALSE(prober.fetch(pc));
    EXPECT_EQ(pc, prober.fault[0]);
    EXPECT_EQ(pc, prober.fault[1]);
}

TEST_F(VSpaceAccessTest, FaultIsRepeatedUntilThePageIsMapped)
{
    CPtr vspace = sys.make_vspace();
    Prober prober(sys, vspace);
    expect_no_load(prober, kVaddr);
    expect_no_load(prober, kVaddr);
    sys.map_new_page(vspace, kVaddr);
    expect_word(prober, kVaddr, 0);
}

TEST_F(VSpaceAccessTest, FaultWithoutHandlerStopsTheThreadAndResumeRetries)
{
    CPtr vspace = sys.make_vspace();
    ThreadOptions options;
    options.vspace = vspace;
    options.priority = 120;
    Thread thread = sys.spawn(options);
    EXPECT_CURRENT(sys, thread);
    Word value;
    EXPECT_FALSE(sys.load(kVaddr, &value));
    EXPECT_EQ(THREAD_INACTIVE, thread.state());
    EXPECT_CURRENT(sys, sys.root());
    sys.map_new_page(vspace, kVaddr);
    sys.TCB_Resume(thread.tcb);
    EXPECT_CURRENT(sys, thread);
    EXPECT_TRUE(sys.load(kVaddr, &value));
}

} // namespace
} // namespace albireo
