#include "core/bytes/source.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace hozen {
namespace {

// As thread-safe as the whole.
class RangeSource final : public Source {
 public:
  RangeSource(std::unique_ptr<Source> whole, uint64_t offset_bytes, uint64_t size_bytes)
      : whole_(std::move(whole)), offset_bytes_(offset_bytes), size_bytes_(size_bytes) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    if (offset_bytes >= size_bytes_) return 0;
    const size_t wanted = std::min<uint64_t>(buffer.size(), size_bytes_ - offset_bytes);
    return whole_->ReadAt(offset_bytes_ + offset_bytes, buffer.subspan(0, wanted));
  }

  uint64_t size_bytes() const override { return size_bytes_; }

  uint64_t ZerosAt(uint64_t offset_bytes) override {
    if (offset_bytes >= size_bytes_) return 0;
    return std::min(whole_->ZerosAt(offset_bytes_ + offset_bytes), size_bytes_ - offset_bytes);
  }

  bool WasWritten() override { return whole_->WasWritten(); }

 private:
  const std::unique_ptr<Source> whole_;
  const uint64_t offset_bytes_;
  const uint64_t size_bytes_;
};

// Thread-safe: never changes.
class MemorySource final : public Source {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    if (offset_bytes >= bytes_.size()) return 0;
    const size_t size = std::min<uint64_t>(buffer.size(), bytes_.size() - offset_bytes);
    if (size > 0) std::memcpy(buffer.data(), bytes_.data() + offset_bytes, size);
    return size;
  }

  uint64_t size_bytes() const override { return bytes_.size(); }

 private:
  const std::string bytes_;
};

}  // namespace

absl::StatusOr<std::string> Source::Read(uint64_t offset_bytes, size_t size_bytes) {
  std::string bytes(size_bytes, '\0');
  const absl::StatusOr<size_t> read = ReadAt(offset_bytes, absl::MakeSpan(bytes.data(), bytes.size()));
  if (!read.ok()) return read.status();
  bytes.resize(*read);
  return bytes;
}

std::unique_ptr<Source> NewRangeSource(std::unique_ptr<Source> whole, uint64_t offset_bytes, uint64_t size_bytes) {
  return std::make_unique<RangeSource>(std::move(whole), offset_bytes, size_bytes);
}

std::unique_ptr<Source> NewMemorySource(std::string bytes) { return std::make_unique<MemorySource>(std::move(bytes)); }

}  // namespace hozen
