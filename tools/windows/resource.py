"""Makes what Explorer shows of a program of ours: its version, its icon, and the manifest by which Windows runs it.

usage: resource.py VERSION_HEADER PROGRAM DESCRIPTION OUTPUT.o
"""

import pathlib
import re
import struct
import subprocess
import sys
import tempfile

SIZES = (16, 32, 48)
SAMPLES = 4  # in each direction of a pixel, against jagged edges
BLUE = (0x5B, 0x35, 0x1B)  # blue, green, red, as the format has them
WHITE = (0xFF, 0xFF, 0xFF)

MANIFEST = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">
  <trustInfo xmlns="urn:schemas-microsoft-com:asm.v3">
    <security><requestedPrivileges><requestedExecutionLevel level="asInvoker" uiAccess="false"/></requestedPrivileges></security>
  </trustInfo>
  <compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1">
    <application><supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/></application>
  </compatibility>
  <application xmlns="urn:schemas-microsoft-com:asm.v3">
    <windowsSettings>
      <activeCodePage xmlns="http://schemas.microsoft.com/SMI/2019/WindowsSettings">UTF-8</activeCodePage>
      <longPathAware xmlns="http://schemas.microsoft.com/SMI/2016/WindowsSettings">true</longPathAware>
    </windowsSettings>
  </application>
</assembly>
"""

RESOURCE = """#include <windows.h>
1 ICON "{icon}"
1 RT_MANIFEST "{manifest}"
1 11 "messages.bin"
1 VERSIONINFO
FILEVERSION {numbers}
PRODUCTVERSION {numbers}
FILEOS VOS_NT_WINDOWS32
FILETYPE VFT_APP
BEGIN
  BLOCK "StringFileInfo"
  BEGIN
    BLOCK "040904b0"
    BEGIN
      VALUE "CompanyName", "Hozen"
      VALUE "FileDescription", "{description}"
      VALUE "FileVersion", "{version}"
      VALUE "InternalName", "{program}"
      VALUE "LegalCopyright", "Apache-2.0"
      VALUE "OriginalFilename", "{program}.exe"
      VALUE "ProductName", "Hozen"
      VALUE "ProductVersion", "{version}"
    END
  END
  BLOCK "VarFileInfo"
  BEGIN
    VALUE "Translation", 0x409, 1200
  END
END
"""


def colour_at(x, y):
    """The drawing, on a square from -1 to 1: a sealed ring on a round ground. None where it is transparent."""
    distance = (x * x + y * y) ** 0.5
    if distance > 0.96:
        return None
    on_ring = 0.46 <= distance <= 0.66 and not (y < 0 and abs(x) < 0.12)
    on_seal = y < 0 and abs(x) < 0.08 and 0.2 <= -y <= 0.8
    return WHITE if on_ring or on_seal or distance < 0.16 else BLUE


def pixel(size, column, row):
    """Blue, green, red and how opaque, of one pixel."""
    found = []
    for i in range(SAMPLES * SAMPLES):
        x = (column + (i % SAMPLES + 0.5) / SAMPLES) / size * 2 - 1
        y = (row + (i // SAMPLES + 0.5) / SAMPLES) / size * 2 - 1
        colour = colour_at(x, y)
        if colour is not None:
            found.append(colour)
    if not found:
        return bytes(4)
    mean = [sum(colour[i] for colour in found) // len(found) for i in range(3)]
    return bytes(mean + [255 * len(found) // (SAMPLES * SAMPLES)])


def image(size):
    """A bitmap as icons hold it: twice as high as it is, for a mask that nobody reads any more; bottom row first."""
    header = struct.pack("<IiiHHIIiiII", 40, size, size * 2, 1, 32, 0, 0, 0, 0, 0, 0)
    rows = b"".join(pixel(size, column, row) for row in reversed(range(size)) for column in range(size))
    mask = bytes((size + 31) // 32 * 4 * size)
    return header + rows + mask


def icon():
    """An .ico file: https://learn.microsoft.com/en-us/previous-versions/ms997538(v=msdn.10)."""
    images = [image(size) for size in SIZES]
    offset = 6 + 16 * len(images)
    directory = struct.pack("<HHH", 0, 1, len(images))
    for size, data in zip(SIZES, images):
        directory += struct.pack("<BBBBHHII", size, size, 0, 0, 1, 32, len(data), offset)
        offset += len(data)
    return directory + b"".join(images)


def message_table():
    """What the event log shows of event 1: the text that came with it. A MESSAGE_RESOURCE_DATA of winnt.h."""
    text = "%1\r\n\0".encode("utf-16-le")
    text += bytes(-len(text) % 4)
    blocks = struct.pack("<IIII", 1, 1, 1, 16)  # one block, of the messages 1 to 1, that begins at 16
    return blocks + struct.pack("<HH", 4 + len(text), 1) + text


def main():
    header, program, description, output = sys.argv[1:]
    version = re.search(r'"(\d+(?:\.\d+)*)', pathlib.Path(header).read_text(encoding="utf-8")).group(1)
    numbers = (version.split(".") + ["0"] * 4)[:4]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "icon.ico").write_bytes(icon())
        (folder / "messages.bin").write_bytes(message_table())
        (folder / "manifest.xml").write_text(MANIFEST, encoding="utf-8")
        (folder / "resource.rc").write_text(
            RESOURCE.format(
                icon="icon.ico",
                manifest="manifest.xml",
                numbers=",".join(numbers),
                version=version,
                program=program,
                description=description,
            ),
            encoding="utf-8",
        )
        made = folder / "resource.o"
        # In the folder, so that its name is in no file.
        subprocess.run(["x86_64-w64-mingw32-windres", "resource.rc", "resource.o"], cwd=folder, check=True)
        pathlib.Path(output).write_bytes(made.read_bytes())


if __name__ == "__main__":
    main()
