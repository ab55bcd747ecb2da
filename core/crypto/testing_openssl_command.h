// The openssl program as a judge of what we made: it was written by others.
#ifndef HOZEN_CORE_CRYPTO_TESTING_OPENSSL_COMMAND_H_
#define HOZEN_CORE_CRYPTO_TESTING_OPENSSL_COMMAND_H_

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hozen {

// A folder of its own in which files are laid down and openssl is run. Removed with the object.
class TestingOpenSslCommand {
 public:
  TestingOpenSslCommand();
  ~TestingOpenSslCommand();
  TestingOpenSslCommand(const TestingOpenSslCommand&) = delete;
  TestingOpenSslCommand& operator=(const TestingOpenSslCommand&) = delete;

  void Put(const std::string& name, std::string_view bytes) const;
  std::string Get(const std::string& name) const;

  struct Result {
    int exit_status;
    std::string output;  // both of its streams
  };
  // Runs "openssl <arguments>" in the folder.
  Result Run(const std::vector<std::string>& arguments) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace hozen

#endif  // HOZEN_CORE_CRYPTO_TESTING_OPENSSL_COMMAND_H_
