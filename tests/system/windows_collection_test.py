"""The Windows agent under wine: what it collects from a running Windows and a raw drive, and many at once.

HOZEN_WINDOWS_UPLOADS says how many agents upload at once, and how many MiB each ("8x20" where it is not set).
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import time
import unittest

import harness
import testdata_images
import wine


@unittest.skipUnless(testdata_images.FOLDER, "HOZEN_TESTDATA is not set")
class RawDriveTest(wine.WineTest):
    """An NTFS volume as the drive E: of wine's Windows, mounted and raw; the Linux agent is asked about the same image."""

    HIVE = """
import hivex, sys
hive = hivex.Hivex(sys.argv[1], write=True)
def key(path):
    node = hive.root()
    for part in path.split("/"):
        node = hive.node_get_child(node, part) or hive.node_add_child(node, part)
    return node
def text(node, name, value):
    hive.node_set_value(node, {"key": name, "t": 1, "value": (value + "\\0").encode("utf-16-le")})
profiles = key("Microsoft/Windows NT/CurrentVersion/ProfileList")
text(hive.node_add_child(profiles, "S-1-5-21-1-2-3-1001"), "ProfileImagePath", "C:\\\\Users\\\\Mika")
text(key("Microsoft/Windows/CurrentVersion/Run"), "updater", "C:\\\\Temp\\\\u.exe")
text(key("Microsoft/Windows NT/CurrentVersion"), "ProductName", "Windows 11 Pro")
hive.commit(None)
"""

    def setUp(self):
        super().setUp()
        self.image, place = self.folder / "windows.raw", self.folder / "mounted"
        place.mkdir()
        with open(self.image, "wb") as out:
            out.truncate(192 << 20)
        subprocess.run(["mkntfs", "-q", "-F", self.image], check=True, capture_output=True)
        mount = ["ntfs-3g", "-o", "streams_interface=windows"]
        if subprocess.run([*mount, self.image, place], capture_output=True, check=False).returncode:
            self.skipTest("no NTFS mounts here")
        try:
            self.fill(place)
        finally:
            subprocess.run(["umount", place], check=True)
        subprocess.run([*mount, "-o", "ro", self.image, place], check=True)
        self.addCleanup(lambda: subprocess.run(["umount", place], check=True))
        devices = self.home / "dosdevices"
        (devices / "e:").symlink_to(place)
        (devices / "e::").symlink_to(self.image)
        self.sha256 = hashlib.sha256(self.image.read_bytes()).hexdigest()

    def fill(self, place):
        hives = pathlib.Path(testdata_images.FOLDER, "registry")
        software = self.folder / "SOFTWARE"
        shutil.copy(hives / "NTUSER.DAT", software)
        software.chmod(0o600)
        subprocess.run(["/usr/bin/python3", "-c", self.HIVE, software], check=True)
        files = {"Windows/System32/config/SOFTWARE": software.read_bytes(),
                 "Windows/System32/config/SYSTEM": (hives / "SAM").read_bytes(),
                 "Windows/System32/config/SAM": (hives / "SAM").read_bytes(),
                 "Users/Mika/NTUSER.DAT": (hives / "NTUSER.DAT").read_bytes(),
                 "Windows/AppCompat/Programs/Amcache.hve": (hives / "Amcache.hve").read_bytes(),
                 "Windows/Prefetch/CALC.EXE-1.pf": os.urandom(9000),
                 "Windows/System32/Tasks/Microsoft/保全": "<Task/>".encode("utf-16"),
                 "Windows/System32/winevt/Logs/Security.evtx": b"ElfFile" + os.urandom(1 << 20),
                 "Users/Mika/AppData/Roaming/Microsoft/Windows/Recent/a.lnk": b"L" + bytes(99),
                 "Users/Mika/Downloads/setup.exe": b"MZ" + os.urandom(40 << 20)}
        for name, contents in files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents)
        pathlib.Path(f"{place}/Users/Mika/Downloads/setup.exe:Zone.Identifier").write_bytes(b"[ZoneTransfer]\r\nZoneId=3\r\n")

    def linux_host(self):
        state, enrolled = self.collector.enrol(self.token, "linux")
        self.assertEqual(enrolled.status, 0, enrolled.err)
        process = self.collector.agent(state)
        host = self.collector.host(self.responder)
        return host, process

    def found(self, acquisition, without=()):
        """What was found of an offline disk: path and attribute -> state and hash."""
        items, targets = self.collector.items(acquisition, self.responder)
        files = {(i["path"], i["kind"]): (i["state"], i.get("sha256"), i.get("size_bytes")) for i in items
                 if i["path"] not in without}
        return files, [(t["path"] if "path" in t else t.get("pattern"), t.get("failure")) for t in targets]

    def test_the_same_as_linux_sees_in_the_same_image(self):
        """Item by item, of the whole triage; and of the drive as a disk."""
        host, linux = self.linux_host()
        judged = self.collect(host, "--offline-disk", self.image, "--system", "windows", "--artifacts", "@windows-triage")
        judged_disk = self.collect(host, "--disk", self.image, command="image")
        linux.stop()
        self.agent(self.enrol())
        host = harness.wait_until(lambda: next((h["host_id"] for h in self.collector.hozen(
            ["hosts", "--json"], self.responder).documents() if h["connected"] and h["host_id"] != host), None),
            "the Windows host")
        drive = r"\\.\E:"
        ours = self.collect(host, "--offline-disk", drive, "--system", "windows", "--artifacts", "@windows-triage")
        ours_disk = self.collect(host, "--disk", drive, command="image")
        without = (str(self.image), drive.replace("\\", "\\\\"))
        expected, expected_targets = self.found(judged, without)
        files, targets = self.found(ours, without)
        self.assertGreater(len(expected), 15)
        self.assertIn("complete", {state for state, _, _ in expected.values()})
        self.assertEqual(files, expected)
        self.assertEqual(targets, expected_targets)
        for acquisition in (judged_disk, ours_disk):
            (disk,) = [i for i in self.collector.items(acquisition, self.responder)[0] if i["kind"] == "disk"]
            self.assertEqual((disk["state"], disk["sha256"]), ("complete", self.sha256))

    def test_both_ways_give_the_same_bytes(self):
        self.agent(self.enrol())
        host = self.collector.host(self.responder)
        acquisition = self.collect(host, "--path", r"E:\Users\**", "--access", "both")
        ways = {}
        items, targets = self.collector.items(acquisition, self.responder)
        for item in items:
            if item["kind"] == "file":
                ways.setdefault(item["path"], {})[item["access"]] = item.get("sha256")
        self.assertEqual(len(ways), 3, ways)
        for path, hashes in ways.items():
            self.assertEqual(set(hashes), {"system", "raw"}, (path, targets))
            self.assertEqual(hashes["system"], hashes["raw"], path)

    def test_a_killed_agent_goes_on_with_the_drive(self):
        state = self.enrol()
        agent = self.agent(state)
        host = self.collector.host(self.responder)
        order = ["image", host, "--disk", r"\\.\E:", "--send-rate", "8MiB", "--json"]
        acquisition = self.collector.must(order, self.responder).documents()[-1]["acquisition_id"]

        def sent():
            progress = self.collector.show(acquisition, self.responder).get("progress") or {}
            return progress.get("sent_bytes", 0)
        for _ in range(2):
            before = sent()
            harness.wait_until(lambda: sent() > before + (4 << 20), "some of the drive to arrive")
            agent.kill()
            agent = self.agent(state)
        self.collector.must(["watch", acquisition], self.responder, (0, 3), timeout_s=300)
        shown = self.collector.show(acquisition, self.responder)
        (disk,) = [i for i in self.collector.items(acquisition, self.responder)[0] if i["kind"] == "disk"]
        self.assertEqual((disk["state"], disk["sha256"]), ("complete", self.sha256))
        self.assertEqual(shown["manifest"]["resumed"], 2, shown)

    def test_a_triage_of_the_running_host(self):
        self.agent(self.enrol())
        host = self.collector.host(self.responder)
        acquisition = self.collect(host, "--artifacts", "@windows-triage")
        items, targets = self.collector.items(acquisition, self.responder)
        kinds = {i["kind"] for i in items}
        self.assertLessEqual({"file", "state"}, kinds)
        paths = [i["path"] for i in items if i["kind"] == "state"]
        self.assertIn("volatile/processes.jsonl", paths)
        (processes,) = [i for i in items if i["path"] == "volatile/processes.jsonl"]
        lines = self.collector.must(["cat", acquisition, str(processes["index"])], self.responder).text.splitlines()
        names = {json.loads(line).get("process", {}).get("name", "") for line in lines}
        self.assertIn("hozen-agent.exe", names)
        bundle = self.folder / "bundle.zip"
        self.collector.must(["export", acquisition, "--out", bundle], self.responder)
        self.collector.must(["verify", bundle, "--authority", self.collector.authority()], self.responder)


