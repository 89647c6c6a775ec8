#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests of tidy.py: every rule finds what it is for, and leaves alone what is right."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import tidy  # noqa: E402

PUBLIC = {"abi", "sel4"}
SPDX = "/* SPDX-License-Identifier: BSD-2-Clause */\n"


def rules(path, text):
    """The (rule, line) pairs reported for one file; the licence line is not counted."""
    source = tidy.Source(path, SPDX + text)
    return [(offence.rule, offence.line - 1) for offence in tidy.check_sources([source], PUBLIC)]


def header(path, body=""):
    guard = path.replace("/", "_").replace(".", "_").upper()
    return tidy.Source(path, SPDX + "#ifndef %s\n#define %s\n%s#endif\n" % (guard, guard, body))


class TextRules(unittest.TestCase):
    def test_good_file_is_silent(self):
        self.assertEqual([], rules("core/a.c", "int f(int a)\n{\n    return a;\n}\n"))

    def test_tab_blank_and_long_line(self):
        self.assertEqual([("format", 1)], rules("core/a.c", "\t;\n"))
        self.assertEqual([("format", 1)], rules("core/a.c", "; \n"))
        self.assertEqual([("format", 1)], rules("core/a.c", "/*" + "x" * 97 + "*/\n"))
        self.assertEqual([], rules("core/a.c", "/*" + "x" * 96 + "*/\n"))

    def test_missing_newline_at_the_end(self):
        self.assertEqual([("format", 1)], rules("core/a.c", ";"))

    def test_missing_licence(self):
        found = tidy.check_sources([tidy.Source("tools/a.sh", "#!/bin/bash\n")], PUBLIC)
        self.assertEqual(["spdx"], [offence.rule for offence in found])

    def test_mark_needs_an_issue(self):
        self.assertEqual([("todo", 1)], rules("core/a.c", "/* TO" "DO: later */\n"))
        self.assertEqual([], rules("core/a.c", "/* TO" "DO #12: later */\n"))

    def test_file_length(self):
        self.assertEqual([], rules("core/a.c", ";\n" * 999))
        self.assertEqual([("file", 1000)], rules("core/a.c", ";\n" * 1000))


class IncludeRules(unittest.TestCase):
    def check(self, path, *includes):
        lines = "".join("#include %s\n" % include for include in includes)
        return [line for rule, line in rules(path, lines) if rule == "include"]

    def test_core(self):
        self.assertEqual([], self.check(
            "core/a.c", '"core/b.h"', '"abi/api.h"', '"include/abi/api.h"', "<stdint.h>",
            '"config/albireo_config.h"'))
        self.assertEqual([1, 2, 3, 4], self.check(
            "core/a.c", "<string.h>", '"hosted/b.h"', '"sel4/sel4.h"', '"config/other.h"'))

    def test_hosted(self):
        self.assertEqual([], self.check(
            "hosted/a.c", '"core/b.h"', '"hosted/b.h"', '"abi/api.h"', '"include/sel4/sel4.h"',
            "<stdio.h>", "<sys/mman.h>"))
        self.assertEqual([1, 2], self.check("hosted/a.c", '"arch/riscv64/sbi.h"', '"tests/x.h"'))

    def test_user(self):
        self.assertEqual([], self.check(
            "user/a.c", "<sel4/sel4.h>", '"user/b.h"', '"abi/api.h"', '"fdt/fdt.h"', "<stdarg.h>"))
        self.assertEqual([1, 2, 3], self.check(
            "user/a.c", "<stdio.h>", '"core/cap.h"', '"hosted/a.h"'))

    def test_fdt(self):
        self.assertEqual([], self.check("fdt/a.c", '"fdt/fdt.h"', "<stdint.h>"))
        self.assertEqual([1, 2], self.check("fdt/a.c", '"core/bits.h"', "<string.h>"))

    def test_arch(self):
        self.assertEqual([], self.check(
            "arch/riscv64/a.c", '"arch/riscv64/b.h"', '"core/bits.h"', '"fdt/fdt.h"',
            '"abi/api.h"', "<stdint.h>"))
        self.assertEqual([1, 2], self.check("arch/riscv64/a.c", '"hosted/sim.h"', "<string.h>"))

    def test_public_headers(self):
        self.assertEqual([1], self.check("include/abi/a.c", '"core/cap.h"', '"abi/b.h"'))

    def test_path_starts_at_the_root(self):
        self.assertEqual([1], self.check("tests/core/a.cc", '"helper.h"'))

    def test_cycle(self):
        a = header("core/a.h", '#include "core/b.h"\n')
        b = header("core/b.h", '#include "core/a.h"\n')
        c = header("core/c.h", '#include "core/a.h"\n')
        self.assertEqual(1, len(tidy.check_sources([a, b, c], PUBLIC)))
        self.assertEqual([], tidy.check_sources([header("core/b.h"), a, c], PUBLIC))


