#include "agent/volatile/windows/process/process_state.h"

#include <windows.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/acquire/failure.h"
#include "agent/platform/rights_windows.h"
#include "agent/volatile/binary_fields.h"
#include "agent/volatile/timestamps.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/kernel_answers.h"
#include "agent/volatile/windows/process/image_headers.h"
#include "agent/volatile/windows/process/process_memory.h"
#include "agent/volatile/windows/process/process_parameters.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"

namespace hozen {
namespace {

// Classes of NtQueryInformationProcess, and where in their answers stands what is wanted.
constexpr int kBasicInformation = 0;
constexpr int kWow64Information = 26;
constexpr int kImageFileName = 27;
constexpr int kCommandLine = 60;
constexpr int kProtection = 61;
constexpr size_t kBasicBytes = 48;
constexpr size_t kPebAt = 8;
constexpr size_t kTextBytes = 66'000;  // a UNICODE_STRING and the longest text behind it
constexpr size_t kImageBaseInPeb = 0x10;
constexpr size_t kPageBytes = 4096;
constexpr uint32_t kIdlePid = 0;
constexpr uint32_t kSystemPid = 4;

constexpr const char* kSigners[] = {"none",    "authenticode", "codegen",   "antimalware", "lsa",
                                    "windows", "wintcb",       "winsystem", "app"};

// "light/antimalware" of a PS_PROTECTION: three bits of kind, one of auditing, four of who signed.
std::string ProtectionText(uint8_t protection) {
  const int kind = protection & 7;
  const size_t signer = protection >> 4;
  if (kind == 0) return "";
  return Concat(kind == 1   ? "light"
                : kind == 2 ? "full"
                            : Concat(kind),
                "/", signer < std::size(kSigners) ? kSigners[signer] : Concat(signer));
}

uint64_t Joined(const FILETIME& time) { return uint64_t{time.dwHighDateTime} << 32 | time.dwLowDateTime; }

// One process under description.
class Description {
 public:
  Description(const RunningProcess& listed, ProcessSurroundings& around) : listed_(listed), around_(around) {
    process_.set_pid(static_cast<int32_t>(listed.pid));
    process_.set_parent_pid(static_cast<int32_t>(listed.parent_pid));
    process_.set_depth(listed.depth);
    process_.set_name(Printable(listed.name));
    process_.set_state(listed.threads == 0 ? "ended" : listed.suspended ? "suspended" : "running");
    process_.set_kernel_thread(listed.pid == kIdlePid || listed.pid == kSystemPid);
    process_.set_session(static_cast<int32_t>(listed.session));
    process_.set_threads(listed.threads);
    process_.set_resident_bytes(listed.resident_bytes);
    process_.set_virtual_bytes(listed.virtual_bytes);
    process_.set_start_ticks(listed.created);
    const auto started = TimeOfFiletime(listed.created);
    if (started.has_value()) *process_.mutable_started() = *started;
  }

  v1::ProcessState Make() {
    // What idles when nothing runs is no process that could be opened.
    if (listed_.pid == kIdlePid) return std::move(process_);
    if (!Open()) return std::move(process_);
    AddKind();
    // What is gone first is asked first.
    AddCommandLine();
    AddParameters();
    AddToken();
    AddMemory();
    AddExecutable();
    AddHandles();
    DWORD exit_code = STILL_ACTIVE;
    if (listed_.threads != 0 && ::GetExitCodeProcess(known_.get(), &exit_code) && exit_code != STILL_ACTIVE) {
      Vanish("it ended while it was described");
    }
    return std::move(process_);
  }

 private:
  void Vanish(std::string_view how) {
    process_.set_vanished(true);
    Miss("the process", MakeFailure(v1::CAUSE_VANISHED, how));
  }

  void Miss(std::string_view what, v1::Failure failure) {
    v1::Missing& missing = *process_.add_missing();
    missing.set_what(std::string(what));
    *missing.mutable_failure() = std::move(failure);
  }

