// The bytes of an AFF4 ImageStream that a stranger may have made.
#ifndef HOZEN_TOOLS_IMAGES_AFF4_STREAM_SOURCE_H_
#define HOZEN_TOOLS_IMAGES_AFF4_STREAM_SOURCE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/bytes/source.h"
#include "tools/images/inflate.h"
#include "tools/images/zip_members.h"

namespace hozen {

// Thread-compatible. Memory: 80 bytes for each bevy, one bevy's index, one chunk. ReadAt gives DataLoss, with the bevy
// and the chunk, where a chunk is damaged or not there, Unimplemented where ZIP packed a bevy.
class Aff4StreamSource : public Source {
 public:
  static constexpr uint32_t kLargestChunkBytes = 16 << 20;
  static constexpr uint32_t kMostChunksInBevy = 1 << 18;

  // As the description of the image says. Without `packed` all chunks are stored as they are.
  struct Layout {
    uint64_t size_bytes = 0;
    uint32_t chunk_bytes = 0;
    uint32_t chunks_in_bevy = 0;
    std::optional<Deflated> packed;
  };

  // Both must outlive it. `folder` is what the names of the stream's members begin with, up to and with the slash.
  // DataLoss where the layout cannot be, or tells of more than `most_bevies`.
  static absl::StatusOr<std::unique_ptr<Aff4StreamSource>> Create(Source& file, const ZipMembers& zip,
                                                                  std::string folder, const Layout& layout,
                                                                  uint64_t most_bevies);

  // Whether the stream's members have this name; then `member` is taken as that bevy or its index. DataLoss for the
  // second of one name: readers differ in which they believe. Others' are passed over.
  absl::Status TakeMember(std::string_view name, const ZipMember& member);

  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override;
  uint64_t size_bytes() const override { return layout_.size_bytes; }
  uint64_t bevies() const { return bevies_.size(); }

 private:
  struct Bevy {
    std::optional<ZipMember> data;
    std::optional<ZipMember> index;
  };

  Aff4StreamSource(Source& file, const ZipMembers& zip, std::string folder, const Layout& layout, uint64_t bevies)
      : file_(file), zip_(zip), folder_(std::move(folder)), layout_(layout), bevies_(bevies) {}
  absl::Status LoadBevy(uint64_t number);
  absl::Status LoadChunk(uint64_t number);

  Source& file_;
  const ZipMembers& zip_;
  const std::string folder_;
  const Layout layout_;
  std::vector<Bevy> bevies_;
  // What was read last:
  std::optional<uint64_t> bevy_;
  uint64_t bevy_at_ = 0;
  uint64_t bevy_bytes_ = 0;
  std::string index_;
  std::optional<uint64_t> chunk_;
  std::string chunk_bytes_;
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_AFF4_STREAM_SOURCE_H_
