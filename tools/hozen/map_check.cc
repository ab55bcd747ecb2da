#include "tools/hozen/map_check.h"

#include <algorithm>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/chunk/chunk.h"
#include "core/crypto/sha256.h"

namespace hozen {

bool MapCheck::Fill(size_t size) {
  buffer_.resize(size);
  size_t have = 0;
  while (have < size) {
    const auto more = read_(buffer_.data() + have, size - have);
    if (!more.ok() || *more == 0) {
      wrong_at_ = offset_bytes_ + have;
      why_ = more.ok() ? std::string(Say("the bytes end here", "ここでデータが終わっています"))
                       : std::string(more.status().message());
      return false;
    }
    have += *more;
  }
  return true;
}

void MapCheck::FollowChunk(const v1::Extent& extent) {
  if (!Fill(static_cast<size_t>(extent.size_bytes()))) return;
  // A part of a chunk has no digest of its own; the item's covers it.
  const bool whole = extent.chunk_offset_bytes() == 0;
  if (whole && Sha256::Of(buffer_).bytes() != extent.chunk_sha256()) {
    wrong_at_ = offset_bytes_;
    why_ = Concat(Say("the chunk there is not the one that was acquired: first wrong byte within ",
                      "このチャンクが取得時と異なります。最初の誤りは次の範囲内: "),
                  extent.size_bytes(), Say(" bytes from here", " バイト"));
    return;
  }
  offset_bytes_ += extent.size_bytes();
}

void MapCheck::FollowZeros(uint64_t size_bytes) {
  while (size_bytes > 0) {
    const size_t piece = static_cast<size_t>(std::min<uint64_t>(size_bytes, kMaxChunkSizeBytes));
    if (!Fill(piece)) return;
    if (!IsAllZero(buffer_)) {
      wrong_at_ = offset_bytes_ + buffer_.find_first_not_of('\0');
      why_ = Say("zeros were acquired there, and there are others now",
                 "取得時はゼロだった場所に、ゼロ以外のバイトがあります");
      return;
    }
    offset_bytes_ += piece;
    size_bytes -= piece;
  }
}

void MapCheck::Follow(const ExtentList& extents) {
  for (const v1::Extent& extent : extents) {
    if (wrong_at_.has_value()) return;
    const absl::Status fine = CheckExtent(extent);
    if (!fine.ok()) {
      wrong_at_ = offset_bytes_;
      why_ = std::string(fine.message());
      return;
    }
    if (extent.kind() == v1::Extent::KIND_CHUNK) {
      FollowChunk(extent);
    } else {
      FollowZeros(extent.size_bytes());
    }
  }
}

}  // namespace hozen
