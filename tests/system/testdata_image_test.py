"""Other people's disk images (HOZEN_TESTDATA), each imaged in every order: the export is the image, bit for bit."""

import bz2
import contextlib
import gzip
import hashlib
import os
import pathlib
import shutil
import subprocess
import tarfile
import unittest
import zipfile

import harness

TESTDATA = os.environ.get("HOZEN_TESTDATA")
PIECE_BYTES = 1 << 20
SECTOR_BYTES = 512
ZEROS = bytes(PIECE_BYTES)
SMALLEST_BYTES = 32 << 10  # in an archive; what is smaller stands beside the image and tells of it
NO_IMAGES = (".txt", ".html", ".htm", ".xls", ".doc", ".pdf")


def copy_sparse(source, path):
    """Most of what is packed small are zeros."""
    with open(path, "wb") as out:
        while piece := source.read(PIECE_BYTES):
            if piece != ZEROS[:len(piece)]:
                out.write(piece)
            else:
                out.seek(len(piece), os.SEEK_CUR)
        out.truncate(out.tell())


def members(path):
    """The files in an archive that may be disk images: name, and how to open it."""
    if path.name.endswith(".zip"):
        archive = zipfile.ZipFile(path)
        found = [(i.filename, i.file_size, lambda i=i: archive.open(i)) for i in archive.infolist()]
    else:
        archive = tarfile.open(path)
        found = [(i.name, i.size, lambda i=i: archive.extractfile(i)) for i in archive if i.isfile()]
    return [(name, opener) for name, size, opener in found
            if size >= SMALLEST_BYTES and not name.lower().endswith(NO_IMAGES)]


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as opened:
        while piece := opened.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def listing(path, kind="raw"):
    """What fls makes of it: its output, or how it ended."""
    done = subprocess.run(["fls", "-r", "-i", kind, path], capture_output=True, timeout=120, check=False)
    return done.returncode, done.stdout


@unittest.skipUnless(TESTDATA, "HOZEN_TESTDATA is not set")
class TestdataImageTest(harness.SystemTest):

    def images(self, kind):
        """Each image of a kind as a file, one at a time: two of them are large."""
        for path in sorted(pathlib.Path(TESTDATA, kind).iterdir()):
            unpacked = self.folder / f"{path.name}.img"
            if path.name.endswith((".zip", ".tar.gz")):
                for name, opener in members(path):
                    with opener() as source:
                        copy_sparse(source, unpacked)
                    yield f"{path.name}: {name}", unpacked
                    unpacked.unlink()
                continue
            opener = {".gz": gzip.open, ".bz2": bz2.open}.get(path.suffix)
            if opener:
                with opener(path) as source:
                    copy_sparse(source, unpacked)
            else:
                shutil.copyfile(path, unpacked)
            yield path.name, unpacked
            unpacked.unlink()

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

    def orders(self):
        return [harness.order(name) for name in ("linear", "value")] if harness.order("linear") else [[]]

    def check(self, fleet, home, host, path, order, sha256, listed):
        done = fleet.must(["image", host, "--disk", path, "--wait", "--json", *order], home, (0, 3))
        acquisition = done.documents()[-1]["acquisition_id"]
        item = [i for i in fleet.items(acquisition, home)[0] if i["kind"] == "disk"][0]
        self.assertEqual(item["state"], "complete")
        raw = self.folder / "export.raw"
        with contextlib.suppress(FileNotFoundError):
            raw.unlink()
        fleet.must(["export", acquisition, "--format", "raw", "--out", raw, "--force"], home)
        self.assertEqual(item["sha256"], sha256)
        self.assertEqual(sha256_of(raw), sha256)
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
            for order in self.orders():
                with self.subTest(image=name, order=order):
                    acquisition = self.check(fleet, home, host, path, order, sha256, listed)
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
