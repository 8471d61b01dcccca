#!/usr/bin/env python3
"""Refuses files of more than 300 lines, and functions of more than 60: whoever reads one should see it whole.

A function's lines go from its first word to its closing brace. It is found by its first word and by counting braces;
strings and comments do not count.
"""
import pathlib
import re
import sys

FILE_LIMIT = 300
FUNCTION_LIMIT = 60
ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["Sources", "Tests", "Benchmarks/Sources", "Bindings/Sources", "Distributed/Sources", "Examples"]
START = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*"
    r"(?:(?:public|package|private|fileprivate|internal|static|mutating|nonmutating|final|override|convenience|"
    r"nonisolated|borrowing|consuming|class)\s+)*"
    r"(?:func\s|init[?!]?\s*[(<]|deinit\b|subscript\s*[(<]|var\s.*\{\s*$)")


def code(line):
    """The line without what stands in strings and comments."""
    return re.sub(r'"(\\.|[^"\\])*"', '""', line).split("//")[0]


def lines_of_code(text):
    inside = False
    result = []
    for line in text.split("\n"):
        quotes = line.count('"""')
        result.append("" if inside or quotes else code(line))
        if quotes % 2 == 1:
            inside = not inside
    return result


def functions(lines):
    """Where each function begins, and how many lines it has."""
    for first, line in enumerate(lines):
        if not START.match(line):
            continue
        depth, opened = 0, False
        for last in range(first, len(lines)):
            depth += lines[last].count("{") - lines[last].count("}")
            opened = opened or "{" in lines[last]
            # A requirement of a protocol has no body: the next declaration, or the protocol's end, comes first.
            if depth < 0 or (not opened and last > first and (START.match(lines[last]) or not lines[last].strip())):
                break
            if opened and depth == 0:
                yield first + 1, last - first + 1
                break


def main():
    files = [ROOT / "Package.swift"]
    for folder in FOLDERS:
        # Some targets are symbolic links to another's sources.
        files += [path for path in sorted((ROOT / folder).rglob("*.swift")) if ".build" not in path.parts]
    complaints = []
    for path in files:
        if any(parent.is_symlink() for parent in [path, *path.parents]):
            continue
        text = path.read_text()
        name = path.relative_to(ROOT)
        count = text.count("\n")
        if count > FILE_LIMIT:
            complaints.append(f"{name} has {count} lines, more than {FILE_LIMIT}")
        for line, length in functions(lines_of_code(text)):
            if length > FUNCTION_LIMIT:
                complaints.append(f"{name}:{line}: a function of {length} lines, more than {FUNCTION_LIMIT}")
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    sys.exit(1 if complaints else 0)


main()
