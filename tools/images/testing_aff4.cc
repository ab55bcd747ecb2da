#include "tools/images/testing_aff4.h"

#include <zlib.h>

#include <algorithm>

#include "absl/strings/str_format.h"
#include "core/base/concat.h"
#include "tools/images/little_endian.h"

namespace hozen {
namespace {

std::string Deflate(std::string_view bytes, int window_bits) {
  z_stream stream = {};
  constexpr int kUsualMemory = 8;
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, kUsualMemory, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace

std::string TestingZip(const std::vector<TestingMember>& members, std::string_view comment) {
  std::string file;
  std::string directory;
  for (const TestingMember& member : members) {
    const std::string kept = member.deflated ? Deflate(member.bytes, -15) : member.bytes;
    std::string facts;
    PutLittleEndian(uint16_t{20}, facts);
    PutLittleEndian(uint16_t{0}, facts);
    PutLittleEndian(static_cast<uint16_t>(member.deflated ? 8 : 0), facts);
    PutLittleEndian(uint32_t{0}, facts);
    PutLittleEndian(
        static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(member.bytes.data()), member.bytes.size())),
        facts);
    PutLittleEndian(static_cast<uint32_t>(kept.size()), facts);
    PutLittleEndian(static_cast<uint32_t>(member.bytes.size()), facts);
    PutLittleEndian(static_cast<uint16_t>(member.name.size()), facts);
    PutLittleEndian(uint16_t{0}, facts);
    directory += "PK\x01\x02" + std::string("\x14\x00", 2) + facts + std::string(10, '\0');
    PutLittleEndian(static_cast<uint32_t>(file.size()), directory);
    directory += member.name;
    file += "PK\x03\x04" + facts + member.name + kept;
  }
  std::string end = "PK\x05\x06" + std::string(4, '\0');
  PutLittleEndian(static_cast<uint16_t>(members.size()), end);
  PutLittleEndian(static_cast<uint16_t>(members.size()), end);
  PutLittleEndian(static_cast<uint32_t>(directory.size()), end);
  PutLittleEndian(static_cast<uint32_t>(file.size()), end);
  PutLittleEndian(static_cast<uint16_t>(comment.size()), end);
  return Concat(file, directory, end, comment);
}

TestingAff4::TestingAff4() {
  for (int i = 0; stream.size() < 3000; ++i) stream += Concat(i * i, " ");
  stream.resize(3000);
  targets = {"aff4://s", "http://aff4.org/Schema#Zero", "http://aff4.org/Schema#SymbolicStreamFf",
             "http://aff4.org/Schema#UnreadableData", "http://aff4.org/Schema#UnknownData"};
  runs = {{.at = 0, .size_bytes = 1000, .target_at = 0, .target = 0},
          {.at = 1000, .size_bytes = 500, .target_at = 7, .target = 1},
          {.at = 2000, .size_bytes = 600, .target_at = 1000, .target = 0},
          {.at = 2600, .size_bytes = 400, .target_at = 0, .target = 2},
          {.at = 3000, .size_bytes = 100, .target_at = 3000, .target = 3},
          {.at = 3100, .size_bytes = 100, .target_at = 3100, .target = 4},
          {.at = 4000, .size_bytes = 1400, .target_at = 1600, .target = 0}};
}

std::string TestingAff4::Expected() const {
  std::string image(image_bytes, '\0');
  for (const Run& run : runs) {
    if (run.target == 0) image.replace(run.at, run.size_bytes, stream, run.target_at, run.size_bytes);
    if (run.target == 2) image.replace(run.at, run.size_bytes, run.size_bytes, '\xFF');
  }
  return image;
}

std::vector<TestingMember> TestingAff4::Members() const {
  std::vector<TestingMember> members = {{.name = "container.description", .bytes = "aff4://v"},
                                        {.name = "version.txt", .bytes = "major=1\r\nminor=0\r\ntool=a test\r\n"}};
  const size_t span = size_t{chunk_bytes} * chunks_in_bevy;
  for (size_t begin = 0; begin < stream.size(); begin += span) {
    std::string bevy;
    std::string index;
    for (size_t at = begin; at < std::min(begin + span, stream.size()); at += chunk_bytes) {
      const std::string chunk = stream.substr(at, chunk_bytes);
      const std::string kept = window_bits == 0 ? chunk : Deflate(chunk, window_bits);
      PutLittleEndian(uint64_t{bevy.size()}, index);
      PutLittleEndian(static_cast<uint32_t>(kept.size()), index);
      bevy += kept;
    }
    const std::string name = absl::StrFormat("aff4%%3A%%2F%%2Fs/%08d", begin / span);
    // Others have the index first.
    members.push_back({.name = name + ".index", .bytes = index});
    members.push_back({.name = name, .bytes = bevy});
  }
  std::string map;
  for (const Run& run : runs) {
    PutLittleEndian(run.at, map);
    PutLittleEndian(run.size_bytes, map);
    PutLittleEndian(run.target_at, map);
    PutLittleEndian(run.target, map);
  }
  std::string idx;
  for (const std::string& target : targets) idx += Concat(idx.empty() ? "" : "\n", target);
  members.push_back({.name = "aff4%3A%2F%2Fm/idx", .bytes = idx});
  members.push_back({.name = "aff4%3A%2F%2Fm/map", .bytes = map});
  members.push_back(
      {.name = "information.turtle",
       .bytes = Concat("@prefix aff4: <http://aff4.org/Schema#> .\n"
                       "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
                       "<aff4://i> a aff4:DiskImage , aff4:Image ; aff4:dataStream <aff4://m> ; aff4:size ",
                       image_bytes,
                       " .\n<aff4://m> a aff4:Map ; aff4:dependentStream <aff4://s> ; aff4:mapGapDefaultStream ", gaps,
                       " ; aff4:size \"", image_bytes, "\"^^xsd:long .\n<aff4://s> a aff4:ImageStream ; ", method,
                       " aff4:chunkSize ", chunk_bytes, " ; aff4:chunksInSegment \"", chunks_in_bevy,
                       "\"^^xsd:int ; aff4:size \"", stream.size(), "\"^^xsd:long .\n"),
       .deflated = true});
  return members;
}

}  // namespace hozen
