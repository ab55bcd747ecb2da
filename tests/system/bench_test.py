"""tools/bench runs to its end and says what it should. Nothing here asserts a speed."""

import json
import os

import harness

BENCH = harness.binary("tools/bench")


class BenchTest(harness.SystemTest):

    def bench(self, *arguments):
        environment = {name: os.environ[name] for name in ("TEST_SRCDIR",) if name in os.environ}
        return harness.run([BENCH, "image", "--no-build", *arguments], timeout_s=300, environment=environment)

    def test_a_small_image_from_disks_to_json(self):
        out = self.folder / "numbers.json"
        done = self.bench("--size", "64M", "--peers", "none", "--work", self.folder / "work", "--json", out)
        self.assertEqual(done.status, 0, done.err)
        self.assertIn("first image", done.text)
        numbers = json.loads(out.read_text())
        self.assertEqual(numbers["disk"]["size_bytes"], 64 << 20)
        self.assertGreater(numbers["disk"]["moved_share"], 0.9)
        for scenario in ("first", "again", "second", "resume", "four"):
            measured = numbers["medians"][scenario]
            for name in ("wall_s", "cpu_s", "wire_bytes", "agent_peak_bytes", "collector_peak_bytes"):
                self.assertGreater(measured[name], 0, f"{scenario} {name}")
            self.assertGreaterEqual(measured["agent_with_children_peak_bytes"], measured["agent_peak_bytes"])
        self.assertLess(numbers["medians"]["again"]["wire_bytes"], numbers["medians"]["first"]["wire_bytes"])
        self.assertEqual(numbers["medians"]["resume"]["kills"], 2)
        peers = {goal["name"]: goal["reached"] for goal in numbers["targets"] if goal["value"] is None}
        self.assertEqual(set(peers.values()), {None}, "what was not measured is neither reached nor missed")
        self.assertEqual(list((self.folder / "work").iterdir()), [], "it leaves nothing behind")

    def test_searches_from_a_small_catalog_to_json(self):
        out = self.folder / "numbers.json"
        environment = {name: os.environ[name] for name in ("TEST_SRCDIR",) if name in os.environ}
        done = harness.run([BENCH, "search", "--no-build", "--items", "2000", "--acquisition-items", "500", "--hosts", "2",
                            "--repeats", "3", "--work", self.folder / "work", "--json", out], environment=environment)
        self.assertEqual(done.status, 0, done.err)
        self.assertIn("timeline HOST", done.text)
        numbers = json.loads(out.read_text())
        self.assertEqual(numbers["items"], 2000)
        found = {search["search"]: search["rows"] for search in numbers["searches"]}
        self.assertGreaterEqual(found["--hash"], 1)
        self.assertEqual(found["--hash, absent"], 0)
        self.assertGreaterEqual(found["--name, exact"], 1)
        self.assertEqual(list((self.folder / "work").iterdir()), [], "it leaves nothing behind")

    def test_a_triage_beside_a_peer_to_json(self):
        # Stands for UAC: takes one file that we take too, and one that we do not.
        peer = self.folder / "uac-0"
        peer.mkdir()
        (peer / "uac").write_text("#!/bin/sh\nset -e\nmkdir -p '[root]/etc' '[root]/nowhere'\ncp /etc/passwd '[root]/etc/'\n"
                                  "echo x > '[root]/nowhere/file'\neval out=\\${$#}\ntar -czf $out/uac-x.tar.gz '[root]'\n"
                                  "rm -r '[root]'\n")
        (peer / "uac").chmod(0o755)
        out = self.folder / "numbers.json"
        environment = {name: os.environ[name] for name in ("TEST_SRCDIR",) if name in os.environ}
        done = harness.run([BENCH, "triage", "--no-build", "--size", "8M", "--heartbeats", "8", "--uac", peer, "--work",
                            self.folder / "work", "--json", out], timeout_s=600, environment=environment)
        self.assertEqual(done.status, 0, done.err)
        self.assertIn("first triage", done.text)
        run = json.loads(out.read_text())["run"]
        for row in ("first", "again", "listing"):
            for name in ("wall_s", "cpu_s", "wire_bytes", "agent_peak_bytes", "items"):
                self.assertGreater(run[row][name], 0, f"{row} {name}")
        self.assertGreater(run["first"]["items"], 100)
        self.assertGreater(run["listing"]["names"], 10_000)
        self.assertEqual(run["files"]["missed_paths"], ["/nowhere/file"])
        self.assertGreater(run["idle"]["resident_bytes"], 1 << 20)
        self.assertEqual(list((self.folder / "work").iterdir()), [], "it leaves nothing behind")

    def test_more_files_than_there_are(self):
        done = self.bench("--size", "4T", "--peers", "none", "--work", self.folder / "work")
        self.assertEqual(done.status, 1)
        self.assertIn("--files", done.err)

    def test_wrong_use(self):
        for arguments in (("--size", "1M"), ("--size", "much"), ("--runs", "0"), ("--peers", "rsync")):
            self.assertEqual(self.bench(*arguments).status, 2, arguments)


if __name__ == "__main__":
    harness.main()
