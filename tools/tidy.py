#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The rules of the house that a compiler does not check.

Usage: tools/tidy.py [--list] [FILE...]

Checks the given files, or all sources of the tree. Reports `file:line: rule: message`; the exit
status is 1 if there is anything to report. --list only prints the names of the source files.

The rules, each a function check_*() below:

  format      no tabs, no trailing blanks, a newline at the end; lines of at most 100 columns
  spdx        the licence in one of the first five lines
  todo        "to do" marks name an issue (#NN)
  file        files of at most 1000 lines
  guard       include guards are named after the path
  include     dependencies point one way, and no cycles in core/
  typedef     no typedef of a struct, none ending in _t (the user's API keeps its own names)
  function    functions of at most 70 lines (core/fastpath.c may be longer)
  nesting     at most 3 levels of blocks in a function
  recursion   core/: no function reaches itself by direct calls
  switch      core/: no `default:`, so that the compiler finds forgotten cases
  preproc     core/: no #if but include guards and __cplusplus (core/compiler.h may)
  global      core/: no mutable variable outside of a function's frame

Offences that are listed in tools/tidy_baseline.txt are tolerated; the list may only shrink, so an
entry that nothing matches is an offence too.
"""

import collections
import os
import re
import subprocess
import sys

COLUMNS_MAX = 100
FILE_LINES_MAX = 1000
FUNCTION_LINES_MAX = 70
NESTING_MAX = 3

BASELINE = "tools/tidy_baseline.txt"
LONG_FUNCTIONS = ("core/fastpath.c",)
FREE_PREPROCESSOR = ("core/compiler.h",)

C_EXTENSIONS = (".c", ".h", ".cc")
SOURCE_EXTENSIONS = C_EXTENSIONS + (".S", ".ld", ".py", ".sh", ".bzl", ".BUILD")
SOURCE_NAMES = ("BUILD", "WORKSPACE", ".bazelrc", ".clang-format", ".editorconfig", ".gitignore")
SKIPPED_DIRS = (".git", "out", "__pycache__")

Offence = collections.namedtuple("Offence", "path line rule message")


# ---- The tree ----------------------------------------------------------------------------------


def list_tree(root):
    """Paths of all files that are, or could be, under version control."""
    try:
        listing = subprocess.run(
            ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True, check=True).stdout.decode()
        paths = [path for path in listing.split("\0") if path]
        if paths:
            return sorted(p for p in set(paths) if os.path.isfile(os.path.join(root, p)))
    except (OSError, subprocess.CalledProcessError):
        pass
    paths = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if name not in SKIPPED_DIRS)
        paths += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(paths)


def is_source(root, path):
    name = os.path.basename(path)
    if name in SOURCE_NAMES or name.endswith(SOURCE_EXTENSIONS):
        return True
    if "." in name:
        return False
    with open(os.path.join(root, path), "rb") as file:
        return file.read(2) == b"#!"


def is_c(path):
    return path.endswith(C_EXTENSIONS)


def in_core(path):
    return path.startswith("core/") and path.endswith((".c", ".h"))


# ---- C without comments ------------------------------------------------------------------------

_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/"  # comments
    r"|(?<=[0-9])'(?=[0-9])"  # digit separators
    r"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'",  # literals
    re.DOTALL)


def blank(text):
    """The text as it was, but comments and the contents of literals are blanks. Lines stay."""

    def replace(match):
        token = match.group()
        if token[0] in "\"'" and len(token) > 1:
            return token[0] + " " * (len(token) - 2) + token[-1]
        return re.sub(r"[^\n]", " ", token)

    return _TOKEN.sub(replace, text)


def blank_preprocessor(code):
    """Blanks preprocessor lines with their continuations."""
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*",
                  lambda match: re.sub(r"[^\n]", " ", match.group()), code, flags=re.MULTILINE)


class Source:
    """A file in the three forms that the rules look at."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        self.code = blank(text) if is_c(path) else ""
        self.plain = blank_preprocessor(self.code)
        self._functions = None

    def line_of(self, offset):
        return self.code.count("\n", 0, offset) + 1

    def functions(self):
        if self._functions is None:
            self._functions = list(find_functions(self.plain))
        return self._functions


Function = collections.namedtuple("Function", "name start open close")


def matching_open(code, close):
    """Offset of the parenthesis that the one at `close` closes, -1 if there is none."""
    depth = 0
    for offset in range(close, -1, -1):
        if code[offset] == ")":
            depth += 1
        elif code[offset] == "(":
            depth -= 1
            if depth == 0:
                return offset
    return -1


def word_before(code, offset):
    """(word, offset of the word) that ends before `offset`, blanks ignored."""
    match = re.search(r"([A-Za-z_~]\w*)\s*\Z", code[max(0, offset - 200):offset])
    if not match:
        return "", offset
    return match.group(1), max(0, offset - 200) + match.start(1)


def find_functions(code):
    """Yields the functions of C or C++ text without comments and preprocessor lines."""
    depth = 0
    transparent = []
    start = None
    for match in re.finditer(r"[{}]", code):
        offset = match.start()
        if match.group() == "}":
            if start is not None:
                depth -= 1
                if depth == 0:
                    yield Function(start[0], start[1], start[2], offset)
                    start = None
            elif transparent:
                transparent.pop()
            continue
        if start is not None:
            depth += 1
            continue
        head = code[:offset].rstrip()
        head = re.sub(r"\b(?:const|noexcept|override|final)\s*\Z", "", head[-4000:]).rstrip()
        base = len(code[:offset].rstrip()[:-4000]) if offset > 4000 else 0
        if head.endswith(")"):
            opening = matching_open(code, base + len(head) - 1)
            name, where = word_before(code, opening)
            if name and name != "__attribute__":
                start = (name, where, offset)
                depth = 1
                continue
        transparent.append(offset)


# ---- Rules for every source --------------------------------------------------------------------


def check_format(source):
    for number, line in enumerate(source.lines, 1):
        if "\t" in line:
            yield number, "format", "tab"
        if line != line.rstrip():
            yield number, "format", "blanks at the end of the line"
        if len(line) > COLUMNS_MAX:
            yield number, "format", "%d columns, at most %d" % (len(line), COLUMNS_MAX)
    if source.text and not source.text.endswith("\n"):
        yield len(source.lines), "format", "no newline at the end of the file"


def check_spdx(source):
    if not any("SPDX-License-Identifier: BSD-2-Clause" in line for line in source.lines[:5]):
        yield 1, "spdx", "no SPDX-License-Identifier: BSD-2-Clause in the first five lines"


def check_todo(source):
    for number, line in enumerate(source.lines, 1):
        mark = re.search(r"\b(?:TO" r"DO|FIX" r"ME)\b", line)
        if mark and not re.search(r"#\d+", line):
            yield number, "todo", "%s without the number of an issue" % mark.group()


def check_file(source):
    count = len(source.lines) - 1
    if count > FILE_LINES_MAX:
        yield FILE_LINES_MAX + 1, "file", "%d lines, at most %d" % (count, FILE_LINES_MAX)


# ---- Rules for C -------------------------------------------------------------------------------


def check_guard(source):
    if not source.path.endswith(".h"):
        return
    path = source.path[len("include/"):] if source.path.startswith("include/") else source.path
    guard = re.sub(r"\W", "_", path).upper()
    first = re.search(r"^[ \t]*#.*$", source.code, re.MULTILINE)
    if not first or not re.fullmatch(r"#ifndef %s\s*" % guard, first.group()):
        yield source.line_of(first.start()) if first else 1, "guard", "expected #ifndef " + guard
    elif not re.match(r"\n#define %s\s*\n" % guard, source.code[first.end():]):
        yield source.line_of(first.start()) + 1, "guard", "expected #define " + guard


_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"]+)[>\"]")
_FREESTANDING = {"stdbool.h", "stddef.h", "stdint.h"}
_OUTER = ("bench", "fuzz", "tests", "tools")


def includes_of(source):
    """(line, "<" or '"', name) of every #include; the name without "include/" in front."""
    for number, line in enumerate(source.lines, 1):
        match = _INCLUDE.match(line)
        if match:
            name = match.group(2)
            if match.group(1) == '"' and name.startswith("include/"):
                name = name[len("include/"):]
            yield number, match.group(1), name


def include_problem(folder, form, name, public):
    """What is wrong with an include of `name` in a file of `folder`, "" if nothing is.

    `public` are the names of the folders of include/.
    """
    top = name.split("/")[0] if "/" in name else ""
    if top in _OUTER and folder not in _OUTER:
        return "nothing includes %s/" % top
    if folder == "core":
        if form == "<":
            return "" if name in _FREESTANDING else "core/ includes only " + ", ".join(
                "<%s>" % header for header in sorted(_FREESTANDING))
        if top not in ("core", "abi") and name != "config/albireo_config.h":
            return "core/ includes only core/, abi/ and config/albireo_config.h"
    elif folder == "hosted" and form == '"':
        if top not in {"config", "core", "hosted"} | public:
            return "hosted/ includes only core/, hosted/, include/ and the system's headers"
    elif folder == "user":
        if form == "<" and top != "sel4" and name not in _FREESTANDING | {"stdarg.h"}:
            return "user/ includes only <sel4/...>, user/, abi/, fdt/ and freestanding headers"
        if form == '"' and top not in ("user", "abi", "fdt"):
            return "user/ includes only <sel4/...>, user/, abi/, fdt/ and freestanding headers"
    elif folder == "fdt":
        if name not in _FREESTANDING and top != "fdt":
            return "fdt/ includes only fdt/ and freestanding headers"
    elif folder == "arch":
        if top == "hosted" or (form == "<" and name not in _FREESTANDING):
            return "arch/ includes nothing of hosted/, and only freestanding system headers"
    elif folder == "include":
        if form == "<" and top not in public and name not in _FREESTANDING:
            return "include/ includes only include/ and freestanding headers"
        if form == '"' and top not in public | {"config"}:
            return "include/ includes only include/ and freestanding headers"
    return ""


def check_include(source, public):
    folder = source.path.split("/")[0]
    for number, form, name in includes_of(source):
        problem = include_problem(folder, form, name, public)
        if name == "hosted/native.h" and source.path.startswith("user/native/"):
            problem = ""  # The port of the user's runtime to the simulator.
        if problem:
            yield number, "include", problem
        elif form == '"' and "/" not in name:
            yield number, "include", "give the path from the root of the tree"


def check_typedef(source):
    if source.path.startswith("include/") and not source.path.startswith("include/abi/"):
        return
    for match in re.finditer(r"\btypedef\b([^;{]*)", source.plain):
        line = source.line_of(match.start())
        end = source.plain.find(";", match.end())
        if match.group(1).split()[:1] in (["struct"], ["union"]):
            yield line, "typedef", "no typedef of a %s" % match.group(1).split()[0]
        elif re.search(r"\w_t\s*(?:\)|\[|\Z)", source.plain[match.start():end]) and not re.search(
                r"\([^()]*\w_t\s*\)\s*\Z", source.plain[match.start():end]):
            yield line, "typedef", "no typedef that ends in _t"


def check_function(source):
    if source.path in LONG_FUNCTIONS:
        return
    for function in source.functions():
        first = source.line_of(function.start)
        count = source.line_of(function.close) - first + 1
        if count > FUNCTION_LINES_MAX:
            yield first, "function", "%s has %d lines, at most %d" % (
                function.name, count, FUNCTION_LINES_MAX)


def is_block(code, offset):
    """Whether the brace at `offset` opens a block of statements, not an initializer."""
    head = code[:offset].rstrip()
    if head.endswith(")"):
        word, _ = word_before(code, matching_open(code, len(head) - 1))
        return word not in ("", "return", "sizeof", "case")
    return head.endswith((";", "{", "}", ":")) or word_before(code, offset)[0] in ("else", "do")


def check_nesting(source):
    for function in source.functions():
        code = source.plain[function.open:function.close]
        stack = []
        for match in re.finditer(r"[{}]", code[1:]):
            offset = match.start() + 1
            if match.group() == "}":
                if stack:
                    stack.pop()
                continue
            stack.append(is_block(code, offset))
            if stack[-1] and sum(stack) == NESTING_MAX + 1:
                yield (source.line_of(function.open + offset), "nesting",
                       "%s: more than %d levels of blocks" % (function.name, NESTING_MAX))


# ---- Rules for core/ ---------------------------------------------------------------------------


def check_switch(source):
    if not in_core(source.path):
        return
    stack = []
    for match in re.finditer(r"[{}]|\bswitch\b|\bdefault\s*:", source.plain):
        token = match.group()
        line = source.line_of(match.start())
        if token == "switch":
            stack.append(("switch", line))
        elif token == "{":
            # The brace of a switch takes the place of its keyword.
            stack.append(("block",) + stack.pop()[1:] if stack and stack[-1][0] == "switch"
                         else ("block", stack[-1][1] if stack else 0))
        elif token == "}":
            if stack:
                stack.pop()
        elif not (stack and "tidy: open switch" in source.lines[stack[-1][1] - 1]):
            yield line, "switch", "default: hides forgotten cases (or: /* tidy: open switch */)"


def check_preproc(source):
    if not in_core(source.path) or source.path in FREE_PREPROCESSOR:
        return
    stack = []
    first = True
    for number, line in enumerate(source.code.split("\n"), 1):
        match = re.match(r"\s*#\s*(ifndef|ifdef|if|elif|else|endif)\b\s*(.*)", line)
        if not match:
            continue
        kind, rest = match.group(1), match.group(2).strip()
        if kind == "endif":
            if stack:
                stack.pop()
            continue
        allowed = (kind == "ifdef" and rest == "__cplusplus") or (
            kind == "ifndef" and first and source.path.endswith(".h") and rest.endswith("_H"))
        first = False
        if kind not in ("elif", "else"):
            stack.append(kind)
        if not allowed:
            yield number, "preproc", "no #%s in core/: choose a file by a build target" % kind


def file_scope(source):
    """The text with the insides of all braces blanked, `extern "C"` ignored."""
    code = list(source.plain)
    depth = 0
    outer = []
    for match in re.finditer(r"[{}]", source.plain):
        offset = match.start()
        if match.group() == "{":
            if depth == 0 and re.search(r"\bextern\s*\"[^\"]*\"\s*\Z", source.plain[:offset]):
                outer.append(offset)
                code[offset] = " "
                continue
            if depth == 0:
                begin = offset
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                for i in range(begin + 1, offset):
                    if code[i] != "\n":
                        code[i] = " "
                # A function's end is the end of a statement, an initializer's is not.
                if source.plain[:begin].rstrip().endswith(")"):
                    code[offset] = ";"
        elif outer:
            outer.pop()
            code[offset] = " "
    return "".join(code)


def is_mutable_variable(statement):
    """Whether a statement at file scope defines a variable that is not const."""
    text = re.sub(r"__attribute__\s*\(\(.*?\)\)|\b_Alignas\s*\([^)]*\)", " ", statement)
    head = text.split("=")[0].strip()
    if not head or head.endswith(")") and "(*" not in head.replace(" ", ""):
        return False
    words = re.findall(r"\w+", head)
    if not words or words[0] in ("typedef", "_Static_assert", "STATIC_ASSERT"):
        return False
    if "{" in head and head.endswith("}"):
        return False
    if re.fullmatch(r"(?:struct|union|enum)\s+\w+", head):
        return False
    if "(" in head and "(*" not in head.replace(" ", ""):
        return False
    # In `const char *p` the pointer can change: const must stand behind the last star.
    tail = head[head.rfind("*"):] if "*" in head else head
    if re.search(r"\bconst\b", tail):
        return False
    return bool(re.search(r"\w[\s*(]+\w+\s*(?:\[[^]]*\]\s*)*(?:\)\s*\([^)]*\)\s*)?\Z", head))


def check_global(source):
    if not in_core(source.path):
        return
    scope = file_scope(source)
    offset = 0
    for statement in scope.split(";"):
        begin = offset + len(statement) - len(statement.lstrip())
        offset += len(statement) + 1
        if is_mutable_variable(statement):
            yield source.line_of(begin), "global", "mutable variable: state is in struct kernel"
    for function in source.functions():
        body = source.plain[function.open:function.close]
        for match in re.finditer(r"\bstatic\b([^;={]*)", body):
            declaration = match.group(1)
            if "*" in declaration:
                declaration = declaration[declaration.rfind("*"):]
            if not re.search(r"\bconst\b", declaration):
                yield (source.line_of(function.open + match.start()), "global",
                       "static variable in %s: state is in struct kernel" % function.name)


# ---- Rules over several files ------------------------------------------------------------------


def find_cycles(graph):
    """The strongly connected components that have an edge inside, each as a sorted list."""
    index, low, stack, cycles = {}, {}, [], []
    for first in sorted(graph):
        if first in index:
            continue
        work = [(first, iter(sorted(graph[first])))]
        index[first] = low[first] = len(index)
        stack.append(first)
        while work:
            node, edges = work[-1]
            target = next((t for t in edges if t in graph), None)
            if target is not None:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    work.append((target, iter(sorted(graph[target]))))
                elif target in stack:
                    low[node] = min(low[node], index[target])
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[node])
            if low[node] == index[node]:
                at = stack.index(node)
                component, stack[at:] = sorted(stack[at:]), []
                if len(component) > 1 or node in graph[node]:
                    cycles.append(component)
    return cycles


