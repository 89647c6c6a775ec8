/* SPDX-License-Identifier: BSD-2-Clause */

/* Small things the other headers are written with. */
#ifndef SEL4_MACROS_H
#define SEL4_MACROS_H

/* Functions of these headers. Forced, because a stub is small only once its arguments are known. */
#define LIBSEL4_INLINE_FUNC static inline __attribute__((always_inline, unused))
#define LIBSEL4_INLINE LIBSEL4_INLINE_FUNC

#define SEL4_PACKED __attribute__((packed))
#define SEL4_CONST __attribute__((const))
#define SEL4_PURE __attribute__((pure))
#define SEL4_DEPRECATED(x) __attribute__((deprecated(x)))

/* The last member of every enumeration of the API: makes the type as wide as a long. */
#define SEL4_FORCE_LONG_ENUM(type) _enum_pad_##type = 0x7FFFFFFFFFFFFFFF

#endif
