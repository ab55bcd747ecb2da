// The files that run on a Windows: programs, what they load, drivers. Each is opened, hashed and its signature verified
// once.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROGRAM_FILES_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROGRAM_FILES_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/platform/file_access.h"
#include "agent/platform/mounts.h"
#include "agent/volatile/windows/process/code_signature.h"
#include "agent/volatile/windows/state_context.h"
#include "proto/hozen/v1/evidence.pb.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

struct ProgramFile {
  v1::FileMetadata metadata;
  std::string sha256;  // lower-case hexadecimal; empty where `status` says why
  v1::CodeSignature signature;
  std::string head;  // its first bytes, at most 4 KiB: the headers of a program
  // Why something of it is not known: absl::NotFound where there is no such file, Unimplemented where it lies on
  // another machine, ResourceExhausted where it has more than 1 GiB, Cancelled where the acquisition ends; else what
  // the system or the host's policy said.
  absl::Status status;
};

// Thread-compatible. `context` must outlive it.
class ProgramFiles {
 public:
  explicit ProgramFiles(const StateContext& context);

  // By its path, UTF-16 ("C:\x"); it is opened part by part, so a link in it is not followed. Stays this object's. A
  // file that is replaced while this lives is told as it was.
  const ProgramFile& Look(const std::wstring& path);

 private:
  absl::StatusOr<OpenedFile> Open(const std::string& path) const;
  absl::Status Read(const OpenedFile& opened, const std::wstring& path, ProgramFile& file) const;

  const StateContext& context_;
  const CodeSignatures signatures_;
  MountTable mounts_;
  std::map<std::wstring, ProgramFile> files_;
};

// The cause of a ProgramFile's status.
v1::Failure FailureOfProgram(const absl::Status& status);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROGRAM_FILES_H_
