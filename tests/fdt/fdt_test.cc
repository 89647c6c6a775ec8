/* SPDX-License-Identifier: BSD-2-Clause */

/* The reader of device trees against Devicetree Specification v0.4. */
#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/fdt/guarded.h"
#include "tests/fdt/tree.h"

using namespace albireo;

namespace {

/* An opened blob, and short questions about it. */
class Reader {
  public:
    explicit Reader(const Bytes &blob) : blob_(blob)
    {
        const char *error = fdt_open(&fdt, blob_.data(), blob_.size());
        EXPECT_EQ(nullptr, error) << error;
    }

    std::string path(const struct fdt_node &node) const
    {
        char text[200];
        fdt_path(&fdt, &node, text, sizeof(text));
        return text;
    }

    /* The path of what fdt_find() finds, "" if nothing. */
    std::string found(const char *name) const
    {
        struct fdt_node node;
        return fdt_find(&fdt, name, &node) ? path(node) : "";
    }

    struct fdt_node node(const char *path) const
    {
        struct fdt_node node = {};
        EXPECT_TRUE(fdt_find(&fdt, path, &node)) << path;
        return node;
    }

    /* "START+SIZE" in hexadecimal, "absent" or "malformed". */
    std::string reg(const char *path, uint32_t index = 0) const
    {
        struct fdt_node at = node(path);
        struct fdt_region region;
        char text[64];
        switch (fdt_reg(&fdt, &at, index, &region)) {
        case FDT_ABSENT:
            return "absent";
        case FDT_MALFORMED:
            return "malformed";
        case FDT_FOUND:
            break;
        }
        snprintf(text, sizeof(text), "%llx+%llx", static_cast<unsigned long long>(region.start),
                 static_cast<unsigned long long>(region.size));
        return text;
    }

    struct fdt fdt;

