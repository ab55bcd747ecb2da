// Who a process of Windows is, and what it may do.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_TOKEN_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_TOKEN_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// Accounts by their SIDs, each looked up once. Thread-compatible. Only what this host itself knows is asked: the
// system's own accounts, those of this machine, and who is logged on; never a domain's controller, so a domain's
// account that has no session here has no name here.
class AccountNames {
 public:
  AccountNames();

  // "DOMAIN\name", printable; empty where it is not known. `sid` is Win32's PSID, `logon` the LUID of the session that
  // the token belongs to.
  std::string NameOf(void* sid, uint64_t logon);

 private:
  std::map<std::string, std::string> names_;
  std::string machine_;  // the SID of this machine's own accounts without their last number; empty: not known
};

// "0x3e7": a logon session's LUID as the event log has it. Thread-safe.
std::string LogonIdText(uint64_t logon);

// Of a process that is open with the right to query it. The errors are Win32Status: PermissionDenied for a token that
// the agent may not open.
absl::StatusOr<v1::ProcessToken> DescribeToken(void* process, AccountNames& accounts);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_TOKEN_H_
