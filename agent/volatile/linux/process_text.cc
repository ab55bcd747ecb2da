#include "agent/volatile/linux/process_text.h"

#include <algorithm>
#include <map>
#include <utility>

#include "agent/volatile/linux/kernel_names.h"
#include "agent/volatile/linux/text_fields.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr std::string_view kDeleted = " (deleted)";

std::vector<std::string> CapabilitiesOf(std::string_view text) {
  return CapabilityNames(NumberOf<uint64_t>(text, 16).value_or(0));
}

template <typename Repeated>
void AddNumbers(std::string_view text, Repeated& numbers) {
  for (const std::string_view field : Fields(text)) {
    const auto number = NumberOf<uint32_t>(field);
    if (number.has_value()) numbers.Add(*number);
  }
}

uint64_t Kilobytes(std::string_view text) {
  const std::vector<std::string_view> fields = Fields(text);
  return fields.empty() ? 0 : NumberOf<uint64_t>(fields[0]).value_or(0) * 1024;
}

std::string SeccompName(std::string_view text) {
  if (text == "0") return "disabled";
  if (text == "1") return "strict";
  if (text == "2") return "filter";
  return Printable(text);
}

struct MapLine {
  std::string_view addresses;
  std::string_view permissions;
  uint64_t size_bytes = 0;
  uint64_t device = 0;
  uint64_t inode = 0;
  std::string_view path;
};

// "7f00-7f10 r-xp 00000000 08:01 1234      /usr/lib/x.so": the path is all that follows, blanks too; the kernel writes
// a line feed in it as \012.
std::optional<MapLine> ParseMapLine(std::string_view line) {
  MapLine map;
  std::string_view rest = line;
  map.addresses = TakeField(rest);
  map.permissions = TakeField(rest);
  const std::string_view offset = TakeField(rest);
  const std::string_view device = TakeField(rest);
  const std::string_view inode = TakeField(rest);
  const size_t dash = map.addresses.find('-');
  const size_t colon = device.find(':');
  if (dash == std::string_view::npos || colon == std::string_view::npos || map.permissions.size() != 4) {
    return std::nullopt;
  }
  const auto begin = NumberOf<uint64_t>(map.addresses.substr(0, dash), 16);
  const auto end = NumberOf<uint64_t>(map.addresses.substr(dash + 1), 16);
  const auto major = NumberOf<uint32_t>(device.substr(0, colon), 16);
  const auto minor = NumberOf<uint32_t>(device.substr(colon + 1), 16);
  const auto number = NumberOf<uint64_t>(inode);
  if (!begin || !end || *end < *begin || !major || !minor || !number || !NumberOf<uint64_t>(offset, 16)) {
    return std::nullopt;
  }
  map.size_bytes = *end - *begin;
  map.device = DeviceNumber(*major, *minor);
  map.inode = *number;
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  map.path = rest;
  return map;
}

}  // namespace

std::optional<ProcessStat> ParseProcessStat(std::string_view text) {
  // The name is in brackets and may hold brackets itself, so the last one closes it.
  const size_t open = text.find(" (");
  const size_t close = text.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) return std::nullopt;
  const std::vector<std::string_view> fields = Fields(text.substr(close + 2));
  if (fields.size() < 20 || fields[0].size() != 1) return std::nullopt;
  const auto pid = NumberOf<int32_t>(text.substr(0, open));
  const auto parent = NumberOf<int32_t>(fields[1]);
  const auto group = NumberOf<int32_t>(fields[2]);
  const auto session = NumberOf<int32_t>(fields[3]);
  const auto terminal = NumberOf<int32_t>(fields[4]);
  const auto flags = NumberOf<uint32_t>(fields[6]);
  const auto start = NumberOf<uint64_t>(fields[19]);
  if (!pid || !parent || !group || !session || !terminal || !flags || !start) return std::nullopt;
  ProcessStat stat;
  stat.pid = *pid;
  stat.name = std::string(text.substr(open + 2, close - open - 2));
  stat.state = fields[0][0];
  stat.parent_pid = *parent;
  stat.process_group = *group;
  stat.session = *session;
  stat.terminal = *terminal;
  stat.flags = *flags;
  stat.start_ticks = *start;
  return stat;
}

std::string_view StatusField(std::string_view text, std::string_view name) {
  for (const std::string_view line : Lines(text)) {
    if (line.size() > name.size() && line[name.size()] == ':' && line.substr(0, name.size()) == name) {
      return Stripped(line.substr(name.size() + 1));
    }
  }
  return "";
}

