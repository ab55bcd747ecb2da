"""The Windows agent under wine as a service: by its own commands and by its installer."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import harness
import wine

STATE = "C:\\ProgramData\\Hozen\\agent"
PROGRAM = '"C:\\Program Files\\Hozen\\hozen-agent.exe"'
# Of every Windows since 10, and of no other's installation.
SYSTEM = {"advapi32", "bcrypt", "crypt32", "dbghelp", "iphlpapi", "kernel32", "msvcrt", "ntdll", "ole32", "oleaut32", "secur32",
          "shell32", "user32", "wintrust", "ws2_32"}


@unittest.skipUnless(wine.AGENT, "HOZEN_WINDOWS_AGENT names no program")
class ProgramTest(unittest.TestCase):
    """What the executable is, as binutils read it."""

    def test_it_is_small_and_needs_only_windows(self):
        self.assertLess(os.path.getsize(wine.AGENT), 16_000_000)
        said = subprocess.run(["x86_64-w64-mingw32-objdump", "-p", wine.AGENT], check=True, capture_output=True, text=True).stdout
        needs = {name.lower().removesuffix(".dll") for name in re.findall(r"DLL Name: (\S+)", said)}
        self.assertIn("kernel32", needs)
        self.assertLessEqual(needs, SYSTEM)
        for flag in ("HIGH_ENTROPY_VA", "DYNAMIC_BASE", "NX_COMPAT"):
            self.assertIn(flag, said)

    def test_it_does_not_know_where_it_was_built(self):
        program = pathlib.Path(wine.AGENT).read_bytes()
        self.assertIn(b"/hozen/", program, "paths are there, of nowhere")
        for place in {os.path.realpath(os.path.dirname(harness.AGENT)), os.path.expanduser("~/.cache"), "/.cache/", "/execroot/"}:
            for encoding in ("utf-8", "utf-16-le"):
                self.assertNotIn(place.encode(encoding), program)


class WindowsServiceTest(wine.WineTest):

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
            shell = subprocess.Popen([wine.WINE, "cmd", "/c", "C:\\steps.bat"], env=self.environment, stdout=out, stderr=out)

        def ended():
            status = shell.wait(wine.ENDS_S)
            text = (self.folder / "steps.log").read_text(errors="replace")
            self.assertEqual(status, 0, text)
            return text
        return ended

    def until(self, name):
        """A line of a batch that waits for a file of ours, and ends the batch where none comes."""
        return (f'for /l %%i in (1,1,{wine.ENDS_S}) do if not exist "C:\\{name}" ping -n 2 127.0.0.1 > nul\r\n'
                f'if not exist "C:\\{name}" exit 9')

    def reached(self, name):
        (self.home / "drive_c" / name).touch()

    def connected(self):
        (host,) = self.collector.hozen(["hosts", "--json"], self.responder).documents()
        return host["connected"]

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
        shutil.copy(wine.AGENT, self.home / "drive_c/anywhere.exe")
        (self.home / "drive_c/token").write_text(self.token)
        enrol = f"{PROGRAM} install --collector {self.collector.address}"
        ended = self.batch("C:\\anywhere.exe install", "if not errorlevel 1 exit 6", f"{enrol} --token hzt1.wrong",
                           "if exist C:\\ProgramData\\Hozen exit 7",
                           f"{enrol} --token-file C:\\token", f"{PROGRAM} start", self.until("collected"),
                           f"{PROGRAM} stop", f"{PROGRAM} start", "echo. > C:\\started", self.until("again"), f"{PROGRAM} uninstall",
                           f"if not exist {STATE}\\state.pb exit 8", f"{PROGRAM} uninstall --purge")
        host = self.collects()
        self.reached("collected")
        harness.wait_until((self.home / "drive_c/started").exists, "the service to start again")
        harness.wait_until(self.connected, "the agent")
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
        shutil.copy(wine.AGENT, place / "hozen-agent.exe")
        return f"C:\\Program Files\\{folder}\\hozen-agent.exe"

    def packed(self):
        made = subprocess.run([harness.binary("tools/package/msi"), "--program", wine.AGENT, "--out", self.folder], check=True,
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
        (self.home / "drive_c/the token").write_text(self.token)
        install = f"msiexec /i C:\\agent.msi /qn COLLECTOR={self.collector.address}"
        ended = self.batch(f"{install} TOKEN=hzt1.wrong", f"if exist {PROGRAM} exit 7",
                           f'{install} TOKENFILE="C:\\the token"', f"if not exist {PROGRAM} exit 8", self.until("collected"),
                           "msiexec /x C:\\agent.msi /qn")
        self.collects()
        self.reached("collected")
        text = ended()
        statuses = [line for line in text.splitlines() if line.startswith("= ")]
        self.assertEqual((statuses[0] != "= 0", statuses[2]), (True, "= 0"), text)
        self.assertEqual(self.left_behind(), [])


if __name__ == "__main__":
    harness.main()
