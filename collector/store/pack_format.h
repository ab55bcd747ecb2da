// The bytes of a pack file: its head and the heads of its records, as values. Format: docs/formats/pack.md.
#ifndef HOZEN_COLLECTOR_STORE_PACK_FORMAT_H_
#define HOZEN_COLLECTOR_STORE_PACK_FORMAT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/crypto/sha256.h"

namespace hozen {

inline constexpr uint32_t kPackHeadSizeBytes = 512;
inline constexpr uint32_t kRecordHeadSizeBytes = 56;
inline constexpr uint32_t kRecordAlignmentBytes = 8;
inline constexpr size_t kMaxCustomerIdSizeBytes = 256;

struct PackHead {
  uint64_t number = 0;
  std::string customer_id;  // 1 to kMaxCustomerIdSizeBytes
};

// kPackHeadSizeBytes long.
std::string EncodePackHead(const PackHead& head);
// From the file's first kPackHeadSizeBytes. FailedPrecondition for a newer version, DataLoss for anything else that
// EncodePackHead does not make.
absl::StatusOr<PackHead> DecodePackHead(std::string_view bytes);

enum class RecordEncoding : uint8_t { kZstd = 0, kSealed = 1 };

struct RecordHead {
  RecordEncoding encoding = RecordEncoding::kZstd;
  uint32_t frame_size_bytes = 0;  // 1 to kMaxFrameSizeBytes
  uint32_t plain_size_bytes = 0;  // 1 to kMaxChunkSizeBytes
  Digest sha256;
};

void AppendRecordHead(const RecordHead& head, std::string& out);
// From kRecordHeadSizeBytes. DataLoss unless it is sound and its lengths are within their limits. The encoding may be
// one that we do not know.
absl::StatusOr<RecordHead> DecodeRecordHead(std::string_view bytes);
// Do these bytes begin like a record? A cheap first look before DecodeRecordHead.
bool LooksLikeRecord(std::string_view bytes);

// Head, frame and padding.
uint64_t RecordSizeBytes(uint32_t frame_size_bytes);

// "00000001.pack", and the way back; nothing for any other name.
std::string PackFileName(uint64_t number);
std::optional<uint64_t> ParsePackFileName(std::string_view name);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_STORE_PACK_FORMAT_H_
