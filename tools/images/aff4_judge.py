#!/usr/bin/env python3
"""Says whether an AFF4 is what the AFF4 Standard v1.0 wants, with nothing of ours: Python's zipfile, zlib and hashlib.

usage: aff4_judge.py IMAGE.aff4 MEDIA

MEDIA has the image's bytes, zeros where nobody read. Everything that is hashed is hashed again. Ends with a line of
what there was; with status 1 and a reason where something is wrong. Takes small images: all is in memory.
"""

import hashlib
import re
import struct
import sys
import zipfile
import zlib

SCHEMA = "http://aff4.org/Schema#"
MIB = 1 << 20


def expect(truth, what):
    if not truth:
        sys.exit(f"wrong: {what}")


def objects(turtle):
    """URN -> property -> values, of a description as we write it: a statement for each object, no nesting."""
    found = {}
    text = re.sub(r"^@prefix .*$", "", turtle, flags=re.M)
    tokens = iter(re.findall(r'"(?:[^"\\]|\\.)*"(?:\^\^[\w:]+)?|<[^>]*>|[;,.]|[^\s;,]+', text))
    for subject in tokens:
        properties = found.setdefault(subject.strip("<>"), {})
        end = ";"
        while end != ".":
            name, value = (next(tokens), next(tokens)) if end == ";" else (name, next(tokens))
            properties.setdefault(name, []).append(value)
            end = next(tokens)
            expect(end in (";", ",", "."), f"{end!r} behind {value!r}")
    return found


def number(properties, name):
    return int(re.match(r'"?(\d+)', properties[name][0])[1])


def urn(properties, name):
    return properties[name][0].strip("<>")


def hashes(properties, name="aff4:hash"):
    """Kind -> hexadecimal digits."""
    return {kind: value for value, kind in (re.match(r'"(\w+)"\^\^aff4:(\w+)', v).groups() for v in properties[name])}


def sha256(data):
    return hashlib.sha256(data).digest()


