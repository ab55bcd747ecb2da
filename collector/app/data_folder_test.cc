#include "collector/app/data_folder.h"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "core/base/fake_clock.h"
#include "core/base/file.h"
#include "core/evidence/trust.h"
#include "proto/hozen/v1/credential.pb.h"

namespace hozen {
namespace {

class DataFolderTest : public testing::Test {
 protected:
  DataFolderTest() {
    std::string folder = testing::TempDir() + "/dataXXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) std::abort();
    options_.folder = std::filesystem::path(folder) / "data";
    options_.address = "collector.example.com:8443";
  }
  ~DataFolderTest() override { std::filesystem::remove_all(options_.folder.parent_path()); }

  std::string Read(const char* name) { return ReadWholeFile(options_.folder / name, 1 << 20).value(); }
  unsigned Mode(const std::filesystem::path& path) {
    struct stat found {};
    EXPECT_EQ(::stat(path.c_str(), &found), 0);
    return found.st_mode & 07777;
  }

  FakeClock clock_;
  InitOptions options_;
};

TEST_F(DataFolderTest, InitMakesAFolderThatOpens) {
  ASSERT_EQ(InitDataFolder(options_, clock_), absl::OkStatus());
  const auto data = DataFolder::Open(options_.folder);
  ASSERT_EQ(data.status(), absl::OkStatus());
  EXPECT_TRUE(data->root().certificate().is_authority());
  ASSERT_EQ(data->RenewServerCertificate(clock_), absl::OkStatus());
  const Certificate server = Certificate::FromPem(Read("server.pem")).value();
  EXPECT_EQ(server.VerifySignedBy(data->root().certificate()), absl::OkStatus());
  EXPECT_EQ(server.dns_names().front(), "collector.example.com");
  EXPECT_GT(server.not_after(), clock_.Now() + absl::Hours(24 * 360));
}

TEST_F(DataFolderTest, KeysAreForTheirOwnerAlone) {
  ASSERT_EQ(InitDataFolder(options_, clock_), absl::OkStatus());
  EXPECT_EQ(Mode(options_.folder), 0700u);
  for (const char* name : {"root.key", "server.key", "admin.credential"}) {
    EXPECT_EQ(Mode(options_.folder / name), 0600u) << name;
  }
}

TEST_F(DataFolderTest, TheCredentialIsOfAServiceAdministrator) {
  options_.names = {"evidence.example.com"};
  ASSERT_EQ(InitDataFolder(options_, clock_), absl::OkStatus());
  v1::Credential credential;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(Read("admin.credential"), &credential).ok());
  EXPECT_EQ(credential.role(), "service-admin");
  EXPECT_EQ(credential.collector_address(), "collector.example.com:8443");
  EXPECT_EQ(credential.collector_name(), "evidence.example.com");
  const Certificate certificate = Certificate::FromPem(credential.certificate_chain_pem()).value();
  EXPECT_EQ(SubjectOfUri(certificate.uri())->kind, Subject::Kind::kServiceAdmin);
}

TEST_F(DataFolderTest, InitRefusesAFolderThatIsInitialisedOrHoldsSomethingElse) {
  ASSERT_EQ(InitDataFolder(options_, clock_), absl::OkStatus());
  const std::string key = Read("root.key");
  EXPECT_EQ(InitDataFolder(options_, clock_).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Read("root.key"), key);

  options_.folder = options_.folder.parent_path() / "other";
  std::filesystem::create_directories(options_.folder);
  std::ofstream(options_.folder / "thesis.txt") << "years of work";
  EXPECT_EQ(InitDataFolder(options_, clock_).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(DataFolderTest, AnInitThatWasInterruptedCanBeDoneAgain) {
  ASSERT_EQ(InitDataFolder(options_, clock_), absl::OkStatus());
  std::filesystem::remove(options_.folder / "format");
  EXPECT_EQ(DataFolder::Open(options_.folder).status().code(), absl::StatusCode::kNotFound);
  ASSERT_EQ(InitDataFolder(options_, clock_), absl::OkStatus());
  EXPECT_EQ(DataFolder::Open(options_.folder).status(), absl::OkStatus());
}

TEST_F(DataFolderTest, InitRefusesAnAddressThatNobodyCanDial) {
  for (const char* address : {"", "collector", "collector:", "collector:http", ":8443", "host:70000", "::1:8443"}) {
    options_.address = address;
    EXPECT_EQ(InitDataFolder(options_, clock_).code(), absl::StatusCode::kInvalidArgument) << address;
  }
  EXPECT_EQ(HostOfAddress("[::1]:8443").value(), "::1");
}

TEST_F(DataFolderTest, OpenRefusesANewerVersion) {
  ASSERT_EQ(InitDataFolder(options_, clock_), absl::OkStatus());
  ASSERT_EQ(WriteFileAtomically(options_.folder / "format", "2\n", 0600), absl::OkStatus());
  const absl::Status status = DataFolder::Open(options_.folder).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("newer version"), absl::string_view::npos) << status;
}

TEST_F(DataFolderTest, ASecondServerOnTheFolderIsRefused) {
  ASSERT_EQ(InitDataFolder(options_, clock_), absl::OkStatus());
  {
    const auto first = DataFolder::Open(options_.folder);
    ASSERT_EQ(first.status(), absl::OkStatus());
    const absl::Status second = DataFolder::Open(options_.folder).status();
    EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_NE(second.message().find("another hozen-collector"), absl::string_view::npos) << second;
  }
  EXPECT_EQ(DataFolder::Open(options_.folder).status(), absl::OkStatus());
}

}  // namespace
}  // namespace hozen
