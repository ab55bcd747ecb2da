#include "agent/acquire/pushed_source.h"

#include <gtest/gtest.h>

#include <string>

namespace hozen {
namespace {

std::string ReadAll(PushedSource& source, size_t buffer_bytes, absl::Status& end) {
  std::string all;
  std::string buffer(buffer_bytes, '\0');
  while (true) {
    const absl::StatusOr<size_t> read = source.ReadAt(all.size(), absl::MakeSpan(buffer.data(), buffer.size()));
    end = read.status();
    if (!read.ok() || *read == 0) return all;
    all.append(buffer, 0, *read);
  }
}

std::string Numbers(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += std::to_string(i) + "\n";
  return text;
}

TEST(PushedSourceTest, GivesWhatIsPushedWhateverTheSizesOfReads) {
  const std::string expected = Numbers(400'000);  // more than is ever held
  for (const size_t buffer_bytes : {7919u, 65536u, 1u << 20}) {
    PushedSource source([&](const PushedSource::Push& push) {
      for (size_t at = 0; at < expected.size(); at += 60'000) {
        if (absl::Status status = push(std::string_view(expected).substr(at, 60'000)); !status.ok()) return status;
      }
      return absl::OkStatus();
    });
    absl::Status end;
    EXPECT_EQ(ReadAll(source, buffer_bytes, end), expected) << buffer_bytes;
    EXPECT_TRUE(end.ok());
  }
}

TEST(PushedSourceTest, BytesCanBeReadAgainUntilWhatIsBehindThemWasAskedFor) {
  PushedSource source([](const PushedSource::Push& push) { return push("abcdef"); });
  char byte;
  EXPECT_EQ(*source.ReadAt(0, absl::MakeSpan(&byte, 1)), 1u);
  EXPECT_EQ(*source.ReadAt(0, absl::MakeSpan(&byte, 1)), 1u);
  EXPECT_EQ(byte, 'a');
  EXPECT_EQ(*source.ReadAt(3, absl::MakeSpan(&byte, 1)), 1u);
  EXPECT_EQ(byte, 'd');
  EXPECT_FALSE(source.ReadAt(0, absl::MakeSpan(&byte, 1)).ok());
}

TEST(PushedSourceTest, AnErrorComesAfterTheBytesBeforeIt) {
  PushedSource source([](const PushedSource::Push& push) {
    push("before").IgnoreError();
    return absl::AbortedError("killed by signal 11");
  });
  absl::Status end;
  EXPECT_EQ(ReadAll(source, 100, end), "before");
  EXPECT_TRUE(absl::IsAborted(end));
}

TEST(PushedSourceTest, AReaderThatGoesAwayEndsTheProducer) {
  absl::Status told;
  {
    PushedSource source([&](const PushedSource::Push& push) {
      while (told.ok()) told = push(std::string(100'000, 'x'));
      return told;
    });
    char byte;
    EXPECT_EQ(*source.ReadAt(0, absl::MakeSpan(&byte, 1)), 1u);
  }
  EXPECT_TRUE(absl::IsCancelled(told));
}

TEST(PushedSourceTest, InTurnTheProducerRunsOnlyWhileAReadWaits) {
  int pushed = 0;  // shared without a lock: ThreadSanitizer would see it
  {
    PushedSource source(
        [&](const PushedSource::Push& push) {
          absl::Status status;
          while (status.ok()) {
            ++pushed;
            status = push("12345678");
          }
          return status;
        },
        PushedSource::Producer::kInTurn);
    EXPECT_EQ(pushed, 0);
    std::string buffer(20, '\0');
    EXPECT_EQ(*source.ReadAt(0, absl::MakeSpan(buffer.data(), buffer.size())), 20u);
    EXPECT_EQ(pushed, 3);
    EXPECT_EQ(*source.ReadAt(20, absl::MakeSpan(buffer.data(), 4)), 4u);
    EXPECT_EQ(pushed, 3) << "what it had pushed was enough";
    EXPECT_EQ(*source.ReadAt(24, absl::MakeSpan(buffer.data(), 1)), 1u);
    EXPECT_EQ(pushed, 4);
  }
  EXPECT_EQ(pushed, 4) << "it was told at its last push that nobody reads";
}

TEST(PushedSourceTest, InTurnOneThatIsNeverReadNeverRuns) {
  bool ran = false;
  {
    PushedSource source(
        [&](const PushedSource::Push&) {
          ran = true;
          return absl::OkStatus();
        },
        PushedSource::Producer::kInTurn);
  }
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace hozen
