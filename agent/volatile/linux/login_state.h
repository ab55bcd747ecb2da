// Who is logged on.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_LOGIN_STATE_H_
#define HOZEN_AGENT_VOLATILE_LINUX_LOGIN_STATE_H_

#include <string_view>
#include <vector>

#include "agent/volatile/linux/kernel_files.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// The records of a utmp file as Linux has them on 64-bit and on most 32-bit machines: 384 bytes each, little endian
// here. Empty ones are left out; `rest_bytes` becomes how many bytes at its end are no whole record.
std::vector<v1::LoginState> ParseUtmp(std::string_view bytes, size_t& rest_bytes);

// A file of /run/systemd/sessions: lines of NAME=value.
v1::LoginState ParseSession(std::string_view text);

// From /run/utmp and /run/systemd/sessions; a host has either, both or none, and a record says what is not there.
std::vector<v1::VolatileRecord> LoginRecords(const KernelFiles& files);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_LOGIN_STATE_H_
