/* SPDX-License-Identifier: BSD-2-Clause */

/* What core/ wants from the compiler beyond plain C, in one place, so that tools which do not know
 * an extension (Frama-C) can be given something harmless instead.
 */
#ifndef CORE_COMPILER_H
#define CORE_COMPILER_H

#if defined(__FRAMAC__)
#define MUST_USE
#define NORETURN
#define STATIC_ASSERT(condition, what)
#define ALIGNED(bytes)
#elif defined(__cplusplus) /* Tests are C++. */
#define MUST_USE __attribute__((warn_unused_result))
#define NORETURN [[noreturn]]
#define STATIC_ASSERT(condition, what) static_assert(condition, what)
#define ALIGNED(bytes) alignas(bytes)
#else
#define MUST_USE __attribute__((warn_unused_result))
#define NORETURN _Noreturn
#define STATIC_ASSERT(condition, what) _Static_assert(condition, what)
#define ALIGNED(bytes) _Alignas(bytes)
#endif

#endif
