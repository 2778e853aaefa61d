#!/usr/bin/env python3
"""Holds the limits of STYLE section 6: lines of sources, headers and functions.

    tools/check_size.py [root]

tools/size_exceptions.txt lists what may be larger, and how large: `path lines` for a file,
`path:function lines` for a function. The list only shrinks: an entry that allows more than is
there is a problem too.
"""

import re
import sys
from pathlib import Path

SOURCE_LINES_MAX = 1000
HEADER_LINES_MAX = 200
FUNCTION_LINES_MAX = 70
FOLDERS = ("src", "include", "sim", "tests", "fuzz", "bench", "examples")

NAME = re.compile(r"(\w+)\s*\(")


def functions(lines):
    """Yields (name, first line, count). In our format only a function's braces stand in the first
    column on a line of their own."""
    start = None
    for index, line in enumerate(lines):
        if line == "{" and start is None:
            start = index
            while start > 0 and lines[start - 1] and lines[start - 1][0] not in "}#/ *":
                start -= 1
            # The indented rest of a long parameter list.
            while start > 0 and lines[start - 1].startswith(" ") and not lines[start - 1].endswith(
                (";", "*/", "}")
            ):
                start -= 1
                while start > 0 and lines[start - 1] and lines[start - 1][0] not in "}#/ *":
                    start -= 1
        elif line == "}" and start is not None:
            found = NAME.search(" ".join(lines[start:index]))
            yield (found.group(1) if found else "?"), start + 1, index - start + 1
            start = None


def read_exceptions(path):
    allowed = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            line = line.split("#")[0].split()
            if line:
                allowed[line[0]] = int(line[1])
    return allowed


def measure(root):
    """Yields (name in the exceptions list, what it is, lines, limit)."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.[ch]")):
            name = str(path.relative_to(root))
            lines = path.read_text(encoding="utf-8").splitlines()
            limit = HEADER_LINES_MAX if path.suffix == ".h" else SOURCE_LINES_MAX
            yield name, name, len(lines), limit
            for function, line, count in functions(lines):
                shown = f"{name}:{line}: {function}()"
                yield f"{name}:{function}", shown, count, FUNCTION_LINES_MAX


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    allowed = read_exceptions(root / "tools" / "size_exceptions.txt")
    problems = []
    used = set()
    count = 0
    for name, shown, lines, limit in measure(root):
        count += 1
        exception = allowed.get(name)
        if lines > limit:
            if exception is None:
                problems.append(f"{shown} has {lines} lines, {limit} at most")
                continue
            used.add(name)
            if lines > exception:
                problems.append(f"{shown} has {lines} lines, {exception} by its exception")
            elif lines < exception:
                problems.append(f"{shown} has {lines} lines now: lower its exception of {exception}")
    for name in sorted(allowed.keys() - used):
        problems.append(f"tools/size_exceptions.txt: {name} needs no exception: remove it")
    for problem in problems:
        print(problem)
    print(f"size: {count} files and functions, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
