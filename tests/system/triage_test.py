"""A triage: what was taken is what is there, and what was not has a reason."""

import base64
import csv
import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import tarfile
import unittest
import zipfile

import harness


def sha256_of(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class TriageTest(harness.SystemTest):

    def collect(self, fleet, home, host, *options):
        done = fleet.must(["collect", host, *options, "--wait", "--json"], home, (0, 3))
        return done.documents()[-1]["acquisition_id"], done

    def make_files(self):
        root = self.folder / "evidence"
        (root / "a/b/c").mkdir(parents=True)
        (root / "empty").write_bytes(b"")
        (root / "a/small").write_text("small\n")
        (root / "a/b/three.bin").write_bytes(os.urandom(3 * 1024 * 1024 + 17))
        (root / "a/b/c/zeros").write_bytes(b"\0" * 2500000)
        (root / os.fsdecode(b"not-utf8-\xff\xfe")).write_text("bytes")
        (root / "line\nbreak").write_text("newline")
        (root / "a/link").symlink_to("small")
        (root / "a/up").symlink_to("..")
        os.mkfifo(root / "a/fifo")
        return root

    def test_hashes_equal_those_of_sha256sum(self):
        fleet, home, host = self.fleet_with_agent()
        root = self.make_files()
        acquisition, _ = self.collect(fleet, home, host, "--path", f"{root}/**")
        items, _ = fleet.items(acquisition, home)
        expected = {os.fsencode(p) for p in root.rglob("*")}
        by_path = {}
        for item in items:
            path = base64.b64decode(item["path_base64"]) if "path_base64" in item else \
                item["path"].encode().decode("unicode_escape").encode("latin-1") if "\\" in item["path"] else \
                item["path"].encode()
            by_path[path] = item
        self.assertLessEqual(expected, set(by_path), "every entry has an item")
        streams = 0
        for path in expected:
            item = by_path[path]
            self.assertEqual(item["state"], "complete", item)
            if os.path.islink(path) or not os.path.isfile(path):
                self.assertFalse(item.get("sha256"), item)
                continue
            summed = subprocess.run([b"sha256sum", b"--zero", path], capture_output=True, check=True)
            self.assertEqual(item["sha256"].encode(), summed.stdout[:64], path)
            self.assertEqual(item["size_bytes"], os.path.getsize(path))
            streams += 1
        self.assertEqual(streams, 6)
        self.assertEqual(fleet.show(acquisition, home)["state"], "complete")

    def test_definitions_and_paths_of_this_host(self):
        fleet, home, host = self.fleet_with_agent()
        names = "LinuxAuthLogs,LinuxCronTabs,UnixPasswdFile,DebianPackagesStatus,LinuxHostnameFile"
        known = {d["name"] for d in fleet.must(["artifacts", "list", "--json"], home).documents()}
        names = ",".join(n for n in names.split(",") if n in known)
        self.assertIn("LinuxAuthLogs", names)
        acquisition, _ = self.collect(fleet, home, host, "--artifacts", names, "--path", "/etc/**")
        compared = 0
        items, targets = fleet.items(acquisition, home)
        self.assertEqual(len(items), sum(t["matched_items"] for t in targets), "every item is some target's")
        for item in items:
            path = item["path"]
            if item["kind"] == "file" and item["state"] == "complete" and path.startswith("/etc/") and os.path.isfile(path):
                self.assertEqual(item["sha256"], sha256_of(path), path)
                compared += 1
        self.assertGreater(compared, 50)
        fleet.must(["verify", acquisition], home)

    def test_what_cannot_be_had_is_listed_with_its_cause(self):
        fleet, home, host = self.fleet_with_agent()
        acquisition, done = self.collect(fleet, home, host, "--path", str(self.folder / "nowhere"),
                                         "--path", str(self.folder / "nowhere-*"), "--path", "/etc/passwd")
        self.assertEqual(done.status, 3, "complete with failures")
        failed, targets = fleet.items(acquisition, home, "--failed")
        self.assertEqual([(i["path"], i["failure"]["cause"]) for i in failed],
                         [(str(self.folder / "nowhere"), "not_found")])
        self.assertEqual(targets, [])
        # A pattern that nothing fits is no failure, and is told.
        _, targets = fleet.items(acquisition, home)
        empty = [t for t in targets if t["matched_items"] == 0]
        self.assertEqual([t["pattern"] for t in empty], [str(self.folder / "nowhere-*")])
        self.assertNotIn("failure", empty[0])
        self.assertIn(str(self.folder / "nowhere-*"), fleet.must(["items", acquisition], home).text)
        self.assertEqual(fleet.show(acquisition, home)["state"], "complete_with_failures")

    def test_unreadable_file_is_a_record_not_an_abort(self):
        if os.geteuid() == 0:
            secret = pathlib.Path("/proc/self/mem")  # a whole address space has no end: not even root can have it
        else:
            secret = self.folder / "secret"
            secret.write_text("x")
            secret.chmod(0)
        readable = self.folder / "readable"
        readable.write_text("y")
        fleet, home, host = self.fleet_with_agent()
        acquisition, done = self.collect(fleet, home, host, "--path", str(secret), "--path", str(readable))
        self.assertEqual(done.status, 3)
        items = {i["path"]: i for i in fleet.items(acquisition, home)[0]}
        self.assertEqual(items[str(readable)]["sha256"], sha256_of(readable))
        failed, _ = fleet.items(acquisition, home, "--failed")
        self.assertEqual(len(failed), 1, failed)
        self.assertIn(failed[0]["failure"]["cause"], ("not_supported", "permission_denied"))

    def test_unknown_artifact_is_an_error_that_helps(self):
        fleet, home, host = self.fleet_with_agent()
        result = fleet.hozen(["collect", host, "--artifacts", "LinuxAuthLog"], home)
        self.assertNotEqual(result.status, 0)
        self.assertIn("LinuxAuthLogs", result.err, "it suggests what was meant")
        self.assertEqual(fleet.must(["acquisitions", "--json"], home).documents(), [])

    def test_limits_hold_and_are_recorded(self):
        fleet, home, host = self.fleet_with_agent()
        root = self.make_files()
        acquisition, done = self.collect(fleet, home, host, "--path", f"{root}/**", "--max-file-bytes", "1000000")
        self.assertEqual(done.status, 3)
        failed = {os.path.basename(i["path"]): i for i in fleet.items(acquisition, home, "--failed")[0]}
        self.assertEqual(failed["three.bin"]["failure"]["cause"], "limit_file_bytes")
        self.assertEqual(failed["three.bin"]["size_bytes"], 1000000)
        self.assertEqual(failed["three.bin"]["sha256"],
                         hashlib.sha256((root / "a/b/three.bin").read_bytes()[:1000000]).hexdigest())

    def test_the_agent_writes_only_to_its_state_folder(self):
        fleet = self.fleet()
        admin = fleet.customer()
        home = fleet.responder()
        state, enrolled = fleet.enrol(fleet.token(admin))
        self.assertEqual(enrolled.status, 0, enrolled.err)
        trace = self.folder / "trace"
        # Without --seccomp-bpf each system call would stop the agent, not only these.
        traced = fleet.agent(state, ["strace", "-f", "--seccomp-bpf", "-o", trace, "-e",
                                     "trace=openat,open,creat,openat2,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,"
                                     "truncate,link,linkat,symlink,symlinkat,chmod,fchmodat,chown,utimensat"])
        host = fleet.host(home)
        self.collect(fleet, home, host, "--artifacts", "HozenLinuxTriage", "--path", "/etc/**")
        agent = int(subprocess.run(["pgrep", "-P", str(traced.pid)], capture_output=True, check=True).stdout.split()[0])
        os.kill(agent, 15)
        traced.process.wait(harness.DEADLINE_S)
        wrote = []
        for line in trace.read_text(errors="replace").splitlines():
            if " = -1 " in line:
                continue
            named = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
            writing = re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", line) or \
                re.search(r"\b(unlink|rename|mkdir|creat|truncate|link|symlink|chmod|chown|utimensat)\w*\(", line)
            if writing and named and not all(
                    n.startswith(str(state)) or n in ("/dev/null",) or not n.startswith("/") for n in named):
                wrote.append(line)
        self.assertEqual(wrote, [])

    def test_access_times_stay(self):
        if os.geteuid() != 0:
            self.skipTest("only root, or the owner, may open with O_NOATIME")
        fleet, home, host = self.fleet_with_agent()
        file = self.folder / "old"
        file.write_text("old")
        os.utime(file, ns=(10**18, 10**18 + 5))
        self.collect(fleet, home, host, "--path", str(file))
        self.assertEqual(file.stat().st_atime_ns, 10**18)

    def test_the_bundle_opens_in_other_peoples_tools_and_proves_itself(self):
        fleet, home, host = self.fleet_with_agent()
        root = self.make_files()
        acquisition, _ = self.collect(fleet, home, host, "--path", f"{root}/**")
        bundle = self.folder / "case.zip"
        fleet.must(["export", acquisition, "--format", "zip", "--out", bundle], home)
        subprocess.run(["unzip", "-tqq", str(bundle)], check=True, capture_output=True)
        with zipfile.ZipFile(bundle) as opened:
            self.assertIsNone(opened.testzip())
            three = [n for n in opened.namelist() if n.endswith("three.bin")]
            self.assertEqual(opened.read(three[0]), (root / "a/b/three.bin").read_bytes())
            self.assertTrue(three[0].startswith("uploads/"))
            self.assertIn("uploads.json", opened.namelist())
        nobody = self.folder / "nobody"
        verified = fleet.must(["verify", bundle, "--authority", fleet.authority()], nobody)
        self.assertEqual(verified.status, 0)
        # One wrong bit in an item's bytes: the item is named.
        with zipfile.ZipFile(bundle) as opened:
            info = opened.getinfo(three[0])
        damaged = bytearray(bundle.read_bytes())
        damaged[info.header_offset + 30 + len(info.filename.encode()) + info.compress_size // 2 + 100] ^= 4
        broken = self.folder / "broken.zip"
        broken.write_bytes(damaged)
        refused = fleet.hozen(["verify", broken, "--authority", fleet.authority()], nobody)
        self.assertEqual(refused.status, 4, refused.text)
        self.assertIn("three.bin", refused.text + refused.err)
        # Cut short, and the wrong key.
        short = self.folder / "short.zip"
        short.write_bytes(bundle.read_bytes()[:-5000])
        self.assertEqual(fleet.hozen(["verify", short, "--authority", fleet.authority()], nobody).status, 4)
        fleet.customer("other")
        self.assertEqual(fleet.hozen(["verify", bundle, "--authority", fleet.authority("other")], nobody).status, 4)

    def test_mactime_reads_the_body_file(self):
        fleet, home, host = self.fleet_with_agent()
        root = self.make_files()
        acquisition, _ = self.collect(fleet, home, host, "--path", f"{root}/**")
        body = self.folder / "body"
        fleet.must(["export", acquisition, "--format", "bodyfile", "--out", body], home)
        timeline = subprocess.run(["mactime", "-b", str(body), "-d"], capture_output=True, check=True).stdout
        self.assertIn(b"three.bin", timeline)
        line = [l for l in body.read_text(errors="replace").splitlines() if "three.bin" in l][0].split("|")
        self.assertEqual(len(line), 11)
        self.assertEqual(int(line[6]), 3 * 1024 * 1024 + 17)
        self.assertEqual(int(line[8].split(".")[0]), int((root / "a/b/three.bin").stat().st_mtime))

    def test_the_body_file_of_a_running_host_is_what_find_says(self):
        fleet, home, host = self.fleet_with_agent()
        root = self.make_files()
        os.link(root / "a/small", root / "a/small-too")
        with open(root / "sparse", "wb") as sparse:
            sparse.truncate(1 << 33)
        (root / "a/setuid").write_text("x")
        (root / "a/setuid").chmod(0o4755)
        (root / "old").write_text("x")
        os.utime(root / "old", (1_000_000_000, 1_000_000_001))
        deep = root
        for i in range(60):
            deep = deep / f"{i}-{'long' * 10}"
        deep.mkdir(parents=True)
        wide = root / "wide"
        wide.mkdir()
        for i in range(3000):
            (wide / f"file {i}").touch()

        acquisition, _ = self.collect(fleet, home, host, f"--bodyfile={root}")
        items, targets = fleet.items(acquisition, home)
        self.assertEqual([(i["kind"], i["path"], i["state"]) for i in items],
                         [("listing", f"listing{root}.bodyfile", "complete")])
        self.assertEqual([(t["pattern"], t["matched_items"]) for t in targets], [(str(root), 1)])
        body = self.folder / "body"
        fleet.must(["export", acquisition, "--format", "bodyfile", "--out", body], home)
        # %C@ and the like have fractions; a link's own atime may have moved when it was read, by us or by find.
        told = subprocess.run(["find", root, "-printf", r"%p\t%l\t%i\t%y\t%M\t%U\t%G\t%s\t%A@\t%T@\t%C@\0"],
                              capture_output=True, check=True).stdout
        found = {}
        for entry in told.split(b"\0")[:-1]:
            name, link, inode, kind, mode, uid, gid, size, *times = entry.rsplit(b"\t", 10)
            name = re.sub(b"[\0-\x1f]", b"^", name + (b" -> " + link if link else b""))
            kind = {b"f": b"r"}.get(kind, kind)
            seconds = [time.split(b".")[0] for time in times]
            if link or kind == b"d":
                seconds[0] = b"?"
            found[name] = [inode, kind + b"/" + kind + mode[1:], uid, gid, size, *seconds]
        self.assertIn(os.fsencode(root) + b"/line^break", found)
        self.assertIn(os.fsencode(root) + b"/not-utf8-\xff\xfe", found)
        self.assertGreater(len(found), 3070)
        listed = {}
        for line in body.read_bytes().splitlines():
            md5, name, *fields = line.split(b"|")
            self.assertEqual(md5, b"0")
            if fields[1][:1] in b"ld":
                fields[5] = b"?"
            self.assertNotIn(name, listed)
            listed[name] = fields[:-1]
            self.assertRegex(fields[-1], rb"^[0-9]+$", "born")
        self.assertEqual(listed, found)
        # mactime has a line for each file at each of its moments.
        timeline = subprocess.run(["mactime", "-b", str(body), "-d", "-y"], capture_output=True, check=True).stdout
        for name in (b"/line^break", b"/not-utf8-\xff\xfe", b"/sparse", b"/a/small-too", b"/a/up -> .."):
            self.assertIn(os.fsencode(root) + name, timeline)
        self.assertIn(b"2001-09-09T01:46:41Z,1,m", timeline)
        # An analyst finds what nobody asked for by name.
        def found():
            hits = fleet.must(["search", "--name", "setuid", "--json"], home).documents()
            return [hit for hit in hits if hit["kind"] != "left_out"]
        hits = harness.wait_until(found, "the index")
        self.assertEqual([(h["path"], h["on_disk"]["volume"], h["file"]["mode"]) for h in hits],
                         [(str(root / "a/setuid"), f"listing{root}", "0104755")])
        fleet.must(["verify", acquisition], home)

    def test_a_body_file_says_what_it_lacks(self):
        fleet, home, host = self.fleet_with_agent()
        root = self.make_files()
        acquisition, done = self.collect(fleet, home, host, f"--bodyfile={root}", "--max-depth", "2")
        self.assertEqual(done.status, 3)
        (item,), _ = fleet.items(acquisition, home, "--failed")
        self.assertEqual((item["state"], item["failure"]["cause"]), ("partial", "limit_depth"))
        self.assertIn(f"{root}/a/b/c (limit_depth)", item["failure"]["detail"])
        acquisition, done = self.collect(fleet, home, host, f"--bodyfile={root}/nowhere")
        self.assertEqual(done.status, 3)
        (item,), _ = fleet.items(acquisition, home, "--failed")
        self.assertEqual((item["state"], item["failure"]["cause"]), ("failed", "not_found"))

    def test_the_other_forms_tell_what_was_taken(self):
        fleet, home, host = self.fleet_with_agent()
        root = self.make_files()
        acquisition, _ = self.collect(fleet, home, host, "--path", f"{root}/**")
        taken, _ = fleet.items(acquisition, home)
        paths = {item["path"] for item in taken if item.get("path", "\n").isprintable()}

        def exported(form, *options):
            out = self.folder / f"out.{form}"
            fleet.must(["export", acquisition, "--format", form, "--out", out, "--force", *options], home)
            return out

        with tarfile.open(exported("tar")) as tar:
            big = tar.getmember(f"fs/$rootfs${root}/a/b/three.bin")
            self.assertEqual(hashlib.sha256(tar.extractfile(big).read()).hexdigest(), sha256_of(root / "a/b/three.bin"))
            self.assertAlmostEqual(float(big.pax_headers["mtime"]), (root / "a/b/three.bin").stat().st_mtime, places=5)
            self.assertIn("atime", big.pax_headers)
        # As an analyst would unpack it: nothing lands outside.
        unpacked = self.folder / "unpacked"
        unpacked.mkdir()
        subprocess.run(["tar", "-xf", self.folder / "out.tar", "-C", unpacked], check=True, capture_output=True)
        self.assertEqual((unpacked / f"fs/$rootfs${root}/a/small").read_bytes(), b"small\n")

        with open(exported("csv"), encoding="utf-8-sig", newline="") as table:
            rows = list(csv.DictReader(table))
        self.assertEqual(len(rows), len(taken))
        self.assertLessEqual(paths, {row["path"] for row in rows})
        small = [row for row in rows if row["path"] == str(root / "a/small")][0]
        self.assertEqual(small["sha256"], sha256_of(root / "a/small"))

        events = [json.loads(line) for line in exported("timesketch").read_text().splitlines()]
        modified = [e for e in events if e["filename"] == str(root / "a/small")
                    and e["timestamp_desc"] == "Content Modification Time"][0]
        self.assertEqual(modified["timestamp"], (root / "a/small").stat().st_mtime_ns // 1000)
        self.assertEqual(round(datetime.datetime.fromisoformat(modified["datetime"]).timestamp() * 1_000_000),
                         modified["timestamp"])

        graph = json.loads(exported("case").read_text())["@graph"]
        exhibit = [o for o in graph if o["@type"] == "case-investigation:ProvenanceRecord"][0]
        self.assertEqual(exhibit["case-investigation:exhibitNumber"], acquisition)
        files = {o["@id"] for o in graph if o["@type"] == "uco-observable:File"}
        self.assertEqual({o["@id"] for o in exhibit["uco-core:object"]}, files)
        self.assertTrue(files)

        # A part, and what has no parts.
        with open(exported("csv", "--path", "*/a/sm*"), encoding="utf-8-sig", newline="") as table:
            self.assertEqual([row["path"] for row in csv.DictReader(table)], [str(root / "a/small")])
        with open(exported("csv", "--to", "1970-01-02"), encoding="utf-8-sig", newline="") as table:
            self.assertEqual(list(csv.DictReader(table)), [])
        for form in ("zip", "raw"):
            refused = fleet.hozen(["export", acquisition, "--format", form, "--path", "/x", "--out", self.folder / "x"], home)
            self.assertEqual(refused.status, 2, refused.err)
        self.assertEqual(fleet.hozen(["export", acquisition, "--format", "csv", "--from", "soon"], home).status, 2)

    def test_an_estimate_counts_without_reading(self):
        fleet, home, host = self.fleet_with_agent()
        root = self.make_files()
        os.link(root / "a/small", root / "a/small-too")
        estimated = fleet.must(["collect", host, "--path", f"{root}/**", "--estimate", "--json"], home).documents()[-1]
        files = [p for p in root.rglob("*") if p.is_file() and not p.is_symlink()]
        sizes = {p.stat().st_ino: p.stat().st_size for p in files}
        self.assertEqual(estimated["total"]["files"], len(files))
        self.assertEqual(estimated["total"]["bytes"], sum(sizes.values()), "a file with two names is sent once")
        items, _ = fleet.items(estimated["acquisition_id"], home)
        self.assertFalse([item for item in items if item.get("sha256")], "nothing was read")
        capped = fleet.must(["collect", host, "--path", f"{root}/**", "--estimate", "--max-file-bytes", "10", "--json"],
                            home).documents()[-1]
        self.assertEqual(capped["total"]["bytes"], sum(min(10, size) for size in sizes.values()))
        self.assertEqual(fleet.hozen(["collect", host, "--artifacts", "LoadedKernelModules", "--estimate"], home).status, 2)

    def test_coverage_counts_every_source(self):
        fleet = self.fleet()
        for system in ("linux", "windows"):
            sources = fleet.must(["artifacts", "coverage", "--os", system, "--json"], self.folder).documents()
            self.assertGreater(len(sources), 700)
            for source in sources:
                self.assertEqual(bool(source["reasons"]), source["state"] in ("runs-partly", "does-not-run"), source)
        self.assertIn("REGISTRY_KEY", fleet.must(["artifacts", "coverage"], self.folder).text)

    def test_search_and_cat_find_what_was_taken(self):
        fleet, home, host = self.fleet_with_agent()
        root = self.make_files()
        acquisition, _ = self.collect(fleet, home, host, "--path", f"{root}/**")
        digest = sha256_of(root / "a/small")
        for query in (["--name", "small"], ["--sha256", digest], ["--path", "*/a/sma?l"]):
            found = fleet.must(["search", *query, "--json"], home).documents()
            self.assertEqual([f["path"] for f in found], [str(root / "a/small")], query)
        item = str(found[0]["index"])
        self.assertEqual(fleet.must(["cat", acquisition, item], home).out, b"small\n")
        self.assertEqual(fleet.must(["search", "--name", "no-such-name", "--json"], home).documents(), [])

    def test_a_command_outside_the_fixed_list_is_not_run(self):
        definitions = self.folder / "definitions"
        definitions.mkdir()
        (definitions / "evil.yaml").write_text(
            "name: Evil\ndoc: Not on the list.\nsources:\n- type: COMMAND\n  attributes:\n"
            f"    cmd: /usr/bin/touch\n    args: ['{self.folder}/touched']\nsupported_os: [Linux]\n")
        fleet, home, host = self.fleet_with_agent()
        done = fleet.must(["collect", host, "--artifacts", "Evil", "--definitions", definitions, "--wait", "--json"], home,
                          (3,))
        acquisition = done.documents()[-1]["acquisition_id"]
        items, targets = fleet.items(acquisition, home, "--failed")
        self.assertEqual(items, [])
        self.assertEqual([(t["artifact"], t["pattern"], t["failure"]["cause"]) for t in targets],
                         [("Evil", f"/usr/bin/touch {self.folder}/touched", "command_not_allowed")])
        # Whoever looks at the acquisition, or only has its bundle, sees it too.
        self.assertEqual(fleet.show(acquisition, home)["first_failed_targets"], targets)
        self.assertIn("command not allowed", fleet.must(["show", acquisition], home).text)
        self.assertIn("command not allowed", fleet.must(["items", acquisition, "--failed"], home).text)
        bundle = self.folder / "case.zip"
        fleet.must(["export", acquisition, "--format", "zip", "--out", bundle], home)
        with zipfile.ZipFile(bundle) as opened:
            listed = [json.loads(line) for line in opened.read("hozen/targets.jsonl").splitlines()]
        self.assertEqual([(t["pattern"], t["cause"]) for t in listed],
                         [(f"/usr/bin/touch {self.folder}/touched", "COMMAND_NOT_ALLOWED")])
        fleet.must(["verify", bundle, "--authority", fleet.authority()], self.folder / "nobody")
        self.assertFalse((self.folder / "touched").exists())


if __name__ == "__main__":
    harness.main()
