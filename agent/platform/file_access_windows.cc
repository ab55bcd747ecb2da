#include <fcntl.h>
#include <windows.h>
// After windows.h.
#include <winioctl.h>
#include <winternl.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/platform/file_access.h"
#include "agent/platform/rights_windows.h"
#include "core/base/concat.h"
#include "core/base/device_root.h"
#include "core/base/path_text.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"
#include "core/base/windows_text.h"
#include "core/evidence/file_mode.h"

namespace hozen {
namespace {

constexpr size_t kFolderBufferBytes = 64 << 10;
constexpr ULONG kStreamBufferBytes = 4 << 10;
constexpr ULONG kMostStreamBytes = 1 << 20;
constexpr NTSTATUS kBufferOverflow = static_cast<NTSTATUS>(0x80000005);
constexpr NTSTATUS kOplockBreakInProgress = 0x108;  // STATUS_OPLOCK_BREAK_IN_PROGRESS: it is open, and calls would wait
constexpr int kOplockTries = 10;
constexpr absl::Duration kOplockPause = absl::Milliseconds(100);
constexpr ULONG kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
// Files whose bytes are elsewhere and would be fetched when they are read: that would change the host.
constexpr DWORD kElsewhere = FILE_ATTRIBUTE_OFFLINE | 0x00040000 /* RECALL_ON_OPEN */ | 0x00400000 /* ON_DATA_ACCESS */;
constexpr int64_t kUnixEpoch = 116'444'736'000'000'000;  // in 100 ns since 1601
constexpr uint64_t kRecordNumberMask = (uint64_t{1} << 48) - 1;
constexpr unsigned kReadable = 0555;
constexpr unsigned kWritable = 0777;

// ntifs.h has it, which mingw-w64's headers for programs do not.
struct ReparseData {
  ULONG tag;
  USHORT data_size;
  USHORT reserved;
  USHORT substitute_offset;
  USHORT substitute_size;
  USHORT print_offset;
  USHORT print_size;
};

int64_t UnixNs(const LARGE_INTEGER& time) { return time.QuadPart == 0 ? 0 : (time.QuadPart - kUnixEpoch) * 100; }

bool IsNtfs(HANDLE handle) {
  wchar_t name[MAX_PATH + 1] = {};
  return ::GetVolumeInformationByHandleW(handle, nullptr, 0, nullptr, nullptr, nullptr, name, MAX_PATH) != 0 &&
         std::wcscmp(name, L"NTFS") == 0;
}

uint32_t ModeOf(DWORD attributes, DWORD tag) {
  const uint32_t permissions = (attributes & FILE_ATTRIBUTE_READONLY) != 0 ? kReadable : kWritable;
  if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 && IsReparseTagNameSurrogate(tag)) {
    return kModeSymbolicLink | permissions;
  }
  if ((attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) return kModeFolder | permissions;
  // Neither is a file whose bytes can be had here.
  if ((attributes & (kElsewhere | FILE_ATTRIBUTE_DEVICE)) != 0) return kModeCharacterDevice | permissions;
  return kModeRegular | permissions;
}

struct Facts {
  v1::FileMetadata metadata;
  DWORD attributes = 0;
  DWORD reparse_tag = 0;
};

absl::StatusOr<Facts> FactsOf(HANDLE handle, const std::string& name) {
  BY_HANDLE_FILE_INFORMATION found = {};
  FILE_BASIC_INFO basic = {};
  FILE_STANDARD_INFO standard = {};
  if (!::GetFileInformationByHandle(handle, &found) ||
      !::GetFileInformationByHandleEx(handle, FileBasicInfo, &basic, sizeof(basic)) ||
      !::GetFileInformationByHandleEx(handle, FileStandardInfo, &standard, sizeof(standard))) {
    return Win32Status(::GetLastError(), Printable(name));
  }
  Facts facts;
  facts.attributes = found.dwFileAttributes;
  FILE_ATTRIBUTE_TAG_INFO tag = {};
  if ((facts.attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 &&
      ::GetFileInformationByHandleEx(handle, FileAttributeTagInfo, &tag, sizeof(tag))) {
    facts.reparse_tag = tag.ReparseTag;
  }
  v1::FileMetadata& metadata = facts.metadata;
  metadata.set_mode(ModeOf(facts.attributes, facts.reparse_tag));
  metadata.set_links(standard.NumberOfLinks);
  const uint64_t index = uint64_t{found.nFileIndexHigh} << 32 | found.nFileIndexLow;
  if (IsNtfs(handle)) {
    // As libtsk numbers them: the record, and how often it was used.
    metadata.set_inode(index & kRecordNumberMask);
    metadata.set_sequence(static_cast<uint32_t>(index >> 48));
  } else {
    metadata.set_inode(index);
  }
  metadata.set_device(found.dwVolumeSerialNumber);
  metadata.set_size_bytes(static_cast<uint64_t>(standard.EndOfFile.QuadPart));
  metadata.set_allocated_bytes(static_cast<uint64_t>(standard.AllocationSize.QuadPart));
  metadata.set_modified_unix_ns(UnixNs(basic.LastWriteTime));
  metadata.set_accessed_unix_ns(UnixNs(basic.LastAccessTime));
  metadata.set_changed_unix_ns(UnixNs(basic.ChangeTime));
  metadata.set_born_unix_ns(UnixNs(basic.CreationTime));
  return facts;
}

bool IsOneName(std::wstring_view name) {
  return !name.empty() && name != L"." && name != L".." && name.find_first_of(L"\\/:") == std::wstring_view::npos &&
         name.size() <= 0x1FFF;
}

// A name of one part, opened below a folder that is open, so that nobody can swap the folder under our feet: what only
// the system's own call can do. The name is taken as it is, a trailing dot or "NUL" included. Where `stream` is not
// empty, that one of the name's. Whoever has it to himself by an oplock is asked to give it up and has a second for it;
// he need not, and must not keep us for ever.
absl::StatusOr<WindowsHandle> OpenBelow(HANDLE folder, const std::string& name, ACCESS_MASK access, ULONG options,
                                        const std::string& stream = "") {
  std::wstring wide = WideOfWtf8(name);
  const std::wstring wide_stream = WideOfWtf8(stream);
  if (!IsOneName(wide) || (!stream.empty() && !IsOneName(wide_stream))) return ErrnoStatus(ENOENT, Printable(name));
  if (!stream.empty()) wide += L':' + wide_stream;
  UNICODE_STRING text = {};
  text.Buffer = wide.data();
  text.Length = text.MaximumLength = static_cast<USHORT>(wide.size() * sizeof(wchar_t));
  OBJECT_ATTRIBUTES attributes = {};
  InitializeObjectAttributes(&attributes, &text, OBJ_CASE_INSENSITIVE, folder, nullptr);
  options |= FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT | FILE_COMPLETE_IF_OPLOCKED;
  for (int tries = 0; tries < kOplockTries; ++tries) {
    IO_STATUS_BLOCK block = {};
    HANDLE opened = nullptr;
    const NTSTATUS status = ::NtCreateFile(&opened, access | SYNCHRONIZE, &attributes, &block, nullptr, 0, kShareAll,
                                           FILE_OPEN, options, nullptr, 0);
    if (status < 0) return Win32Status(::RtlNtStatusToDosError(status), Printable(name));
    WindowsHandle handle(opened);
    if (status != kOplockBreakInProgress) return handle;
    absl::SleepFor(kOplockPause);
  }
  return ErrnoStatus(EBUSY, Printable(name));
}

// Asks that what is read through this handle leaves no new access time.
bool KeepAccessTime(HANDLE handle) {
  FILE_BASIC_INFO kept = {};
  kept.LastAccessTime.QuadPart = -1;
  return ::SetFileInformationByHandle(handle, FileBasicInfo, &kept, sizeof(kept)) != 0;
}

absl::StatusOr<OpenedFile> Finish(WindowsHandle handle, bool access_time_kept, const std::string& name,
                                  FileType wanted) {
  OpenedFile file;
  file.access_time_kept = access_time_kept;
  HOZEN_ASSIGN_OR_RETURN(Facts facts, FactsOf(handle.get(), name));
  const FileType type = FileTypeOf(facts.metadata);
  if (type != wanted) {
    const int error = type == FileType::kSymbolicLink ? ELOOP : wanted == FileType::kFolder ? ENOTDIR : 0;
    const absl::Status like = ErrnoStatus(error, Printable(name));
    absl::Status changed(absl::StatusCode::kFailedPrecondition,
                         error == 0 ? Concat(Printable(name), ": it is not a regular file") : like.message());
    if (error != 0) {
      like.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { changed.SetPayload(url, payload); });
    }
    return changed;
  }
  file.metadata = std::move(facts.metadata);
  HOZEN_ASSIGN_OR_RETURN(file.fd, FdOf(std::move(handle)));
  return file;
}

// Whoever may not write attributes still may read.
absl::StatusOr<OpenedFile> OpenToRead(HANDLE folder, const std::string& name, ULONG options, FileType wanted,
                                      const std::string& stream = "") {
  constexpr ACCESS_MASK kRead = FILE_READ_DATA | FILE_READ_ATTRIBUTES;
  absl::StatusOr<WindowsHandle> handle = OpenBelow(folder, name, kRead | FILE_WRITE_ATTRIBUTES, options, stream);
  const bool kept = handle.ok() && KeepAccessTime(handle->get());
  if (!handle.ok() && (absl::IsPermissionDenied(handle.status()) || SystemErrorOf(handle.status()) == EROFS)) {
    handle = OpenBelow(folder, name, kRead, options, stream);
  }
  if (!handle.ok()) return handle.status();
  return Finish(*std::move(handle), kept, name, wanted);
}

// The streams of what is open, beside its contents; none where the file system has no such thing and says so in one of
// its ways (https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntqueryinformationfile).
absl::StatusOr<std::vector<NamedStream>> StreamsOf(HANDLE handle) {
  std::vector<char> bytes(kStreamBufferBytes);
  while (true) {
    IO_STATUS_BLOCK block = {};
    const NTSTATUS status =
        ::NtQueryInformationFile(handle, &block, bytes.data(), static_cast<ULONG>(bytes.size()), FileStreamInformation);
    if (status == kBufferOverflow && bytes.size() < kMostStreamBytes) {
      bytes.resize(bytes.size() * 4);
      continue;
    }
    // What came is a list without its end.
    if (status == kBufferOverflow) return absl::ResourceExhaustedError("it has more streams than are looked at");
    if (status < 0) {
      switch (const DWORD error = ::RtlNtStatusToDosError(status); error) {
        case ERROR_INVALID_PARAMETER:
        case ERROR_INVALID_FUNCTION:
        case ERROR_NOT_SUPPORTED:
        case ERROR_CALL_NOT_IMPLEMENTED:
        case ERROR_HANDLE_EOF:
          return std::vector<NamedStream>();
        default:
          return Win32Status(error, "Listing its streams");
      }
    }
    return ParseStreamInformation({bytes.data(), std::min<size_t>(block.Information, bytes.size())});
  }
}

// The name as its folder has it, of what was opened by one in which case may differ.
absl::StatusOr<std::string> NameOf(HANDLE handle, const std::string& name) {
  std::wstring path(32'768, L'\0');
  const DWORD size =
      ::GetFinalPathNameByHandleW(handle, path.data(), static_cast<DWORD>(path.size()), VOLUME_NAME_NONE);
  if (size == 0 || size >= path.size()) return Win32Status(::GetLastError(), Printable(name));
  path.resize(size);
  return Wtf8OfWide(std::wstring_view(path).substr(path.rfind(L'\\') + 1));
}

// What is at a name; a link is not followed, and nothing of a file's bytes is touched.
absl::StatusOr<Facts> Look(HANDLE folder, const std::string& name) {
  HOZEN_ASSIGN_OR_RETURN(const WindowsHandle handle,
                         OpenBelow(folder, name, FILE_READ_ATTRIBUTES, FILE_OPEN_REPARSE_POINT));
  return FactsOf(handle.get(), name);
}

}  // namespace

FileType FileTypeOf(const v1::FileMetadata& metadata) {
  switch (metadata.mode() & kModeTypeMask) {
    case kModeRegular:
      return FileType::kRegular;
    case kModeFolder:
      return FileType::kFolder;
    case kModeSymbolicLink:
      return FileType::kSymbolicLink;
    default:
      return FileType::kOther;
  }
}

absl::StatusOr<OpenedFile> OpenRootFolder(const std::string& root) {
  ClaimBackupRight();
  // "C:" alone would be whatever folder is current there, and a device alone is no folder.
  const bool is_device = !root.empty() && DeviceRootSize(root) == root.size();
  const std::string whole = is_device || (!root.empty() && root.back() == ':') ? Concat(root, "\\") : root;
  WindowsHandle handle(::CreateFileW(ExtendedPath(PathOf(whole)).c_str(), FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES,
                                     kShareAll, nullptr, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr));
  if (!handle.valid()) return Win32Status(::GetLastError(), Printable(root));
  return Finish(std::move(handle), /*access_time_kept=*/false, root, FileType::kFolder);
}

absl::StatusOr<v1::FileMetadata> StatEntry(int folder, const std::string& name) {
  HOZEN_ASSIGN_OR_RETURN(Facts facts, Look(HandleOf(folder), name));
  return std::move(facts.metadata);
}

absl::StatusOr<DescribedEntry> DescribeEntry(int folder, const std::string& name) {
  HOZEN_ASSIGN_OR_RETURN(const WindowsHandle handle,
                         OpenBelow(HandleOf(folder), name, FILE_READ_ATTRIBUTES, FILE_OPEN_REPARSE_POINT));
  HOZEN_ASSIGN_OR_RETURN(Facts facts, FactsOf(handle.get(), name));
  DescribedEntry entry;
  HOZEN_ASSIGN_OR_RETURN(entry.name, NameOf(handle.get(), name));
  entry.metadata = std::move(facts.metadata);
  const FileType type = FileTypeOf(entry.metadata);
  if (type != FileType::kRegular && type != FileType::kFolder) return entry;
  absl::StatusOr<std::vector<NamedStream>> streams = StreamsOf(handle.get());
  if (streams.ok()) {
    entry.streams = *std::move(streams);
  } else {
    entry.problem = Printable(StdView(streams.status().message()));
  }
  return entry;
}

absl::StatusOr<std::string> ReadLinkTarget(int folder, const std::string& name) {
  HOZEN_ASSIGN_OR_RETURN(const WindowsHandle handle,
                         OpenBelow(HandleOf(folder), name, FILE_READ_ATTRIBUTES, FILE_OPEN_REPARSE_POINT));
  std::vector<char> bytes(MAXIMUM_REPARSE_DATA_BUFFER_SIZE);
  DWORD size = 0;
  if (!::DeviceIoControl(handle.get(), FSCTL_GET_REPARSE_POINT, nullptr, 0, bytes.data(),
                         static_cast<DWORD>(bytes.size()), &size, nullptr)) {
    return Win32Status(::GetLastError(), Concat("Reading the link ", Printable(name)));
  }
  ReparseData data = {};
  // A symbolic link has its flags between the header and the names.
  size_t names_at = sizeof(data);
  if (size >= sizeof(data)) std::memcpy(&data, bytes.data(), sizeof(data));
  if (data.tag == IO_REPARSE_TAG_SYMLINK) names_at += sizeof(ULONG);
  const bool known = data.tag == IO_REPARSE_TAG_SYMLINK || data.tag == IO_REPARSE_TAG_MOUNT_POINT;
  if (!known) return absl::UnimplementedError(Concat(Printable(name), ": a reparse point of another kind"));
  if (names_at + data.substitute_offset + data.substitute_size > size) {
    return absl::DataLossError(Concat("Reading the link ", Printable(name), ": it is damaged"));
  }
  std::wstring target(data.substitute_size / sizeof(wchar_t), L'\0');
  std::memcpy(target.data(), bytes.data() + names_at + data.substitute_offset, target.size() * sizeof(wchar_t));
  return Wtf8OfWide(target);
}

absl::StatusOr<OpenedFile> OpenRegularFile(int folder, const std::string& name) {
  // Looked at first, because opening what is no file may have effects, and because one reparse point is a link that
  // must not be followed and another a way to store a file's bytes, which only the system knows how to read.
  HOZEN_ASSIGN_OR_RETURN(const Facts facts, Look(HandleOf(folder), name));
  if (FileTypeOf(facts.metadata) != FileType::kRegular) {
    return absl::FailedPreconditionError(Concat(Printable(name), ": it is not a regular file"));
  }
  const bool stored_otherwise = (facts.attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
  return OpenToRead(HandleOf(folder), name,
                    FILE_NON_DIRECTORY_FILE | FILE_SEQUENTIAL_ONLY | (stored_otherwise ? 0 : FILE_OPEN_REPARSE_POINT),
                    FileType::kRegular);
}

absl::StatusOr<OpenedFile> OpenNamedStream(int folder, const std::string& name, const std::string& stream) {
  // Looked at first, as above. A stream's handle says of the whole file what kind of thing it is.
  HOZEN_ASSIGN_OR_RETURN(const Facts facts, Look(HandleOf(folder), name));
  const FileType type = FileTypeOf(facts.metadata);
  if (stream.empty() || (type != FileType::kRegular && type != FileType::kFolder)) {
    return absl::FailedPreconditionError(Concat(Printable(name), ": it is neither a file nor a folder with streams"));
  }
  return OpenToRead(HandleOf(folder), name, FILE_SEQUENTIAL_ONLY | FILE_OPEN_REPARSE_POINT, type, stream);
}

absl::StatusOr<OpenedFile> OpenFolder(int folder, const std::string& name) {
  absl::StatusOr<OpenedFile> opened = OpenToRead(HandleOf(folder), name, FILE_OPEN_REPARSE_POINT, FileType::kFolder);
  if (opened.ok() || SystemErrorOf(opened.status()) != ENOTDIR) return opened;
  // The contract promises one code for "it is not what it was".
  absl::Status changed(absl::StatusCode::kFailedPrecondition, opened.status().message());
  opened.status().ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { changed.SetPayload(url, payload); });
  return changed;
}

absl::StatusOr<OpenedFile> OpenThroughKernelLink(const std::string& path) {
  return absl::UnimplementedError(Concat(Printable(path), ": Windows has no such links"));
}

FolderReader::FolderReader(int folder) : folder_(folder), buffer_(new char[kFolderBufferBytes]) {}

FolderReader::~FolderReader() = default;

absl::StatusOr<std::vector<FolderEntry>> FolderReader::Next() {
  std::vector<FolderEntry> entries;
  while (entries.empty()) {
    const FILE_INFO_BY_HANDLE_CLASS wanted = rewound_ ? FileIdBothDirectoryInfo : FileIdBothDirectoryRestartInfo;
    if (!::GetFileInformationByHandleEx(HandleOf(folder_), wanted, buffer_.get(), kFolderBufferBytes)) {
      const DWORD error = ::GetLastError();
      if (error == ERROR_NO_MORE_FILES || (!rewound_ && error == ERROR_FILE_NOT_FOUND)) break;
      return Win32Status(error, "Listing a folder");
    }
    rewound_ = true;
    for (const char* at = buffer_.get();;) {
      const auto* raw = reinterpret_cast<const FILE_ID_BOTH_DIR_INFO*>(at);
      const std::wstring_view name(raw->FileName, raw->FileNameLength / sizeof(wchar_t));
      if (name != L"." && name != L"..") {
        FolderEntry& entry = entries.emplace_back();
        entry.name = Wtf8OfWide(name);
        // What a reparse point is can only be seen by looking at it.
        if ((raw->FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0) {
          v1::FileMetadata metadata;
          metadata.set_mode(ModeOf(raw->FileAttributes, 0));
          entry.type = FileTypeOf(metadata);
        }
      }
      if (raw->NextEntryOffset == 0) break;
      at += raw->NextEntryOffset;
    }
  }
  return entries;
}

}  // namespace hozen
