// Programs that this test makes of one that every Windows has.
#include "agent/volatile/windows/process/program_files.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "agent/acquire/failure.h"
#include "core/base/testing_folder.h"
#include "core/crypto/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr size_t kHeadersAt = 0x3C;
constexpr size_t kCertificatesAt = 24 + 112 + 4 * 8;  // in the headers of 64 bits: the fifth of the data directories

std::string Program() {
  std::ifstream file(R"(C:\windows\system32\cmd.exe)", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// With a table of certificates that is said to be there.
std::string WithCertificates(std::string program, uint32_t at, uint32_t size) {
  uint32_t headers = 0;
  std::memcpy(&headers, program.data() + kHeadersAt, sizeof(headers));
  std::memcpy(program.data() + headers + kCertificatesAt, &at, sizeof(at));
  std::memcpy(program.data() + headers + kCertificatesAt + 4, &size, sizeof(size));
  return program;
}

class ProgramFilesTest : public ::testing::Test {
 protected:
  const ProgramFile& Look(const std::filesystem::path& path) { return files_.Look(path.native()); }

  TestingFolder folder_;
  bool keep_on_ = true;
  bool refuse_ = false;
  StateContext context_{.refused = [this](std::string_view) -> std::optional<v1::Failure> {
                          if (!refuse_) return std::nullopt;
                          return MakeFailure(v1::CAUSE_REFUSED_BY_POLICY, "the owner said so");
                        },
                        .keep_on = [this] { return keep_on_; }};
  ProgramFiles files_{context_};
};

TEST_F(ProgramFilesTest, AFileIsHashedAndItsSignatureAskedFor) {
  const std::string program = Program();
  PutFile(folder_ / "x.exe", program);
  const ProgramFile& file = Look(folder_ / "x.exe");
  ASSERT_TRUE(file.status.ok()) << file.status;
  EXPECT_EQ(file.sha256, Sha256::Of(program).ToHex());
  EXPECT_EQ(file.metadata.size_bytes(), program.size());
  EXPECT_EQ(file.head, program.substr(0, 4096));
  EXPECT_EQ(file.signature.state(), "unsigned");
  EXPECT_EQ(&Look(folder_ / "x.exe"), &file);
}

TEST_F(ProgramFilesTest, AFileThatIsNoProgramIsUnsigned) {
  PutFile(folder_ / "empty", "");
  EXPECT_EQ(Look(folder_ / "empty").sha256, Sha256::Of("").ToHex());
  EXPECT_THAT(Look(folder_ / "empty").head, IsEmpty());
  PutFile(folder_ / "text", "a text that is long enough to be looked at");
  EXPECT_EQ(Look(folder_ / "text").signature.state(), "unsigned");
}

TEST_F(ProgramFilesTest, ASignatureThatIsNoneIsNotValid) {
  std::string program = Program();
  program.resize((program.size() + 7) & ~size_t{7});
  const auto end = static_cast<uint32_t>(program.size());
  constexpr char kTable[] = "\x48\x00\x00\x00\x00\x02\x02\x00\x30\x82\xFF\xFF";
  PutFile(folder_ / "noise", WithCertificates(program, end, 0x48) + std::string(kTable, 12) + std::string(60, '\x30'));
  PutFile(folder_ / "outside", WithCertificates(program, 0xFFFFFFF0, 0xFFFFFF));
  PutFile(folder_ / "cut", WithCertificates(program, end - 4, 0x10000));
  for (const char* const name : {"noise", "outside", "cut"}) {
    const ProgramFile& file = Look(folder_ / name);
    EXPECT_TRUE(file.status.ok()) << file.status;
    EXPECT_NE(file.signature.state(), "valid") << name;
    EXPECT_THAT(file.sha256, SizeIs(64));
  }
}

TEST_F(ProgramFilesTest, WhatCannotBeReadSaysWhy) {
  EXPECT_TRUE(absl::IsNotFound(Look(folder_ / "none").status));
  EXPECT_TRUE(absl::IsFailedPrecondition(Look(folder_.path()).status));
  EXPECT_EQ(FailureOfProgram(files_.Look(L"\\\\server\\share\\x.exe").status).cause(), v1::CAUSE_REMOTE_FILE_SYSTEM);
  EXPECT_TRUE(absl::IsNotFound(files_.Look(L"\\\\?\\GLOBALROOT\\Device\\NoSuchVolume\\x.exe").status));
  for (const wchar_t* const path : {L"", L"x", L"C:", L"C:\\", L"\\x", L"\\\\?\\GLOBALROOT\\Device\\x"}) {
    EXPECT_FALSE(files_.Look(path).status.ok()) << path;
  }
}

TEST_F(ProgramFilesTest, ThePolicyAndTheEndAreObeyed) {
  PutFile(folder_ / "x", "x");
  refuse_ = true;
  EXPECT_EQ(FailureOfProgram(Look(folder_ / "x").status).cause(), v1::CAUSE_REFUSED_BY_POLICY);
  keep_on_ = false;
  EXPECT_EQ(FailureOfProgram(Look(folder_ / "y").status).cause(), v1::CAUSE_CANCELLED);
}

}  // namespace
}  // namespace hozen