  void Miss(std::string_view what, const absl::Status& status) { Miss(what, FailureOf(status, v1::CAUSE_VANISHED)); }

  WindowsHandle OpenFor(DWORD access) { return WindowsHandle(::OpenProcess(access, FALSE, listed_.pid)); }

  // False where there is nothing to describe any more. A process that is protected still tells a little.
  bool Open() {
    known_ = OpenFor(PROCESS_QUERY_LIMITED_INFORMATION);
    if (!known_.valid()) {
      const DWORD error = ::GetLastError();
      if (error == ERROR_INVALID_PARAMETER) {
        Vanish("it ended before it was described");
      } else {
        Miss("the process", Win32Status(error, "Opening it"));
      }
      return false;
    }
    FILETIME created = {};
    FILETIME unused = {};
    if (listed_.created != 0 && ::GetProcessTimes(known_.get(), &created, &unused, &unused, &unused) &&
        Joined(created) != 0 && Joined(created) != listed_.created) {
      Vanish("it ended before it was described, and its number was given to another");
      return false;
    }
    readable_ = OpenFor(PROCESS_QUERY_INFORMATION | PROCESS_VM_READ);
    if (!readable_.valid()) Miss("memory", Win32Status(::GetLastError(), "Opening it to read its memory"));
    return true;
  }

  void AddKind() {
    const absl::StatusOr<Answer> wow64 = QueryProcess(known_.get(), kWow64Information, 8, 8);
    if (wow64.ok()) peb32_ = FieldAt<uint64_t>(wow64->bytes, 0);
    process_.set_wow64(peb32_ != 0);
    const absl::StatusOr<Answer> basic = QueryProcess(known_.get(), kBasicInformation, kBasicBytes, kBasicBytes);
    if (basic.ok()) peb_ = FieldAt<uint64_t>(basic->bytes, kPebAt);
    const absl::StatusOr<Answer> protection = QueryProcess(known_.get(), kProtection, 1, 1);
    if (protection.ok()) process_.set_protection(ProtectionText(FieldAt<uint8_t>(protection->bytes, 0)));
  }

  void AddCommandLine() {
    const absl::StatusOr<Answer> answer = QueryProcess(known_.get(), kCommandLine, kTextBytes, kTextBytes);
    if (!answer.ok()) return;
    const std::optional<std::wstring> text = TextAt(*answer, 0);
    if (text.has_value() && !text->empty()) process_.add_command_line(WideText(*text));
  }

  void AddParameters() {
    if (!readable_.valid()) return;
    if (peb_ == 0) {
      // The system's own processes have none, and no program.
      if (!process_.kernel_thread()) Miss("parameters", MakeFailure(v1::CAUSE_NOT_FOUND, "it has no parameters"));
      return;
    }
    const MemoryReader read = ReaderOf(readable_.get());
    const absl::StatusOr<ProcessParameters> parameters = peb32_ != 0
                                                             ? ReadProcessParameters(read, peb32_, PointerSize::k32Bits)
                                                             : ReadProcessParameters(read, peb_, PointerSize::k64Bits);
    if (!parameters.ok()) {
      Miss("parameters", FailureOf(parameters.status()));
      return;
    }
    process_.set_working_folder(WideText(parameters->working_folder));
    if (process_.command_line().empty() && !parameters->command_line.empty()) {
      process_.add_command_line(WideText(parameters->command_line));
    }
    for (const auto& [name, value] : ParseEnvironmentBlock(parameters->environment)) {
      v1::EnvironmentVariable& variable = *process_.add_environment();
      variable.set_name(WideText(name));
      variable.set_value(WideText(value));
    }
    if (parameters->environment_cut) {
      Miss("environment", MakeFailure(v1::CAUSE_LIMIT_FILE_BYTES, "only its first 1 MiB is here"));
    }
  }

