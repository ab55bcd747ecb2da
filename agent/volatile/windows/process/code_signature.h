// What Windows says of the signature on a program's file.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_CODE_SIGNATURE_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_CODE_SIGNATURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// "valid", "unsigned", "untrusted", "expired", "revoked", "wrong_hash", "error": what WinVerifyTrust's answer stands
// for. Thread-safe. https://learn.microsoft.com/windows/win32/api/wintrust/nf-wintrust-winverifytrust
std::string SignatureState(uint32_t trust_error);

// Thread-compatible. Holds the way to the system's catalogs open while it lives.
class CodeSignatures {
 public:
  CodeSignatures();
  ~CodeSignatures();
  CodeSignatures(const CodeSignatures&) = delete;
  CodeSignatures& operator=(const CodeSignatures&) = delete;

  // Of a file that is open to be read (`file` is its handle, and stays the caller's) and was called `path`, UTF-16. The
  // signature in the file is asked for first, then the catalogs that the host has installed. Certificates of the host
  // alone count: no list of revoked ones, no certificate and no root is fetched for it, so "revoked" is told only of
  // what the host itself distrusts. Reads the whole file.
  v1::CodeSignature Verify(void* file, const std::wstring& path) const;

 private:
  struct Catalogs {
    void* admin = nullptr;        // HCATADMIN
    bool by_second_call = false;  // made by CryptCATAdminAcquireContext2, and must be asked in the same way
  };
  std::vector<Catalogs> catalogs_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_CODE_SIGNATURE_H_
