#include "agent/volatile/record_source.h"

#include <string>

#include "absl/types/span.h"
#include "agent/acquire/failure.h"
#include "core/base/printable.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

std::string ReadAll(Source& source, size_t piece) {
  std::string all;
  std::string buffer(piece, '\0');
  while (true) {
    const absl::StatusOr<size_t> size = source.ReadAt(all.size(), absl::MakeSpan(buffer.data(), buffer.size()));
    EXPECT_TRUE(size.ok()) << size.status();
    if (!size.ok() || *size == 0) return all;
    all.append(buffer, 0, *size);
  }
}

std::vector<v1::VolatileRecord> Sample() {
  std::vector<v1::VolatileRecord> records(2);
  records[0].mutable_process()->set_pid(7);
  records[0].mutable_process()->set_name(Printable("\"\\\n\xff\xE2\x80\xA8"));
  v1::Missing& missing = *records[0].mutable_process()->add_missing();
  missing.set_what("exe");
  missing.mutable_failure()->set_cause(v1::CAUSE_PERMISSION_DENIED);
  records[1] = MissingRecord("y", MakeFailure(v1::CAUSE_VANISHED, "gone"));
  return records;
}

TEST(RecordSourceTest, ALineForEachRecordAndOneForTheEnd) {
  for (const size_t piece : {1, 7, 1 << 20}) {
    RecordSource source(RecordsOf(Sample()));
    EXPECT_EQ(ReadAll(source, piece), R"({"process":{"pid":7,"name":"\"\\\\\\x0a\\xff\\xe2\\x80\\xa8",)"
                                      R"("missing":[{"what":"exe","failure":{"cause":"CAUSE_PERMISSION_DENIED"}}]}})"
                                      "\n"
                                      R"({"missing":{"what":"y","failure":{"cause":"CAUSE_VANISHED","detail":"gone"}}})"
                                      "\n"
                                      R"({"end":{"records":"2","missing":"2"}})"
                                      "\n");
    EXPECT_EQ(source.records(), 2u);
    EXPECT_EQ(source.failures(), 1u) << "what vanished is no failure of the whole";
    ASSERT_TRUE(source.first_failure().has_value());
    EXPECT_EQ(source.first_failure()->cause(), v1::CAUSE_PERMISSION_DENIED);
  }
}

TEST(RecordSourceTest, NothingIsOneLine) {
  RecordSource source(RecordsOf({}));
  EXPECT_EQ(ReadAll(source, 100), "{\"end\":{}}\n");
}

TEST(RecordSourceTest, BytesThatWereReadCanBeReadAgainUntilTheNextAreAskedFor) {
  RecordSource source(RecordsOf(Sample()));
  std::string buffer(10, '\0');
  const absl::Span<char> span = absl::MakeSpan(buffer.data(), buffer.size());
  ASSERT_EQ(*source.ReadAt(0, span), 10u);
  ASSERT_EQ(*source.ReadAt(0, span), 10u);
  ASSERT_EQ(*source.ReadAt(10, span), 10u);
  EXPECT_TRUE(absl::IsOutOfRange(source.ReadAt(0, span).status()));
  EXPECT_TRUE(absl::IsOutOfRange(source.ReadAt(100'000, span).status()));
}

TEST(RecordSourceTest, ATimeThatNoCalendarHasCostsItsLineAndSaysSo) {
  std::vector<v1::VolatileRecord> records(1);
  records[0].mutable_login()->mutable_at()->set_seconds(int64_t{1} << 60);
  RecordSource source(RecordsOf(std::move(records)));
  EXPECT_EQ(ReadAll(source, 1 << 20).rfind(R"({"missing":{"what":"a record")", 0), 0u);
}

TEST(RecordSourceTest, WhatAServiceLacksCounts) {
  std::vector<v1::VolatileRecord> records(1);
  v1::Missing& missing = *records[0].mutable_windows_service()->add_missing();
  missing.set_what("triggers");
  missing.mutable_failure()->set_cause(v1::CAUSE_PERMISSION_DENIED);
  RecordSource source(RecordsOf(std::move(records)));
  ReadAll(source, 1 << 20);
  EXPECT_EQ(source.missing(), 1u);
  ASSERT_TRUE(source.first_failure().has_value());
  EXPECT_EQ(source.first_failure()->cause(), v1::CAUSE_PERMISSION_DENIED);
}

}  // namespace
}  // namespace hozen
