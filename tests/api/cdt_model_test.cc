/* SPDX-License-Identifier: BSD-2-Clause */

/* The derivation tree against a naive model of it: all sequences of up to five or so Copy, Mint,
 * Move, Delete and Revoke over four slots, for families of several kinds (docs/abi/03 sections 3.6
 * to 3.8). After each step, the slots that are occupied, and their badges, are those of the model.
 */
#include <array>
#include <deque>
#include <map>
#include <set>
#include <string>

#include "tests/support/system.h"

namespace albireo {
namespace {

constexpr int kSlots = 4;

enum class Verb { kCopy, kMint, kMove, kDelete, kRevoke };

struct Operation {
    Verb verb;
    int source;
    int dest; /* Delete and Revoke: the slot, too. */
    Word badge;
};

std::string to_string(const Operation &op)
{
    static const char *const names[] = {"copy", "mint", "move", "delete", "revoke"};
    return std::string(names[static_cast<int>(op.verb)]) + " " + std::to_string(op.source) + "->" +
           std::to_string(op.dest) + " badge " + std::to_string(op.badge) + "; ";
}

std::vector<Operation> all_operations()
{
    std::vector<Operation> all;
    for (int a = 0; a < kSlots; a++) {
        all.push_back({Verb::kDelete, a, a, 0});
        all.push_back({Verb::kRevoke, a, a, 0});
        for (int b = 0; b < kSlots; b++) {
            all.push_back({Verb::kCopy, a, b, 0});
            all.push_back({Verb::kMove, a, b, 0});
            for (Word badge : {0u, 1u, 2u}) {
                all.push_back({Verb::kMint, a, b, badge});
            }
        }
    }
    return all;
}

/* --- The model -------------------------------------------------------------------------------- */

/* Four slots as a forest with explicit parents. What the contract derives from order and bits is
 * said outright: a badged capability minted from an unbadged one heads a family of its own. */
class Model {
  public:
    explicit Model(Word type) : type_(type)
    {
        nodes_[0].used = true;
        nodes_[0].original = true;
    }

    Word apply(const Operation &op);
    bool used(int slot) const
    {
        return nodes_[slot].used;
    }
    Word badge(int slot) const
    {
        return nodes_[slot].badge;
    }
    std::string key() const;

  private:
    static constexpr int kNone = -1;

    struct Node {
        bool used = false;
        bool original = false; /* May have children. */
        Word badge = 0;
        int parent = kNone;
    };

    bool has_badge() const
    {
        return type_ == ABI_OBJECT_ENDPOINT || type_ == ABI_OBJECT_NOTIFICATION;
    }
    bool has_children(int slot) const;
    void adopt(int from, int to);
    Word derive(const Operation &op);
    void revoke(int slot);

    Word type_;
    std::array<Node, kSlots> nodes_;
};

bool Model::has_children(int slot) const
{
    for (const Node &node : nodes_) {
        if (node.used && node.parent == slot) {
            return true;
        }
    }
    return false;
}

/* The children of one slot become another's. */
void Model::adopt(int from, int to)
{
    for (Node &node : nodes_) {
        if (node.used && node.parent == from) {
            node.parent = to;
        }
    }
}

void Model::revoke(int slot)
{
    for (int i = 0; i < kSlots; i++) {
        if (nodes_[i].used && nodes_[i].parent == slot) {
            revoke(i);
            nodes_[i] = Node();
        }
    }
}

Word Model::derive(const Operation &op)
{
    const Node &source = nodes_[op.source];
    Node made = {true, false, source.badge, kNone};
    if (op.verb == Verb::kMint && has_badge()) {
        if (source.badge != 0) {
            return STATUS_ILLEGAL_OPERATION;
        }
        made.badge = op.badge;
    }
    if (type_ == ABI_OBJECT_UNTYPED && has_children(op.source)) {
        return STATUS_REVOKE_FIRST;
    }
    made.original = type_ == ABI_OBJECT_UNTYPED || made.badge != source.badge;
    made.parent = source.original ? op.source : source.parent;
    nodes_[op.dest] = made;
    return STATUS_OK;
}

Word Model::apply(const Operation &op)
{
    Node &source = nodes_[op.source];
    if (op.verb == Verb::kDelete) {
        if (source.used) {
            adopt(op.source, source.parent);
        }
        source = Node();
        return STATUS_OK;
    }
    if (op.verb == Verb::kRevoke) {
        revoke(op.source);
        return STATUS_OK;
    }
    if (nodes_[op.dest].used) {
        return STATUS_DELETE_FIRST;
    }
    if (!source.used) {
        return STATUS_FAILED_LOOKUP;
    }
    if (op.verb == Verb::kMove) {
        nodes_[op.dest] = source;
        adopt(op.source, op.dest);
        source = Node();
        return STATUS_OK;
    }
    return derive(op);
}

std::string Model::key() const
{
    std::string key;
    for (const Node &node : nodes_) {
        key += node.used ? std::to_string(node.badge) + (node.original ? "o" : "c") +
                               std::to_string(node.parent)
                         : "-";
        key += ",";
    }
    return key;
}

/* --- The kernel ------------------------------------------------------------------------------- */

class Family {
  public:
    explicit Family(Word type);
    /* Slot 0 holds a new original, the others are empty. */
    void restart();
    Reply apply(const Operation &op);
    std::string mismatch(const Model &model) const;
    /* What the kernel knows of the slots: capabilities, bits, neighbours. */
    std::string key() const;