def check_include_cycles(sources):
    graph = {
        source.path: {name for _, form, name in includes_of(source) if form == '"'}
        for source in sources if in_core(source.path)
    }
    for cycle in find_cycles(graph):
        yield Offence(cycle[0], 1, "include", "cycle: " + ", ".join(cycle))


def check_recursion(sources):
    """Direct calls only: a call through a pointer is not seen."""
    where = {}
    bodies = {}
    by_name = collections.defaultdict(list)
    for source in sources:
        if not in_core(source.path):
            continue
        for function in source.functions():
            key = (source.path, function.name)
            where[key] = source.line_of(function.start)
            bodies[key] = source.plain[function.open:function.close]
            by_name[function.name].append(key)
    graph = {}
    for key, body in bodies.items():
        graph[key] = set()
        for name in re.findall(r"\b(\w+)\s*\(", body):
            if (key[0], name) in where:
                graph[key].add((key[0], name))
            elif name in by_name:
                graph[key].update(by_name[name])
    for cycle in find_cycles(graph):
        path, _ = cycle[0]
        names = ", ".join(name for _, name in cycle)
        yield Offence(path, where[cycle[0]], "recursion", "reaches itself: " + names)


# ---- All of it ---------------------------------------------------------------------------------

_TEXT_CHECKS = [check_format, check_spdx, check_todo, check_file]
_C_CHECKS = [check_guard, check_typedef, check_function, check_nesting, check_switch,
             check_preproc, check_global]
