"""The Windows agent under wine: as a service, by its installer, over a raw drive, and many at once.

HOZEN_WINDOWS_AGENT names the hozen-agent.exe; HOZEN_WINDOWS_UPLOADS how many agents upload at once, and how many MiB each
("8x20" where it is not set).
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

AGENT = os.environ.get("HOZEN_WINDOWS_AGENT", "")
WINE = shutil.which("wine64") or "/usr/lib/wine/wine64"
STATE = "C:\\ProgramData\\Hozen\\agent"
PROGRAM = '"C:\\Program Files\\Hozen\\hozen-agent.exe"'
ENDS_S = 180


@unittest.skipUnless(AGENT and os.access(WINE, os.X_OK), "HOZEN_WINDOWS_AGENT names no program, or wine is not installed")
class WineTest(harness.SystemTest):
    """A Windows of wine's, and a fleet for it."""

    def setUp(self):
        super().setUp()
        self.home = self.folder / "wine"
        self.environment = {**os.environ, "WINEPREFIX": str(self.home), "WINEDEBUG": "-all", "LC_ALL": "C.UTF-8",
                            "WINEDLLOVERRIDES": "mscoree=;mshtml=;winemenubuilder.exe="}
        self.wine("wineboot", "--init")
        self.addCleanup(self.wine, "wineboot", "-k")
        self.collector = self.fleet()
        self.admin = self.collector.customer()
        self.token = self.collector.token(self.admin)
        self.responder = self.collector.responder()

    def wine(self, *arguments):
        return subprocess.run([WINE, *arguments], env=self.environment, capture_output=True, timeout=ENDS_S)

    def enrol(self, name="agent"):
        state = f"C:\\{name}"
        done = self.wine(AGENT, "enroll", "--collector", self.collector.address, "--token",
                         self.collector.token(self.admin), "--state", state)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return state

    def agent(self, state):
        process = harness.Process([WINE, AGENT, "run", "--state", state], self.folder / f"{state[3:]}.log", self.environment)
        self.collector.processes.append(process)
        return process

    def collect(self, host, *options, command="collect"):
        done = self.collector.must([command, host, *options, "--wait", "--json"], self.responder, (0, 3), timeout_s=900)
        return done.documents()[-1]["acquisition_id"]