  private:
    Bytes blob_;
};

std::string open_error(const Bytes &blob)
{
    struct fdt fdt;
    struct guarded guarded = guarded_new(blob.size());
    const char *error =
        fdt_open(&fdt, guarded_copy(&guarded, blob.data(), blob.size()), blob.size());
    guarded_free(&guarded);
    return error == nullptr ? "" : error;
}

/* A root without anything, and one with a changed header. */
Bytes smallest()
{
    return Tree().begin("").end().blob();
}

Bytes with_field(Field field, uint32_t value)
{
    Bytes blob = Tree().begin("").strings("model", {"x"}).end().blob();
    set32(&blob, field, value);
    return blob;
}

/* Two levels of buses, a console, an alias, all kinds of values. */
Tree example()
{
    Tree tree;
    tree.reserve(0x80000000, 0x1000).reserve(0, 0x2000);
    tree.begin("").cells("#address-cells", {2}).cells("#size-cells", {2});
    tree.strings("compatible", {"board,one", "board"});
    tree.begin("aliases").strings("serial0", {"/soc/serial@1000"}).strings("bus", {"/soc"}).end();
    tree.begin("chosen").strings("stdout-path", {"serial0:115200n8"}).end();
    tree.begin("soc").cells("#address-cells", {1}).cells("#size-cells", {1}).empty("ranges");
    tree.begin("serial@1000").cells("reg", {0x1000, 0x100, 0x3000, 0x80});
    tree.strings("compatible", {"vendor,uart", "ns16550a"}).cells("phandle", {7}).end();
    tree.begin("serial@2000").cells("reg", {0x2000, 0x100}).strings("status", {"disabled"});
    tree.strings("compatible", {"ns16550a"}).begin("child").strings("compatible", {"c"}).end();
    tree.end();
    tree.begin("serial@4000").strings("status", {"okay"});
    tree.strings("compatible", {"ns16550a"}).end();
    tree.end();
    tree.begin("cpus").end();
    tree.end();
    return tree;
}

TEST(FdtOpen, AcceptsARootWithoutAnything)
{
    EXPECT_EQ("", open_error(smallest()));
}

TEST(FdtOpen, AcceptsMemoryLargerThanTheTree)
{
    Bytes blob = smallest();
    blob.resize(blob.size() + 1000);
    EXPECT_EQ("", open_error(blob));
}

TEST(FdtOpen, RefusesWhatHasNoRoomForAHeader)
{
    Bytes blob = smallest();
    blob.resize(39);
    EXPECT_EQ("there is no device tree (its magic number d00dfeed is missing)", open_error(blob));
    EXPECT_EQ("there is no device tree (its magic number d00dfeed is missing)", open_error({}));
}

TEST(FdtOpen, RefusesAnotherMagicNumber)
{
    EXPECT_EQ("there is no device tree (its magic number d00dfeed is missing)",
              open_error(with_field(kMagic, 0xedfe0dd0)));
}

TEST(FdtOpen, RefusesASizeOfMoreThanTheMemory)
{
    Bytes blob = smallest();
    set32(&blob, kTotalSize, static_cast<uint32_t>(blob.size()) + 1);
    EXPECT_EQ("the device tree is larger than it may be, or not all there", open_error(blob));
    EXPECT_EQ("the device tree is larger than it may be, or not all there",
              open_error(with_field(kTotalSize, 0xffffffff)));
}

TEST(FdtOpen, RefusesASizeOfLessThanTheHeader)
{
    EXPECT_EQ("the size in the device tree's header is wrong",
              open_error(with_field(kTotalSize, 39)));
}

TEST(FdtOpen, RefusesOtherVersionsThan17)
{
    EXPECT_EQ("the device tree is not of version 17", open_error(with_field(kVersion, 16)));
    EXPECT_EQ("the device tree is not of version 17", open_error(with_field(kLastCompatible, 18)));
    EXPECT_EQ("", open_error(with_field(kVersion, 18)));
}

TEST(FdtOpen, RefusesAStructureBlockOutsideOfTheTree)
{
    const char error[] = "the device tree's structure block is not inside of it, or not aligned";
    EXPECT_EQ(error, open_error(with_field(kStructure, 0xfffffffc)));
    EXPECT_EQ(error, open_error(with_field(kStructureSize, 0xfffffff0)));
    EXPECT_EQ(error, open_error(with_field(kStructure, 58)));
}

TEST(FdtOpen, RefusesAStringsBlockOutsideOfTheTree)
{
    const char error[] = "the device tree's strings block is not inside of it";
    EXPECT_EQ(error, open_error(with_field(kStrings, 0xfffffffc)));
    EXPECT_EQ(error, open_error(with_field(kStringsSize, 0xffffffff)));
}

TEST(FdtOpen, RefusesAStringsBlockWithoutANulAtItsEnd)
{
    EXPECT_EQ("the device tree's strings block does not end with a NUL",
              open_error(with_field(kStringsSize, 5)));
}

TEST(FdtOpen, RefusesReservationsWithoutAnEnd)
{
    const char error[] = "the device tree's memory reservations have no end";
    EXPECT_EQ(error, open_error(with_field(kReservations, 0xffffffff)));
    Bytes blob = smallest();
    for (size_t i = 40; i < blob.size(); i++) {
        blob[i] = 1;
    }
    EXPECT_EQ(error, open_error(blob));
}

TEST(FdtOpen, RefusesAStructureBlockThatIsCutOff)
{
    const char error[] = "the device tree's structure block is cut off, or names a property by an "
                         "offset beyond the strings";
    Bytes whole = example().blob();
    for (uint32_t size = get32(whole, kStructureSize); size > 0; size--) {
        Bytes blob = whole;
        set32(&blob, kStructureSize, size - 1);
        EXPECT_EQ(error, open_error(blob)) << size - 1;
    }
}

TEST(FdtOpen, RefusesAPropertyThatIsLongerThanTheTree)
{
    Bytes blob = Tree().begin("").strings("model", {"x"}).end().blob();
    for (uint32_t size : {0x100u, 0x7fffffffu, 0xfffffff0u, 0xffffffffu}) {
        set32(&blob, get32(blob, kStructure) + 12, size);
        EXPECT_NE("", open_error(blob)) << size;
    }
}

TEST(FdtOpen, RefusesAPropertyWithItsNameBeyondTheStrings)
{
    Bytes blob = Tree().begin("").strings("model", {"x"}).end().blob();
    for (uint32_t offset : {6u, 0x7fffffffu, 0xffffffffu}) {
        set32(&blob, get32(blob, kStructure) + 16, offset);
        EXPECT_NE("", open_error(blob)) << offset;
    }
}

TEST(FdtOpen, RefusesANodeWhoseNameHasNoEnd)
{
    Bytes blob = smallest();
    for (size_t i = get32(blob, kStructure) + 4; i < blob.size(); i++) {
        blob[i] = 'x';
    }
    EXPECT_NE("", open_error(blob));
}

TEST(FdtOpen, RefusesWhatIsNoTree)
{
    EXPECT_EQ("the device tree has two roots",
              open_error(Tree().begin("").end().begin("").end().blob()));
    EXPECT_EQ("the device tree ends a node that was not begun",
              open_error(Tree().begin("").end().end().blob()));
    EXPECT_EQ("the device tree ends inside of a node", open_error(Tree().begin("").blob()));
    EXPECT_EQ("the device tree ends inside of a node", open_error(Tree().blob()));
    EXPECT_EQ("the device tree has an unknown token in its structure block",
              open_error(Tree().begin("").token(5).end().blob()));
}

TEST(FdtOpen, RefusesPropertiesOutsideOfANodeOrBehindItsChildren)
{
    const char error[] = "the device tree has a property outside of a node or behind its children";
    EXPECT_EQ(error, open_error(Tree().empty("x").begin("").end().blob()));
    EXPECT_EQ(error, open_error(Tree().begin("").end().empty("x").blob()));
    EXPECT_EQ(error, open_error(Tree().begin("").begin("a").end().empty("x").end().blob()));
}

TEST(FdtOpen, AcceptsUpTo32LevelsOfNodes)
{
    for (size_t levels : {32, 33, 1000}) {
        Tree tree;
        for (size_t i = 0; i < levels; i++) {
            tree.begin(i == 0 ? "" : "n");
        }
        for (size_t i = 0; i < levels; i++) {
            tree.end();
        }
        EXPECT_EQ(levels == 32 ? "" : "the device tree has more than 32 levels of nodes",
                  open_error(tree.blob()));
    }
}

TEST(FdtOpen, IgnoresNopsEverywhere)
{
    Tree tree;
    tree.token(kNop).begin("").token(kNop).strings("model", {"x"}).token(kNop);
    tree.begin("a").token(kNop).end().token(kNop).begin("b").end().token(kNop).end().token(kNop);
    Reader reader(tree.blob());
    struct fdt_node root;
    fdt_root(&reader.fdt, &root);
    EXPECT_STREQ("x", fdt_string(&reader.fdt, &root, "model", 0));
    EXPECT_EQ("/a", reader.found("/a"));
    EXPECT_EQ("/b", reader.found("/b"));
}

TEST(FdtOpen, ReadsABlobAtAnyAddress)
{
    Bytes blob = example().blob();
    for (size_t shift = 1; shift < 4; shift++) {
        Bytes moved(shift, 0);
        moved.insert(moved.end(), blob.begin(), blob.end());
        EXPECT_TRUE(read_everything(moved.data() + shift, blob.size()));
    }
}

TEST(FdtWalk, NextVisitsEachNodeBeforeItsChildren)
{
    Reader reader(example().blob());
    struct fdt_node node;
    std::vector<std::string> paths;
    fdt_root(&reader.fdt, &node);
    do {
        paths.push_back(reader.path(node));
    } while (fdt_next(&reader.fdt, &node));
    EXPECT_EQ((std::vector<std::string>{"/", "/aliases", "/chosen", "/soc", "/soc/serial@1000",
                                        "/soc/serial@2000", "/soc/serial@2000/child",
                                        "/soc/serial@4000", "/cpus"}),
              paths);
    EXPECT_EQ("/cpus", reader.path(node));
}

TEST(FdtWalk, SiblingsSkipWhatIsBelowThem)
{
    Reader reader(example().blob());
    struct fdt_node node = reader.node("/soc/serial@2000");
    EXPECT_TRUE(fdt_next_sibling(&reader.fdt, &node));
    EXPECT_EQ("/soc/serial@4000", reader.path(node));
    EXPECT_FALSE(fdt_next_sibling(&reader.fdt, &node));
    EXPECT_EQ("/soc/serial@4000", reader.path(node));
    EXPECT_TRUE(fdt_parent(&node));
    EXPECT_TRUE(fdt_next_sibling(&reader.fdt, &node));
    EXPECT_EQ("/cpus", reader.path(node));
    EXPECT_FALSE(fdt_next_sibling(&reader.fdt, &node));
    EXPECT_FALSE(fdt_first_child(&reader.fdt, &node));
    EXPECT_EQ("/cpus", reader.path(node));
}

TEST(FdtWalk, ALeafHasNoChildThoughANodeFollows)
{
    Reader reader(example().blob());
    struct fdt_node node = reader.node("/chosen");
    EXPECT_FALSE(fdt_first_child(&reader.fdt, &node));
    EXPECT_EQ("/chosen", reader.path(node));
}

TEST(FdtWalk, TheRootHasNeitherParentNorSibling)
{
    Reader reader(example().blob());
    struct fdt_node node;
    fdt_root(&reader.fdt, &node);
    EXPECT_FALSE(fdt_parent(&node));
    EXPECT_FALSE(fdt_next_sibling(&reader.fdt, &node));
    EXPECT_EQ("/", reader.path(node));
    EXPECT_STREQ("", fdt_name(&reader.fdt, &node));
}

TEST(FdtFind, FindsByPath)
{
    Reader reader(example().blob());
    EXPECT_EQ("/", reader.found("/"));
    EXPECT_EQ("/soc", reader.found("/soc"));
    EXPECT_EQ("/soc", reader.found("//soc/"));
    EXPECT_EQ("/soc/serial@2000/child", reader.found("/soc/serial@2000/child"));
}

TEST(FdtFind, ANameWithoutUnitAddressMatchesTheFirst)
{
    Reader reader(example().blob());
    EXPECT_EQ("/soc/serial@1000", reader.found("/soc/serial"));
}

TEST(FdtFind, APrefixIsNoName)
{
    Reader reader(example().blob());
    EXPECT_EQ("", reader.found("/soc/seri"));
    EXPECT_EQ("", reader.found("/soc/serial@1"));
    EXPECT_EQ("", reader.found("/soc/serial@1000/child"));
    EXPECT_EQ("", reader.found("/soc/serial@10000"));
    EXPECT_EQ("", reader.found("/none"));
}

TEST(FdtFind, FindsByAlias)
{
    Reader reader(example().blob());
    EXPECT_EQ("/soc/serial@1000", reader.found("serial0"));
    EXPECT_EQ("/soc/serial@4000", reader.found("bus/serial@4000"));
    EXPECT_EQ("", reader.found("serial1"));
    EXPECT_EQ("", reader.found("bus/none"));
    EXPECT_EQ("", reader.found(""));
}

TEST(FdtFind, WhatIsBehindAColonIsNoPath)
{
    Reader reader(example().blob());
    EXPECT_EQ("/soc/serial@1000", reader.found("serial0:115200n8"));
    EXPECT_EQ("/soc/serial@4000", reader.found("/soc/serial@4000:9600"));
    EXPECT_EQ("", reader.found(":9600"));
}

TEST(FdtFind, AnAliasThatIsNoPathIsNoAlias)
{
    Tree tree;
    tree.begin("").begin("aliases").strings("a", {"b"}).strings("b", {"/c"});
    tree.bytes("open", {'/', 'c'}).strings("gone", {"/d"}).empty("none").end();
    tree.begin("c").end().end();
    Reader reader(tree.blob());
    EXPECT_EQ("/c", reader.found("b"));
    EXPECT_EQ("", reader.found("a"));
    EXPECT_EQ("", reader.found("open"));
    EXPECT_EQ("", reader.found("gone"));
    EXPECT_EQ("", reader.found("none"));
}

TEST(FdtFind, WithoutAliasesNoAliasIsFound)
{
    Reader reader(smallest());
    EXPECT_EQ("", reader.found("serial0"));
}

TEST(FdtFind, FindsByPhandle)
{
    Reader reader(example().blob());
    struct fdt_node node;
    ASSERT_TRUE(fdt_find_phandle(&reader.fdt, 7, &node));
    EXPECT_EQ("/soc/serial@1000", reader.path(node));
    EXPECT_FALSE(fdt_find_phandle(&reader.fdt, 8, &node));
}

TEST(FdtFind, CompatibleNodesAreEnabledOnes)
{
    Reader reader(example().blob());
    struct fdt_node node;
    fdt_root(&reader.fdt, &node);
    ASSERT_TRUE(fdt_next_compatible(&reader.fdt, "ns16550a", &node));
    EXPECT_EQ("/soc/serial@1000", reader.path(node));
    ASSERT_TRUE(fdt_next_compatible(&reader.fdt, "ns16550a", &node));
    EXPECT_EQ("/soc/serial@4000", reader.path(node));
    EXPECT_FALSE(fdt_next_compatible(&reader.fdt, "ns16550a", &node));
}

TEST(FdtFind, WhatIsBelowADisabledNodeIsDisabled)
{
    Reader reader(example().blob());
    struct fdt_node node = reader.node("/soc/serial@2000/child");
    EXPECT_FALSE(fdt_is_enabled(&reader.fdt, &node));
    fdt_root(&reader.fdt, &node);
    EXPECT_FALSE(fdt_next_compatible(&reader.fdt, "c", &node));
}

TEST(FdtFind, OkIsOkay)
{
    Tree tree;
    tree.begin("").begin("a").strings("status", {"ok"}).end();
    tree.begin("b").strings("status", {"fail"}).end();
    tree.begin("c").empty("status").end().end();
    Reader reader(tree.blob());
    struct fdt_node a = reader.node("/a"), b = reader.node("/b"), c = reader.node("/c");
    EXPECT_TRUE(fdt_is_enabled(&reader.fdt, &a));
    EXPECT_FALSE(fdt_is_enabled(&reader.fdt, &b));
    EXPECT_FALSE(fdt_is_enabled(&reader.fdt, &c));
}

TEST(FdtFind, TheConsoleIsWhatChosenNames)
{
    Reader reader(example().blob());
    struct fdt_node node;
    ASSERT_TRUE(fdt_chosen_console(&reader.fdt, &node));
    EXPECT_EQ("/soc/serial@1000", reader.path(node));
}

TEST(FdtFind, WithoutChosenThereIsNoConsole)
{
    struct fdt_node node;
    Reader nothing(smallest());
    EXPECT_FALSE(fdt_chosen_console(&nothing.fdt, &node));
    Reader no_path(Tree().begin("").begin("chosen").end().end().blob());
    EXPECT_FALSE(fdt_chosen_console(&no_path.fdt, &node));
    Reader nowhere(
        Tree().begin("").begin("chosen").strings("stdout-path", {"/x"}).end().end().blob());
    EXPECT_FALSE(fdt_chosen_console(&nowhere.fdt, &node));
}

TEST(FdtProperty, PropertiesComeInTheirOrder)
{
    Reader reader(example().blob());
    struct fdt_node node = reader.node("/soc");
    struct fdt_property property;
    std::vector<std::string> names;
    for (bool more = fdt_first_property(&reader.fdt, &node, &property); more;
         more = fdt_next_property(&reader.fdt, &property)) {
        names.push_back(property.name);
    }
    EXPECT_EQ((std::vector<std::string>{"#address-cells", "#size-cells", "ranges"}), names);
}

TEST(FdtProperty, APropertyOfAChildIsNoneOfItsParent)
{
    Reader reader(example().blob());
    struct fdt_node node = reader.node("/soc");
    struct fdt_property property;
    EXPECT_FALSE(fdt_property(&reader.fdt, &node, "reg", &property));
    EXPECT_FALSE(fdt_property(&reader.fdt, &node, "range", &property));
    EXPECT_FALSE(fdt_property(&reader.fdt, &node, "rangess", &property));
    ASSERT_TRUE(fdt_property(&reader.fdt, &node, "ranges", &property));
    EXPECT_EQ(0u, property.size);
}

TEST(FdtProperty, ACellIsReadOnlyIfItIsWhole)
{
    Reader reader(Tree().begin("").bytes("x", {1, 2, 3, 4, 5, 6, 7}).end().blob());
    struct fdt_node root;
    uint32_t value = 99;
    fdt_root(&reader.fdt, &root);
    EXPECT_FALSE(fdt_cell(&reader.fdt, &root, "x", 1, &value));
    EXPECT_FALSE(fdt_cell(&reader.fdt, &root, "x", 0xffffffff, &value));
    EXPECT_FALSE(fdt_cell(&reader.fdt, &root, "y", 0, &value));
    EXPECT_EQ(99u, value);
    ASSERT_TRUE(fdt_cell(&reader.fdt, &root, "x", 0, &value));
    EXPECT_EQ(0x01020304u, value);
}

TEST(FdtProperty, ANumberHasAnyCountOfCellsButAtMost64Bits)
{
    const uint8_t data[16] = {0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 3, 3, 3, 3};
    struct fdt_property property = {};
    property.data = data;
    property.size = sizeof(data);
    uint64_t value = 99;
    ASSERT_TRUE(fdt_number(&property, 4, 0, &value));
    EXPECT_EQ(0u, value);
    ASSERT_TRUE(fdt_number(&property, 2, 1, &value));
    EXPECT_EQ(0x02020202u, value);
    ASSERT_TRUE(fdt_number(&property, 2, 2, &value));
    EXPECT_EQ(0x0202020203030303u, value);
    ASSERT_TRUE(fdt_number(&property, 0, 3, &value));
    EXPECT_EQ(0x102020202u, value);
    EXPECT_FALSE(fdt_number(&property, 0, 4, &value));
    EXPECT_FALSE(fdt_number(&property, 3, 2, &value));
    EXPECT_FALSE(fdt_number(&property, 0xffffffff, 0xffffffff, &value));
    EXPECT_EQ(0x102020202u, value);
}

TEST(FdtProperty, StringsAreCountedInTheirList)
{
    Reader reader(example().blob());
    struct fdt_node root;
    fdt_root(&reader.fdt, &root);
    EXPECT_STREQ("board,one", fdt_string(&reader.fdt, &root, "compatible", 0));
    EXPECT_STREQ("board", fdt_string(&reader.fdt, &root, "compatible", 1));
    EXPECT_EQ(nullptr, fdt_string(&reader.fdt, &root, "compatible", 2));
    EXPECT_EQ(nullptr, fdt_string(&reader.fdt, &root, "model", 0));
}

TEST(FdtProperty, OnlyAWholeStringMatches)
{
    Reader reader(example().blob());
    struct fdt_node root;
    fdt_root(&reader.fdt, &root);
    EXPECT_TRUE(fdt_has_string(&reader.fdt, &root, "compatible", "board,one"));
    EXPECT_TRUE(fdt_has_string(&reader.fdt, &root, "compatible", "board"));
    EXPECT_FALSE(fdt_has_string(&reader.fdt, &root, "compatible", "one"));
    EXPECT_FALSE(fdt_has_string(&reader.fdt, &root, "compatible", "boar"));
    EXPECT_FALSE(fdt_has_string(&reader.fdt, &root, "compatible", ""));
    EXPECT_FALSE(fdt_has_string(&reader.fdt, &root, "model", "board"));
}

TEST(FdtProperty, WhatHasNoNulIsNoString)
{
    Reader reader(Tree().begin("").bytes("x", {'a', 0, 'b', 'c'}).end().blob());
    struct fdt_node root;
    fdt_root(&reader.fdt, &root);
    EXPECT_STREQ("a", fdt_string(&reader.fdt, &root, "x", 0));
    EXPECT_EQ(nullptr, fdt_string(&reader.fdt, &root, "x", 1));
    EXPECT_FALSE(fdt_has_string(&reader.fdt, &root, "x", "bc"));
}

TEST(FdtReservations, AreReadUpToTheirEnd)
{
    Reader reader(example().blob());
    uint64_t start = 0, size = 0;
    ASSERT_TRUE(fdt_reservation(&reader.fdt, 0, &start, &size));
    EXPECT_EQ(0x80000000u, start);
    EXPECT_EQ(0x1000u, size);
    ASSERT_TRUE(fdt_reservation(&reader.fdt, 1, &start, &size));
    EXPECT_EQ(0u, start);
    EXPECT_EQ(0x2000u, size);
    EXPECT_FALSE(fdt_reservation(&reader.fdt, 2, &start, &size));
    EXPECT_FALSE(fdt_reservation(&reader.fdt, 0xffffffff, &start, &size));
}

/* A device with `reg` below the root, whose cells are given. */
Bytes device(std::vector<uint32_t> address_cells, std::vector<uint32_t> size_cells,
             std::vector<uint32_t> reg)
{
    Tree tree;
    tree.begin("");
    if (!address_cells.empty()) {
        tree.cells("#address-cells", address_cells);
    }
    if (!size_cells.empty()) {
        tree.cells("#size-cells", size_cells);
    }
    return tree.begin("d").cells("reg", reg).end().end().blob();
}

TEST(FdtReg, EntriesHaveTheCellsThatTheParentSays)
{
    EXPECT_EQ("1000+20", Reader(device({1}, {1}, {0x1000, 0x20})).reg("/d"));
    EXPECT_EQ("1000+0", Reader(device({1}, {0}, {0x1000})).reg("/d"));
    EXPECT_EQ("0+20", Reader(device({0}, {1}, {0x20})).reg("/d"));
    EXPECT_EQ("100001000+20", Reader(device({2}, {1}, {1, 0x1000, 0x20})).reg("/d"));
    EXPECT_EQ("100001000+200000020", Reader(device({2}, {2}, {1, 0x1000, 2, 0x20})).reg("/d"));
    EXPECT_EQ("1000+20", Reader(device({3}, {2}, {0, 0, 0x1000, 0, 0x20})).reg("/d"));
    EXPECT_EQ("1000+20", Reader(device({4}, {4}, {0, 0, 0, 0x1000, 0, 0, 0, 0x20})).reg("/d"));
}

TEST(FdtReg, CellsAreTwoAndOneUnlessSaid)
{
    EXPECT_EQ("100001000+20", Reader(device({}, {}, {1, 0x1000, 0x20})).reg("/d"));
}

TEST(FdtReg, EveryEntryIsFound)
{
    Reader reader(example().blob());
    EXPECT_EQ("1000+100", reader.reg("/soc/serial@1000", 0));
    EXPECT_EQ("3000+80", reader.reg("/soc/serial@1000", 1));
    EXPECT_EQ("absent", reader.reg("/soc/serial@1000", 2));
    EXPECT_EQ("absent", reader.reg("/soc/serial@1000", 0xffffffff));
    EXPECT_EQ("absent", reader.reg("/soc/serial@4000"));
    EXPECT_EQ("absent", reader.reg("/"));
}

TEST(FdtReg, UnreadableCellsAreMalformed)
{
    EXPECT_EQ("malformed", Reader(device({5}, {1}, {0, 0, 0, 0, 0x1000, 1})).reg("/d"));
    EXPECT_EQ("malformed", Reader(device({0x40000001}, {1}, {1, 1})).reg("/d"));
    EXPECT_EQ("malformed", Reader(device({1}, {0xffffffff}, {1, 1})).reg("/d"));
    EXPECT_EQ("malformed", Reader(device({0, 2}, {1}, {1, 1})).reg("/d"));
    EXPECT_EQ("malformed", Reader(device({0}, {0}, {1})).reg("/d"));
}

TEST(FdtReg, ARestIsMalformed)
{
    EXPECT_EQ("malformed", Reader(device({2}, {2}, {0, 1, 0, 2, 0})).reg("/d"));
}

TEST(FdtReg, NumbersOfMoreThan64BitsAreMalformed)
{
    EXPECT_EQ("malformed", Reader(device({3}, {1}, {1, 0, 0, 1})).reg("/d"));
    EXPECT_EQ("malformed", Reader(device({1}, {3}, {1, 1, 0, 0})).reg("/d"));
}

TEST(FdtReg, ARegionThatWrapsIsMalformed)
{
    EXPECT_EQ("malformed", Reader(device({2}, {2}, {0xffffffff, 0xfffff000, 0, 0x1000})).reg("/d"));
    EXPECT_EQ("malformed", Reader(device({2}, {2}, {0, 1, 0xffffffff, 0xffffffff})).reg("/d"));
    EXPECT_EQ("fffffffffffff000+fff",
              Reader(device({2}, {2}, {0xffffffff, 0xfffff000, 0, 0xfff})).reg("/d"));
}

/* A device at 0x100 of 0x10 bytes on a bus of one cell each, below the root with two and two. */
Bytes behind_bus(std::vector<uint32_t> ranges)
{
    Tree tree;
    tree.begin("").cells("#address-cells", {2}).cells("#size-cells", {2});
    tree.begin("bus").cells("#address-cells", {1}).cells("#size-cells", {1});
    tree.cells("ranges", ranges);
    tree.begin("d").cells("reg", {0x100, 0x10}).end();
    return tree.end().end().blob();
}

TEST(FdtReg, RangesTranslate)
{
    EXPECT_EQ("740000100+10", Reader(behind_bus({0, 7, 0x40000000, 0x1000})).reg("/bus/d"));
    EXPECT_EQ("700000000+10", Reader(behind_bus({0x100, 7, 0, 0x10})).reg("/bus/d"));
}

TEST(FdtReg, TheFirstRangeThatHoldsAllOfTheRegionCounts)
{
    EXPECT_EQ("300000000+10", Reader(behind_bus({0x101, 1, 0, 0x1000, 0xf8, 2, 0, 0x10, 0x100, 3, 0,
                                                 0x10, 0x100, 4, 0, 0x10}))
                                  .reg("/bus/d"));
}

TEST(FdtReg, WithoutASuitableRangeThereIsNoAddress)
{
    EXPECT_EQ("malformed", Reader(behind_bus({0x100, 1, 0, 0xf})).reg("/bus/d"));
    EXPECT_EQ("malformed", Reader(behind_bus({0x101, 1, 0, 0x1000})).reg("/bus/d"));
    EXPECT_EQ("malformed", Reader(behind_bus({0, 1, 0, 0x100})).reg("/bus/d"));
    EXPECT_EQ("malformed", Reader(behind_bus({0, 1, 0})).reg("/bus/d"));
}

TEST(FdtReg, ATranslationThatWrapsIsNone)
{
    EXPECT_EQ("malformed", Reader(behind_bus({0, 0xffffffff, 0xfffffef0, 0x1000})).reg("/bus/d"));
}

TEST(FdtReg, WithoutRangesThereIsNoTranslation)
{
    Tree tree;
    tree.begin("").begin("bus").begin("d").cells("reg", {0, 0x100, 0x10}).end().end().end();
    EXPECT_EQ("malformed", Reader(tree.blob()).reg("/bus/d"));
}

TEST(FdtReg, EveryBusOnTheWayTranslates)
{
    Tree tree;
    tree.begin("").cells("#address-cells", {1}).cells("#size-cells", {1});
    tree.begin("a").cells("#address-cells", {1}).cells("#size-cells", {1});
    tree.cells("ranges", {0x1000, 0x50000, 0x1000});
    tree.begin("b").cells("#address-cells", {1}).cells("#size-cells", {1}).empty("ranges");
    tree.begin("c").cells("#address-cells", {2}).cells("#size-cells", {1});
    tree.cells("ranges", {9, 0, 0x1100, 0x100});
    tree.begin("d").cells("reg", {9, 0x20, 4}).end();
    tree.end().end().end().end();
    EXPECT_EQ("50120+4", Reader(tree.blob()).reg("/a/b/c/d"));
}

TEST(FdtReg, BadCellsOnTheWayAreMalformed)
{
    for (const char *where : {"above", "bus"}) {
        Tree tree;
        tree.begin("");
        tree.begin("above").cells("#address-cells", {where[0] == 'a' ? 9u : 1u});
        tree.empty("ranges");
        tree.begin("bus").cells("#size-cells", {where[0] == 'b' ? 9u : 1u}).empty("ranges");
        tree.begin("d").cells("reg", {0, 1, 1}).end();
        tree.end().end().end();
        EXPECT_EQ("malformed", Reader(tree.blob()).reg("/above/bus/d")) << where;
    }
}

TEST(FdtReg, ARangeOfNoCellsTranslatesNothing)
{
    Tree tree;
    tree.begin("").cells("#address-cells", {0}).cells("#size-cells", {0});
    tree.begin("bus").cells("#address-cells", {0}).cells("#size-cells", {0}).cells("ranges", {1});
    tree.begin("mid").cells("#address-cells", {1}).cells("#size-cells", {0}).empty("ranges");
    tree.begin("d").cells("reg", {1}).end().end().end().end();
    EXPECT_EQ("malformed", Reader(tree.blob()).reg("/bus/mid/d"));
}

TEST(FdtReg, PciAddressesAreSkippedNotTakenForNumbers)
{
    Tree tree;
    tree.begin("").cells("#address-cells", {2}).cells("#size-cells", {2});
    tree.begin("pci").cells("#address-cells", {3}).cells("#size-cells", {2});
    tree.cells("ranges", {0x1000000, 0, 0, 0, 0x3000000, 0, 0x10000, //
                          0, 0, 0, 0, 0x40000000, 0, 0x10000});
    tree.begin("d").cells("reg", {0, 0, 0x10, 0, 4}).end();
    tree.end().end();
    EXPECT_EQ("40000010+4", Reader(tree.blob()).reg("/pci/d"));
}

TEST(FdtPath, IsCutToItsRoom)
{
    Reader reader(example().blob());
    struct fdt_node node = reader.node("/soc/serial@1000");
    char text[8];
    fdt_path(&reader.fdt, &node, text, sizeof(text));
    EXPECT_STREQ("/soc/se", text);
    fdt_path(&reader.fdt, &node, text, 1);
    EXPECT_STREQ("", text);
}

TEST(FdtPath, ShowsNothingUnprintable)
{
    Reader reader(Tree().begin("").begin("a\x1b[2J b\xff").end().end().blob());
    struct fdt_node node;
    fdt_root(&reader.fdt, &node);
    ASSERT_TRUE(fdt_next(&reader.fdt, &node));
    EXPECT_EQ("/a?[2J?b?", reader.path(node));
}

TEST(FdtHostile, ATreeCutToAnyLengthIsRefused)
{
    Bytes blob = example().blob();
    struct guarded guarded = guarded_new(blob.size());
    for (size_t size = 0; size < blob.size(); size++) {
        EXPECT_FALSE(read_everything(guarded_copy(&guarded, blob.data(), size), size)) << size;
    }
    guarded_free(&guarded);
}

/* The header's size is corrected, too: then whatever is missing is missing inside of the tree. */
TEST(FdtHostile, ATreeCutWithItsHeaderIsReadOnlyInside)
{
    Bytes blob = example().blob();
    struct guarded guarded = guarded_new(blob.size());
    for (size_t size = 40; size < blob.size(); size++) {
        Bytes cut(blob.begin(), blob.begin() + static_cast<long>(size));
        set32(&cut, kTotalSize, static_cast<uint32_t>(size));
        EXPECT_FALSE(read_everything(guarded_copy(&guarded, cut.data(), size), size)) << size;
    }
    guarded_free(&guarded);
}

TEST(FdtHostile, ATreeWithAnyByteChangedIsReadOnlyInside)
{
    Bytes blob = example().blob();
    struct guarded guarded = guarded_new(blob.size());
    uint32_t opened = 0;
    for (size_t i = 0; i < blob.size(); i++) {
        for (uint32_t value = 0; value < 256; value++) {
            Bytes changed = blob;
            changed[i] = static_cast<uint8_t>(value);
            opened += read_everything(guarded_copy(&guarded, changed.data(), changed.size()),
                                      changed.size());
        }
    }
    EXPECT_GT(opened, blob.size()); /* The one that changes nothing, and more. */
    guarded_free(&guarded);
}

TEST(FdtHostile, WideTreesOf64KilobytesAreReadInTheirTurn)
{
    Tree nodes;
    nodes.begin("");
    for (int i = 0; i < 1500; i++) {
        nodes.begin("n").strings("compatible", {"a", "b"}).end();
    }
    nodes.end();
    Tree properties;
    properties.begin("");
    for (int i = 0; i < 3000; i++) {
        properties.empty("p");
    }
    properties.end();
    for (const Bytes &blob : {nodes.blob(), properties.blob()}) {
        EXPECT_TRUE(read_everything(blob.data(), blob.size()));
    }
    Reader reader(nodes.blob());
    struct fdt_node node;
    int count = 0;
    fdt_root(&reader.fdt, &node);
    while (fdt_next_compatible(&reader.fdt, "b", &node)) {
        count++;
    }
    EXPECT_EQ(1500, count);
}

} // namespace