class GuardRule(unittest.TestCase):
    def test_named_after_the_path(self):
        guarded = "#ifndef %s\n#define %s\n#endif\n"
        self.assertEqual([], rules("core/ntfn.h", guarded % ("CORE_NTFN_H", "CORE_NTFN_H")))
        self.assertEqual([], rules("include/abi/a.h", guarded % ("ABI_A_H", "ABI_A_H")))
        self.assertEqual([("guard", 1)], rules("core/a.h", "#ifndef A_H\n#define A_H\n#endif\n"))
        self.assertEqual([("guard", 2)], rules("core/a.h", "#ifndef CORE_A_H\n#define X\n#endif\n"))


class TypedefRule(unittest.TestCase):
    def test_struct_and_suffix(self):
        self.assertEqual([("typedef", 1)], rules("core/a.c", "typedef struct a {\n} a;\n"))
        self.assertEqual([("typedef", 1)], rules("core/a.c", "typedef int word_t;\n"))
        self.assertEqual([("typedef", 1)], rules("core/a.c", "typedef int (*call_t)(int);\n"))

    def test_allowed(self):
        self.assertEqual([], rules("core/a.c", "typedef int (*handler)(uint64_t a, uint8_t);\n"))
        self.assertEqual([], rules("core/a.c", "typedef uint64_t word;\n"))
        self.assertEqual([], rules("include/sel4/a.c", "typedef struct m m_t;\n"))


def function(lines, path="core/a.c"):
    return rules(path, "int f(int a)\n{\n" + "    a++;\n" * (lines - 3) + "}\n")


class FunctionRules(unittest.TestCase):
    def test_length(self):
        self.assertEqual([], function(70))
        self.assertEqual([("function", 1)], function(71))
        self.assertEqual([], function(71, "core/fastpath.c"))

    def test_length_in_cpp(self):
        body = "TEST_F(A, B)\n{\n" + "    a++;\n" * 69 + "}\n"
        self.assertEqual([("function", 2)], rules("tests/a.cc", "namespace {\n" + body + "}\n"))

    def test_method_in_a_class(self):
        body = "    int f() const\n    {\n" + "        a++;\n" * 70 + "    }\n"
        self.assertEqual([("function", 2)], rules("tests/a.cc", "class A {\n" + body + "};\n"))

    def test_nesting(self):
        open3 = "int f(int a)\n{\n    for (;;) {\n        if (a) {\n            while (a) {\n"
        close3 = "            }\n        }\n    }\n}\n"
        self.assertEqual([], rules("core/a.c", open3 + "a = 1;\n" + close3))
        deep = open3 + "do {\na = 1;\n} while (a);\n" + close3
        self.assertEqual([("nesting", 6)], rules("core/a.c", deep))
        literal = open3 + "g((struct a){.b = {1}});\n" + close3
        self.assertEqual([], rules("core/a.c", literal))

    def test_else_if_is_one_level(self):
        chain = "    if (a) {\n    }" + " else if (b) {\n    }" * 5
        text = "int f(int a)\n{\n" + chain + "\n}\n"
        self.assertEqual([], rules("core/a.c", text))

    def test_recursion(self):
        itself = "int f(int a)\n{\n    return f(a);\n}\n"
        self.assertEqual([("recursion", 1)], rules("core/a.c", itself))
        pair = "int f(int a)\n{\n    return g(a);\n}\nint g(int a)\n{\n    return f(a);\n}\n"
        self.assertEqual([("recursion", 1)], rules("core/a.c", pair))
        self.assertEqual([], rules("hosted/a.c", pair))
        comment = "int f(int a)\n{\n    return a; /* not f(a) */\n}\n"
        self.assertEqual([], rules("core/a.c", comment))

    def test_recursion_over_files(self):
        a = tidy.Source("core/a.c", SPDX + "int f(int a)\n{\n    return g(a);\n}\n")
        b = tidy.Source("core/b.c", SPDX + "int g(int a)\n{\n    return f(a);\n}\n")
        self.assertEqual(["recursion"], [o.rule for o in tidy.check_sources([a, b], PUBLIC)])

    def test_static_helpers_of_one_name_are_different(self):
        a = tidy.Source("core/a.c", SPDX + "static int h(int a)\n{\n    return a;\n}\n"
                        "int f(int a)\n{\n    return h(a);\n}\n")
        b = tidy.Source("core/b.c", SPDX + "static int h(int a)\n{\n    return f(a);\n}\n")
        self.assertEqual([], tidy.check_sources([a, b], PUBLIC))


