#include "agent/volatile/windows/process/driver_state.h"

#include <windows.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/platform/rights_windows.h"
#include "agent/volatile/binary_fields.h"
#include "agent/volatile/windows/device_paths.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/kernel_answers.h"
#include "agent/volatile/windows/process/program_files.h"
#include "core/base/concat.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr int kSystemModuleInformation = 11;
constexpr size_t kMostAnswerBytes = 16 << 20;

// RTL_PROCESS_MODULES and RTL_PROCESS_MODULE_INFORMATION.
constexpr size_t kCountAt = 0;
constexpr size_t kEntriesAt = 8;
constexpr size_t kEntryBytes = 296;
constexpr size_t kAddressAt = 16;
constexpr size_t kSizeAt = 24;
constexpr size_t kReferencesAt = 36;
constexpr size_t kPathAt = 40;

std::wstring WideOfSystemText(const std::string& text) {
  std::wstring wide(text.size(), L'\0');
  const int size = ::MultiByteToWideChar(CP_ACP, 0, text.data(), static_cast<int>(text.size()), wide.data(),
                                         static_cast<int>(wide.size()));
  wide.resize(static_cast<size_t>(std::max(size, 0)));
  return wide;
}

// Where the driver's file is. "\Windows\x" lies on the system's volume; a bare name was made by the kernel itself for a
// memory dump (dump_stornvme.sys) and has no file.
std::wstring FileOf(const std::wstring& kernels_path, const DevicePaths& paths) {
  const std::wstring path = paths.PathOfDevice(kernels_path);
  if (path.size() < 2 || path[0] != L'\\' || path[1] == L'\\') return path;
  return paths.PathOfDevice(L"\\SystemRoot\\").substr(0, 2) + path;
}

struct Drivers {
  explicit Drivers(const StateContext& context) : paths(DevicePaths::Read()), files(context) {}

  const DevicePaths paths;
  ProgramFiles files;
  std::vector<LoadedDriver> all;
  size_t next = 0;
  std::optional<v1::VolatileRecord> missing;  // of the one before

  v1::VolatileRecord Describe(const LoadedDriver& driver) {
    const std::wstring path = FileOf(WideOfSystemText(driver.path), paths);
    v1::VolatileRecord record;
    v1::KernelModule& module = *record.mutable_kernel_module();
    module.set_name(WideText(std::wstring_view(path).substr(path.rfind(L'\\') + 1)));
    module.set_path(WideText(path));
    module.set_size_bytes(driver.size_bytes);
    module.set_references(static_cast<int32_t>(driver.references));
    if (driver.address != 0) module.set_address(Concat(absl::Hex(driver.address)));
    const ProgramFile& file = files.Look(path);
    if (file.status.ok()) {
      module.set_sha256(file.sha256);
      *module.mutable_signature() = file.signature;
    } else {
      missing = MissingRecord(Concat("the driver ", Wtf8OfWide(path)), FailureOfProgram(file.status));
    }
    return record;
  }
};

}  // namespace

std::vector<LoadedDriver> ParseModuleInformation(std::string_view bytes) {
  const uint64_t told = FieldAt<uint32_t>(bytes, kCountAt);
  const uint64_t there = bytes.size() < kEntriesAt ? 0 : (bytes.size() - kEntriesAt) / kEntryBytes;
  std::vector<LoadedDriver> drivers;
  for (uint64_t i = 0; i < std::min(told, there); ++i) {
    const std::string_view one = bytes.substr(kEntriesAt + i * kEntryBytes, kEntryBytes);
    LoadedDriver& driver = drivers.emplace_back();
    driver.address = FieldAt<uint64_t>(one, kAddressAt);
    driver.size_bytes = FieldAt<uint32_t>(one, kSizeAt);
    driver.references = FieldAt<uint16_t>(one, kReferencesAt);
    const std::string_view path = one.substr(kPathAt);
    driver.path = path.substr(0, path.find('\0'));
  }
  return drivers;
}

NextRecord DriverRecords(const StateContext& context) {
  // Without it Windows 11 tells no addresses.
  ClaimRight(SE_DEBUG_NAME);
  const absl::StatusOr<Answer> answer = QuerySystem(kSystemModuleInformation, kMostAnswerBytes);
  if (!answer.ok()) return RecordsOf({MissingRecord("drivers", FailureOf(answer.status()))});
  auto drivers = std::make_shared<Drivers>(context);
  drivers->all = ParseModuleInformation(answer->bytes);
  return [drivers, &context]() -> std::optional<v1::VolatileRecord> {
    if (drivers->missing.has_value()) return std::exchange(drivers->missing, std::nullopt);
    if (drivers->next == drivers->all.size()) return std::nullopt;
    if (!context.keep_on()) {
      const size_t left = drivers->all.size() - std::exchange(drivers->next, drivers->all.size());
      return MissingRecord("drivers", MakeFailure(v1::CAUSE_CANCELLED, Concat(left, " more were not described")));
    }
    return drivers->Describe(drivers->all[drivers->next++]);
  };
}

}  // namespace hozen