class WindowsAgentTest(WineTest):

    def setUp(self):
        super().setUp()
        self.evidence = {"big.bin": os.urandom(3_000_000), "sub/保全.txt": "証拠".encode(), "empty": b""}
        for name, contents in self.evidence.items():
            path = self.home / "drive_c/evidence" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents)

    def batch(self, *lines):
        """Runs them under one shell: where nothing runs any more, wine ends its services. The lines that were printed, with
        "= STATUS" after each command, once it has ended."""
        script = ["@echo off"]
        for line in lines:
            script += [line, "echo = %errorlevel%"]
        (self.home / "drive_c/steps.bat").write_text("\r\n".join([*script, ""]))
        with open(self.folder / "steps.log", "wb") as out:
            shell = subprocess.Popen([WINE, "cmd", "/c", "C:\\steps.bat"], env=self.environment, stdout=out, stderr=out)

        def ended():
            status = shell.wait(ENDS_S)
            text = (self.folder / "steps.log").read_text(errors="replace")
            self.assertEqual(status, 0, text)
            return text
        return ended

    def until(self, name):
        """A line of a batch that waits for a file of ours."""
        return f'for /l %%i in (1,1,90) do if not exist "C:\\{name}" ping -n 2 127.0.0.1 > nul'

    def reached(self, name):
        (self.home / "drive_c" / name).touch()

    def collects(self):
        host = self.collector.host(self.responder)
        self.collector.must(["collect", host, "--path", "C:\\evidence\\**", "--wait"], self.responder)
        items, _ = self.collector.items("last", self.responder)
        found = {i["path"].replace("\\\\", "/").removeprefix("C:/evidence/"): i for i in items if i["kind"] == "file"}
        self.assertEqual(set(found), set(self.evidence))
        for name, contents in self.evidence.items():
            self.assertEqual(found[name]["sha256"], hashlib.sha256(contents).hexdigest(), name)
        return host

    def left_behind(self):
        places = (self.home / "drive_c/ProgramData/Hozen", self.home / "drive_c/Program Files/Hozen")
        return [str(path) for path in places if path.exists()]

    def test_as_a_service(self):
        self.copied()
        shutil.copy(AGENT, self.home / "drive_c/anywhere.exe")
        (self.home / "drive_c/token").write_text(self.token)
        enrol = f"{PROGRAM} install --collector {self.collector.address}"
        ended = self.batch("C:\\anywhere.exe install", "if not errorlevel 1 exit 6", f"{enrol} --token hzt1.wrong",
                           "if exist C:\\ProgramData\\Hozen exit 7",
                           f"{enrol} --token-file C:\\token", f"{PROGRAM} start", self.until("collected"),
                           f"{PROGRAM} stop", f"{PROGRAM} start", self.until("again"), f"{PROGRAM} uninstall",
                           f"if not exist {STATE}\\state.pb exit 8", f"{PROGRAM} uninstall --purge")
        host = self.collects()
        self.reached("collected")
        time.sleep(5)  # until it has stopped
        self.assertEqual(self.collects(), host)
        self.reached("again")
        text = ended()
        for says in ("and install it from there", "Enrolment failed", "Started.", "Stopped.",
                     "The service hozen-agent was removed."):
            self.assertIn(says, text)
        shutil.rmtree(self.home / "drive_c/Program Files/Hozen")
        self.assertEqual(self.left_behind(), [])

    def copied(self, folder="Hozen"):
        """The program, where administrators put one."""
        place = self.home / "drive_c/Program Files" / folder
        place.mkdir(parents=True)
        shutil.copy(AGENT, place / "hozen-agent.exe")
        return f"C:\\Program Files\\{folder}\\hozen-agent.exe"

    def packed(self):
        made = subprocess.run([harness.binary("tools/package/msi"), "--program", AGENT, "--out", self.folder], check=True,
                              capture_output=True, text=True).stdout.strip()
        return pathlib.Path(shutil.copy(made, self.home / "drive_c/agent.msi"))

    def test_a_folder_that_is_another_s_is_not_used(self):
        program = self.copied()
        parent = self.home / "drive_c/ProgramData/Hozen"
        state, elsewhere = parent / "agent", self.folder / "elsewhere"

        def plant(place):
            place.mkdir(0o700)
            (place / "state.pb").write_bytes(b"\x08\x01")

        def is_open():
            plant(state)
            state.chmod(0o755)

        def is_above():
            plant(state)
            parent.chmod(0o755)

        def is_a_link():
            plant(elsewhere)
            state.symlink_to(elsewhere)

        def is_another_s():
            plant(state)
            os.chown(state, 1234, -1)
        cases = [(is_open, "open to"), (is_above, "open to"), (is_a_link, "leads elsewhere")]
        for case, says in cases + [(is_another_s, "belongs to")] * (os.geteuid() == 0):
            parent.mkdir(0o700)
            case()
            for words in (["install"], ["run", "--state", STATE], ["uninstall", "--purge"]):
                done = self.wine(program, *words)
                self.assertNotEqual(done.returncode, 0, (case, words))
                self.assertIn(says, done.stderr.decode(), words)
                self.assertIn("remove it or move it away", done.stderr.decode(), words)
            self.assertTrue((state / "state.pb").exists(), "nothing in it was touched")
            self.assertIn("not installed", self.wine(program, "start").stderr.decode(), case)
            shutil.rmtree(parent)

    def test_a_purge_goes_through_no_link(self):
        program = self.copied()
        state, elsewhere = self.home / "drive_c/ProgramData/Hozen/agent", self.folder / "elsewhere"
        for folder in (state.parent, state, state / "acquisitions", elsewhere):
            folder.mkdir(0o700)
        (state / "state.pb").write_bytes(b"\x08\x01")
        (elsewhere / "precious").touch()
        (state / "acquisitions/link").symlink_to(elsewhere)
        done = self.wine(program, "uninstall", "--purge")
        self.assertTrue((elsewhere / "precious").exists())
        self.assertFalse((state / "state.pb").exists())
        # Wine cannot remove such a link.
        self.assertEqual(done.returncode, 1)
        self.assertIn(r"acquisitions\\link", done.stderr.decode())
        self.assertIn("it goes when the system starts again", done.stderr.decode())

    def test_a_failed_installation_takes_back_what_it_made_and_no_more(self):
        broken = shutil.copy(self.packed(), self.home / "drive_c/broken.msi")
        for change in ("INSERT INTO `CustomAction` (`Action`, `Type`, `Source`, `Target`) VALUES "
                       f"('Fail', {0x400 | 0x800 | 0x12}, 'AgentProgram', 'nonsense')",
                       "INSERT INTO `InstallExecuteSequence` (`Action`, `Sequence`) VALUES ('Fail', 5000)"):
            subprocess.run(["msibuild", broken, "-q", change], check=True, capture_output=True)
        by_hand = f'"{self.copied("Hand")}"'
        command = "reg query HKLM\\SYSTEM\\CurrentControlSet\\Services\\hozen-agent /v ImagePath"
        fails = f"msiexec /i C:\\broken.msi /qn COLLECTOR={self.collector.address} TOKEN="
        ended = self.batch(f"{fails}{self.token}", command, "if exist C:\\ProgramData\\Hozen exit 7",
                           f"{by_hand} install --state C:\\hand", f"{fails}hzt1.wrong", command,
                           f"{fails}{self.collector.token(self.admin)}", command,
                           "if exist C:\\ProgramData\\Hozen exit 8", f"{by_hand} uninstall --purge --state C:\\hand")
        text = ended()
        lines = text.splitlines()
        # What only looks leaves the status as it was.
        statuses = [line == "= 0" for line in lines if line.startswith("= ")]
        self.assertEqual(statuses, [False, False, False, True, False, True, False, True, True, True], text)
        paths = [line for line in lines if "ImagePath" in line]
        self.assertEqual(len(paths), 2, text)
        for path in paths:
            self.assertIn("Hand\\hozen-agent.exe", path)
            self.assertIn("C:\\hand", path)
        self.assertEqual(self.left_behind(), [])

    def test_by_its_installer(self):
        self.packed()
        install = f"msiexec /i C:\\agent.msi /qn COLLECTOR={self.collector.address}"
        ended = self.batch(f"{install} TOKEN=hzt1.wrong", f"if exist {PROGRAM} exit 7",
                           f"{install} TOKEN={self.token}", f"if not exist {PROGRAM} exit 8", self.until("collected"),
                           "msiexec /x C:\\agent.msi /qn")
        self.collects()
        self.reached("collected")
        text = ended()
        statuses = [line for line in text.splitlines() if line.startswith("= ")]
        self.assertEqual((statuses[0] != "= 0", statuses[2]), (True, "= 0"), text)
        self.assertEqual(self.left_behind(), [])


@unittest.skipUnless(testdata_images.FOLDER, "HOZEN_TESTDATA is not set")
class RawDriveTest(WineTest):
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


class UploadsTest(WineTest):

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
