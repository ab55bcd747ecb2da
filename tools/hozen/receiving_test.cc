#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <sstream>
#include <string>

#include "core/base/file.h"
#include "core/crypto/sha256.h"
#include "tools/hozen/part_file.h"
#include "tools/hozen/stream_receiver.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

class Receiving : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "/receivingXXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }

  static v1::StreamPart Data(const std::string& bytes) {
    v1::StreamPart part;
    part.set_data(bytes);
    return part;
  }
  static v1::StreamPart Zeros(uint64_t size) {
    v1::StreamPart part;
    part.set_zero_bytes(size);
    return part;
  }
  static v1::StreamPart End(const std::string& all) {
    v1::StreamPart part;
    part.mutable_end()->set_size_bytes(all.size());
    part.mutable_end()->set_sha256(std::string(Sha256::Of(all).bytes()));
    return part;
  }

  fs::path folder_;
  std::ostringstream err_;
  ProgressBar silent_{err_, ProgressBar::Mode::kOff, 80, Clock::Real()};
};

TEST_F(Receiving, WritesAFileWithHolesThatAppearsOnlyWhenItIsWhole) {
  const fs::path file = folder_ / "disk.raw";
  auto part = PartFile::Create(file, false);
  ASSERT_TRUE(part.ok()) << part.status();
  StreamReceiver receiver(**part, silent_, "");
  const std::string all = "begin" + std::string(8 << 20, '\0') + "end" + std::string(1 << 20, '\0');
  for (const v1::StreamPart& one : {Data("begin"), Zeros(8 << 20), Data("end"), Zeros(1 << 20), End(all)}) {
    ASSERT_TRUE(receiver.Receive(one).ok());
  }
  ASSERT_TRUE(receiver.Finish().ok());
  EXPECT_FALSE(fs::exists(file));
  ASSERT_TRUE((*part)->Commit().ok());
  EXPECT_EQ(ReadWholeFile(file, 1 << 30).value(), all);
  EXPECT_FALSE(fs::exists(folder_ / "disk.raw.part"));
  struct stat about {};
  ASSERT_EQ(stat(file.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0600u);
  EXPECT_LT(about.st_blocks * 512, 1 << 20) << "zeros should be holes";
}

TEST_F(Receiving, LeavesNothingWhereTheStreamBroke) {
  const fs::path file = folder_ / "case.zip";
  {
    auto part = PartFile::Create(file, false);
    ASSERT_TRUE(part.ok());
    StreamReceiver receiver(**part, silent_, "");
    ASSERT_TRUE(receiver.Receive(Data("half")).ok());
    EXPECT_TRUE(absl::IsDataLoss(receiver.Finish()));
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(Receiving, RefusesAnEndThatDoesNotFitTheBytes) {
  std::ostringstream out;
  OstreamSink sink(out);
  StreamReceiver wrong_digest(sink, silent_, "");
  ASSERT_TRUE(wrong_digest.Receive(Data("evidence")).ok());
  ASSERT_TRUE(wrong_digest.Receive(End("Evidence")).ok());
  EXPECT_TRUE(absl::IsDataLoss(wrong_digest.Finish()));
  StreamReceiver behind(sink, silent_, "");
  ASSERT_TRUE(behind.Receive(End("")).ok());
  EXPECT_TRUE(absl::IsDataLoss(behind.Receive(Data("more"))));
}

TEST_F(Receiving, RefusesMoreZerosThanAFileCanHold) {
  auto part = PartFile::Create(folder_ / "x", false);
  ASSERT_TRUE(part.ok());
  StreamReceiver receiver(**part, silent_, "");
  EXPECT_TRUE(absl::IsDataLoss(receiver.Receive(Zeros(~uint64_t{0}))));
}

TEST_F(Receiving, ReplacesAFileOnlyWhereThatIsAskedFor) {
  const fs::path file = folder_ / "case.zip";
  ASSERT_TRUE(WriteFileAtomically(file, "precious", 0600).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(PartFile::Create(file, false).status()));
  auto part = PartFile::Create(file, true);
  ASSERT_TRUE(part.ok());
  ASSERT_TRUE((*part)->Data("new").ok());
  ASSERT_TRUE((*part)->Commit().ok());
  EXPECT_EQ(ReadWholeFile(file, 100).value(), "new");
}

TEST_F(Receiving, DoesNotReplaceAFileThatAppearedMeanwhile) {
  const fs::path file = folder_ / "case.zip";
  auto part = PartFile::Create(file, false);
  ASSERT_TRUE(part.ok());
  ASSERT_TRUE((*part)->Data("new").ok());
  ASSERT_TRUE(WriteFileAtomically(file, "precious", 0600).ok());
  EXPECT_TRUE(absl::IsAlreadyExists((*part)->Commit()));
  EXPECT_EQ(ReadWholeFile(file, 100).value(), "precious");
}

TEST_F(Receiving, RemovesItsPartWhenInterrupted) {
  const fs::path file = folder_ / "case.zip";
  EXPECT_EXIT(
      {
        auto part = PartFile::Create(file, false);
        if (part.ok() && fs::exists(folder_ / "case.zip.part")) std::raise(SIGINT);
        std::_Exit(0);
      },
      ::testing::KilledBySignal(SIGINT), "");
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(Receiving, SaysWhereItCannotWrite) {
  const auto part = PartFile::Create(folder_ / "missing" / "case.zip", false);
  EXPECT_TRUE(absl::IsNotFound(part.status()));
  EXPECT_NE(std::string(part.status().message()).find("missing/case.zip.part"), std::string::npos);
}

}  // namespace
}  // namespace hozen
