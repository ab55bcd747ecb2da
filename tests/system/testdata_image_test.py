"""Other people's disk images (HOZEN_TESTDATA), each imaged in every order: the export is the image, bit for bit."""

import contextlib
import errno
import functools
import hashlib
import os
import pathlib
import subprocess
import unittest

import harness
import testdata_images

TESTDATA = testdata_images.FOLDER
SECTOR_BYTES = 512


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as opened:
        while piece := opened.read(testdata_images.PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def next_data(opened, offset, size_bytes):
    """Where the next bytes of a file are that are no hole; its end where there are none."""
    try:
        return os.lseek(opened.fileno(), offset, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:  # nothing but a hole is left
            raise
        return size_bytes


def same_bytes(one, other):
    """Whether two files are the same, bit for bit. What is a hole in both is not read."""
    size_bytes = one.stat().st_size
    if other.stat().st_size != size_bytes:
        return False
    with open(one, "rb", buffering=0) as a, open(other, "rb", buffering=0) as b:
        at = 0
        while (at := min(next_data(a, at, size_bytes), next_data(b, at, size_bytes))) < size_bytes:
            pieces = [os.pread(opened.fileno(), testdata_images.PIECE_BYTES, at) for opened in (a, b)]
            if pieces[0] != pieces[1] or not pieces[0]:
                return False
            at += len(pieces[0])
    return True


@functools.cache
def orders():
    return [harness.order(name) for name in ("linear", "value")] if harness.order("linear") else [[]]


def listing(path, kind="raw"):
    """What fls makes of it: its output, or how it ended."""
    done = subprocess.run(["fls", "-r", "-i", kind, path], capture_output=True, timeout=120, check=False)
    return done.returncode, done.stdout


@unittest.skipUnless(TESTDATA, "HOZEN_TESTDATA is not set")
class TestdataImageTest(harness.SystemTest):

    def images(self, kind):
        """Each image of a kind as a file, one at a time: two of them are large."""
        for path in sorted(pathlib.Path(TESTDATA, kind).iterdir()):
            yield from testdata_images.unpacked(path, self.folder)

    def disk_in(self, path):
        """The disk in a container, as other people's tools read it."""
        raw = self.folder / "judged.raw"
        if path.suffix == ".E01":
            subprocess.run(["ewfexport", "-u", "-q", "-f", "raw", "-t", raw.with_suffix(""), path], check=True,
                           capture_output=True, timeout=120)
        else:
            kind = {".qcow2": "qcow2", ".vhd": "vpc"}[path.suffix]
            subprocess.run(["qemu-img", "convert", "-f", kind, "-O", "raw", path, raw], check=True, timeout=120)
        return raw

    def check(self, fleet, home, host, path, order, wanted, sha256, listed):
        done = fleet.must(["image", host, "--disk", path, "--wait", "--json", *order], home, (0, 3))
        acquisition = done.documents()[-1]["acquisition_id"]
        item = [i for i in fleet.items(acquisition, home)[0] if i["kind"] == "disk"][0]
        self.assertEqual(item["state"], "complete")
        raw = self.folder / "export.raw"
        with contextlib.suppress(FileNotFoundError):
            raw.unlink()
        fleet.must(["export", acquisition, "--format", "raw", "--out", raw, "--force"], home)
        self.assertEqual(item["sha256"], sha256)
        self.assertTrue(same_bytes(raw, wanted), "the export is not the image")
        self.assertEqual(listing(raw), listed)
        return acquisition

    def check_e01(self, fleet, home, acquisition, size_bytes, listed):
        """As libewf's own tools and the sleuthkit see it. An E01 holds whole sectors only."""
        whole = self.folder / "export.E01"
        exported = fleet.hozen(["export", acquisition, "--format", "e01", "--out", whole], home)
        if size_bytes % SECTOR_BYTES:
            self.assertNotEqual(exported.status, 0, "an E01 cannot hold it")
            self.assertFalse(whole.exists())
            return
        self.assertEqual(exported.status, 0, exported.err)
        judged = subprocess.run(["ewfverify", "-q", "-d", "sha1", whole], capture_output=True, text=True, timeout=120)
        self.assertEqual(judged.returncode, 0, judged.stdout + judged.stderr)
        self.assertIn("SUCCESS", judged.stdout)
        self.assertEqual(listing(whole, "ewf"), listed)
        for segment in self.folder.glob("export.E*"):
            segment.unlink()

    def check_all(self, kind, judged=lambda path: path):
        """`judged` gives the bytes that an image of the path must have."""
        fleet, home, host = self.fleet_with_agent()
        for name, path in self.images(kind):
            wanted = judged(pathlib.Path(TESTDATA, kind, name))
            wanted = wanted if wanted.parent == self.folder else path
            sha256, listed = sha256_of(wanted), listing(wanted)
            for order in orders():
                with self.subTest(image=name, order=order):
                    acquisition = self.check(fleet, home, host, path, order, wanted, sha256, listed)
            with self.subTest(image=name, format="e01"):
                self.check_e01(fleet, home, acquisition, wanted.stat().st_size, listed)

    def test_ntfs(self):
        self.check_all("ntfs")

    def test_fat(self):
        self.check_all("fat")

    def test_ext(self):
        self.check_all("ext")

    def test_the_disks_in_containers(self):
        self.check_all("containers", self.disk_in)

    def test_hostile(self):
        self.check_all("hostile")


if __name__ == "__main__":
    harness.main()
