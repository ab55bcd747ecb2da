#include "tools/images/stored_zip.h"

#include <zlib.h>

#include <utility>

#include "core/base/file.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr uint16_t kVersionWithZip64 = 45;
constexpr uint16_t kNamesAreUtf8 = 1 << 11;
constexpr uint16_t kFirstDayOfDos = 1 << 5 | 1;  // 1980-01-01: equal images are equal bytes
constexpr uint32_t kInExtra = 0xFFFFFFFF;
constexpr uint16_t kManyMembers = 0xFFFF;

template <typename Number>
void Put(Number number, std::string& out) {
  for (size_t i = 0; i < sizeof(Number); ++i) out += static_cast<char>(number >> 8 * i & 0xFF);
}

// What local and central headers have in common, from the version to the lengths of name and extra fields.
void PutFacts(uint32_t crc, size_t name_size, uint16_t extra_size, std::string& out) {
  Put(kVersionWithZip64, out);
  Put(kNamesAreUtf8, out);
  Put(uint16_t{0}, out);  // stored
  Put(uint16_t{0}, out);
  Put(kFirstDayOfDos, out);
  Put(crc, out);
  Put(kInExtra, out);
  Put(kInExtra, out);
  Put(static_cast<uint16_t>(name_size), out);
  Put(extra_size, out);
}

std::string LocalHeader(const std::string& name, uint32_t crc, uint64_t size_bytes) {
  std::string header = "PK\x03\x04";
  PutFacts(crc, name.size(), 20, header);
  header += name;
  Put(uint16_t{1}, header);
  Put(uint16_t{16}, header);
  Put(size_bytes, header);
  Put(size_bytes, header);
  return header;
}

}  // namespace

absl::Status StoredZip::Append(std::string_view bytes) {
  HOZEN_RETURN_IF_ERROR(WriteFullyAt(fd_, bytes, at_));
  at_ += bytes.size();
  return absl::OkStatus();
}

absl::Status StoredZip::Begin(std::string name) {
  member_ = {.name = std::move(name), .at = at_, .size_bytes = 0, .crc = 0};
  return Append(LocalHeader(member_.name, 0, 0));
}

absl::Status StoredZip::Write(std::string_view bytes) {
  member_.crc =
      static_cast<uint32_t>(crc32_z(member_.crc, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
  member_.size_bytes += bytes.size();
  return Append(bytes);
}

absl::Status StoredZip::End() {
  HOZEN_RETURN_IF_ERROR(WriteFullyAt(fd_, LocalHeader(member_.name, member_.crc, member_.size_bytes), member_.at));
  std::string header = "PK\x01\x02";
  Put(kVersionWithZip64, header);
  PutFacts(member_.crc, member_.name.size(), 28, header);
  Put(uint16_t{0}, header);  // comment
  Put(uint16_t{0}, header);  // disk
  Put(uint16_t{0}, header);
  Put(uint32_t{0}, header);
  Put(kInExtra, header);
  header += member_.name;
  Put(uint16_t{1}, header);
  Put(uint16_t{24}, header);
  Put(member_.size_bytes, header);
  Put(member_.size_bytes, header);
  Put(member_.at, header);
  ++members_;
  return directory_.Append(header);
}

absl::Status StoredZip::Add(std::string name, std::string_view bytes) {
  HOZEN_RETURN_IF_ERROR(Begin(std::move(name)));
  HOZEN_RETURN_IF_ERROR(Write(bytes));
  return End();
}

absl::Status StoredZip::Close(std::string_view comment) {
  const uint64_t directory_at = at_;
  HOZEN_RETURN_IF_ERROR(directory_.Replay([&](std::string_view bytes) { return Append(bytes); }));
  const uint64_t end_at = at_;
  std::string end = "PK\x06\x06";
  Put(uint64_t{44}, end);  // of what follows
  Put(kVersionWithZip64, end);
  Put(kVersionWithZip64, end);
  Put(uint64_t{0}, end);  // this disk and the directory's
  Put(members_, end);
  Put(members_, end);
  Put(end_at - directory_at, end);
  Put(directory_at, end);
  end += "PK\x06\x07";
  Put(uint32_t{0}, end);
  Put(end_at, end);
  Put(uint32_t{1}, end);
  end += "PK\x05\x06";
  Put(uint32_t{0}, end);
  Put(kManyMembers, end);
  Put(kManyMembers, end);
  Put(kInExtra, end);
  Put(kInExtra, end);
  Put(static_cast<uint16_t>(comment.size()), end);
  end += comment;
  return Append(end);
}

}  // namespace hozen