class UploadsTest(wine.WineTest):

    def test_many_at_once(self):
        """Each agent sends its own random bytes; none fails."""
        count, mib = map(int, os.environ.get("HOZEN_WINDOWS_UPLOADS", "8x20").split("x"))
        states = [self.enrol(f"agent{i}") for i in range(count)]
        agents = [self.agent(state) for state in states]
        digests = {}
        for i in range(count):
            contents = os.urandom(mib << 20)
            digests[f"C:\\evidence\\{i}"] = hashlib.sha256(contents).hexdigest()
            path = self.home / "drive_c/evidence" / str(i)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(contents)

        def hosts():
            known = self.collector.hozen(["hosts", "--json"], self.responder).documents()
            return [h["host_id"] for h in known if h["connected"]]
        harness.wait_until(lambda: len(hosts()) == count, "all agents", 300)
        started = time.monotonic()
        orders = {}
        for (path, digest), host in zip(digests.items(), hosts()):
            done = self.collector.must(["collect", host, "--path", path, "--json"], self.responder)
            orders[done.documents()[-1]["acquisition_id"]] = digest
        for acquisition, digest in orders.items():
            self.collector.must(["watch", acquisition], self.responder, timeout_s=1800)
            (item,) = [i for i in self.collector.items(acquisition, self.responder)[0] if i["kind"] == "file"]
            self.assertEqual((item["state"], item["sha256"]), ("complete", digest))
        took = time.monotonic() - started
        print(f"{count} uploads of {mib} MiB: {took:.0f} s, {count * mib / took:.0f} MiB/s")
        self.assertTrue(all(agent.alive() for agent in agents))


if __name__ == "__main__":
    harness.main()