def symbols(word, at, size):
    """A MiB of a word again and again, cut off at its end."""
    tile = (word * (MIB // len(word) + 1))[:MIB]
    begin = at % MIB
    return (tile * ((begin + size) // MIB + 1))[begin:begin + size]


class Judge:
    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)
        expect(self.zip.testzip() is None, "a checksum of the ZIP")
        names = self.zip.namelist()
        expect(len(names) == len(set(names)), "a name is there twice")
        expect(names[0] == "container.description", "the first member")
        for info in self.zip.infolist():
            expect(info.compress_type == zipfile.ZIP_STORED, f"{info.filename} is not stored")
            expect(info.flag_bits & 8 == 0, f"{info.filename} has a data descriptor")
            expect(b"\x01\x00" == info.extra[:2], f"{info.filename} has no ZIP64 field")
        self.volume = self.zip.read("container.description").decode()
        expect(self.zip.comment.decode() == self.volume, "the volume's URN in the comment")
        expect(self.zip.read("version.txt").startswith(b"major=1\nminor=0\n"), "the version")
        self.objects = objects(self.zip.read("information.turtle").decode())

    def member(self, owner, rest):
        return self.zip.read(owner.replace("aff4://", "aff4%3A%2F%2F") + "/" + rest)

    def one(self, kind):
        found = [name for name, o in self.objects.items() if f"aff4:{kind}" in o.get("a", ())]
        expect(len(found) == 1, f"there are {len(found)} of {kind}")
        return found[0], self.objects[found[0]]

    def stream(self, name, properties):
        """The stream's bytes, each chunk's hashes compared."""
        chunk_size, per_bevy = number(properties, "aff4:chunkSize"), number(properties, "aff4:chunksInSegment")
        size = number(properties, "aff4:size")
        expect(properties["aff4:compressionMethod"] == ["<https://www.ietf.org/rfc/rfc1950.txt>"], "the compression")
        expect(size % chunk_size == 0, "the stream ends inside a chunk")
        data, block_hashes = bytearray(), {"md5": b"", "sha1": b""}
        for bevy in range(-(-size // (chunk_size * per_bevy))):
            packed, index = self.member(name, f"{bevy:08d}"), self.member(name, f"{bevy:08d}.index")
            chunks, expected_at = [], 0
            for at, length in struct.iter_unpack("<QI", index):
                expect(at == expected_at, "a gap between chunks")
                expected_at += length
                piece = packed[at:at + length]
                chunks.append(piece if length == chunk_size else zlib.decompress(piece))
                expect(len(chunks[-1]) == chunk_size, f"chunk {len(chunks) - 1} of bevy {bevy} has another size")
            expect(expected_at == len(packed), f"something follows the chunks of bevy {bevy}")
            data += b"".join(chunks)
            expect(len(chunks) == per_bevy or len(data) == size, f"bevy {bevy} is not full")
            for kind in block_hashes:
                said = self.member(name, f"{bevy:08d}.blockHash.{kind}")
                expect(said == b"".join(hashlib.new(kind, c).digest() for c in chunks), f"{kind} of bevy {bevy}")
                block_hashes[kind] += said
        expect(len(data) == size, "the stream's size")
        for kind, all_of_them in block_hashes.items():
            said = self.objects[f"{name}/blockhash.{kind}"]
            expect(said["a"] == ["aff4:BlockHashes"], f"the type of blockhash.{kind}")
            expect(hashes(said) == {"SHA256": sha256(all_of_them).hex()}, f"the hash of blockhash.{kind}")
        return bytes(data), sha256(block_hashes["md5"]) + sha256(block_hashes["sha1"])

    def judge(self, media):
        image_name, image = self.one("DiskImage")
        map_name, map_ = self.one("Map")
        stream_name, stream = self.one("ImageStream")
        expect(urn(image, "aff4:dataStream") == map_name, "the image's stream")
        expect(urn(map_, "aff4:dependentStream") == stream_name, "the map's stream")
        expect(urn(map_, "aff4:target") == image_name and urn(stream, "aff4:target") == map_name, "the references back")
        expect(number(image, "aff4:size") == number(map_, "aff4:size") == len(media), "the image's size")
        data, stream_hash = self.stream(stream_name, stream)
        points, targets, path = (self.member(map_name, part) for part in ("map", "idx", "mapPath"))
        for name, covered in (("mapPointHash", points), ("mapIdxHash", targets), ("mapPathHash", path),
                              ("mapHash", points + targets + path)):
            expect(hashes(map_, f"aff4:{name}") == {"SHA256": sha256(covered).hex()}, name)
        block_map = sha256(stream_hash + sha256(points) + sha256(targets) + sha256(path)).hex()
        expect(hashes(map_, "aff4:blockMapHash") == {"SHA256": block_map}, "blockMapHash of the map")
        expect(hashes(image) == {"blockMapHashSHA256": block_map}, "the block map hash of the image")

        names = targets.decode().splitlines()
        seen, plain, missing = [], [], 0
        at = 0
        for begin, size, target_at, target in struct.iter_unpack("<QQQI", points):
            expect(begin == at, f"the map has a gap at {at}")
            at += size
            name = names[target]
            word = {SCHEMA + "UnreadableData": b"UNREADABLEDATA", SCHEMA + "UnknownData": b"UNKNOWN"}.get(name)
            if name == stream_name:
                expect(target_at + size <= len(data), "the map points behind its stream")
                seen.append(data[target_at:target_at + size])
            elif word:
                seen.append(symbols(word, target_at, size))
                missing += size
            else:
                expect(name == SCHEMA + "Zero", f"a target: {name}")
                seen.append(bytes(size))
            plain.append(bytes(size) if word else seen[-1])
        expect(b"".join(plain) == media, "the image's bytes")
        linear = b"".join(seen)
        expected = {kind: hashlib.new(kind.lower(), linear).hexdigest() for kind in ("MD5", "SHA1", "SHA256")}
        expect(hashes(map_) == expected, "the linear hashes")
        return f"sound: {len(media)} bytes, {len(data)} stored, {missing} that nobody read, {len(points) // 28} runs"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[2], "rb") as media_file:
        print(Judge(sys.argv[1]).judge(media_file.read()))
