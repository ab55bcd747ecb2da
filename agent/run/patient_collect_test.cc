#include "agent/run/patient_collect.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "agent/acquire/fake_item_sink.h"
#include "core/base/status_context.h"
#include "core/bytes/source.h"

namespace hozen {
namespace {

constexpr absl::Duration kLong = absl::Seconds(30);

Patience Short() {
  return {.look = absl::Milliseconds(5), .grace = absl::Milliseconds(20), .silence = absl::Milliseconds(500)};
}

// Reads a little, and then not until it is let go, however long that takes. Shared with the thread that hangs.
struct Hang {
  absl::Notification reached;
  absl::Notification let_go;
  absl::Notification over;
  void Wait() {
    if (!reached.HasBeenNotified()) reached.Notify();
    let_go.WaitForNotification();
  }
};

class HangingSource : public Source {
 public:
  explicit HangingSource(Hang& hang) : hang_(hang) {}
  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    if (offset_bytes > 0) hang_.Wait();
    return std::string("begun").copy(buffer.data(), buffer.size());
  }
  uint64_t size_bytes() const override { return 1 << 20; }

 private:
  Hang& hang_;
};

v1::Item FileItem(const std::string& path) {
  v1::Item item;
  item.set_kind(v1::Item::KIND_FILE);
  item.set_path(path);
  return item;
}

// Keeps what a read ended with.
class ReadingSink : public FakeItemSink {
 public:
  absl::Status Take(v1::Item /*item*/, Source& source, bool /*until_end*/) override {
    char buffer[64];
    while (true) {
      const absl::StatusOr<size_t> size = source.ReadAt(bytes.size(), absl::MakeSpan(buffer));
      read_status = size.status();
      if (!size.ok() || *size == 0) return poll_status;
      bytes.append(buffer, *size);
    }
  }
  std::string bytes;
  absl::Status read_status;
};

CollectTarget TakeHanging(const std::shared_ptr<Hang>& hang, bool until_end = true) {
  return
      [hang, until_end](const v1::Target&, const AcquireOptions&, ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
        HangingSource source(*hang);
        const absl::Status taken = sink.Take(FileItem("/hangs"), source, until_end);
        // Left behind: no call reaches the sink any more.
        EXPECT_FALSE(taken.ok());
        EXPECT_FALSE(sink.Record(FileItem("/later")).ok());
        EXPECT_FALSE(sink.Poll().ok());
        EXPECT_FALSE(sink.AlreadyTaken(0, "/x"));
        sink.NoteTrace(v1::Trace());
        hang->over.Notify();
        return taken;
      };
}

TEST(PatientCollectTest, PassesEverythingOnWhereNothingHangs) {
  const std::string bytes(3 << 20, 'x');
  const CollectTarget collect = CollectWithPatience([&](const v1::Target& target, const AcquireOptions& options,
                                                        ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
    EXPECT_EQ(target.artifact(), "A");
    EXPECT_EQ(options.depth, 7u);
    EXPECT_TRUE(sink.Poll().ok());
    EXPECT_TRUE(sink.AlreadyTaken(0, "/had"));
    EXPECT_TRUE(sink.Record(FileItem("/recorded")).ok());
    const std::unique_ptr<Source> source = NewMemorySource(bytes);
    EXPECT_TRUE(sink.Take(FileItem("/taken"), *source, true).ok());
    sink.NoteTrace(v1::Trace());
    v1::TargetOutcome outcome;
    outcome.set_matched_items(2);
    return outcome;
  });
  FakeItemSink sink;
  sink.already_taken.insert("/had");
  v1::Target target;
  target.set_artifact("A");
  AcquireOptions options;
  options.depth = 7;
  const absl::StatusOr<v1::TargetOutcome> outcome = collect(target, options, sink);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->matched_items(), 2u);
  ASSERT_EQ(sink.taken.size(), 2u);
  EXPECT_EQ(sink.taken[1].bytes, bytes);
  EXPECT_TRUE(sink.taken[1].until_end);
  EXPECT_EQ(sink.traces.size(), 1u);
}

