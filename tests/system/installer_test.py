"""The Windows agent's installer, as other programs read it. (That it installs is seen under wine.)"""

import os
import pathlib
import struct
import subprocess
import tempfile
import unittest

import harness

VERSION = "1.22.333"


def program(version=VERSION):
    """The least that is a program of Windows, which says its version as a resource does."""
    header = b"MZ" + bytes(58) + struct.pack("<I", 64)
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 240, 0x22)
    optional = struct.pack("<HBBIIIIIQIIHHHHHHIIIIHHQQQQII", 0x20B, 14, 0, 512, 512, 0, 0x1000, 0x1000, 0x140000000, 0x1000,
                           512, 10, 0, 0, 0, 10, 0, 0, 0x2000, 512, 0, 3, 0x8160, 1 << 20, 4096, 1 << 20, 4096, 0, 16)
    optional += bytes(240 - len(optional))
    section = b".rsrc\0\0\0" + struct.pack("<IIIIIIHHI", 512, 0x1000, 512, 512, 0, 0, 0, 0, 0x40000040)
    text = f"ProductVersion\0\0{version}\0".encode("utf-16-le")
    return (header + coff + optional + section).ljust(512, b"\0") + text.ljust(512, b"\0")


class InstallerTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.program = self.folder / "agent.exe"
        self.program.write_bytes(program())

    def pack(self, *options):
        return subprocess.run([harness.binary("tools/package/msi"), "--program", self.program, "--out", self.folder / "out",
                               *options], capture_output=True, text=True)

    def packed(self, *options):
        done = self.pack(*options)
        self.assertEqual(done.returncode, 0, done.stderr)
        made = self.folder / "out" / f"hozen-agent_{VERSION}_x64.msi"
        self.assertEqual(done.stdout, f"{made}\n")
        return made

    def table(self, installer, name):
        text = subprocess.run(["msiinfo", "export", installer, name], check=True, capture_output=True, text=True).stdout
        return [line.rstrip("\r").split("\t") for line in text.split("\n")[3:] if line.strip()]

    def test_what_it_says(self):
        installer = self.packed()
        said = dict(self.table(installer, "Property"))
        self.assertEqual((said["ProductName"], said["ProductVersion"], said["ALLUSERS"]), ("Hozen agent", VERSION, "1"))
        self.assertLessEqual({"COLLECTOR", "TOKEN", "TOKENFILE"}, set(said["SecureCustomProperties"].split(";")))
        self.assertLessEqual({"TOKEN", "Install"}, set(said["MsiHiddenProperties"].split(";")),
                             "the token stays out of logs, also where it is handed to the part with rights")
        subprocess.run(["msiextract", "-C", self.folder / "unpacked", installer], check=True, capture_output=True)
        (unpacked,) = (self.folder / "unpacked").rglob("hozen-agent.exe")
        self.assertEqual(unpacked.read_bytes(), self.program.read_bytes())

    def test_the_order_in_which_things_happen(self):
        installer = self.packed()
        order = {action: int(number) for action, _, number in self.table(installer, "InstallExecuteSequence")}
        steps = ["InstallInitialize", "Uninstall", "RemoveExistingProducts", "StopServices", "RemoveFiles", "InstallFiles",
                 "TakeBack", "Install", "Start", "InstallFinalize"]
        self.assertEqual(sorted(steps, key=order.get), steps)
        when = {action: condition for action, condition, _ in self.table(installer, "InstallExecuteSequence")}
        self.assertIn("NOT UPGRADINGPRODUCTCODE", when["Uninstall"], "an upgrade keeps the host's identity")
        actions = {row[0]: (int(row[1]), row[3]) for row in self.table(installer, "CustomAction")}
        deferred, ignores_result, rollback, as_system, hides_target = 0x400, 0x40, 0x500, 0x800, 0x2000
        self.assertEqual(actions["Install"][0] & (deferred | as_system | ignores_result), deferred | as_system,
                         "a wrong token fails the installation")
        self.assertTrue(actions["Install"][0] & hides_target, "its command line, with the token, stays out of logs")
        self.assertEqual(actions["TakeBack"][0] & (rollback | as_system), rollback | as_system)
        # What stands in braces with an empty property is left out.
        self.assertIn('--collector "[COLLECTOR]"{ --token "[TOKEN]"}{ --token-file "[TOKENFILE]"}', actions["Install"][1])

    def test_the_same_program_is_the_same_product_and_another_is_not(self):
        first = dict(self.table(self.packed(), "Property"))
        self.assertEqual(dict(self.table(self.packed(), "Property"))["ProductCode"], first["ProductCode"])
        self.program.write_bytes(self.program.read_bytes() + b"patched")
        another = dict(self.table(self.packed(), "Property"))
        self.assertNotEqual(another["ProductCode"], first["ProductCode"])
        self.assertEqual(another["UpgradeCode"], first["UpgradeCode"])

    def test_another_build_of_the_same_version_is_replaced_and_a_newer_version_is_not(self):
        rows = {row[-1]: row for row in self.table(self.packed(), "Upgrade")}
        _, least, most, _, attributes, _, _ = rows["WIX_UPGRADE_DETECTED"]
        only_detects, includes_least, includes_most = 0x2, 0x100, 0x200
        self.assertEqual((least, most), ("", VERSION))
        self.assertEqual(int(attributes) & (only_detects | includes_most), includes_most)
        _, least, most, _, attributes, _, _ = rows["WIX_DOWNGRADE_DETECTED"]
        self.assertEqual((least, most), (VERSION, ""))
        self.assertEqual(int(attributes) & (only_detects | includes_least), only_detects)

    def test_it_is_signed_inside_and_outside(self):
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-subj",
                        "/CN=Hozen test", "-addext", "extendedKeyUsage=codeSigning"], check=True, capture_output=True)
        installer = self.packed("--certificate", certificate, "--key", key)
        subprocess.run(["msiextract", "-C", self.folder / "unpacked", installer], check=True, capture_output=True)
        (unpacked,) = (self.folder / "unpacked").rglob("hozen-agent.exe")
        for signed in (installer, unpacked):
            verified = subprocess.run(["osslsigncode", "verify", "-CAfile", certificate, "-in", signed], capture_output=True,
                                      text=True)
            self.assertEqual(verified.returncode, 0, verified.stdout)
        unsigned = self.packed()
        self.assertNotEqual(subprocess.run(["osslsigncode", "verify", "-CAfile", certificate, "-in", unsigned],
                                           capture_output=True).returncode, 0)

    def test_what_it_cannot_pack_it_says(self):
        for options, says in ((["--key", self.program], "--certificate"), (["--program", "/none.exe"], "/none.exe"),
                              (["--certificate", "/none.pem", "--key", self.program], "/none.pem")):
            done = self.pack(*options)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(says, done.stderr)
        self.program.write_bytes(program("1.22.333.4"))
        done = self.pack()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("first three parts", done.stderr)
        self.program.write_bytes(b"MZ" + os.urandom(64))
        done = self.pack()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("does not say its version", done.stderr)
        self.assertEqual(list((self.folder / "out").glob("*")), [])


if __name__ == "__main__":
    harness.main()