_TREE_CHECKS = [check_include_cycles, check_recursion]


def check_source(source, public):
    """Offences that one file shows by itself."""
    found = []
    for check in _TEXT_CHECKS + (_C_CHECKS if is_c(source.path) else []):
        found += [Offence(source.path, *offence) for offence in check(source)]
    if is_c(source.path):
        found += [Offence(source.path, *offence) for offence in check_include(source, public)]
    return found


def check_sources(sources, public):
    found = []
    for source in sources:
        found += check_source(source, public)
    for check in _TREE_CHECKS:
        found += check(sources)
    return sorted(found)


def apply_baseline(offences, entries):
    """What is left of the offences; entries that match nothing are offences."""
    unused = list(entries)
    left = []
    for offence in offences:
        entry = "%s: %s: %s" % (offence.path, offence.rule, offence.message)
        if entry in entries:
            if entry in unused:
                unused.remove(entry)
        else:
            left.append(offence)
    left += [Offence(BASELINE, 1, "baseline", "no longer needed, delete: " + e) for e in unused]
    return left


def read_text(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def main(arguments):
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if "--help" in arguments or "-h" in arguments:
        print(__doc__)
        return 0
    listing = "--list" in arguments
    names = [argument for argument in arguments if argument != "--list"]
    options = [name for name in names if name.startswith("-")]
    if options:
        print("tidy.py: unknown option: %s; try --help" % options[0], file=sys.stderr)
        return 2
    paths = [os.path.relpath(os.path.abspath(name), root) for name in names] or list_tree(root)
    missing = [path for path in paths if not os.path.isfile(os.path.join(root, path))]
    if missing:
        print("tidy.py: no such file: " + ", ".join(missing), file=sys.stderr)
        return 2
    paths = [path for path in paths if is_source(root, path)]
    if listing:
        print("\n".join(paths))
        return 0
    include = os.path.join(root, "include")
    public = set(os.listdir(include)) if os.path.isdir(include) else set()
    sources = [Source(path, read_text(root, path)) for path in paths]
    offences = check_sources(sources, public)
    if os.path.exists(os.path.join(root, BASELINE)) and not names:
        lines = read_text(root, BASELINE).splitlines()
        offences = apply_baseline(offences, [e for e in lines if e and not e.startswith("#")])
    for offence in offences:
        print("%s:%d: %s: %s" % offence)
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
