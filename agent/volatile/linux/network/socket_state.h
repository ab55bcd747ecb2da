// Every socket, whose it is, and which of the kernel's tables show it.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_NETWORK_SOCKET_STATE_H_
#define HOZEN_AGENT_VOLATILE_LINUX_NETWORK_SOCKET_STATE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/volatile/linux/kernel_files.h"
#include "agent/volatile/record_source.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// Sockets of one namespace from several tables, each once. Thread-compatible.
class SocketTable {
 public:
  // Shown by `table`. False where there is no more room: at most 262,144 sockets.
  bool Add(v1::SocketState socket, std::string_view table);
  // In the order in which they were first added; the table is empty then.
  std::vector<v1::SocketState> Release();

 private:
  std::vector<v1::SocketState> sockets_;
  std::map<std::string, size_t> by_key_;
};

// Who has a socket open, by its inode. At most 1,048,576 in all.
struct SocketOwners {
  std::map<uint64_t, std::vector<v1::SocketOwner>> by_inode;
  std::vector<v1::VolatileRecord> missing;  // whose descriptors could not be listed, in one record for each cause
};
SocketOwners FindSocketOwners(const KernelFiles& files);

// Of our own namespace over NETLINK_SOCK_DIAG and by /proc/net, of the others by /proc/PID/net. The kernel is asked
// over NETLINK_SOCK_DIAG only where that loads no module: loading one runs a program of the host's.
NextRecord SocketRecords(const KernelFiles& files);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_NETWORK_SOCKET_STATE_H_
