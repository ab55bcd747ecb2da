"""tools/bench search: runs the measuring program, shows its numbers."""

import contextlib
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

_PROGRAM = "collector/search/bench/search_bench"


def _program(root):
    for base in (os.environ.get("TEST_SRCDIR", "") + "/hozen", f"{root}/bazel-bin"):
        if os.access(f"{base}/{_PROGRAM}", os.X_OK):
            return f"{base}/{_PROGRAM}"
    raise FileNotFoundError(f"{_PROGRAM} is not built")


def _write_names(folders, file):
    """The paths of all files below the folders, each ended by a NUL byte. Names are bytes, whatever they are."""
    with open(file, "wb") as out:
        for folder in folders:
            for parent, _, names in os.walk(os.fsencode(folder)):
                out.writelines(os.path.join(parent, name) + b"\0" for name in names)


def _sizes(index):
    """Bytes of each table and index of an SQLite file."""
    with contextlib.closing(sqlite3.connect(f"file:{index}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE ORDER BY pgsize DESC").fetchall()
        paths = connection.execute("SELECT count(*) FROM paths").fetchone()[0]
    return dict(rows), paths


def _table(numbers):
    commit, index = numbers["commit"], numbers["index"]
    mib = 2**20
    lines = [f"{numbers['items']:,} items, {numbers['acquisitions']} acquisitions of {numbers['hosts']} hosts, "
             f"{index['paths']:,} different paths",
             "",
             f"committed, no index       {commit['without_index_items_per_s']:>12,.0f} items/s   (of {commit['items']:,})",
             f"committed while indexing  {commit['while_indexing_items_per_s']:>12,.0f} items/s",
             f"index behind by then      {commit['lag_at_the_last_commit_s']:>12,.1f} s",
             f"a row out of the catalog  {commit['row_fetched_ms']:>12,.3f} ms",
             f"indexed                   {index['items_per_s']:>12,.0f} items/s",
             f"index                     {index['bytes'] / mib:>12,.0f} MiB, {index['bytes_per_item']:.0f} bytes an item",
             f"memory, building          {index['peak_memory_bytes'] / mib:>12,.0f} MiB",
             f"memory, answering         {index['peak_memory_answering_bytes'] / mib:>12,.0f} MiB",
             ""]
    lines += [f"  {name:24}{size / mib:>12,.0f} MiB" for name, size in index["tables"].items() if size > index["bytes"] / 100]
    lines += ["",
              f"{'':52}{'warm, ms':>27}{'cold, ms':>18}",
              f"{'search':52}{'median':>9}{'p99':>9}{'max':>9}{'median':>9}{'max':>9}{'rows':>9}"]
    for search in numbers["searches"]:
        warm, cold = search["warm"], search.get("cold")
        cold_text = f"{cold['median_ms']:>9.1f}{cold['max_ms']:>9.1f}" if cold else " " * 18
        lines.append(f"{search['search']:52}{warm['median_ms']:>9.2f}{warm['p99_ms']:>9.2f}{warm['max_ms']:>9.2f}"
                     f"{cold_text}{warm['rows']:>9.0f}")
    return "\n".join(lines)


def run(arguments, root):
    """Measures and prints. What it made is removed."""
    program = _program(root)
    if arguments.work:
        arguments.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hozen-bench-", dir=arguments.work) as folder:
        names = os.path.join(folder, "names")
        _write_names(arguments.files or ["/usr", "/etc", "/var", "/opt", os.path.expanduser("~")], names)
        options = {"folder": folder, "paths": names, "items": arguments.items, "commit_items": arguments.commit_items,
                   "acquisition_items": arguments.acquisition_items, "hosts": arguments.hosts,
                   "repeats": arguments.repeats, "cold_repeats": arguments.cold_repeats}
        done = subprocess.run([program, json.dumps(options)], stdout=subprocess.PIPE, check=True)
        numbers = json.loads(done.stdout)
        index = max(pathlib.Path(folder).glob("customers/*/search.sqlite"), key=lambda file: file.stat().st_size)
        numbers["index"]["tables"], numbers["index"]["paths"] = _sizes(index)
    if arguments.json and str(arguments.json) == "-":
        json.dump(numbers, sys.stdout, indent=2)
        print()
        return
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(numbers, indent=2) + "\n")
    print(_table(numbers))