class CoreRules(unittest.TestCase):
    def test_default(self):
        text = "int f(int a)\n{\n    switch (a) {%s\n    case 1:\n    default:\n    }\n}\n"
        self.assertEqual([("switch", 5)], rules("core/a.c", text % ""))
        self.assertEqual([], rules("core/a.c", text % " /* tidy: open switch */"))
        self.assertEqual([], rules("hosted/a.c", text % ""))

    def test_default_in_a_block_inside_the_switch(self):
        text = ("int f(int a)\n{\n    switch (a) {%s\n    case 1: {\n    }\n    default:\n"
                "        return 1;\n    }\n}\n")
        self.assertEqual([("switch", 6)], rules("core/a.c", text % ""))
        self.assertEqual([], rules("core/a.c", text % " /* tidy: open switch */"))

    def test_preprocessor(self):
        self.assertEqual([("preproc", 1)], rules("core/a.c", "#if X\n#endif\n"))
        self.assertEqual([("preproc", 1), ("preproc", 2)],
                         rules("core/a.c", "#ifdef X\n#else\n#endif\n"))
        self.assertEqual([], rules("core/a.c", "#ifdef __cplusplus\n#endif\n"))
        self.assertEqual([], rules("hosted/a.c", "#if X\n#endif\n"))
        guarded = "#ifndef CORE_%s_H\n#define CORE_%s_H\n#if defined(X)\n#endif\n#endif\n"
        self.assertEqual([("preproc", 3)], rules("core/a.h", guarded % ("A", "A")))
        self.assertEqual([], rules("core/compiler.h", guarded % ("COMPILER", "COMPILER")))

    def test_globals(self):
        for text in ("int a;\n", "static int a = 1;\n", "extern int a;\n", "struct a b;\n",
                     "static struct a b = {1};\n", "static const char *a = 0;\n",
                     "static int a[3][4];\n", "static void (*a)(int);\n", "uint64_t *a;\n",
                     "int f(int a)\n{\n}\nint b;\n"):
            line = text.count("\n")
            self.assertEqual([("global", line)], rules("core/a.c", text), text)

    def test_constants_and_declarations(self):
        for text in ("static const int a = 1;\n", "const struct a b[] = {{1}, {2}};\n",
                     "static const char *const a[] = {0};\n", "struct a;\n", "enum a { A, B };\n",
                     "struct a {\n    int b;\n};\n", "int f(int a);\n", "void f(void (*g)(int));\n",
                     "_Static_assert(sizeof(int) == 4, 0);\n", "typedef void (*handler)(int);\n",
                     "MUST_USE enum status f(struct kernel *k, int a);\n", "#define A int b;\n",
                     "STATIC_ASSERT(A == 4, 0);\n",
                     "static void (*const a[])(int) = {f, g};\n",
                     "static inline int f(int a)\n{\n    int b = a;\n    return b;\n}\n",
                     'extern "C" {\nint f(int a);\n}\n'):
            self.assertEqual([], rules("core/a.c", text), text)

    def test_static_locals(self):
        text = "int f(int a)\n{\n    static %s;\n    return a;\n}\n"
        self.assertEqual([("global", 3)], rules("core/a.c", text % "int b"))
        self.assertEqual([("global", 3)], rules("core/a.c", text % "const char *b = 0"))
        self.assertEqual([], rules("core/a.c", text % "const int b[] = {1}"))


class Baseline(unittest.TestCase):
    def test_listed_offences_are_tolerated_and_stale_entries_are_not(self):
        offence = tidy.Offence("core/a.c", 3, "format", "tab")
        self.assertEqual([], tidy.apply_baseline([offence, offence], ["core/a.c: format: tab"]))
        left = tidy.apply_baseline([], ["core/a.c: format: tab"])
        self.assertEqual(["baseline"], [o.rule for o in left])


class Blank(unittest.TestCase):
    def test_comments_and_literals(self):
        self.assertEqual('a       "  " b', tidy.blank('a /*{*/ "{}" b'))
        self.assertEqual("a    \n\n", tidy.blank("a// }\n\n"))
        self.assertEqual("' '", tidy.blank("'{'"))
        self.assertEqual('"    "', tidy.blank('"\\"/*"'))
        self.assertEqual("1 000 000", tidy.blank("1'000'000"))


if __name__ == "__main__":
    unittest.main()
