#include "core/crypto/testing_openssl_command.h"

#include <stdlib.h>
#include <sys/wait.h>

#include <cstdio>

#include "absl/strings/str_replace.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "gtest/gtest.h"

namespace hozen {

TestingOpenSslCommand::TestingOpenSslCommand() {
  std::string pattern = ::testing::TempDir() + "/openssl.XXXXXX";
  EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
  folder_ = pattern;
}

TestingOpenSslCommand::~TestingOpenSslCommand() { std::filesystem::remove_all(folder_); }

void TestingOpenSslCommand::Put(const std::string& name, std::string_view bytes) const {
  EXPECT_TRUE(WriteFileAtomically(folder_ / name, bytes, 0600).ok());
}

std::string TestingOpenSslCommand::Get(const std::string& name) const {
  absl::StatusOr<std::string> bytes = ReadWholeFile(folder_ / name, 1 << 20);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return bytes.ok() ? *std::move(bytes) : std::string();
}

TestingOpenSslCommand::Result TestingOpenSslCommand::Run(const std::vector<std::string>& arguments) const {
  std::string command = Concat("cd '", folder_.native(), "' && openssl");
  for (const std::string& argument : arguments) {
    command += Concat(" '", absl::StrReplaceAll(argument, {{"'", "'\\''"}}), "'");
  }
  command += " </dev/null 2>&1";
  FILE* const pipe = ::popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  if (pipe == nullptr) return {-1, {}};
  std::string output;
  char buffer[4096];
  for (size_t size = 1; size > 0;) {
    size = std::fread(buffer, 1, sizeof(buffer), pipe);
    output.append(buffer, size);
  }
  const int status = ::pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

}  // namespace hozen
