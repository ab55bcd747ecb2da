#include "collector/store/pack_format.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/chunk/chunk.h"

namespace hozen {
namespace {

constexpr std::string_view kPackMagic = "HZNPACK\n";
constexpr std::string_view kRecordMagic = "HZRC";
constexpr uint32_t kVersion = 1;

// Offsets within the pack's head.
constexpr size_t kVersionAt = 8;
constexpr size_t kHeadSizeAt = 12;
constexpr size_t kNumberAt = 16;
constexpr size_t kCustomerSizeAt = 24;
constexpr size_t kCustomerAt = 28;
constexpr size_t kHeadDigestAt = kPackHeadSizeBytes - Digest::kSizeBytes;

// Offsets within a record's head.
constexpr size_t kEncodingAt = 4;
constexpr size_t kFrameSizeAt = 8;
constexpr size_t kPlainSizeAt = 12;
constexpr size_t kShaAt = 16;
constexpr size_t kCheckAt = 48;
constexpr size_t kCheckSizeBytes = kRecordHeadSizeBytes - kCheckAt;

template <typename T>
void PutLittleEndian(T value, char* out) {
  for (size_t i = 0; i < sizeof(T); ++i) out[i] = static_cast<char>(value >> (8 * i));
}

template <typename T>
T GetLittleEndian(const char* in) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value |= static_cast<T>(static_cast<uint8_t>(in[i])) << (8 * i);
  return value;
}

std::string RecordCheck(std::string_view head) {
  return std::string(Sha256::Of(head.substr(0, kCheckAt)).bytes().substr(0, kCheckSizeBytes));
}

}  // namespace

std::string EncodePackHead(const PackHead& head) {
  std::string bytes(kPackHeadSizeBytes, '\0');
  std::memcpy(bytes.data(), kPackMagic.data(), kPackMagic.size());
  PutLittleEndian<uint32_t>(kVersion, &bytes[kVersionAt]);
  PutLittleEndian<uint32_t>(kPackHeadSizeBytes, &bytes[kHeadSizeAt]);
  PutLittleEndian<uint64_t>(head.number, &bytes[kNumberAt]);
  const size_t customer_size = std::min(head.customer_id.size(), kMaxCustomerIdSizeBytes);
  PutLittleEndian<uint32_t>(static_cast<uint32_t>(customer_size), &bytes[kCustomerSizeAt]);
  std::memcpy(&bytes[kCustomerAt], head.customer_id.data(), customer_size);
  const Digest digest = Sha256::Of(std::string_view(bytes).substr(0, kHeadDigestAt));
  std::memcpy(&bytes[kHeadDigestAt], digest.bytes().data(), Digest::kSizeBytes);
  return bytes;
}

absl::StatusOr<PackHead> DecodePackHead(std::string_view bytes) {
  if (bytes.size() < kPackHeadSizeBytes || bytes.substr(0, kPackMagic.size()) != kPackMagic) {
    return absl::DataLossError("its head is cut off or does not begin like a pack's");
  }
  bytes = bytes.substr(0, kPackHeadSizeBytes);
  // Before the checksum, which a newer version may keep elsewhere.
  const uint32_t version = GetLittleEndian<uint32_t>(&bytes[kVersionAt]);
  if (version > kVersion) {
    return absl::FailedPreconditionError(Concat("it has format version ", version, ", this program knows up to ",
                                                kVersion, "; start the program that wrote it, or a newer one"));
  }
  if (Sha256::Of(bytes.substr(0, kHeadDigestAt)).bytes() != bytes.substr(kHeadDigestAt)) {
    return absl::DataLossError("its head does not have the checksum written into it");
  }
  const uint32_t customer_size = GetLittleEndian<uint32_t>(&bytes[kCustomerSizeAt]);
  if (version != kVersion || GetLittleEndian<uint32_t>(&bytes[kHeadSizeAt]) != kPackHeadSizeBytes ||
      customer_size == 0 || customer_size > kMaxCustomerIdSizeBytes) {
    return absl::DataLossError("its head holds values that no program of ours writes");
  }
  return PackHead{.number = GetLittleEndian<uint64_t>(&bytes[kNumberAt]),
                  .customer_id = std::string(bytes.substr(kCustomerAt, customer_size))};
}

void AppendRecordHead(const RecordHead& head, std::string& out) {
  char bytes[kRecordHeadSizeBytes] = {};
  std::memcpy(bytes, kRecordMagic.data(), kRecordMagic.size());
  bytes[kEncodingAt] = static_cast<char>(head.encoding);
  PutLittleEndian<uint32_t>(head.frame_size_bytes, &bytes[kFrameSizeAt]);
  PutLittleEndian<uint32_t>(head.plain_size_bytes, &bytes[kPlainSizeAt]);
  std::memcpy(&bytes[kShaAt], head.sha256.bytes().data(), Digest::kSizeBytes);
  const std::string check = RecordCheck({bytes, sizeof(bytes)});
  std::memcpy(&bytes[kCheckAt], check.data(), check.size());
  out.append(bytes, sizeof(bytes));
}

bool LooksLikeRecord(std::string_view bytes) { return bytes.substr(0, kRecordMagic.size()) == kRecordMagic; }

absl::StatusOr<RecordHead> DecodeRecordHead(std::string_view bytes) {
  if (bytes.size() < kRecordHeadSizeBytes) return absl::DataLossError("the record's head is cut off");
  bytes = bytes.substr(0, kRecordHeadSizeBytes);
  if (!LooksLikeRecord(bytes) || RecordCheck(bytes) != bytes.substr(kCheckAt)) {
    return absl::DataLossError("the record's head is damaged");
  }
  RecordHead head;
  head.encoding = static_cast<RecordEncoding>(bytes[kEncodingAt]);
  head.frame_size_bytes = GetLittleEndian<uint32_t>(&bytes[kFrameSizeAt]);
  head.plain_size_bytes = GetLittleEndian<uint32_t>(&bytes[kPlainSizeAt]);
  if (head.frame_size_bytes == 0 || head.frame_size_bytes > kMaxFrameSizeBytes || head.plain_size_bytes == 0 ||
      head.plain_size_bytes > kMaxChunkSizeBytes) {
    return absl::DataLossError("the record's head holds lengths over the limits");
  }
  HOZEN_ASSIGN_OR_RETURN(head.sha256, Digest::FromBytes(bytes.substr(kShaAt, Digest::kSizeBytes)));
  return head;
}

uint64_t RecordSizeBytes(uint32_t frame_size_bytes) {
  const uint64_t size = uint64_t{kRecordHeadSizeBytes} + frame_size_bytes;
  return (size + kRecordAlignmentBytes - 1) / kRecordAlignmentBytes * kRecordAlignmentBytes;
}

std::string PackFileName(uint64_t number) { return absl::StrFormat("%08d.pack", number); }

std::optional<uint64_t> ParsePackFileName(std::string_view name) {
  uint64_t number = 0;
  const char* const end = name.data() + name.size();
  if (std::from_chars(name.data(), end, number).ec != std::errc() || number == 0 || PackFileName(number) != name) {
    return std::nullopt;
  }
  return number;
}

}  // namespace hozen
