#include "agent/volatile/linux/module_state.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/volatile/linux/kernel_names.h"
#include "agent/volatile/linux/text_fields.h"
#include "agent/volatile/record_source.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr size_t kMaxModulesBytes = 16 << 20;
constexpr std::string_view kOutOfTree = "out_of_tree_module";

struct Look {
  std::map<std::string, v1::KernelModule> listed;  // by the name's bytes
  std::set<std::string> in_sysfs;
  absl::Status listed_status;
  absl::Status sysfs_status;

  bool Agree() const {
    if (listed.size() != in_sysfs.size()) return false;
    for (const auto& [name, module] : listed) {
      if (in_sysfs.count(name) == 0) return false;
    }
    return true;
  }
};

void SetTaint(std::string_view letters, v1::KernelModule& module) {
  module.clear_taint_flags();
  module.set_out_of_tree(false);
  for (std::string& name : TaintNamesOfLetters(letters)) {
    if (name == kOutOfTree) module.set_out_of_tree(true);
    module.add_taint_flags(Printable(name));
  }
}

Look LookAtBoth(const KernelFiles& files) {
  Look look;
  const absl::StatusOr<KernelFiles::Text> text = files.Read("/proc/modules", kMaxModulesBytes);
  look.listed_status = text.status();
  if (text.ok()) {
    for (const std::string_view line : Lines(text->bytes)) {
      std::optional<v1::KernelModule> module = ParseModuleLine(line);
      if (!module.has_value()) continue;
      std::string_view rest = line;
      look.listed.emplace(std::string(TakeField(rest)), *std::move(module));
    }
  }
  const absl::StatusOr<std::vector<std::string>> names = files.List("/sys/module");
  look.sysfs_status = names.status();
  if (names.ok()) {
    for (const std::string& name : *names) {
      if (files.Exists(Concat("/sys/module/", name, "/initstate"))) look.in_sysfs.insert(name);
    }
  }
  return look;
}

// What sysfs knows besides; what it does not say stays empty.
void AddFromSysfs(const std::string& name, const KernelFiles& files, v1::KernelModule& module) {
  const std::string folder = Concat("/sys/module/", name, "/");
  const auto text = [&](std::string_view file) {
    const absl::StatusOr<std::string> line = files.ReadLine(Concat(folder, file));
    return line.ok() ? *line : std::string();
  };
  module.set_version(Printable(text("version")));
  module.set_source_version(Printable(text("srcversion")));
  if (module.in_proc_modules()) return;
  module.set_state(Printable(text("initstate")));
  module.set_size_bytes(NumberOf<uint64_t>(text("coresize")).value_or(0));
  module.set_references(NumberOf<int32_t>(text("refcnt")).value_or(0));
  SetTaint(text("taint"), module);
}

}  // namespace

std::optional<v1::KernelModule> ParseModuleLine(std::string_view line) {
  const std::vector<std::string_view> fields = Fields(line);
  if (fields.size() < 6) return std::nullopt;
  const auto size = NumberOf<uint64_t>(fields[1]);
  // "-" where the kernel cannot unload.
  const auto references = fields[2] == "-" ? std::optional<int32_t>(0) : NumberOf<int32_t>(fields[2]);
  if (!size.has_value() || !references.has_value()) return std::nullopt;
  v1::KernelModule module;
  module.set_name(Printable(fields[0]));
  module.set_size_bytes(*size);
  module.set_references(*references);
  std::string_view users = fields[3] == "-" ? "" : fields[3];
  while (!users.empty()) {
    const size_t comma = std::min(users.find(','), users.size());
    if (comma > 0) module.add_used_by(Printable(users.substr(0, comma)));
    users.remove_prefix(std::min(comma + 1, users.size()));
  }
  module.set_state(Printable(fields[4]));
  module.set_address(Printable(fields[5]));
  if (fields.size() > 6 && fields[6].size() > 2 && fields[6].front() == '(' && fields[6].back() == ')') {
    SetTaint(fields[6].substr(1, fields[6].size() - 2), module);
  }
  module.set_in_proc_modules(true);
  return module;
}

std::vector<v1::VolatileRecord> ModuleRecords(const KernelFiles& files) {
  Look look = LookAtBoth(files);
  if (look.listed_status.ok() && look.sysfs_status.ok() && !look.Agree()) look = LookAtBoth(files);
  std::vector<v1::VolatileRecord> records;
  if (absl::IsNotFound(look.listed_status)) {
    records.push_back(MissingRecord(
        "/proc/modules", MakeFailure(v1::CAUSE_NOT_SUPPORTED, "this kernel has no modules that can be loaded")));
  } else if (!look.listed_status.ok()) {
    records.push_back(MissingRecord("/proc/modules", StateFailure(look.listed_status)));
  }
  if (!look.sysfs_status.ok()) records.push_back(MissingRecord("/sys/module", StateFailure(look.sysfs_status)));
  for (const std::string& name : look.in_sysfs) {
    v1::KernelModule& module = look.listed[name];
    module.set_name(Printable(name));
    module.set_in_sysfs(true);
  }
  for (auto& [name, module] : look.listed) {
    // Where one of the lists could not be read it hides nothing.
    module.set_hidden(
        (!module.in_proc_modules() && (look.listed_status.ok() || absl::IsNotFound(look.listed_status))) ||
        (!module.in_sysfs() && look.sysfs_status.ok()));
    if (module.in_sysfs()) AddFromSysfs(name, files, module);
    *records.emplace_back().mutable_kernel_module() = std::move(module);
  }
  return records;
}

}  // namespace hozen
