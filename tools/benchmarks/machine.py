"""Where something was measured, and where its numbers go."""

import json
import os
import platform
import sys


def facts():
    return {"cores": os.cpu_count(), "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "architecture": platform.machine()}


def publish(result, table, path):
    """The table on standard output and the numbers in a file; or the numbers there, where `path` is -."""
    text = json.dumps(result, indent=1) + "\n"
    if str(path) == "-":
        print(table, file=sys.stderr)
        sys.stdout.write(text)
        return
    if path:
        path.write_text(text)
    print(table)
