// One run of the program: what stands for all commands, and the command that was chosen.
#ifndef HOZEN_TOOLS_HOZEN_INVOCATION_H_
#define HOZEN_TOOLS_HOZEN_INVOCATION_H_

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "proto/hozen/v1/credential.pb.h"
#include "tools/hozen/collector.h"
#include "tools/hozen/console.h"
#include "tools/hozen/exit_code.h"

namespace hozen {

// A credential and the connection that it opens.
struct Session {
  v1::Credential credential;
  std::unique_ptr<Collector> collector;
};

// Thread-compatible. Commands keep a reference, so it stays where it is.
struct Invocation {
  explicit Invocation(Console& the_console) : console(the_console) {}
  Invocation(const Invocation&) = delete;
  Invocation& operator=(const Invocation&) = delete;

  Console& console;
  std::filesystem::path home;
  std::string credential_file;  // --credential; empty for the installed one
  // Set while arguments are parsed, run afterwards.
  std::function<absl::StatusOr<ExitCode>()> chosen;

  std::filesystem::path CredentialFile() const;
  // Unauthenticated where there is no usable credential.
  absl::StatusOr<Session> Open() const;
  // As Open, for a credential that belongs to a customer; PermissionDenied for a service administrator's.
  absl::StatusOr<Session> OpenAsOperator() const;
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_INVOCATION_H_
