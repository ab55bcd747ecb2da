"""The Windows agent under wine: as a service, and by its installer. HOZEN_WINDOWS_AGENT names the hozen-agent.exe."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import time
import unittest

import harness

AGENT = os.environ.get("HOZEN_WINDOWS_AGENT", "")
WINE = shutil.which("wine64") or "/usr/lib/wine/wine64"
STATE = "C:\\ProgramData\\Hozen\\agent"
PROGRAM = '"C:\\Program Files\\Hozen\\hozen-agent.exe"'
ENDS_S = 180


@unittest.skipUnless(AGENT and os.access(WINE, os.X_OK), "HOZEN_WINDOWS_AGENT names no program, or wine is not installed")
class WindowsAgentTest(harness.SystemTest):

    def setUp(self):
        super().setUp()
        self.home = self.folder / "wine"
        self.environment = {**os.environ, "WINEPREFIX": str(self.home), "WINEDEBUG": "-all", "LC_ALL": "C.UTF-8",
                            "WINEDLLOVERRIDES": "mscoree=;mshtml=;winemenubuilder.exe="}
        self.wine("wineboot", "--init")
        self.addCleanup(self.wine, "wineboot", "-k")
        self.collector = self.fleet()
        self.token = self.collector.token(self.collector.customer())
        self.responder = self.collector.responder()
        self.evidence = {"big.bin": os.urandom(3_000_000), "sub/保全.txt": "証拠".encode(), "empty": b""}
        for name, contents in self.evidence.items():
            path = self.home / "drive_c/evidence" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents)

    def wine(self, *arguments):
        subprocess.run([WINE, *arguments], env=self.environment, capture_output=True, timeout=ENDS_S)

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
        program = self.home / "drive_c/Program Files/Hozen"
        program.mkdir(parents=True)
        shutil.copy(AGENT, program / "hozen-agent.exe")
        (self.home / "drive_c/token").write_text(self.token)
        enrol = f"{PROGRAM} install --collector {self.collector.address}"
        ended = self.batch(f"{enrol} --token hzt1.wrong", "if exist C:\\ProgramData\\Hozen exit 7",
                           f"{enrol} --token-file C:\\token", f"{PROGRAM} start", self.until("collected"),
                           f"{PROGRAM} stop", f"{PROGRAM} start", self.until("again"), f"{PROGRAM} uninstall",
                           f"if not exist {STATE}\\state.pb exit 8", f"{PROGRAM} uninstall --purge")
        host = self.collects()
        self.reached("collected")
        time.sleep(5)  # until it has stopped
        self.assertEqual(self.collects(), host)
        self.reached("again")
        text = ended()
        for says in ("Enrolment failed", "Started.", "Stopped.", "The service hozen-agent was removed."):
            self.assertIn(says, text)
        shutil.rmtree(program)
        self.assertEqual(self.left_behind(), [])

    def test_by_its_installer(self):
        made = subprocess.run([harness.binary("tools/package/msi"), "--program", AGENT, "--out", self.folder], check=True,
                              capture_output=True, text=True).stdout.strip()
        shutil.copy(made, self.home / "drive_c/agent.msi")
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


if __name__ == "__main__":
    harness.main()