TEST(PatientCollectTest, HandsTheSinksErrorOn) {
  const CollectTarget collect = CollectWithPatience(
      [](const v1::Target&, const AcquireOptions&, ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
        const std::unique_ptr<Source> source = NewMemorySource("x");
        return sink.Take(FileItem("/taken"), *source, true);
      });
  FakeItemSink sink;
  sink.status = absl::ResourceExhaustedError("limit");
  EXPECT_TRUE(absl::IsResourceExhausted(collect(v1::Target(), AcquireOptions(), sink).status()));
}

TEST(PatientCollectTest, AReadThatHangsDoesNotOutlastTheEndOfCollecting) {
  const auto hang = std::make_shared<Hang>();
  Patience patience = Short();
  patience.silence = absl::Hours(1);
  patience.grace = absl::Seconds(2);  // in which the thread starts and begins to read
  ReadingSink sink;
  sink.poll_status = absl::DeadlineExceededError("the plan's deadline passed");
  const absl::StatusOr<v1::TargetOutcome> outcome =
      CollectWithPatience(TakeHanging(hang), patience)(v1::Target(), AcquireOptions(), sink);
  EXPECT_TRUE(absl::IsDeadlineExceeded(outcome.status())) << outcome.status();
  EXPECT_EQ(sink.bytes, "begun");
  EXPECT_EQ(SystemErrorOf(sink.read_status), ETIMEDOUT);
  const size_t traces = sink.traces.size();
  hang->let_go.Notify();
  ASSERT_TRUE(hang->over.WaitForNotificationWithTimeout(kLong));
  EXPECT_TRUE(sink.taken.empty());
  EXPECT_EQ(sink.traces.size(), traces);
}

TEST(PatientCollectTest, ASilenceTooLongIsAnOutcomeThatSaysSo) {
  const auto hang = std::make_shared<Hang>();
  ReadingSink sink;
  const absl::StatusOr<v1::TargetOutcome> outcome =
      CollectWithPatience(TakeHanging(hang), Short())(v1::Target(), AcquireOptions(), sink);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->failure().cause(), v1::CAUSE_BLOCKED);
  EXPECT_NE(outcome->failure().detail().find("/hangs"), std::string::npos);
  hang->let_go.Notify();
  ASSERT_TRUE(hang->over.WaitForNotificationWithTimeout(kLong));
}

TEST(PatientCollectTest, TheRestOfADiskThatHangsIsGoneAtOnce) {
  const auto hang = std::make_shared<Hang>();
  ReadingSink sink;
  ASSERT_TRUE(CollectWithPatience(TakeHanging(hang, false), Short())(v1::Target(), AcquireOptions(), sink).ok());
  EXPECT_EQ(SystemErrorOf(sink.read_status), ENODEV);
  hang->let_go.Notify();
  ASSERT_TRUE(hang->over.WaitForNotificationWithTimeout(kLong));
}

TEST(PatientCollectTest, AWalkThatHangsOutsideTheSinkIsLeftToo) {
  const auto hang = std::make_shared<Hang>();
  const CollectTarget collect = CollectWithPatience(
      [hang](const v1::Target&, const AcquireOptions&, ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
        EXPECT_TRUE(sink.Record(FileItem("/before")).ok());
        hang->Wait();
        const absl::Status status = sink.Record(FileItem("/after"));
        hang->over.Notify();
        return status;
      },
      Short());
  FakeItemSink sink;
  const absl::StatusOr<v1::TargetOutcome> outcome = collect(v1::Target(), AcquireOptions(), sink);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->failure().cause(), v1::CAUSE_BLOCKED);
  hang->let_go.Notify();
  ASSERT_TRUE(hang->over.WaitForNotificationWithTimeout(kLong));
  EXPECT_EQ(sink.Paths(), std::vector<std::string>{"/before"});
}

}  // namespace
}  // namespace hozen
