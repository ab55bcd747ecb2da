"""Other people's disk images (HOZEN_TESTDATA), unpacked, and what their authors say of them."""

import bz2
import contextlib
import gzip
import hashlib
import os
import re
import shutil
import tarfile
import zipfile

FOLDER = os.environ.get("HOZEN_TESTDATA")
PIECE_BYTES = 1 << 20
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


def unpacked(path, folder):
    """Each image in a file of HOZEN_TESTDATA: what it is, and where it lies until the next one is asked for."""
    image = folder / f"{path.name}.img"
    try:
        if path.name.endswith((".zip", ".tar.gz")):
            for name, opener in members(path):
                with opener() as source:
                    copy_sparse(source, image)
                yield f"{path.name}: {name}", image
            return
        opener = {".gz": gzip.open, ".bz2": bz2.open}.get(path.suffix)
        if opener:
            with opener(path) as source:
                copy_sparse(source, image)
        else:
            shutil.copyfile(path, image)
        yield path.name, image
    finally:
        with contextlib.suppress(FileNotFoundError):
            image.unlink()


def dftt_answers(path):
    """The MD5 of each deleted file that a test of the DFTT calls recoverable: the table in its page."""
    with zipfile.ZipFile(path) as archive:
        page = [n for n in archive.namelist() if n.endswith("index.html")][0]
        text = archive.read(page).decode("latin-1")
    rows = re.findall(r"<td><tt>\\[^<]+</tt></td><td>\d+</td><td><tt>([0-9a-f]{32})</tt></td>", text)
    assert rows, f"{path} has no table of answers"
    return set(rows)


def md5s_in(archive_path):
    """Of each file in a zip."""
    with zipfile.ZipFile(archive_path) as archive:
        return {hashlib.md5(archive.read(name)).hexdigest() for name in archive.namelist()}
