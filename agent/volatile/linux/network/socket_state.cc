#include "agent/volatile/linux/network/socket_state.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/platform/netlink.h"
#include "agent/volatile/linux/network/socket_diag.h"
#include "agent/volatile/linux/network/socket_text.h"
#include "agent/volatile/linux/present_modules.h"
#include "agent/volatile/linux/process_list.h"
#include "agent/volatile/linux/process_text.h"
#include "agent/volatile/linux/text_fields.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"

namespace hozen {
namespace {

constexpr size_t kMostSockets = 262'144;
constexpr size_t kMostOwners = 1'048'576;
constexpr size_t kMaxTableBytes = 256 << 20;
constexpr char kSockDiag[] = "sock_diag";

struct InetTable {
  std::string_view file;  // below /proc/net
  std::string_view protocol;
  uint8_t family;
  uint8_t number;
  std::string_view module;  // that answers over NETLINK_SOCK_DIAG
};
constexpr InetTable kInetTables[] = {
    {"tcp", "tcp", AF_INET, IPPROTO_TCP, "tcp_diag"},
    {"tcp6", "tcp", AF_INET6, IPPROTO_TCP, "tcp_diag"},
    {"udp", "udp", AF_INET, IPPROTO_UDP, "udp_diag"},
    {"udp6", "udp", AF_INET6, IPPROTO_UDP, "udp_diag"},
    {"udplite", "udplite", AF_INET, IPPROTO_UDPLITE, "udp_diag"},
    {"udplite6", "udplite", AF_INET6, IPPROTO_UDPLITE, "udp_diag"},
    {"raw", "raw", AF_INET, IPPROTO_RAW, "raw_diag"},
    {"raw6", "raw", AF_INET6, IPPROTO_RAW, "raw_diag"},
};

// What is the same socket in two tables. One that has ended (TIME_WAIT) has no inode, so its ends must do.
std::string KeyOf(const v1::SocketState& socket) {
  if (socket.inode() != 0) return Concat(socket.protocol(), " ", socket.inode());
  return Concat(socket.protocol(), " ", socket.state(), " ", socket.local_address(), " ", socket.local_port(), " ",
                socket.remote_address(), " ", socket.remote_port());
}

class Collector {
 public:
  explicit Collector(const KernelFiles& files) : files_(files), modules_(files) {}

  void AddOwnNamespace() {
    const absl::StatusOr<std::string> link = files_.ReadLink("/proc/self/ns/net");
    own_ = link.ok() ? BracketedNumber(*link, "net").value_or(0) : 0;
    for (const InetTable& table : kInetTables) AddDiag(table);
    AddUnixDiag();
    AddTexts("/proc/net/");
    Finish(own_);
  }

  void AddOtherNamespaces() {
    uint64_t unread = 0;
    for (const auto& [inode, pid] : OneProcessInEach(files_, "net", unread)) {
      if (inode == own_) continue;
      AddTexts(ProcPath(pid, "net/"));
      Finish(inode);
    }
    if (unread == 0) return;
    Miss("namespaces of networks",
         MakeFailure(v1::CAUSE_PERMISSION_DENIED,
                     Concat(unread, " processes did not tell theirs; sockets that only they have are not here")));
  }

  std::vector<v1::SocketState> sockets;
  std::vector<v1::VolatileRecord> missing;

 private:
  void AddDiag(const InetTable& table) {
    if (!Ask(table.file, table.module)) return;
    const absl::Status status =
        NetlinkDump(NetlinkFamily::kSockDiag, kSockDiagByFamily, InetDiagRequest(table.family, table.number),
                    [&](uint16_t, std::string_view payload) {
                      std::optional<v1::SocketState> socket = ParseInetDiag(payload, table.protocol);
                      return !socket.has_value() || Add(*std::move(socket), kSockDiag);
                    });
    NoteDiag(table.file, status);
  }

