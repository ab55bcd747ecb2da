#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "agent/platform/bpf_objects.h"
#include "agent/platform/kernel_clock.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/base/unique_fd.h"

namespace hozen {
namespace {

constexpr size_t kMostMapIds = 1024;
constexpr size_t kMaxNameBytes = 256;

// By the numbers of enum bpf_prog_type, bpf_map_type and bpf_link_type in the kernel's interface, which only grow.
constexpr std::string_view kProgramTypes[] = {"unspec",
                                              "socket_filter",
                                              "kprobe",
                                              "sched_cls",
                                              "sched_act",
                                              "tracepoint",
                                              "xdp",
                                              "perf_event",
                                              "cgroup_skb",
                                              "cgroup_sock",
                                              "lwt_in",
                                              "lwt_out",
                                              "lwt_xmit",
                                              "sock_ops",
                                              "sk_skb",
                                              "cgroup_device",
                                              "sk_msg",
                                              "raw_tracepoint",
                                              "cgroup_sock_addr",
                                              "lwt_seg6local",
                                              "lirc_mode2",
                                              "sk_reuseport",
                                              "flow_dissector",
                                              "cgroup_sysctl",
                                              "raw_tracepoint_writable",
                                              "cgroup_sockopt",
                                              "tracing",
                                              "struct_ops",
                                              "ext",
                                              "lsm",
                                              "sk_lookup",
                                              "syscall",
                                              "netfilter"};
constexpr std::string_view kMapTypes[] = {"unspec",
                                          "hash",
                                          "array",
                                          "prog_array",
                                          "perf_event_array",
                                          "percpu_hash",
                                          "percpu_array",
                                          "stack_trace",
                                          "cgroup_array",
                                          "lru_hash",
                                          "lru_percpu_hash",
                                          "lpm_trie",
                                          "array_of_maps",
                                          "hash_of_maps",
                                          "devmap",
                                          "sockmap",
                                          "cpumap",
                                          "xskmap",
                                          "sockhash",
                                          "cgroup_storage",
                                          "reuseport_sockarray",
                                          "percpu_cgroup_storage",
                                          "queue",
                                          "stack",
                                          "sk_storage",
                                          "devmap_hash",
                                          "struct_ops",
                                          "ringbuf",
                                          "inode_storage",
                                          "task_storage",
                                          "bloom_filter",
                                          "user_ringbuf",
                                          "cgrp_storage",
                                          "arena"};
constexpr std::string_view kLinkTypes[] = {
    "unspec",       "raw_tracepoint", "tracing",   "cgroup", "iter",         "netns",  "xdp",    "perf_event",
    "kprobe_multi", "struct_ops",     "netfilter", "tcx",    "uprobe_multi", "netkit", "sockmap"};

template <size_t size>
std::string NameOf(uint32_t number, const std::string_view (&names)[size]) {
  return number < size ? std::string(names[number]) : Concat(number);
}

template <size_t size>
std::string Text(const char (&name)[size]) {
  return Printable(std::string_view(name, strnlen(name, size)));
}

absl::StatusOr<int> Bpf(int command, bpf_attr& attributes, std::string_view what) {
  const long result = syscall(SYS_bpf, command, &attributes, sizeof(attributes));
  if (result < 0) return ErrnoStatus(errno, what);
  return static_cast<int>(result);
}

template <typename Info>
absl::Status GetInfo(int fd, Info& info) {
  bpf_attr attributes = {};
  attributes.info.bpf_fd = static_cast<uint32_t>(fd);
  attributes.info.info_len = sizeof(info);
  attributes.info.info = reinterpret_cast<uintptr_t>(&info);
  return Bpf(BPF_OBJ_GET_INFO_BY_FD, attributes, "asking what a BPF object is").status();
}

absl::StatusOr<UniqueFd> OpenById(int command, uint32_t id) {
  bpf_attr attributes = {};
  attributes.prog_id = id;  // first of a union with map_id and link_id
  HOZEN_ASSIGN_OR_RETURN(const int fd, Bpf(command, attributes, "opening a BPF object"));
  return UniqueFd(fd);
}

google::protobuf::Timestamp SinceBoot(uint64_t ns) {
  const KernelClock clock = ReadKernelClock();
  const int64_t unix_ns = clock.realtime_unix_ns - clock.boottime_ns + static_cast<int64_t>(ns);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(unix_ns / 1'000'000'000);
  timestamp.set_nanos(static_cast<int32_t>(unix_ns % 1'000'000'000));
  return timestamp;
}

}  // namespace

absl::StatusOr<std::vector<uint32_t>> ListBpfIds(BpfKind kind, size_t most) {
  const int command = kind == BpfKind::kProgram ? BPF_PROG_GET_NEXT_ID
                      : kind == BpfKind::kMap   ? BPF_MAP_GET_NEXT_ID
                                                : BPF_LINK_GET_NEXT_ID;
  std::vector<uint32_t> ids;
  uint32_t last = 0;
  while (ids.size() < most) {
    bpf_attr attributes = {};
    attributes.start_id = last;
    const absl::StatusOr<int> next = Bpf(command, attributes, "listing BPF objects");
    if (absl::IsNotFound(next.status())) break;
    if (!next.ok()) return next.status();
    if (attributes.next_id <= last) break;
    last = attributes.next_id;
    ids.push_back(last);
  }
  return ids;
}

absl::StatusOr<v1::BpfProgram> DescribeBpfProgram(uint32_t id) {
  HOZEN_ASSIGN_OR_RETURN(const UniqueFd fd, OpenById(BPF_PROG_GET_FD_BY_ID, id));
  std::vector<uint32_t> map_ids(kMostMapIds);
  bpf_prog_info info = {};
  info.nr_map_ids = kMostMapIds;
  info.map_ids = reinterpret_cast<uintptr_t>(map_ids.data());
  HOZEN_RETURN_IF_ERROR(GetInfo(fd.get(), info));
  v1::BpfProgram program;
  program.set_id(info.id);
  program.set_type(NameOf(info.type, kProgramTypes));
  program.set_name(Text(info.name));
  program.set_tag(absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(info.tag), sizeof(info.tag))));
  *program.mutable_loaded() = SinceBoot(info.load_time);
  program.set_uid(info.created_by_uid);
  for (size_t i = 0; i < info.nr_map_ids && i < map_ids.size(); ++i) program.add_map_ids(map_ids[i]);
  program.set_interface_index(info.ifindex);
  program.set_instructions_bytes(info.xlated_prog_len);
  program.set_jited_bytes(info.jited_prog_len);
  program.set_gpl_compatible(info.gpl_compatible != 0);
  program.set_run_count(info.run_cnt);
  return program;
}

absl::StatusOr<v1::BpfMap> DescribeBpfMap(uint32_t id) {
  HOZEN_ASSIGN_OR_RETURN(const UniqueFd fd, OpenById(BPF_MAP_GET_FD_BY_ID, id));
  bpf_map_info info = {};
  HOZEN_RETURN_IF_ERROR(GetInfo(fd.get(), info));
  v1::BpfMap map;
  map.set_id(info.id);
  map.set_type(NameOf(info.type, kMapTypes));
  map.set_name(Text(info.name));
  map.set_key_size_bytes(info.key_size);
  map.set_value_size_bytes(info.value_size);
  map.set_max_entries(info.max_entries);
  map.set_flags(info.map_flags);
  map.set_interface_index(info.ifindex);
  return map;
}

absl::StatusOr<v1::BpfLink> DescribeBpfLink(uint32_t id) {
  HOZEN_ASSIGN_OR_RETURN(const UniqueFd fd, OpenById(BPF_LINK_GET_FD_BY_ID, id));
  bpf_link_info info = {};
  HOZEN_RETURN_IF_ERROR(GetInfo(fd.get(), info));
  v1::BpfLink link;
  link.set_id(info.id);
  link.set_type(NameOf(info.type, kLinkTypes));
  link.set_program_id(info.prog_id);
  if (info.type != BPF_LINK_TYPE_RAW_TRACEPOINT) return link;
  // Asked again with room for the name; that is where the first answer said how long it is.
  char name[kMaxNameBytes] = {};
  info = {};
  info.raw_tracepoint.tp_name = reinterpret_cast<uintptr_t>(name);
  info.raw_tracepoint.tp_name_len = sizeof(name) - 1;
  if (GetInfo(fd.get(), info).ok()) link.set_target(Text(name));
  return link;
}

absl::StatusOr<v1::BpfPin> DescribeBpfPin(const std::string& path) {
  // Maps may be read-only to us, and links are not to be had so.
  bpf_attr attributes = {};
  attributes.pathname = reinterpret_cast<uintptr_t>(path.c_str());
  attributes.file_flags = BPF_F_RDONLY;
  absl::StatusOr<int> opened = Bpf(BPF_OBJ_GET, attributes, Printable(path));
  if (!opened.ok()) {
    attributes = {};
    attributes.pathname = reinterpret_cast<uintptr_t>(path.c_str());
    opened = Bpf(BPF_OBJ_GET, attributes, Printable(path));
  }
  if (!opened.ok()) return opened.status();
  const UniqueFd fd(*opened);
  char target[128] = {};
  const ssize_t size = readlink(Concat("/proc/self/fd/", fd.get()).c_str(), target, sizeof(target) - 1);
  if (size < 0) return ErrnoStatus(errno, Printable(path));
  const std::string_view kind(target, static_cast<size_t>(size));
  v1::BpfPin pin;
  pin.set_path(Printable(path));
  if (kind.find("bpf-prog") != std::string_view::npos) {
    bpf_prog_info info = {};
    HOZEN_RETURN_IF_ERROR(GetInfo(fd.get(), info));
    pin.set_kind("program");
    pin.set_id(info.id);
  } else if (kind.find("bpf-map") != std::string_view::npos) {
    bpf_map_info info = {};
    HOZEN_RETURN_IF_ERROR(GetInfo(fd.get(), info));
    pin.set_kind("map");
    pin.set_id(info.id);
  } else if (kind.find("bpf_link") != std::string_view::npos || kind.find("bpf-link") != std::string_view::npos) {
    bpf_link_info info = {};
    HOZEN_RETURN_IF_ERROR(GetInfo(fd.get(), info));
    pin.set_kind("link");
    pin.set_id(info.id);
  }
  return pin;
}

}  // namespace hozen