    System sys;

  private:
    static SystemOptions options()
    {
        SystemOptions options;
        options.root_cnode_bits = 8;
        options.checks = false; /* Once per sequence instead. */
        return options;
    }

    Word type_;
    CPtr untyped_;
    CPtr slots_;
};

Family::Family(Word type)
    : sys(options()), type_(type), untyped_(sys.untyped(14)), slots_(sys.alloc_slots(kSlots))
{
}

void Family::restart()
{
    EXPECT_OK(sys.revoke(untyped_));
    EXPECT_OK(sys.retype(untyped_, type_, 10, slots_));
}

Reply Family::apply(const Operation &op)
{
    CPtr source = slots_ + static_cast<CPtr>(op.source);
    CPtr dest = slots_ + static_cast<CPtr>(op.dest);
    switch (op.verb) {
    case Verb::kCopy:
        return sys.CNode_Copy(kCNode, dest, 64, kCNode, source, 64, ABI_RIGHT_ALL);
    case Verb::kMint:
        return sys.CNode_Mint(kCNode, dest, 64, kCNode, source, 64, ABI_RIGHT_ALL, op.badge);
    case Verb::kMove:
        return sys.move(dest, source);
    case Verb::kDelete:
        return sys.del(dest);
    case Verb::kRevoke:
        return sys.revoke(dest);
    }
    return {};
}

std::string Family::mismatch(const Model &model) const
{
    for (int i = 0; i < kSlots; i++) {
        const struct cap &cap = sys.cap_at(slots_ + static_cast<CPtr>(i));
        bool badged = cap.type == CAP_ENDPOINT || cap.type == CAP_NOTIFICATION;
        if ((cap.type != CAP_NULL) != model.used(i)) {
            return "slot " + std::to_string(i) + (model.used(i) ? " is empty" : " is occupied");
        }
        if (badged && cap.badge != model.badge(i)) {
            return "slot " + std::to_string(i) + " has badge " + std::to_string(cap.badge);
        }
    }
    return "";
}

std::string Family::key() const
{
    std::string key;
    for (CPtr i = 0; i < kSlots; i++) {
        const struct slot *slot = sys.slot_at(slots_ + i);
        key += std::to_string(slot->cap.type) + "." + std::to_string(slot->cap.badge) + "." +
               std::to_string(slot->cap.cdt) + "." + std::to_string(slot->prev) + ".";
    }
    return key;
}

/* --- All sequences ---------------------------------------------------------------------------- */

struct Kind {
    const char *name;
    Word type;
    size_t length; /* Of the longest sequences. */
};

void PrintTo(const Kind &kind, std::ostream *out)
{
    *out << kind.name;
}

class DerivationModel : public ::testing::TestWithParam<Kind> {
  protected:
    using Sequence = std::vector<Operation>;

    /* Runs `sequence` and one more in kernel and model; false if they differ. */
    bool agree(const Sequence &sequence, const Operation &last);
    /* Sequences that lead to a state seen before need not be gone on with: neither the kernel nor
     * the model can tell them apart. */
    void extend(const Sequence &sequence);

    Family family_{GetParam().type};
    Model model_{GetParam().type};
    std::set<std::string> seen_;
    std::deque<Sequence> open_;
    size_t runs_ = 0;
};

bool DerivationModel::agree(const Sequence &sequence, const Operation &last)
{
    std::string what;
    family_.restart();
    model_ = Model(GetParam().type);
    for (const Operation &op : sequence) {
        family_.apply(op);
        model_.apply(op);
        what += to_string(op);
    }
    what += to_string(last);
    runs_++;
    Word expected = model_.apply(last);
    EXPECT_CALL_ERROR(family_.apply(last), expected) << what;
    EXPECT_EQ(family_.mismatch(model_), "") << what << model_.key();
    EXPECT_TRUE(sim_check(family_.sys.sim())) << what << sim_message(family_.sys.sim());
    return !HasFailure();
}

void DerivationModel::extend(const Sequence &sequence)
{
    for (const Operation &op : all_operations()) {
        if (!agree(sequence, op)) {
            return;
        }
        bool fresh = seen_.insert(model_.key() + family_.key()).second;
        if (fresh && sequence.size() + 1 < GetParam().length) {
            open_.push_back(sequence);
            open_.back().push_back(op);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Derivation, DerivationModel,
                         ::testing::Values(Kind{"Endpoints", ABI_OBJECT_ENDPOINT, 5},
                                           Kind{"Notifications", ABI_OBJECT_NOTIFICATION, 4},
                                           Kind{"Tcbs", ABI_OBJECT_TCB, 6},
                                           Kind{"Untypeds", ABI_OBJECT_UNTYPED, 6}),
                         [](const auto &info) { return std::string(info.param.name); });

TEST_P(DerivationModel, AgreesWithTheKernelAfterEverySequence)
{
    open_.push_back({});
    while (!open_.empty() && !HasFailure()) {
        Sequence sequence = open_.front();
        open_.pop_front();
        extend(sequence);
    }
    RecordProperty("sequences", static_cast<int>(runs_));
    RecordProperty("states", static_cast<int>(seen_.size()));
    EXPECT_GT(seen_.size(), 100u);
}

} // namespace
} // namespace albireo
