#include "agent/volatile/linux/kernel_names.h"

#include <iterator>

#include "core/base/concat.h"

namespace hozen {
namespace {

struct TaintFlag {
  char letter;
  std::string_view name;
};

// Documentation/admin-guide/tainted-kernels.rst, by bit.
constexpr TaintFlag kTaintFlags[] = {
    {'P', "proprietary_module"},
    {'F', "forced_module_load"},
    {'S', "out_of_specification"},
    {'R', "forced_module_unload"},
    {'M', "machine_check"},
    {'B', "bad_page"},
    {'U', "user_request"},
    {'D', "died_recently"},
    {'A', "acpi_table_overridden"},
    {'W', "warning"},
    {'C', "staging_driver"},
    {'I', "firmware_workaround"},
    {'O', "out_of_tree_module"},
    {'E', "unsigned_module"},
    {'L', "soft_lockup"},
    {'K', "live_patched"},
    {'X', "auxiliary"},
    {'T', "randomised_structures"},
    {'N', "in_kernel_test"},
    {'J', "firmware_in_userspace"},
};

// include/uapi/linux/capability.h, by bit.
constexpr std::string_view kCapabilities[] = {
    "cap_chown",
    "cap_dac_override",
    "cap_dac_read_search",
    "cap_fowner",
    "cap_fsetid",
    "cap_kill",
    "cap_setgid",
    "cap_setuid",
    "cap_setpcap",
    "cap_linux_immutable",
    "cap_net_bind_service",
    "cap_net_broadcast",
    "cap_net_admin",
    "cap_net_raw",
    "cap_ipc_lock",
    "cap_ipc_owner",
    "cap_sys_module",
    "cap_sys_rawio",
    "cap_sys_chroot",
    "cap_sys_ptrace",
    "cap_sys_pacct",
    "cap_sys_admin",
    "cap_sys_boot",
    "cap_sys_nice",
    "cap_sys_resource",
    "cap_sys_time",
    "cap_sys_tty_config",
    "cap_mknod",
    "cap_lease",
    "cap_audit_write",
    "cap_audit_control",
    "cap_setfcap",
    "cap_mac_override",
    "cap_mac_admin",
    "cap_syslog",
    "cap_wake_alarm",
    "cap_block_suspend",
    "cap_audit_read",
    "cap_perfmon",
    "cap_bpf",
    "cap_checkpoint_restore",
};

constexpr std::string_view kTcpStates[] = {
    "",      "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",    "TIME_WAIT",
    "CLOSE", "CLOSE_WAIT",  "LAST_ACK", "LISTEN",   "CLOSING",   "NEW_SYN_RECV", "BOUND_INACTIVE",
};

template <typename Name>
std::vector<std::string> NamesOfBits(uint64_t bits, size_t known, const Name& name) {
  std::vector<std::string> names;
  for (size_t bit = 0; bit < 64; ++bit) {
    if ((bits >> bit & 1) == 0) continue;
    names.push_back(bit < known ? std::string(name(bit)) : Concat("bit ", bit));
  }
  return names;
}

}  // namespace

std::vector<std::string> TaintNames(uint64_t taint) {
  return NamesOfBits(taint, std::size(kTaintFlags), [](size_t bit) { return kTaintFlags[bit].name; });
}

std::vector<std::string> TaintNamesOfLetters(std::string_view letters) {
  std::vector<std::string> names;
  for (const char letter : letters) {
    std::string name(1, letter);
    for (const TaintFlag& flag : kTaintFlags) {
      if (flag.letter == letter) name = std::string(flag.name);
    }
    names.push_back(std::move(name));
  }
  return names;
}

std::vector<std::string> CapabilityNames(uint64_t capabilities) {
  return NamesOfBits(capabilities, std::size(kCapabilities), [](size_t bit) { return kCapabilities[bit]; });
}

std::string SocketStateName(std::string_view protocol, uint32_t state) {
  constexpr uint32_t kClose = 7;
  if (protocol != "tcp" && state == kClose) return "UNCONNECTED";
  return state > 0 && state < std::size(kTcpStates) ? std::string(kTcpStates[state]) : Concat(state);
}

std::string UnixStateName(uint32_t state) {
  constexpr std::string_view kNames[] = {"FREE", "UNCONNECTED", "CONNECTING", "CONNECTED", "DISCONNECTING"};
  return state < std::size(kNames) ? std::string(kNames[state]) : Concat(state);
}

std::string SocketTypeName(uint32_t type) {
  switch (type) {
    case 1:
      return "stream";
    case 2:
      return "dgram";
    case 3:
      return "raw";
    case 5:
      return "seqpacket";
    default:
      return Concat(type);
  }
}

std::string NetlinkFamilyName(uint32_t family) {
  static constexpr std::string_view kNames[] = {
      "route",   "unused", "usersock", "firewall",  "sock_diag", "nflog",  "xfrm",    "selinux",
      "iscsi",   "audit",  "fib",      "connector", "netfilter", "ip6_fw", "dnrtmsg", "kobject_uevent",
      "generic", "dm",     "scsi",     "ecryptfs",  "rdma",      "crypto", "smc"};
  return family < std::size(kNames) ? std::string(kNames[family]) : Concat(family);
}

}  // namespace hozen