  void AddToken() {
    absl::StatusOr<v1::ProcessToken> token = DescribeToken(known_.get(), around_.accounts);
    if (!token.ok() && readable_.valid()) token = DescribeToken(readable_.get(), around_.accounts);
    token.ok() ? (void)(*process_.mutable_token() = *std::move(token)) : Miss("token", token.status());
  }

  void AddMemory() {
    if (!readable_.valid() || peb_ == 0) return;
    absl::StatusOr<ProcessMemory> memory = WalkMemory(readable_.get(), around_.paths);
    if (!memory.ok()) {
      Miss("memory", memory.status());
      return;
    }
    for (v1::MappedFile& file : memory->mapped_files) *process_.add_mapped_files() = std::move(file);
    for (v1::MemoryRegion& region : memory->suspect_regions) *process_.add_suspect_regions() = std::move(region);
    if (memory->cut) Miss("memory", MakeFailure(v1::CAUSE_LIMIT_ITEMS, "only a part of its memory is described"));
    if (!memory->loader_status.ok()) Miss("the loader's list", memory->loader_status);
    AddModules(memory->images);
  }

  void AddModules(const std::vector<MappedImage>& images) {
    size_t unread = 0;
    std::optional<v1::Failure> first_unread;
    for (const MappedImage& image : images) {
      v1::LoadedModule& module = *process_.add_modules();
      module.set_path(WideText(image.path));
      module.set_base_address(Concat(absl::Hex(image.address)));
      module.set_size_bytes(image.size_bytes);
      if (image.path.empty()) continue;
      const ProgramFile& file = around_.files.Look(image.path);
      if (file.status.ok()) {
        module.set_sha256(file.sha256);
        *module.mutable_signature() = file.signature;
      } else if (unread++ == 0) {
        first_unread = FailureOfProgram(file.status);
      }
    }
    if (unread == 0) return;
    first_unread->set_detail(Concat("the files of ", unread, " modules; the first: ", first_unread->detail()));
    Miss("modules", *std::move(first_unread));
  }

  // By what name it was started, in UTF-16; empty where it has none: the kernel's own.
  std::wstring ImagePath() {
    const absl::StatusOr<Answer> answer = QueryProcess(known_.get(), kImageFileName, kTextBytes, kTextBytes);
    if (!answer.ok()) return L"";
    return around_.paths.PathOfDevice(TextAt(*answer, 0).value_or(L""));
  }

  // What its file is called now, where that is known.
  std::wstring CurrentImagePath() {
    std::wstring path(kTextBytes / sizeof(wchar_t), L'\0');
    auto size = static_cast<DWORD>(path.size());
    path.resize(::QueryFullProcessImageNameW(known_.get(), 0, path.data(), &size) ? size : 0);
    return path;
  }

  void AddExecutable() {
    std::wstring path = ImagePath();
    // Minimal processes ("Registry", "MemCompression") have a name there and no file.
    if (path.find(L'\\') == std::wstring::npos) {
      process_.set_kernel_thread(process_.kernel_thread() || peb_ == 0);
      Miss("executable", MakeFailure(v1::CAUSE_NOT_FOUND, "it runs no program"));
      return;
    }
    const ProgramFile* file = &around_.files.Look(path);
    if (absl::IsNotFound(file->status)) {
      // It may have been given another name.
      const std::wstring now = CurrentImagePath();
      const ProgramFile* const renamed = now.empty() || now == path ? nullptr : &around_.files.Look(now);
      if (renamed != nullptr && renamed->status.ok()) {
        file = renamed;
        path = now;
      }
    }
    v1::Executable& executable = *process_.mutable_executable();
    executable.set_path(WideText(path));
    executable.set_deleted(absl::IsNotFound(file->status));
    executable.set_device(file->metadata.device());
    executable.set_inode(file->metadata.inode());
    executable.set_size_bytes(file->metadata.size_bytes());
    if (file->metadata.modified_unix_ns() != 0) {
      *executable.mutable_modified() = TimestampOf(file->metadata.modified_unix_ns());
    }
    executable.set_sha256(file->sha256);
    if (!file->status.ok()) {
      Miss("executable", FailureOfProgram(file->status));
      return;
    }
    *executable.mutable_signature() = file->signature;
    CompareWithMemory(*file);
  }

