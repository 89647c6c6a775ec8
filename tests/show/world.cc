/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/show/world.h"

#include <cctype>
#include <cstdlib>
#include <cstring>

namespace albireo {

static void name(const Thread &thread, const char *text)
{
    snprintf(thread.object->name, sizeof thread.object->name, "%s", text);
}

/* A middle server, called by a client, calls a lower one: two Reply objects on one SC. */
static void build_stack(System &sys)
{
    CPtr outer = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr inner = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr never = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr badged = sys.mint(outer, 0x2A);
    Thread low = sys.spawn({.priority = 120, .passive = true});
    Thread middle = sys.spawn({.priority = 120, .passive = true});
    Thread client = sys.spawn({.priority = 110, .start = false});
    CPtr low_reply = sys.make(ABI_OBJECT_REPLY);
    CPtr middle_reply = sys.make(ABI_OBJECT_REPLY);
    name(low, "low server");
    name(middle, "middle");
    name(client, "client <\"&\\");
    for (const Thread &server : {low, middle}) {
        CPtr sc = sys.make_sc(1000, 1000);
        sys.SchedContext_Bind(sc, server.tcb);
        EXPECT_CURRENT(sys, server);
        sys.recv(server == low ? inner : outer, server == low ? low_reply : middle_reply);
        EXPECT_OK(sys.SchedContext_Unbind(sc));
    }
    sys.TCB_Resume(client.tcb);
    EXPECT_CURRENT(sys, client);
    sys.call(badged, 1, {1});
    EXPECT_CURRENT(sys, middle);
    sys.call(inner, 2, {2, 3});
    EXPECT_CURRENT(sys, low);
    /* The low server waits for ever, on the client's time. */
    sys.wait(never);
}

void build_world(System &sys)
{
    name(sys.root(), "root");
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr endpoint = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr handler = sys.alloc_slot();
    EXPECT_OK(sys.IRQControl_Get(kIrqControl, 10, kCNode, handler, 64));
    EXPECT_OK(sys.IRQHandler_SetNotification(handler, sys.mint(ntfn, 4)));

    Thread waiter = sys.spawn({.priority = 110});
    sys.wait(ntfn);
    Thread sender = sys.spawn({.priority = 110});
    sys.call(sys.mint(endpoint, 7, ABI_RIGHT_WRITE | ABI_RIGHT_GRANT_REPLY), 5, {1, 2});
    name(waiter, "waiter");
    name(sender, "sender");
    EXPECT_EQ(sender.state(), THREAD_BLOCKED_ON_SEND);
    EXPECT_EQ(waiter.state(), THREAD_BLOCKED_ON_NOTIFICATION);

    /* One with a CSpace and an address space of its own. */
    CPtr cnode = sys.make_cnode(4);
    CPtr vspace = sys.make_vspace();
    sys.map_new_page(vspace, 0x40000000);
    sys.map_new_page(vspace, 0x40001000);
    sys.map_new_page(vspace, 0x40003000, ABI_RIGHT_READ, ABI_VM_EXECUTE_NEVER);
    EXPECT_OK(sys.CNode_Mint(cnode, 3, 4, kCNode, endpoint, 64, ABI_RIGHT_READ, 0));
    CPtr pager = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr pager_badged = sys.mint(pager, 0x99);
    Thread guest = sys.spawn({.priority = 110,
                              .with_buffer = false,
                              .cspace = cnode,
                              .cspace_data = 60,
                              .vspace = vspace,
                              .fault_ep = pager_badged});
    name(guest, "guest");
    EXPECT_CURRENT(sys, guest);
    sys.fault(13, 0x50000000);
    EXPECT_EQ(guest.state(), THREAD_BLOCKED_ON_SEND);

    Thread bound = sys.spawn({.priority = 90});
    EXPECT_OK(sys.TCB_BindNotification(bound.tcb, sys.make(ABI_OBJECT_NOTIFICATION)));
    sys.spawn({.start = false});
    name(bound, "bound");
    Thread exhausted = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 100000});
    sys.advance(200);
    name(exhausted, "exhausted");
    EXPECT_EQ(exhausted.object->queue, THREAD_QUEUE_RELEASE);
    EXPECT_CURRENT(sys, sys.root());
    build_stack(sys);
    EXPECT_CURRENT(sys, sys.root());
}

static std::string written(const struct sim *sim, uint32_t parts,
                           void (*show)(const struct sim *, uint32_t, FILE *))
{
    char *text = nullptr;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    show(sim, parts, file);
    fclose(file);
    std::string result(text, size);
    free(text);
    return result;
}

std::string text_of(const struct sim *sim, uint32_t parts)
{
    return written(sim, parts, show_text);
}

std::string json_of(const struct sim *sim, uint32_t parts)
{
    return written(sim, parts, show_json);
}

std::string dot_of(const struct sim *sim, uint32_t parts)
{
    return written(sim, parts, show_dot);
}

/* --- JSON ------------------------------------------------------------------------------------- */

namespace {

class JsonReader {
  public:
    explicit JsonReader(const std::string &text) : at_(text.c_str())
    {
    }
    bool whole()
    {
        return value() && (blanks(), *at_ == '\0');
    }

  private:
    void blanks()
    {
        at_ += strspn(at_, " \n\t\r");
    }
    bool take(char c)
    {
        blanks();
        return *at_ == c && (at_++, true);
    }
    bool word(const char *text)
    {
        size_t length = strlen(text);
        return strncmp(at_, text, length) == 0 && (at_ += length, true);
    }
    bool escape()
    {
        if (*at_ == 'u') {
            at_++;
            return strspn(at_, "0123456789abcdefABCDEF") >= 4 && (at_ += 4, true);
        }
        return *at_ != '\0' && strchr("\"\\/bfnrt", *at_) != nullptr && (at_++, true);
    }
    bool string()
    {
        if (!take('"')) {
            return false;
        }
        while (*at_ != '"') {
            unsigned char c = static_cast<unsigned char>(*at_++);
            if (c < ' ' || (c == '\\' && !escape())) {
                return false;
            }
        }
        at_++;
        return true;
    }
    bool number()
    {
        size_t digits = strspn(at_, "0123456789");
        bool good = digits > 0 && (digits == 1 || *at_ != '0');
        at_ += digits;
        return good;
    }
    bool members(char close, bool keys)
    {
        if (take(close)) {
            return true;
        }
        do {
            if (keys && !(string() && take(':'))) {
                return false;
            }
            if (!value()) {
                return false;
            }
        } while (take(','));
        return take(close);
    }
    bool value()
    {
        blanks();
        if (*at_ == '"') {
            return string();
        }
        if (isdigit(static_cast<unsigned char>(*at_)) != 0) {
            return number();
        }
        if (take('{')) {
            return members('}', true);
        }
        if (take('[')) {
            return members(']', false);
        }
        return word("true") || word("false") || word("null");
    }

    const char *at_;
};

} // namespace

bool is_json(const std::string &text)
{
    return JsonReader(text).whole();
}

} // namespace albireo
