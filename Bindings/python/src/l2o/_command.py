"""The command ``l2o``, which comes with the package."""

import os
import pathlib
import sys


def main() -> None:
    """Becomes the command."""
    command = pathlib.Path(__file__).parent / "bin" / "l2o"
    if not command.exists():
        sys.exit("l2o: this installation has no command; install a wheel that `make wheel` made")
    os.execv(command, ["l2o", *sys.argv[1:]])