void ParseProcessStatus(std::string_view text, v1::ProcessState& process) {
  for (const std::string_view line : Lines(text)) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = Stripped(line.substr(colon + 1));
    v1::Capabilities& capabilities = *process.mutable_capabilities();
    const auto add = [value](google::protobuf::RepeatedPtrField<std::string>& names) {
      names.Clear();
      for (std::string& one : CapabilitiesOf(value)) *names.Add() = std::move(one);
    };
    if (name == "Uid") {
      AddNumbers(value, *process.mutable_uids());
    } else if (name == "Gid") {
      AddNumbers(value, *process.mutable_gids());
    } else if (name == "Groups") {
      AddNumbers(value, *process.mutable_groups());
    } else if (name == "NSpid") {
      AddNumbers(value, *process.mutable_namespace_pids());
    } else if (name == "TracerPid") {
      process.set_tracer_pid(NumberOf<int32_t>(value).value_or(0));
    } else if (name == "Threads") {
      process.set_threads(NumberOf<uint32_t>(value).value_or(0));
    } else if (name == "NoNewPrivs") {
      process.set_no_new_privileges(value == "1");
    } else if (name == "Seccomp") {
      process.set_seccomp(SeccompName(value));
    } else if (name == "VmSize") {
      process.set_virtual_bytes(Kilobytes(value));
    } else if (name == "VmRSS") {
      process.set_resident_bytes(Kilobytes(value));
    } else if (name == "CapInh") {
      add(*capabilities.mutable_inheritable());
    } else if (name == "CapPrm") {
      add(*capabilities.mutable_permitted());
    } else if (name == "CapEff") {
      add(*capabilities.mutable_effective());
    } else if (name == "CapBnd") {
      add(*capabilities.mutable_bounding());
    } else if (name == "CapAmb") {
      add(*capabilities.mutable_ambient());
    }
  }
}

void ParseCommandLine(std::string_view text, v1::ProcessState& process) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\0'), text.size());
    process.add_command_line(Printable(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void ParseEnvironment(std::string_view text, v1::ProcessState& process) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\0'), text.size());
    const std::string_view piece = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (piece.empty()) continue;
    const size_t equals = std::min(piece.find('='), piece.size());
    v1::EnvironmentVariable& variable = *process.add_environment();
    variable.set_name(Printable(piece.substr(0, equals)));
    if (equals < piece.size()) variable.set_value(Printable(piece.substr(equals + 1)));
  }
}

bool ParseMaps(std::string_view text, size_t most, v1::ProcessState& process) {
  std::map<std::pair<std::string_view, uint64_t>, v1::MappedFile*> files;
  bool all = true;
  for (const std::string_view line : Lines(text)) {
    const std::optional<MapLine> map = ParseMapLine(line);
    if (!map.has_value()) continue;
    const bool executable = map->permissions[2] == 'x';
    const bool writable = map->permissions[1] == 'w';
    const bool is_file = map->inode != 0 || (!map->path.empty() && map->path[0] == '/');
    // The kernel's own pages, which every process has.
    const bool own = map->path == "[vdso]" || map->path == "[vsyscall]" || map->path == "[vvar]";
    if (executable && (writable || !is_file) && !own) {
      if (static_cast<size_t>(process.suspect_regions_size()) < most) {
        v1::MemoryRegion& region = *process.add_suspect_regions();
        region.set_addresses(Printable(map->addresses));
        region.set_permissions(Printable(map->permissions));
        region.set_name(Printable(map->path));
      } else {
        all = false;
      }
    }
    if (!is_file) continue;
    v1::MappedFile*& file = files[{map->path, map->inode}];
    if (file == nullptr) {
      if (static_cast<size_t>(process.mapped_files_size()) == most) {
        all = false;
        files.erase({map->path, map->inode});
        continue;
      }
      file = process.add_mapped_files();
      file->set_path(Printable(map->path));
      file->set_deleted(SaysDeleted(map->path));
      file->set_device(map->device);
      file->set_inode(map->inode);
    }
    file->set_mapped_bytes(file->mapped_bytes() + map->size_bytes);
    file->set_executable(file->executable() || executable);
  }
  return all;
}

void ParseCgroups(std::string_view text, v1::ProcessState& process) {
  for (const std::string_view line : Lines(text)) {
    if (!line.empty()) process.add_cgroups(Printable(line));
  }
}

std::optional<uint64_t> BracketedNumber(std::string_view text, std::string_view kind) {
  if (text.size() < kind.size() + 4 || text.substr(0, kind.size()) != kind) return std::nullopt;
  text.remove_prefix(kind.size());
  if (text.substr(0, 2) != ":[" || text.back() != ']') return std::nullopt;
  return NumberOf<uint64_t>(text.substr(2, text.size() - 3));
}

bool SaysDeleted(std::string_view path) { return path.ends_with(kDeleted); }

bool IsMemoryFile(std::string_view path) { return path.starts_with("/memfd:") && SaysDeleted(path); }

}  // namespace hozen
