"""tools/bench search: runs the measuring program, shows its numbers."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

_PROGRAM = "collector/search/bench/search_bench"


def _program(root):
    for base in (os.environ.get("TEST_SRCDIR", "") + "/hozen", f"{root}/bazel-bin"):
        if os.access(f"{base}/{_PROGRAM}", os.X_OK):
            return f"{base}/{_PROGRAM}"
    raise FileNotFoundError(f"{_PROGRAM} is not built")


def _table(numbers):
    commit = numbers["commit_items_per_s"]
    lines = [f"{numbers['items']:,} items, {numbers['acquisitions']} acquisitions of {numbers['hosts']} hosts",
             "",
             f"committed, no index       {commit['without_index']:>12,.0f} items/s",
             f"committed while indexing  {commit['while_indexing']:>12,.0f} items/s",
             f"indexed                   {numbers['index_items_per_s']:>12,.0f} items/s",
             f"catalog                   {numbers['catalog_bytes'] / 2**20:>12,.0f} MiB",
             f"index                     {numbers['index_bytes'] / 2**20:>12,.0f} MiB",
             "",
             f"{'search':52}{'median ms':>11}{'95th':>9}{'max':>9}{'rows':>8}"]
    for search in numbers["searches"]:
        lines.append(f"{search['search']:52}{search['median_ms']:>11.2f}{search['p95_ms']:>9.2f}{search['max_ms']:>9.2f}"
                     f"{search['rows']:>8.0f}")
    return "\n".join(lines)


def run(arguments, root):
    """Measures and prints. What it made is removed."""
    program = _program(root)
    if arguments.work:
        arguments.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hozen-bench-", dir=arguments.work) as folder:
        done = subprocess.run([program, folder, str(arguments.items), str(arguments.acquisition_items), str(arguments.hosts),
                               str(arguments.repeats)], stdout=subprocess.PIPE, check=True)
    numbers = json.loads(done.stdout)
    if arguments.json and str(arguments.json) == "-":
        json.dump(numbers, sys.stdout, indent=2)
        print()
        return
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(numbers, indent=2) + "\n")
    print(_table(numbers))