  void CompareWithMemory(const ProgramFile& file) {
    if (!readable_.valid() || peb_ == 0) return;
    const MemoryReader read = ReaderOf(readable_.get());
    const absl::StatusOr<std::string> base = read(peb_ + kImageBaseInPeb, sizeof(uint64_t));
    if (!base.ok()) return;
    const absl::StatusOr<std::string> head = read(FieldAt<uint64_t>(*base, 0), kPageBytes);
    if (head.ok() && SameImageHeaders(*head, file.head)) return;
    Miss("executable",
         MakeFailure(v1::CAUSE_CHANGED_WHILE_READ,
                     "what runs has other headers than the file at its path: the file was replaced since, or what runs "
                     "was; hash and signature are the file's"));
  }

  void AddHandles() {
    if (around_.handles == nullptr) return;
    const WindowsHandle process = OpenFor(PROCESS_DUP_HANDLE);
    if (!process.valid()) Miss("handles' names", Win32Status(::GetLastError(), "Opening it to look at its handles"));
    ProcessHandles::Described described =
        around_.handles->Describe(listed_.pid, process.valid() ? process.get() : nullptr);
    for (v1::Descriptor& one : described.descriptors) *process_.add_descriptors() = std::move(one);
    const auto told = static_cast<uint64_t>(process_.descriptors_size());
    if (told < described.handles) {
      Miss("handles",
           MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("it has ", described.handles, "; ", told, " are described")));
    }
    if (described.unnamed == 0) return;
    v1::Failure failure = FailureOf(described.first_unnamed, v1::CAUSE_VANISHED);
    failure.set_detail(Concat("what ", described.unnamed, " of its handles lead to; the first: ", failure.detail()));
    Miss("handles' names", std::move(failure));
  }

  const RunningProcess& listed_;
  ProcessSurroundings& around_;
  v1::ProcessState process_;
  WindowsHandle known_;     // it may be asked little
  WindowsHandle readable_;  // all, its memory too
  uint64_t peb_ = 0;
  uint64_t peb32_ = 0;
};

}  // namespace

v1::ProcessState DescribeRunningProcess(const RunningProcess& listed, ProcessSurroundings& around) {
  return Description(listed, around).Make();
}

NextRecord WindowsProcessRecords(const StateContext& context) {
  ClaimRight(SE_DEBUG_NAME);
  absl::StatusOr<std::vector<RunningProcess>> listed = ListRunningProcesses();
  if (!listed.ok()) return RecordsOf({MissingRecord("processes", FailureOf(listed.status()))});
  auto around = std::make_shared<ProcessSurroundings>(context);
  absl::StatusOr<std::unique_ptr<ProcessHandles>> handles = ProcessHandles::Create(around->paths);
  auto first = std::make_shared<std::optional<v1::VolatileRecord>>();
  if (handles.ok()) {
    around->handles = *std::move(handles);
  } else {
    *first = MissingRecord("handles of all processes", FailureOf(handles.status()));
  }
  auto all = std::make_shared<const std::vector<RunningProcess>>(InFamilyOrder(*std::move(listed)));
  auto at = std::make_shared<size_t>(0);
  return [all, at, around, first, &context]() -> std::optional<v1::VolatileRecord> {
    if (first->has_value()) return std::exchange(*first, std::nullopt);
    if (*at == all->size()) return std::nullopt;
    if (!context.keep_on()) {
      const size_t left = all->size() - std::exchange(*at, all->size());
      return MissingRecord("processes", MakeFailure(v1::CAUSE_CANCELLED, Concat(left, " more were not described")));
    }
    v1::VolatileRecord record;
    *record.mutable_process() = DescribeRunningProcess((*all)[(*at)++], *around);
    return record;
  };
}

}  // namespace hozen