  void AddUnixDiag() {
    if (!Ask("unix", "unix_diag")) return;
    const absl::Status status = NetlinkDump(NetlinkFamily::kSockDiag, kSockDiagByFamily, UnixDiagRequest(),
                                            [&](uint16_t, std::string_view payload) {
                                              std::optional<v1::SocketState> socket = ParseUnixDiag(payload);
                                              return !socket.has_value() || Add(*std::move(socket), kSockDiag);
                                            });
    NoteDiag("unix", status);
  }

  bool Ask(std::string_view table, std::string_view module) {
    if (!files_.root().empty()) return false;  // another host's files: this kernel knows nothing of it
    if (modules_.IsThere(module)) return true;
    Miss(Concat(kSockDiag, " of ", table),
         MakeFailure(v1::CAUSE_NOT_FOUND,
                     Concat(module,
                            " is not loaded, and loading it would run a program of the host's; the sockets are "
                            "those of /proc/net alone")));
    return false;
  }

  // /proc/net has them all the same, so what this kernel does not answer is no loss.
  void NoteDiag(std::string_view table, const absl::Status& status) {
    if (status.ok()) return;
    v1::Failure failure = StateFailure(status);
    if (SystemErrorOf(status) == EINVAL) failure.set_cause(v1::CAUSE_NOT_FOUND);
    Miss(Concat(kSockDiag, " of ", table), std::move(failure));
  }

  void AddTexts(const std::string& folder) {
    for (const InetTable& table : kInetTables) {
      AddText(Concat(folder, table.file),
              [&table](std::string_view text) { return ParseInetSockets(text, table.protocol); });
    }
    AddText(Concat(folder, "unix"), &ParseUnixSockets);
    AddText(Concat(folder, "packet"), &ParsePacketSockets);
    AddText(Concat(folder, "netlink"), &ParseNetlinkSockets);
  }

  template <typename Parse>
  void AddText(const std::string& path, const Parse& parse) {
    // The first of /proc/net is a link to the process's own.
    const std::string real = path.starts_with("/proc/net/") ? Concat("/proc/self/net/", path.substr(10)) : path;
    const absl::StatusOr<KernelFiles::Text> text = files_.Read(real, kMaxTableBytes);
    if (!text.ok()) {
      // Kernels without IPv6, UDP-Lite or packet sockets have no such table.
      if (!absl::IsNotFound(text.status())) Miss(path, StateFailure(text.status()));
      return;
    }
    const std::string table =
        path.starts_with("/proc/net/") ? path : Concat("/proc/net/", path.substr(path.rfind('/') + 1));
    if (text->cut) Miss(path, MakeFailure(v1::CAUSE_LIMIT_FILE_BYTES, "it is too long"));
    for (v1::SocketState& socket : parse(text->bytes)) {
      if (!Add(std::move(socket), table)) return;
    }
  }

  bool Add(v1::SocketState socket, std::string_view table) {
    if (sockets.size() < kMostSockets && table_.Add(std::move(socket), table)) return true;
    if (!full_) {
      Miss("sockets", MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("there are more than ", kMostSockets)));
    }
    full_ = true;
    return false;
  }

  void Finish(uint64_t network_namespace) {
    for (v1::SocketState& socket : table_.Release()) {
      socket.set_network_namespace(network_namespace);
      sockets.push_back(std::move(socket));
    }
  }

  void Miss(std::string_view what, v1::Failure failure) { missing.push_back(MissingRecord(what, std::move(failure))); }

  const KernelFiles& files_;
  const PresentModules modules_;
  SocketTable table_;
  uint64_t own_ = 0;
  bool full_ = false;
};

}  // namespace

bool SocketTable::Add(v1::SocketState socket, std::string_view table) {
  const auto [known, is_new] = by_key_.try_emplace(KeyOf(socket), sockets_.size());
  if (!is_new) {
    auto& seen = *sockets_[known->second].mutable_seen_in();
    if (std::find(seen.begin(), seen.end(), table) == seen.end()) *seen.Add() = std::string(table);
    return true;
  }
  if (sockets_.size() == kMostSockets) {
    by_key_.erase(known);
    return false;
  }
  socket.add_seen_in(std::string(table));
  sockets_.push_back(std::move(socket));
  return true;
}

