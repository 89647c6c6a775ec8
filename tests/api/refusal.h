/* SPDX-License-Identifier: BSD-2-Clause */

/* Calls that the kernel must refuse: by which check of ABI_CHECKS, with which answer, and without
 * any other effect. */
#ifndef TESTS_API_REFUSAL_H
#define TESTS_API_REFUSAL_H

#include <vector>

#include "tests/support/system.h"

namespace albireo {

/* A call that one check refuses. */
struct Refusal {
    const char *what;
    Word check; /* Number in ABI_CHECKS. */
    std::vector<Word> words;
    std::vector<CPtr> caps;
    std::vector<Word> details;
};

/* The error of a row of ABI_CHECKS. */
inline Word error_of_check(Word label, Word check)
{
    struct Row {
        Word label;
        Word check;
        Word error;
    };
    static const Row rows[] = {
#define ABI_X(name, number, error, text) {ABI_LABEL_##name, number, STATUS_##error},
        ABI_CHECKS(ABI_X)
#undef ABI_X
    };
    for (const Row &row : rows) {
        if (row.label == label && row.check == check) {
            return row.error;
        }
    }
    ADD_FAILURE() << "ABI_CHECKS has no check " << check << " of label " << label;
    return STATUS_OK;
}

/* The current thread calls `service`; exactly that check refuses, and nothing changes. */
inline void expect_refused(System &sys, CPtr service, Word label, const Refusal &refusal)
{
    SCOPED_TRACE(refusal.what);
    const struct counters &counters = sys.kernel()->counters;
    const Word before = counters.errors[label][refusal.check];
    Reply reply;
    sys.expect_unchanged([&] { reply = sys.call(service, label, refusal.words, refusal.caps); });
    EXPECT_CALL_ERROR(reply, error_of_check(label, refusal.check), refusal.details);
    EXPECT_EQ(before + 1, counters.errors[label][refusal.check]) << "another check refused";
}

inline void expect_refused(System &sys, CPtr service, Word label,
                           const std::vector<Refusal> &refusals)
{
    for (const Refusal &refusal : refusals) {
        expect_refused(sys, service, label, refusal);
    }
}

/* A label of another kind of object. */
inline void expect_label_refused(System &sys, CPtr service, Word label)
{
    Reply reply;
    sys.expect_unchanged([&] { reply = sys.call(service, label, {0, 0, 0, 0, 0, 0}); });
    EXPECT_CALL_ERROR(reply, STATUS_ILLEGAL_OPERATION, {});
}

} // namespace albireo

#endif
