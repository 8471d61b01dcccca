"""Puts what Swift built into the wheel: the library, and the command."""
import os
import pathlib
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NativeFiles(BuildHookInterface):
    """L2O_LIBRARY is the library's path; L2O_COMMAND the command's, which a wheel may lack."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        library = pathlib.Path(os.environ["L2O_LIBRARY"])
        build_data["force_include"][str(library)] = "l2o/libl2o.so"
        command = os.environ.get("L2O_COMMAND")
        if command:
            build_data["force_include"][command] = "l2o/bin/l2o"
        build_data["pure_python"] = False
        # Nothing depends on the version of Python; auditwheel puts the right name in place of linux.
        build_data["tag"] = f"py3-none-linux_{os.uname().machine}"
