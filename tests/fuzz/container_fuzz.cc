// A file that may hold a disk: what the agent looks at to tell its kind, and the qcow2 reader, which is ours. The other
// kinds are taken apart by libraries, in the child alone; agent/volume/container_source_test mutates those through it.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "agent/volume/container_detection.h"
#include "agent/volume/media.h"
#include "core/base/unique_fd.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

constexpr size_t kReadBytes = 16 << 10;

std::string BigEndian(uint64_t number, size_t size) {
  std::string bytes;
  for (size_t i = size; i > 0; --i) bytes.push_back(static_cast<char>(number >> (8 * (i - 1))));
  return bytes;
}

void Put(std::string& file, size_t at, const std::string& bytes) { file.replace(at, bytes.size(), bytes); }

// Clusters of 512 bytes: header, first table, second table, a plain cluster, a packed one that is a stored block.
std::string Qcow(uint64_t version) {
  std::string file(3 * 512, '\0');
  Put(file, 0, "QFI\xfb" + BigEndian(version, 4));
  Put(file, 20, BigEndian(9, 4));
  Put(file, 24, BigEndian(8 * 512, 8));
  Put(file, 36, BigEndian(1, 4) + BigEndian(512, 8));
  Put(file, 512, BigEndian(1024, 8));
  Put(file, 1024, BigEndian(1536, 8) + BigEndian(1536 | 1, 8));
  Put(file, 1024 + 3 * 8, BigEndian(uint64_t{1} << 62 | uint64_t{1} << 61 | 2048, 8));
  file += std::string(512, 'p');
  file += std::string("\x01\x00\x02\xff\xfd", 5) + std::string(512, 'q');
  return file;
}

}  // namespace

std::vector<std::string> HozenFuzzSeeds() {
  return {Qcow(2), Qcow(3), std::string("EVF\x09\x0d\x0a\xff\0\x01\x01\0", 11), "/x/case.E01", "/x/disk.001"};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string_view tail = bytes.substr(size - std::min(size, hozen::kDetectionTailBytes));
  const auto kind = hozen::DetectContainer(bytes.substr(0, hozen::kDetectionHeadBytes), tail);
  if (kind.ok() && *kind == hozen::ContainerKind::kSplit) abort();
  for (const uint32_t number : {0u, 1u, 2u, 99u, 100u, 20'000u, ~0u}) {
    hozen::PartName(hozen::ContainerKind::kEwf, std::string(bytes), number);
    hozen::PartName(hozen::ContainerKind::kSplit, std::string(bytes), number);
  }
  const hozen::UniqueFd file(memfd_create("fuzz", MFD_CLOEXEC));
  if (write(file.get(), data, size) != static_cast<ssize_t>(size)) abort();
  const auto media =
      hozen::OpenMedia(hozen::ContainerKind::kQcow, {{.fd = file.get(), .size_bytes = size}}, 512, [] {});
  if (!media.ok()) return 0;
  const uint64_t disk_bytes = (*media)->size_bytes();
  std::string buffer(kReadBytes, '\0');
  for (const uint64_t offset : {uint64_t{0}, uint64_t{700}, disk_bytes / 2,
                                disk_bytes - std::min<uint64_t>(disk_bytes, 9), disk_bytes, ~uint64_t{0}}) {
    const auto read = (*media)->ReadAt(offset, absl::MakeSpan(buffer.data(), buffer.size()));
    const uint64_t most = offset >= disk_bytes ? 0 : std::min<uint64_t>(buffer.size(), disk_bytes - offset);
    if (read.ok() && *read != most) abort();
  }
  return 0;
}
