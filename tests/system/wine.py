"""A Windows of wine's with an agent on it, for the tests of the agent that HOZEN_WINDOWS_AGENT names."""

import os
import shutil
import subprocess
import unittest

import harness

AGENT = os.environ.get("HOZEN_WINDOWS_AGENT", "")
WINE = shutil.which("wine64") or "/usr/lib/wine/wine64"
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
