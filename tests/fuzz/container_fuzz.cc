// A file that may hold a disk: what the agent looks at to tell its kind, and the readers of qcow2 and VHD, which are
// ours. The others are taken apart by libraries, in the child alone; agent/volume/container_source_test mutates those
// through it.
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

// As the format has it: the complement of the sum of all bytes. Mutations would seldom get past it, so they are summed
// up again.
void Sum(std::string& file, size_t from, size_t size, size_t at) {
  if (file.size() < from + size) return;
  Put(file, from + at, BigEndian(0, 4));
  uint32_t sum = 0;
  for (size_t i = from; i < from + size; ++i) sum += static_cast<unsigned char>(file[i]);
  Put(file, from + at, BigEndian(~sum, 4));
}

// Footer, header and table, a block of one sector whose bitmap stands before it, and the footer again.
std::string Vhd() {
  std::string footer(512, '\0');
  Put(footer, 0, "conectix");
  Put(footer, 16, BigEndian(512, 8));
  Put(footer, 48, BigEndian(4 * 512, 8));
  Put(footer, 60, BigEndian(3, 4));
  std::string file = footer + std::string(1024 + 512 + 2 * 512, '\0');
  Put(file, 512, "cxsparse");
  Put(file, 512 + 16, BigEndian(1536, 8));
  Put(file, 512 + 28, BigEndian(4, 4) + BigEndian(512, 4));
  Put(file, 1536, BigEndian(4, 4) + BigEndian(0xFFFFFFFF, 4) + BigEndian(0xFFFFFFFF, 4) + BigEndian(4, 4));
  Put(file, 2048, "\x80");
  return file + footer;
}

void ReadHereAndThere(hozen::ContainerKind kind, const std::string& bytes) {
  const hozen::UniqueFd file(memfd_create("fuzz", MFD_CLOEXEC));
  if (write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) abort();
  const auto media = hozen::OpenMedia(kind, {{.fd = file.get(), .size_bytes = bytes.size()}}, 512, [] {});
  if (!media.ok()) return;
  const uint64_t disk_bytes = (*media)->size_bytes();
  std::string buffer(kReadBytes, '\0');
  for (const uint64_t offset : {uint64_t{0}, uint64_t{700}, disk_bytes / 2,
                                disk_bytes - std::min<uint64_t>(disk_bytes, 9), disk_bytes, ~uint64_t{0}}) {
    const auto read = (*media)->ReadAt(offset, absl::MakeSpan(buffer.data(), buffer.size()));
    const uint64_t most = offset >= disk_bytes ? 0 : std::min<uint64_t>(buffer.size(), disk_bytes - offset);
    if (read.ok() && *read != most) abort();
  }
}

}  // namespace

std::vector<std::string> HozenFuzzSeeds() {
  return {Qcow(2), Qcow(3), Vhd(), std::string("EVF\x09\x0d\x0a\xff\0\x01\x01\0", 11), "/x/case.E01", "/x/disk.001"};
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
  std::string file(bytes);
  ReadHereAndThere(hozen::ContainerKind::kQcow, file);
  ReadHereAndThere(hozen::ContainerKind::kVhd, file);
  Sum(file, 512, 1024, 36);
  Sum(file, 0, 512, 64);
  if (file.size() >= 1024) Sum(file, file.size() - 512, 512, 64);
  ReadHereAndThere(hozen::ContainerKind::kVhd, file);
  return 0;
}
