#!/usr/bin/env python3
"""Lets pyaff4, the library of AFF4's authors, verify an AFF4: its blocks' hashes, those of its map, the linear ones.

usage: pyaff4_judge.py IMAGE.aff4

Wants a Python that has pyaff4. Of 0.34, which was tried: it finds block hashes in the first bevy alone, so the image may
hold 64 MiB of data. Ends with status 1 where something is wrong.
"""

import sys
import warnings

warnings.simplefilter("ignore")
from pyaff4 import block_hasher, data_store, lexicon, linear_hasher, rdfvalue  # noqa: E402
from pyaff4 import plugins, zip as aff4_zip  # noqa: E402, F401
from pyaff4.container import Container  # noqa: E402


class Listener(block_hasher.ValidationListener):
    """Counts what was valid; what is not is raised by the class above."""

    def __init__(self):
        super().__init__()
        self.blocks = 0
        self.kinds = []

    def onValidBlockHash(self, a):
        self.blocks += 1

    def onValidHash(self, typ, hash, imageStreamURI):
        self.kinds.append(typ)


def main(path):
    image = rdfvalue.URN.FromFileName(path)
    listener = Listener()
    block_hasher.Validator(listener).validateContainer(image)
    version, lex = Container.identifyURN(image)
    resolver = data_store.MemoryDataStore(lex)
    linear = []
    with aff4_zip.ZipFile.NewZipFile(resolver, version, image) as volume:
        maps = list(resolver.QueryPredicateObject(volume.urn, lexicon.AFF4_TYPE, lex.map))
        for stored in resolver.QuerySubjectPredicate(volume.urn, maps[0], lex.hash):
            calculated = linear_hasher.LinearHasher().hash(image, str(maps[0]), stored.datatype)
            if calculated.value != stored.value:
                sys.exit(f"wrong: {stored.datatype} is {calculated.value}, not {stored.value}")
            linear.append(str(stored.datatype).rpartition("#")[2])
    print(f"valid: {listener.blocks} blocks, {' '.join(listener.kinds)}, linear {' '.join(sorted(linear))}")


if __name__ == "__main__":
    main(sys.argv[1])
