#include "tools/images/aff4_stream_source.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "tools/images/aff4_names.h"
#include "tools/images/little_endian.h"
#include "tools/images/read_exactly.h"

namespace hozen {
namespace {

constexpr size_t kIndexEntryBytes = 12;
constexpr size_t kBevyNameBytes = 8;
constexpr std::string_view kIndexExtension = ".index";

absl::Status Damaged(std::string_view what, std::string_view why) {
  return absl::DataLossError(Concat(Printable(what), ": ", why));
}

// No packer makes a chunk longer than this.
uint64_t MostPackedBytes(uint64_t chunk_bytes) { return chunk_bytes + chunk_bytes / 1000 + 64; }

}  // namespace

absl::StatusOr<std::unique_ptr<Aff4StreamSource>> Aff4StreamSource::Create(Source& file, const ZipMembers& zip,
                                                                           std::string folder, const Layout& layout,
                                                                           uint64_t most_bevies) {
  if (layout.chunk_bytes == 0 || layout.chunk_bytes > kLargestChunkBytes || layout.chunks_in_bevy == 0 ||
      layout.chunks_in_bevy > kMostChunksInBevy) {
    return Damaged(folder,
                   Say("its chunkSize or chunksInSegment cannot be", "chunkSize または chunksInSegment が不正です"));
  }
  const uint64_t span = uint64_t{layout.chunk_bytes} * layout.chunks_in_bevy;
  const uint64_t bevies = layout.size_bytes / span + (layout.size_bytes % span == 0 ? 0 : 1);
  if (bevies > most_bevies) {
    return Damaged(folder, Say("it has fewer bevies than its size needs", "サイズに対してセグメントが不足しています"));
  }
  return std::unique_ptr<Aff4StreamSource>(new Aff4StreamSource(file, zip, std::move(folder), layout, bevies));
}

absl::Status Aff4StreamSource::TakeMember(std::string_view name, const ZipMember& member) {
  if (name.substr(0, folder_.size()) != folder_) return absl::OkStatus();
  const std::string_view rest = name.substr(folder_.size());
  const std::string_view digits = rest.substr(0, kBevyNameBytes);
  const std::string_view extension = rest.substr(digits.size());
  uint64_t number = 0;
  const bool is_number =
      digits.size() == kBevyNameBytes &&
      std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return absl::ascii_isdigit(c); });
  if (!is_number || !absl::SimpleAtoi(AbslView(digits), &number) || number >= bevies_.size()) return absl::OkStatus();
  if (!extension.empty() && extension != kIndexExtension) return absl::OkStatus();
  std::optional<ZipMember>& place = extension.empty() ? bevies_[number].data : bevies_[number].index;
  if (place.has_value()) return Damaged(name, Say("it is there twice", "同じ名前の要素が重複しています"));
  place = member;
  return absl::OkStatus();
}

absl::Status Aff4StreamSource::LoadBevy(uint64_t number) {
  bevy_.reset();
  const Bevy& bevy = bevies_[number];
  const std::string name = Concat(folder_, Aff4BevyName(number));
  if (!bevy.data.has_value() || !bevy.index.has_value()) {
    return Damaged(name, Say("it or its index is not there", "セグメントまたはその索引がありません"));
  }
  HOZEN_ASSIGN_OR_RETURN(bevy_at_, zip_.StoredAt(name, *bevy.data));
  bevy_bytes_ = bevy.data->size_bytes;
  const uint64_t most = uint64_t{layout_.chunks_in_bevy} * kIndexEntryBytes;
  if (bevy.index->size_bytes > most) return Damaged(name, Say("its index is too long", "索引が長すぎます"));
  HOZEN_ASSIGN_OR_RETURN(index_, zip_.Read(Concat(name, kIndexExtension), *bevy.index, most));
  bevy_ = number;
  return absl::OkStatus();
}

absl::Status Aff4StreamSource::LoadChunk(uint64_t number) {
  if (chunk_ == number) return absl::OkStatus();
  chunk_.reset();
  const uint64_t bevy = number / layout_.chunks_in_bevy;
  const auto in_bevy = static_cast<size_t>(number % layout_.chunks_in_bevy);
  if (bevy_ != bevy) HOZEN_RETURN_IF_ERROR(LoadBevy(bevy));
  const auto named = [&] { return Concat(folder_, Aff4BevyName(bevy), Say(", chunk ", "、チャンク "), in_bevy); };
  if (index_.size() < (in_bevy + 1) * kIndexEntryBytes) {
    return Damaged(named(), Say("the index has no such entry", "索引に項目がありません"));
  }
  const auto at = TakeLittleEndian<uint64_t>(index_, in_bevy * kIndexEntryBytes);
  const uint64_t size = TakeLittleEndian<uint32_t>(index_, in_bevy * kIndexEntryBytes + sizeof(uint64_t));
  if (at > bevy_bytes_ || size > bevy_bytes_ - at || size > MostPackedBytes(layout_.chunk_bytes)) {
    return Damaged(named(), Say("it does not lie in its bevy", "セグメントの範囲内にありません"));
  }
  auto kept = ReadExactly(file_, bevy_at_ + at, static_cast<size_t>(size));
  if (!kept.ok()) return WithContext(kept.status(), named());
  if (size == layout_.chunk_bytes || !layout_.packed.has_value()) {
    chunk_bytes_ = *std::move(kept);
  } else {
    chunk_bytes_.resize(layout_.chunk_bytes);
    const auto filled = Inflate(*layout_.packed, *kept, absl::MakeSpan(chunk_bytes_.data(), chunk_bytes_.size()));
    if (!filled.ok()) return WithContext(filled.status(), named());
    chunk_bytes_.resize(*filled);
  }
  // The last one may be filled up or not.
  const uint64_t begin = number * layout_.chunk_bytes;
  if (chunk_bytes_.size() < std::min<uint64_t>(layout_.chunk_bytes, layout_.size_bytes - begin)) {
    return Damaged(named(), Say("it is too short", "短すぎます"));
  }
  chunk_ = number;
  return absl::OkStatus();
}

absl::StatusOr<size_t> Aff4StreamSource::ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) {
  if (offset_bytes >= layout_.size_bytes) return 0;
  const auto wanted = static_cast<size_t>(std::min<uint64_t>(buffer.size(), layout_.size_bytes - offset_bytes));
  size_t had = 0;
  while (had < wanted) {
    const uint64_t at = offset_bytes + had;
    HOZEN_RETURN_IF_ERROR(LoadChunk(at / layout_.chunk_bytes));
    const auto in_chunk = static_cast<size_t>(at % layout_.chunk_bytes);
    const size_t piece = std::min<size_t>(wanted - had, layout_.chunk_bytes - in_chunk);
    std::copy_n(chunk_bytes_.data() + in_chunk, piece, buffer.data() + had);
    had += piece;
  }
  return had;
}

}  // namespace hozen
