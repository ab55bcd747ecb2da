"""Searches and timelines: what is found is what is there, judged by the file system's own eyes and by sleuthkit."""

import base64
import calendar
import collections
import fnmatch
import hashlib
import json
import os
import subprocess
import time

import harness


def lines(result):
    """The objects of an answer of one a line; there may be many."""
    return [json.loads(line) for line in result.text.splitlines()]


def path_of(found):
    """The exact bytes of a found path."""
    return base64.b64decode(found["path_base64"]) if "path_base64" in found else \
        found["path"].replace("\\\\", "\\").encode()


def seconds_of(text):
    """Whole seconds since 1970 of "2026-11-22T06:12:06Z"."""
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


class SearchTest(harness.SystemTest):

    def collect(self, fleet, home, host, *patterns):
        options = [word for pattern in patterns for word in ("--path", pattern)]
        done = fleet.must(["collect", host, *options, "--wait", "--json"], home, (0, 3))
        return done.documents()[-1]["acquisition_id"]

    def image(self, fleet, home, host, disk):
        return fleet.must(["image", host, "--disk", disk, "--wait", "--json"], home, (0, 3)).documents()[-1]["acquisition_id"]

    def search(self, fleet, home, *options):
        """What is found; waits until nothing was left out but what a limit cut off."""
        def complete():
            found = lines(fleet.must(["search", *options, "--json"], home))
            left_out = [f for f in found if f["kind"] == "left_out"]
            if any(f["acquisitions"] for f in left_out):
                return None
            return [[f for f in found if f["kind"] != "left_out"], left_out]
        return harness.wait_until(complete, "the index")

    def paths(self, fleet, home, *options):
        return sorted(path_of(f) for f in self.search(fleet, home, *options)[0])

    def timeline(self, fleet, home, of, *options):
        def complete():
            events = lines(fleet.must(["timeline", of, *options, "--json"], home))
            if any(e.get("kind") == "left_out" and e["acquisitions"] for e in events):
                return None
            return [[e for e in events if e.get("kind") != "left_out"]]
        return harness.wait_until(complete, "the index")[0]

    def make_files(self, name="evidence"):
        root = self.folder / name
        (root / "a/b").mkdir(parents=True)
        (root / "a/Evil.EXE").write_bytes(b"MZ" + os.urandom(5000))
        (root / "a/b/notes 100%_'\"[1].txt").write_text("notes")
        (root / os.fsdecode(b"not-utf8-\xff\xfe")).write_text("bytes")
        (root / "証拠メモ.txt").write_text("memo")
        (root / "empty").write_bytes(b"")
        for i in range(40):
            (root / f"a/b/file{i}.log").write_text(f"log {i}\n" * i)
        os.utime(root / "a/b/file7.log", ns=(10**18, 1_500_000_000 * 10**9 + 123456789))
        return root

    def test_items_are_found_by_each_criterion(self):
        fleet, home, host = self.fleet_with_agent()
        root = self.make_files()
        self.collect(fleet, home, host, f"{root}/**")
        everything = [os.fsencode(p) for p in root.rglob("*")]
        # As find would.
        for glob in (f"{root}/a/*.log", f"{root}/*", "*file1?.log", "*[0-3].log", "*.EXE"):
            judged = sorted(p for p in everything if fnmatch.fnmatchcase(os.fsdecode(p), glob))
            self.assertEqual(self.paths(fleet, home, "--path", glob), judged, glob)
            self.assertTrue(judged, glob)
        self.assertEqual(self.paths(fleet, home, "--contains", "evil.exe"), [os.fsencode(root / "a/Evil.EXE")])
        self.assertEqual(self.paths(fleet, home, "--contains", "拠"), [os.fsencode(root / "証拠メモ.txt")])
        self.assertEqual(self.paths(fleet, home, "--contains", r"8-\xff\xfe"), [os.fsencode(root) + b"/not-utf8-\xff\xfe"])
        self.assertEqual(self.paths(fleet, home, "--contains", "100%_'\"["), [os.fsencode(root / "a/b/notes 100%_'\"[1].txt")])
        self.assertEqual(self.paths(fleet, home, "--contains", "' OR 1=1 --"), [])
        self.assertEqual(self.paths(fleet, home, "--name", "file7.log"), [os.fsencode(root / "a/b/file7.log")])
        self.assertEqual(self.paths(fleet, home, "--name", "file7"), [])
        # By hash, one and many, as sha256sum writes them.
        summed = subprocess.run(["sha256sum", *sorted((root / "a/b").glob("file*.log"))], capture_output=True, check=True)
        sums = self.folder / "sums"
        sums.write_bytes(b"# known\n" + summed.stdout + b"0" * 64 + b"\n")
        self.assertEqual(set(self.paths(fleet, home, "--hashes", sums)) - {os.fsencode(root / "empty")},
                         {os.fsencode(p) for p in (root / "a/b").glob("file*.log")})
        digest = hashlib.sha256((root / "a/Evil.EXE").read_bytes()).hexdigest()
        self.assertEqual(self.paths(fleet, home, "--hash", digest), [os.fsencode(root / "a/Evil.EXE")])
        self.assertEqual(self.paths(fleet, home, "--sha256", digest), [os.fsencode(root / "a/Evil.EXE")])
        # By time and size.
        self.assertEqual(self.paths(fleet, home, "--from", "2017-07-14", "--to", "2017-07-14", "--time", "modified"),
                         [os.fsencode(root / "a/b/file7.log")])
        self.assertEqual(self.paths(fleet, home, "--from", "2017-07-14", "--to", "2017-07-14", "--time", "changed"), [])
        large = [os.fsencode(p) for p in root.rglob("*") if p.is_file() and os.path.getsize(p) >= 5002]
        self.assertEqual(self.paths(fleet, home, "--min-size", "5002", "--path", "*.EXE"), large)
        self.assertEqual(len(self.paths(fleet, home, "--from", "1h", "--time", "created,changed", "--host", host)),
                         len(everything))
        self.assertEqual(self.paths(fleet, home, "--deleted"), [])
        found, left_out = self.search(fleet, home, "--path", "*.log", "--limit", "5")
        self.assertEqual(len(found), 5)
        self.assertTrue(left_out[0]["limit_reached"])
        # Whole items, as `items` shows them, and in words.
        self.assertEqual(found[0]["file"]["size_bytes"], found[0]["size_bytes"])
        self.assertIn("file7.log", fleet.must(["search", "--name", "file7.log"], home).text)

    def test_wrong_input_is_an_error_that_helps(self):
        fleet, home, _ = self.fleet_with_agent()
        for options, status, says in (
                ([], 2, "what for"), (["--hash", "xyz"], 2, "64 hexadecimal"), (["--hash", "a" * 32], 2, "MD5"),
                (["--hashes", self.folder / "missing"], 7, "missing"), (["--from", "yesterday"], 2, "2026-11-22"),
                (["--from", "2026-02-01", "--to", "2026-01-01"], 2, "exchange"),
                (["--min-size", "2", "--max-size", "1"], 2, "exchange"), (["--time", "born", "--from", "1d"], 2, "modified"),
                (["--contains", "x" * 5000], 2, "4096"), (["--host", "nobody"], 7, "nobody"),
                (["--acquisition", "0000000000000000"], 7, "0000"), (["--deleted", "--allocated"], 2, "--")):
            refused = fleet.hozen(["search", *options], home)
            self.assertEqual(refused.status, status, (options, refused.err))
            self.assertIn(says, refused.err, options)
        self.assertEqual(fleet.hozen(["timeline", "nobody"], home).status, 7)
        self.assertEqual(fleet.hozen(["timeline"], home).status, 2)
        for language in ("en", "ja"):
            for command in ("search", "timeline"):
                self.assertIn("hozen " + command, fleet.must([command, "--help", "--lang", language], home).text)
        self.assertIn("--contains", fleet.must(["completion", "bash"], home).text)

    def test_files_on_a_disk_are_those_that_fls_lists(self):
        fleet, home, host = self.fleet_with_agent()
        disk, volumes = self.disk()
        acquisition = self.image(fleet, home, host, disk)
        judged = collections.Counter()
        deleted = collections.Counter()
        events = collections.Counter()
        for offset in volumes.values():
            lines = subprocess.run(["fls", "-r", "-m", "/", "-o", offset, str(disk)], capture_output=True,
                                   check=True).stdout.splitlines()
            for line in lines:
                head, *rest = line.rsplit(b"|", 9)
                name, times = head.split(b"|", 1)[1], rest[5:]
                gone = name.endswith((b" (deleted)", b" (deleted-realloc)"))
                name = name.removesuffix(b" (deleted)").removesuffix(b" (deleted-realloc)")
                if rest[1].split(b"/")[1].startswith(b"l"):
                    name = name.split(b" -> ")[0]
                beside = name.endswith(b" ($FILE_NAME)")
                name = name.removesuffix(b" ($FILE_NAME)")
                for at in {t for t in times if t != b"0"}:
                    events[name, int(at)] += 1
                if not beside:
                    judged[name] += 1
                    deleted[name] += gone
        found = self.search(fleet, home, "--acquisition", acquisition, "--limit", "1000000")[0]
        on_disk = [f for f in found if "on_disk" in f]
        self.assertEqual(collections.Counter(path_of(f) for f in on_disk), judged)
        self.assertEqual({f["on_disk"]["volume"] for f in on_disk}, {f"{disk}/partition-{n}" for n in (1, 2)})
        gone = self.search(fleet, home, "--deleted")[0]
        self.assertEqual(collections.Counter(path_of(f) for f in gone), +deleted)
        self.assertIn(b"/deleted-evidence.txt", {b"/" + path_of(f).rsplit(b"/", 1)[-1] for f in gone})
        text = fleet.must(["search", "--contains", "DELETED-evidence"], home).text
        self.assertIn(f"[{disk}/partition-", text)
        # The timeline is in order, and has the events that mactime would make of the same lines.
        told = [e for e in self.timeline(fleet, home, acquisition) if "on_disk" in e]
        self.assertEqual([e["at"] for e in told], sorted(e["at"] for e in told))
        ours = collections.Counter()
        for event in told:
            ours[path_of(event), seconds_of(event["at"])] += 1
        self.assertEqual(ours, events)

    def test_a_timeline_is_a_range_of_one_hosts_times(self):
        fleet, home, host = self.fleet_with_agent()
        root = self.make_files()
        acquisition = self.collect(fleet, home, host, f"{root}/**")
        events = self.timeline(fleet, home, host, "--from", "2017-07-14", "--to", "2017-07-14")
        self.assertEqual([(e["macb"], path_of(e)) for e in events], [("m...", os.fsencode(root / "a/b/file7.log"))])
        self.assertEqual(events[0]["at"], "2017-07-14T02:40:00.123456789Z")
        self.assertEqual(events[0]["acquisition_id"], acquisition)
        self.assertEqual(self.timeline(fleet, home, host, "--to", "1999-12-31"), [])
        everything = self.timeline(fleet, home, acquisition)
        self.assertGreater(len(everything), 45)
        # The same files once more: what they tell alike is told once.
        again = self.collect(fleet, home, host, f"{root}/a/b/file7.log")
        events = self.timeline(fleet, home, host, "--from", "2017-07-14", "--to", "2017-07-14")
        self.assertEqual(len(events), 1)
        self.assertEqual(len(self.timeline(fleet, home, again, "--from", "2017-07-14", "--to", "2017-07-14")), 1)
        self.assertIn("m...", fleet.must(["timeline", host, "--from", "2017-07-14", "--to", "2017-07-14"], home).text)

    def test_nothing_of_another_customer_is_ever_found(self):
        fleet = self.fleet()
        homes, hosts, acquisitions, roots = {}, {}, {}, {}
        for customer in ("acme", "other"):
            admin = fleet.customer(customer)
            homes[customer] = fleet.responder(customer)
            hosts[customer] = []
            for label in ("osaka", "tokyo"):
                state, enrolled = fleet.enrol(fleet.token(admin, "--label", label), f"{customer}-{label}")
                self.assertEqual(enrolled.status, 0, enrolled.err)
                fleet.agent(state)
        for customer, home in homes.items():
            def connected(home=home):
                listed = [h for h in fleet.hozen(["hosts", "--json"], home).documents() if h.get("connected")]
                return {h["label"]: h["host_id"] for h in listed} if len(listed) == 2 else None
            hosts[customer] = harness.wait_until(connected, "two hosts")
            for label, host in hosts[customer].items():
                roots[customer, label] = root = self.folder / f"files-{customer}-{label}"
                root.mkdir()
                (root / f"secret-of-{customer}").write_text(f"secret of {customer}")
                (root / "common").write_text("common")
                acquisitions[customer, label] = self.collect(fleet, home, host, f"{root}/**")
        common = hashlib.sha256(b"common").hexdigest()
        for customer, home in homes.items():
            stranger = "other" if customer == "acme" else "acme"
            mine = sorted(os.fsencode(roots[customer, label] / "common") for label in ("osaka", "tokyo"))
            self.assertEqual(self.paths(fleet, home, "--hash", common), mine)
            self.assertEqual(self.paths(fleet, home, "--name", "common"), mine)
            self.assertEqual(self.paths(fleet, home, "--label", "osaka", "--name", "common"),
                             [os.fsencode(roots[customer, "osaka"] / "common")])
            self.assertEqual(self.paths(fleet, home, "--host", hosts[customer]["tokyo"], "--contains", "COMMON"),
                             [os.fsencode(roots[customer, "tokyo"] / "common")])
            for options in (["--contains", f"secret-of-{stranger}"], ["--contains", f"files-{stranger}"],
                            ["--path", f"*files-{stranger}*"], ["--name", f"secret-of-{stranger}"],
                            ["--hash", hashlib.sha256(f"secret of {stranger}".encode()).hexdigest()]):
                self.assertEqual(self.paths(fleet, home, *options), [], options)
            everything = self.search(fleet, home, "--path", "*")[0]
            self.assertEqual({f["host_id"] for f in everything}, set(hosts[customer].values()))
            self.assertEqual(len(self.search(fleet, home, "--from", "1d")[0]), len(everything))
            for options in (["search", "--acquisition", acquisitions[stranger, "osaka"]],
                            ["search", "--host", hosts[stranger]["osaka"]], ["timeline", acquisitions[stranger, "osaka"]],
                            ["timeline", hosts[stranger]["osaka"]]):
                self.assertEqual(fleet.hozen(options, home).status, 7, options)
        # It stands in the custody log of who was searched, and only there.
        for customer, home in homes.items():
            stranger = "other" if customer == "acme" else "acme"
            log = fleet.must(["custody", "--all", "--json"], home).text
            self.assertIn("evidence.searched", log)
            self.assertIn(f"secret-of-{stranger}", log, "that it was asked for")
            self.assertNotIn(f"secret-of-{customer}", log, "that another asked for it is no business of this one")

    def test_an_index_killed_in_the_middle_goes_on(self):
        fleet, home, host = self.fleet_with_agent()
        root = self.make_files()
        for i in range(3000):
            (root / f"a/many-{i}").touch()
        disk, _ = self.disk()
        for _ in range(4):
            self.collect(fleet, home, host, f"{root}/**")
            fleet.collector.kill()
            fleet.serve()
            fleet.host(home)
        self.image(fleet, home, host, disk)
        fleet.collector.kill()
        fleet.serve()
        self.assertEqual(len(self.paths(fleet, home, "--contains", "many-", "--limit", "20000")), 4 * 3000)
        self.assertTrue(list(fleet.data.glob("customers/*/search.sqlite")))
        expected = len(self.paths(fleet, home, "--path", "*", "--limit", "1000000"))
        # It is a cache: without it all is found again.
        fleet.collector.kill()
        for index in fleet.data.glob("customers/*/search.sqlite*"):
            index.unlink()
        fleet.serve()
        self.assertEqual(len(self.paths(fleet, home, "--path", "*", "--limit", "1000000")), expected)
        fleet.collector.kill()
        for index in fleet.data.glob("customers/*/search.sqlite"):
            index.write_bytes(b"damaged" * 5000)
        fleet.serve()
        self.assertEqual(len(self.paths(fleet, home, "--path", "*", "--limit", "1000000")), expected)


if __name__ == "__main__":
    harness.main()