std::vector<v1::SocketState> SocketTable::Release() {
  by_key_.clear();
  return std::exchange(sockets_, {});
}

SocketOwners FindSocketOwners(const KernelFiles& files) {
  SocketOwners owners;
  std::map<int, std::pair<uint64_t, v1::Failure>> failed;  // by cause
  const absl::StatusOr<std::vector<int32_t>> pids = ListPids(files);
  if (!pids.ok()) {
    owners.missing.push_back(MissingRecord("owners of sockets", StateFailure(pids.status())));
    return owners;
  }
  size_t found = 0;
  for (const int32_t pid : *pids) {
    const absl::StatusOr<std::vector<std::string>> names = files.List(ProcPath(pid, "fd"));
    const auto fail = [&failed](const absl::Status& status) {
      v1::Failure failure = StateFailure(status, v1::CAUSE_VANISHED);
      auto& [count, first] = failed[failure.cause()];
      if (count++ == 0) first = std::move(failure);
    };
    if (!names.ok()) {
      fail(names.status());
      continue;
    }
    std::string name;
    bool has_failed = false;  // a process counts once
    for (const std::string& number : *names) {
      const absl::StatusOr<std::string> target = files.ReadLink(ProcPath(pid, Concat("fd/", number)));
      if (!target.ok() && !absl::IsNotFound(target.status()) && !std::exchange(has_failed, true)) fail(target.status());
      const std::optional<uint64_t> inode = target.ok() ? BracketedNumber(*target, "socket") : std::nullopt;
      if (!inode.has_value() || found == kMostOwners) continue;
      ++found;
      if (name.empty()) {
        const absl::StatusOr<std::string> line = files.ReadLine(ProcPath(pid, "comm"));
        name = line.ok() ? Printable(*line) : "";
      }
      v1::SocketOwner& owner = owners.by_inode[*inode].emplace_back();
      owner.set_pid(pid);
      owner.set_fd(NumberOf<int32_t>(number).value_or(-1));
      owner.set_name(name);
    }
  }
  for (auto& [cause, failure] : failed) {
    failure.second.set_detail(Concat(failure.first, " processes, the first: ", failure.second.detail()));
    owners.missing.push_back(MissingRecord("owners of sockets", std::move(failure.second)));
  }
  if (found == kMostOwners) {
    owners.missing.push_back(MissingRecord(
        "owners of sockets", MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("only ", kMostOwners, " were looked at"))));
  }
  return owners;
}

NextRecord SocketRecords(const KernelFiles& files) {
  Collector collector(files);
  collector.AddOwnNamespace();
  collector.AddOtherNamespaces();
  SocketOwners found = FindSocketOwners(files);
  std::vector<v1::VolatileRecord> missing = std::move(collector.missing);
  for (v1::VolatileRecord& record : found.missing) missing.push_back(std::move(record));
  auto sockets = std::make_shared<std::vector<v1::SocketState>>(std::move(collector.sockets));
  auto owners = std::make_shared<const std::map<uint64_t, std::vector<v1::SocketOwner>>>(std::move(found.by_inode));
  auto at = std::make_shared<size_t>(0);
  const NextRecord rest = RecordsOf(std::move(missing));
  return [sockets, owners, at, rest]() -> std::optional<v1::VolatileRecord> {
    if (*at == sockets->size()) return rest();
    v1::VolatileRecord record;
    v1::SocketState& socket = *record.mutable_socket();
    socket = std::move((*sockets)[(*at)++]);
    const auto whose = socket.inode() == 0 ? owners->end() : owners->find(socket.inode());
    if (whose != owners->end()) *socket.mutable_owners() = {whose->second.begin(), whose->second.end()};
    return record;
  };
}

}  // namespace hozen
