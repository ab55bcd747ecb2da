#include "absl/status/status.h"

#include <cerrno>
#include <string>

#include "absl/strings/cord.h"
#include "core/base/native_error.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

TEST(WithContextTest, PutsTheCallersWordsBeforeAndKeepsCodeAndPayloads) {
  absl::Status status = absl::DataLossError("sector 7");
  status.SetPayload("key", absl::Cord("value"));
  const absl::Status wrapped = WithContext(status, "/dev/sda");
  EXPECT_EQ(wrapped.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(wrapped.message(), "/dev/sda: sector 7");
  EXPECT_EQ(wrapped.GetPayload("key"), absl::Cord("value"));
}

TEST(WithContextTest, OkStaysOk) { EXPECT_EQ(WithContext(absl::OkStatus(), "anything"), absl::OkStatus()); }

TEST(ErrnoStatusTest, MapsTheErrorsThatCallersAskFor) {
  EXPECT_TRUE(absl::IsNotFound(ErrnoStatus(ENOENT, "x")));
  EXPECT_TRUE(absl::IsPermissionDenied(ErrnoStatus(EACCES, "x")));
  EXPECT_TRUE(absl::IsPermissionDenied(ErrnoStatus(EPERM, "x")));
  EXPECT_TRUE(absl::IsResourceExhausted(ErrnoStatus(ENOSPC, "x")));
#ifdef EDQUOT
  EXPECT_TRUE(absl::IsResourceExhausted(ErrnoStatus(EDQUOT, "x")));
#endif
  EXPECT_TRUE(absl::IsAlreadyExists(ErrnoStatus(EEXIST, "x")));
  EXPECT_TRUE(absl::IsDataLoss(ErrnoStatus(EIO, "x")));
  EXPECT_TRUE(absl::IsDeadlineExceeded(ErrnoStatus(ETIMEDOUT, "x")));
  EXPECT_TRUE(absl::IsInvalidArgument(ErrnoStatus(EINVAL, "x")));
  EXPECT_TRUE(absl::IsUnknown(ErrnoStatus(ELOOP, "x")));
}

TEST(ErrnoStatusTest, SaysWhatAndWhy) {
  EXPECT_EQ(ErrnoStatus(ENOENT, "opening /x").message(), "opening /x: No such file or directory");
}

TEST(SystemErrorOfTest, GivesTheNumberBackThroughContext) {
  EXPECT_EQ(SystemErrorOf(WithContext(WithContext(ErrnoStatus(EMFILE, "x"), "y"), "z")), EMFILE);
}

TEST(SystemErrorOfTest, IsZeroWhereThereIsNone) {
  EXPECT_EQ(SystemErrorOf(absl::NotFoundError("x")), 0);
  EXPECT_EQ(SystemErrorOf(absl::OkStatus()), 0);
}

TEST(NativeErrorTest, IsTheErrnoWhereTheSystemHasNoOtherNumber) {
  const absl::Status status = SystemStatus(EACCES, "no way in");
  EXPECT_TRUE(absl::IsPermissionDenied(status));
  EXPECT_EQ(status.message(), "no way in");
  EXPECT_EQ(SystemErrorOf(status), EACCES);
  EXPECT_EQ(NativeErrorOf(WithContext(status, "y")), EACCES);
  EXPECT_EQ(NativeErrorOf(absl::NotFoundError("x")), 0);
}

absl::StatusOr<std::string> Half(int number) {
  if (number % 2 != 0) return absl::InvalidArgumentError("odd");
  return std::to_string(number / 2);
}

absl::StatusOr<std::string> Twice(int number) {
  HOZEN_ASSIGN_OR_RETURN(const std::string first, Half(number));
  std::string second;
  HOZEN_ASSIGN_OR_RETURN(second, Half(number + 2));
  HOZEN_RETURN_IF_ERROR(Half(number).status());
  return first + second;
}

TEST(StatusMacrosTest, AssignOrReturnTheFirstError) {
  EXPECT_EQ(*Twice(4), "23");
  EXPECT_EQ(Twice(3).status().message(), "odd");
}

}  // namespace
}  // namespace hozen
