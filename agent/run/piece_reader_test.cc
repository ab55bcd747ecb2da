#include "agent/run/piece_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "core/base/status_context.h"
#include "core/chunk/chunk.h"

namespace hozen {
namespace {

constexpr uint64_t kMiB = 1 << 20;

class ScriptedSource : public Source {
 public:
  using Script = std::function<absl::StatusOr<size_t>(uint64_t offset_bytes, size_t size_bytes)>;
  ScriptedSource(uint64_t size_bytes, Script script) : size_bytes_(size_bytes), script_(std::move(script)) {}
  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    ++reads;
    absl::StatusOr<size_t> size = script_(offset_bytes, buffer.size());
    if (size.ok()) std::fill_n(buffer.data(), *size, 'x');
    return size;
  }
  uint64_t size_bytes() const override { return size_bytes_; }
  int reads = 0;

 private:
  const uint64_t size_bytes_;
  const Script script_;
};

struct Summary {
  uint64_t read_bytes = 0;
  uint64_t unreadable_bytes = 0;
};

Summary ReadAll(PieceReader& reader) {
  Summary summary;
  while (true) {
    absl::StatusOr<std::optional<Piece>> piece = reader.Next(kMaxChunkSizeBytes);
    EXPECT_TRUE(piece.ok()) << piece.status();
    if (!piece.ok() || !piece->has_value()) return summary;
    EXPECT_GT((*piece)->size_bytes, 0u);
    ((*piece)->failure.has_value() ? summary.unreadable_bytes : summary.read_bytes) += (*piece)->size_bytes;
  }
}

// Fails when it is asked for much and has nothing when it is asked for little: a file system may say anything.
absl::StatusOr<size_t> FailsAndHasNothing(uint64_t /*offset_bytes*/, size_t size_bytes) {
  if (size_bytes > 4096) return ErrnoStatus(EIO, "read");
  return 0;
}

TEST(PieceReaderTest, AFileThatFailsAndHasNothingEndsWithItsError) {
  ScriptedSource source(3 * kMiB, &FailsAndHasNothing);
  PieceReader reader(source, {.until_end = true, .expected_size_bytes = 3 * kMiB});
  EXPECT_EQ(ReadAll(reader).read_bytes, 0u);
  ASSERT_TRUE(reader.failure().has_value());
  EXPECT_EQ(reader.failure()->cause(), v1::CAUSE_IO_ERROR);
  EXPECT_LT(source.reads, 100);
}

TEST(PieceReaderTest, ADiskThatFailsAndHasNothingIsUnreadable) {
  ScriptedSource source(3 * kMiB, &FailsAndHasNothing);
  PieceReader reader(source, {.until_end = false});
  EXPECT_EQ(ReadAll(reader).unreadable_bytes, 3 * kMiB);
  EXPECT_LT(source.reads, 100);
}

TEST(PieceReaderTest, WhatIsMadeWhileItIsReadMayFailBehindItsLastBytes) {
  ScriptedSource source(0, [](uint64_t offset_bytes, size_t) -> absl::StatusOr<size_t> {
    if (offset_bytes < 100) return 100;
    return absl::UnknownError("7 names could not be looked at");
  });
  PieceReader reader(source, {.until_end = true});
  EXPECT_EQ(ReadAll(reader).read_bytes, 100u);
  ASSERT_TRUE(reader.failure().has_value());
  EXPECT_EQ(reader.failure()->detail(), "7 names could not be looked at");
}

TEST(PieceReaderTest, ADiskThatIsPulledOutIsUnreadableFromThere) {
  ScriptedSource source(5 * kMiB, [](uint64_t offset_bytes, size_t size_bytes) -> absl::StatusOr<size_t> {
    if (offset_bytes >= 2 * kMiB) return ErrnoStatus(ENODEV, "read");
    return size_bytes;
  });
  PieceReader reader(source, {.until_end = false});
  const Summary summary = ReadAll(reader);
  EXPECT_EQ(summary.read_bytes, 2 * kMiB);
  EXPECT_EQ(summary.unreadable_bytes, 3 * kMiB);
  EXPECT_EQ(source.reads, 3);
}

TEST(PieceReaderTest, AFileThatShrinksWithinAFaultKeepsWhatCameBefore) {
  ScriptedSource source(kMiB, [](uint64_t offset_bytes, size_t size_bytes) -> absl::StatusOr<size_t> {
    if (size_bytes > 65536) return ErrnoStatus(EIO, "read");
    return offset_bytes >= 100'000 ? 0 : std::min<size_t>(size_bytes, 100'000 - offset_bytes);
  });
  PieceReader reader(source, {.until_end = true, .expected_size_bytes = kMiB});
  EXPECT_EQ(ReadAll(reader).read_bytes, 100'000u);
  EXPECT_EQ(reader.offset_bytes(), 100'000u);
}

}  // namespace
}  // namespace hozen
