#include "tools/hozen/connection.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "core/base/file.h"
#include "tools/hozen/credentials.h"
#include "tools/hozen/exit_code.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

class Credentials : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "/credentialsXXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  v1::Credential Some() {
    v1::Credential credential;
    credential.set_format_version(1);
    credential.set_name("alice");
    credential.set_role("responder");
    credential.set_authority_public_key(std::string("\x00\xff\x01", 3));
    return credential;
  }
  fs::path folder_;
};

TEST_F(Credentials, AreKeptForTheirOwnerAlone) {
  const fs::path file = folder_ / "home" / "credential";
  ASSERT_TRUE(SaveCredential(Some(), file).ok());
  struct stat about {};
  ASSERT_EQ(stat(file.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0600u);
  ASSERT_EQ(stat(file.parent_path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0700u);
  const auto loaded = LoadCredential(file);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->SerializeAsString(), Some().SerializeAsString());
}

TEST_F(Credentials, SayHowToLogInWhereThereIsNone) {
  const absl::Status status = LoadCredential(folder_ / "credential").status();
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kNotPermitted);
  EXPECT_NE(std::string(status.message()).find("hozen login"), std::string::npos);
}

TEST_F(Credentials, RefuseWhatIsNoCredential) {
  const fs::path file = folder_ / "credential";
  for (const std::string text : {"", "{", "[]", "{\"format_version\": 2}", "{\"unknown\": 1}", "\xff\xfe"}) {
    ASSERT_TRUE(WriteFileAtomically(file, text, 0600).ok());
    EXPECT_TRUE(absl::IsUnauthenticated(LoadCredential(file).status())) << text;
  }
  ASSERT_TRUE(WriteFileAtomically(file, std::string(2 << 20, ' '), 0600).ok());
  EXPECT_TRUE(absl::IsUnauthenticated(LoadCredential(file).status()));
}

TEST_F(Credentials, AreNoConnectionWithoutTheirParts) {
  EXPECT_TRUE(absl::IsInvalidArgument(ConnectCollector(Some()).status()));
}

TEST_F(Credentials, LiveWhereTheEnvironmentSays) {
  setenv("HOZEN_HOME", "/tmp/somewhere", 1);
  EXPECT_EQ(HomeFolder(), "/tmp/somewhere");
  setenv("HOZEN_HOME", "", 1);
  setenv("XDG_CONFIG_HOME", "/tmp/config", 1);
  EXPECT_EQ(HomeFolder(), "/tmp/config/hozen");
  unsetenv("XDG_CONFIG_HOME");
  setenv("HOME", "/home/alice", 1);
  EXPECT_EQ(HomeFolder(), "/home/alice/.config/hozen");
}

}  // namespace
}  // namespace hozen
