// Kinds of state of a Windows as the items that a plan gets: whatever the host says, lines of JSON that end.
#include <google/protobuf/util/json_util.h>

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "agent/acquire/fake_item_sink.h"
#include "agent/volatile/collect_state.h"
#include "core/plan/state_kinds.h"
#include "gtest/gtest.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {
namespace {

using State = v1::Target::VolatileState;

class WindowsKindsTest : public ::testing::TestWithParam<State::Kind> {};

TEST_P(WindowsKindsTest, LinesAreRecordsAndEnd) {
  v1::Target target;
  target.mutable_state()->set_kind(GetParam());
  FakeItemSink sink;
  const absl::StatusOr<v1::TargetOutcome> outcome = CollectState(target, AcquireOptions(), sink);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ASSERT_EQ(sink.taken.size(), 1u) << outcome->ShortDebugString();
  EXPECT_EQ(sink.taken[0].item.path(), StateItemPath(GetParam()));
  ASSERT_TRUE(sink.taken[0].error.ok()) << sink.taken[0].error;
  std::vector<std::string> lines = absl::StrSplit(sink.taken[0].bytes, '\n', absl::SkipEmpty());
  ASSERT_FALSE(lines.empty());
  v1::VolatileRecord record;
  for (const std::string& line : lines) {
    record.Clear();
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(line, &record).ok()) << line;
    ASSERT_NE(record.record_case(), v1::VolatileRecord::RECORD_NOT_SET) << line;
    EXPECT_NE(record.missing().what(), "a record") << line;
  }
  ASSERT_TRUE(record.has_end()) << lines.back();
  EXPECT_EQ(record.end().records(), lines.size() - 1);
}

INSTANTIATE_TEST_SUITE_P(All, WindowsKindsTest,
                         ::testing::Values(State::KIND_NETWORK, State::KIND_LOGINS, State::KIND_SERVICES,
                                           State::KIND_TASKS, State::KIND_AUTORUNS, State::KIND_PIPES,
                                           State::KIND_SHARES, State::KIND_BITS, State::KIND_DNS_CACHE),
                         [](const auto& kind) { return StateKindName(kind.param); });

}  // namespace
}  // namespace hozen
