#!/usr/bin/env python3
"""Draws the modules and their imports in Documentation/Layout.md, from Package.swift.

    Scripts/layout_diagram.py            writes the diagram between its two markers
    Scripts/layout_diagram.py --check    says whether it is out of date

An arrow is a dependency that is reached in no other way; what is reached over two arrows is left out. So are tests,
other packages, module maps of system libraries, and targets that are symbolic links to another's sources. Groups are
the MARK comments of Package.swift.
"""

import difflib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAYOUT = ROOT / "Documentation" / "Layout.md"
BEGIN, END = "<!-- Scripts/layout_diagram.py: begin -->", "<!-- Scripts/layout_diagram.py: end -->"


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(__doc__)
    old = LAYOUT.read_text()
    if old.count(BEGIN) != 1 or old.count(END) != 1:
        sys.exit(f"{LAYOUT}: lacks the lines {BEGIN} and {END}; put them where the diagram belongs")
    before, after = old.split(BEGIN)[0], old.split(END)[1]
    new = f"{before}{BEGIN}\n```mermaid\n{diagram()}\n```\n{END}{after}"
    if "--check" not in sys.argv:
        LAYOUT.write_text(new)
    elif new != old:
        sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True), "Layout.md", "as it is"))
        sys.exit("Documentation/Layout.md: the diagram is out of date; run Scripts/layout_diagram.py")


def diagram():
    imports = modules()
    lines = ["graph BT"]
    for number, (title, members) in enumerate(groups(imports)):
        lines += [f'    subgraph group{number} ["{title}"]', *(f"        {name}" for name in members), "    end"]
    for name, direct in imports.items():
        arrows = [other for other in direct if not any(other in reached(imports, via) for via in direct)]
        if arrows:
            lines.append(f"    {name} --> {' & '.join(arrows)}")
    return "\n".join(lines)


def modules():
    """Each module's direct imports, both in the order of Package.swift."""
    # A folder of its own, so that a build in progress does not hold it up.
    with tempfile.TemporaryDirectory() as scratch:
        command = ["swift", "package", "--scratch-path", scratch, "dump-package"]
        package = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    shown = [
        target
        for target in package["targets"]
        if target["type"] in ("regular", "executable")
        and not target.get("path", "").startswith("Tests/")
        and not (ROOT / "Sources" / target["name"]).is_symlink()
    ]
    names = [target["name"] for target in shown]
    result = {}
    for target in shown:
        # A dependency is {"byName": ["Files", null]} or {"target": […]}; {"product": […]} is another package's.
        direct = {next(iter(value.values()))[0] for value in target["dependencies"] if "product" not in value}
        result[target["name"]] = [name for name in names if name in direct]
    return result


def reached(imports, name):
    """All that a module imports, directly or not."""
    return set(imports[name]).union(*(reached(imports, other) for other in imports[name]))


def groups(imports):
    """The titles of Package.swift's MARK comments, each with the modules below it."""
    title, homes = "", {}
    for line in (ROOT / "Package.swift").read_text().splitlines():
        if mark := re.match(r"\s*// MARK: (.*)", line):
            title = mark[1]
        elif (name := re.search(r'\bname: "(\w+)"', line)) and name[1] in imports:
            # A product may have the same name; its target comes later.
            homes[name[1]] = title
    titles = dict.fromkeys(homes[name] for name in imports)
    result = {title: [name for name in imports if homes[name] == title] for title in titles}
    return [(title, members) for title, members in result.items() if len(members) > 1]


main()
