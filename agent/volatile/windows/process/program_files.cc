#include "agent/volatile/windows/process/program_files.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/types/span.h"
#include "agent/acquire/failure.h"
#include "agent/platform/descriptor.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/base/windows_handle.h"
#include "core/base/windows_text.h"
#include "core/crypto/sha256.h"

namespace hozen {
namespace {

constexpr uint64_t kMostHashedBytes = uint64_t{1} << 30;
constexpr size_t kPieceBytes = 1 << 20;
constexpr size_t kHeadBytes = 4096;
constexpr std::string_view kGlobalRoot = R"(\\?\GLOBALROOT\Device\)";

// How much of a path is what stands for a volume: "C:", "\\?\GLOBALROOT\Device\HarddiskVolume3\". 0: it has none.
size_t RootSize(std::string_view path) {
  if (path.size() > 3 && path[1] == ':' && path[2] == '\\') return 2;
  if (path.substr(0, kGlobalRoot.size()) != kGlobalRoot) return 0;
  const size_t end = path.find('\\', kGlobalRoot.size());
  return end == std::string_view::npos ? 0 : end + 1;
}

absl::StatusOr<OpenedFile> OpenBelowRoot(const std::string& path, size_t root_size) {
  HOZEN_ASSIGN_OR_RETURN(OpenedFile folder, OpenRootFolder(path.substr(0, root_size)));
  for (size_t at = root_size;;) {
    while (at < path.size() && path[at] == '\\') ++at;
    const size_t end = path.find('\\', at);
    if (end == std::string::npos) return OpenRegularFile(folder.fd.get(), path.substr(at));
    HOZEN_ASSIGN_OR_RETURN(folder, OpenFolder(folder.fd.get(), path.substr(at, end - at)));
    at = end + 1;
  }
}

}  // namespace

ProgramFiles::ProgramFiles(const StateContext& context) : context_(context) {
  absl::StatusOr<MountTable> mounts = MountTable::Read();
  if (mounts.ok()) mounts_ = *std::move(mounts);
}

const ProgramFile& ProgramFiles::Look(const std::wstring& path) {
  const auto [found, is_new] = files_.try_emplace(path);
  ProgramFile& file = found->second;
  if (!is_new) return file;
  const absl::StatusOr<OpenedFile> opened = Open(Wtf8OfWide(path));
  file.status = opened.status();
  if (opened.ok()) {
    file.metadata = opened->metadata;
    file.status = Read(*opened, path, file);
  }
  return file;
}

absl::StatusOr<OpenedFile> ProgramFiles::Open(const std::string& path) const {
  if (!context_.keep_on()) return absl::CancelledError("the acquisition ended before it was read");
  if (const std::optional<v1::Failure> refused = context_.refused(path); refused.has_value()) {
    return StatusOf(*refused);
  }
  const size_t root_size = RootSize(path);
  const Mount* const mount = mounts_.Of(path);
  const bool on_a_share = path.size() > 2 && path[0] == '\\' && path[1] == '\\' && path[2] != '?' && path[2] != '.';
  if (on_a_share || (mount != nullptr && mount->kind == MountKind::kRemote)) {
    return absl::UnimplementedError("it lies on another machine, which may not answer; it was not read");
  }
  if (root_size == 0) return absl::NotFoundError(Concat(Printable(path), ": it is no path of a file"));
  return OpenBelowRoot(path, root_size);
}

absl::Status ProgramFiles::Read(const OpenedFile& opened, const std::wstring& path, ProgramFile& file) const {
  const uint64_t size_bytes = opened.metadata.size_bytes();
  if (size_bytes > kMostHashedBytes) {
    return absl::ResourceExhaustedError(
        Concat("it has ", size_bytes, " bytes; only ", kMostHashedBytes, " are hashed here"));
  }
  Sha256 sha256;
  std::string buffer(std::min<uint64_t>(kPieceBytes, std::max<uint64_t>(size_bytes, kHeadBytes)), '\0');
  for (uint64_t at = 0; at <= kMostHashedBytes;) {
    HOZEN_ASSIGN_OR_RETURN(const size_t size,
                           ReadDescriptor(opened.fd.get(), at, absl::MakeSpan(buffer.data(), buffer.size())));
    if (size == 0) break;
    if (at == 0) file.head = buffer.substr(0, std::min(size, kHeadBytes));
    sha256.Update(std::string_view(buffer).substr(0, size));
    at += size;
  }
  file.sha256 = sha256.Finish().ToHex();
  file.signature = signatures_.Verify(HandleOf(opened.fd.get()), path);
  return absl::OkStatus();
}

v1::Failure FailureOfProgram(const absl::Status& status) {
  if (absl::IsCancelled(status)) return MakeFailure(v1::CAUSE_CANCELLED, StdView(status.message()));
  if (absl::IsResourceExhausted(status)) return MakeFailure(v1::CAUSE_LIMIT_FILE_BYTES, StdView(status.message()));
  if (absl::IsUnimplemented(status)) return MakeFailure(v1::CAUSE_REMOTE_FILE_SYSTEM, StdView(status.message()));
  return FailureOf(status);
}

}  // namespace hozen
