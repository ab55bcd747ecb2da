#include "agent/volume/body_file.h"

#include "agent/volume/file_system.h"
#include "core/base/concat.h"
#include "core/evidence/body_line.h"

namespace hozen {
namespace {

constexpr size_t kModeTextBytes = 12;

struct Walk {
  std::string prefix;
  const std::function<void(std::string_view)>* on_line;
  BodyFileEnd end;
  std::string line;  // kept for its memory
};

void AppendName(std::string& line, const char* name) {
  if (name != nullptr) AppendListedName(name, line);
}

// Default attributes of NTFS bear names that say nothing ($I30 of a folder).
bool IsNamedStream(const TSK_FS_ATTR* attribute) {
  if (attribute == nullptr || attribute->name == nullptr) return false;
  if (attribute->type == TSK_FS_ATTR_TYPE_NTFS_FNAME) return false;
  return attribute->type != TSK_FS_ATTR_TYPE_NTFS_IDXROOT || std::string_view(attribute->name) != "$I30";
}

bool IsFileName(const TSK_FS_ATTR* attribute) {
  return attribute != nullptr && attribute->type == TSK_FS_ATTR_TYPE_NTFS_FNAME;
}

void AppendPath(const TSK_FS_FILE& file, const char* folder, const TSK_FS_ATTR* attribute, Walk& walk) {
  std::string& line = walk.line;
  line += walk.prefix;
  AppendName(line, folder);
  AppendName(line, file.name->name);
  if (IsNamedStream(attribute)) {
    line.push_back(':');
    AppendName(line, attribute->name);
  }
  if (IsFileName(attribute)) line += " ($FILE_NAME)";
  if (file.meta != nullptr && file.meta->type == TSK_FS_META_TYPE_LNK && file.meta->link != nullptr) {
    line += " -> ";
    AppendName(line, file.meta->link);
  }
  if ((file.name->flags & TSK_FS_NAME_FLAG_UNALLOC) != 0) {
    const bool used_again = file.meta != nullptr && (file.meta->flags & TSK_FS_META_FLAG_ALLOC) != 0;
    line += used_again ? " (deleted-realloc)" : " (deleted)";
  }
}

void AppendMode(const TSK_FS_FILE& file, std::string& line) {
  line += file.name->type < TSK_FS_NAME_TYPE_STR_MAX ? tsk_fs_name_type_str[file.name->type] : "-";
  line.push_back('/');
  if (file.meta == nullptr) {
    line += "----------";
    return;
  }
  char text[kModeTextBytes] = {};
  tsk_fs_meta_make_ls(file.meta, text, sizeof(text));
  line += text;
}

// The format has 32 bits for a time; access, modification, change, birth.
void AppendTimes(const TSK_FS_FILE& file, const TSK_FS_ATTR* attribute, std::string& line) {
  const auto append = [&line](time_t atime, time_t mtime, time_t ctime, time_t crtime) {
    line += Concat("|", static_cast<uint32_t>(atime), "|", static_cast<uint32_t>(mtime), "|",
                   static_cast<uint32_t>(ctime), "|", static_cast<uint32_t>(crtime));
  };
  if (file.meta == nullptr) {
    append(0, 0, 0, 0);
  } else if (IsFileName(attribute)) {
    const auto& times = file.meta->time2.ntfs;
    append(times.fn_atime, times.fn_mtime, times.fn_ctime, times.fn_crtime);
  } else {
    append(file.meta->atime, file.meta->mtime, file.meta->ctime, file.meta->crtime);
  }
}

void WriteLine(const TSK_FS_FILE& file, const char* folder, const TSK_FS_ATTR* attribute, Walk& walk) {
  std::string& line = walk.line;
  line.assign("0|");  // no MD5
  AppendPath(file, folder, attribute, walk);
  line += Concat("|", file.name->meta_addr);
  if (attribute != nullptr) line += Concat("-", static_cast<uint32_t>(attribute->type), "-", attribute->id);
  line.push_back('|');
  AppendMode(file, line);
  if (file.meta == nullptr) {
    line += "|0|0|0";
  } else {
    const int64_t size_bytes = attribute != nullptr ? attribute->size : file.meta->size;
    line +=
        Concat("|", static_cast<uint32_t>(file.meta->uid), "|", static_cast<uint32_t>(file.meta->gid), "|", size_bytes);
  }
  AppendTimes(file, attribute, line);
  line.push_back('\n');
  ++walk.end.entries;
  (*walk.on_line)(line);
}

// NTFS files have several streams, each of them a line, and the times of their $FILE_NAME another.
bool IsLine(const TSK_FS_FILE& file, const TSK_FS_ATTR& attribute) {
  const std::string_view name = file.name->name;
  switch (attribute.type) {
    case TSK_FS_ATTR_TYPE_NTFS_DATA:
      return file.meta->type != TSK_FS_META_TYPE_DIR || !(name.size() == 2 && name.front() == '.');
    case TSK_FS_ATTR_TYPE_NTFS_IDXROOT:
      return !TSK_FS_ISDOT(file.name->name);
    case TSK_FS_ATTR_TYPE_NTFS_FNAME:
      return attribute.id == file.meta->time2.ntfs.fn_id && !TSK_FS_ISDOT(file.name->name);
    default:
      return false;
  }
}

void WriteStreams(TSK_FS_FILE& file, const char* folder, Walk& walk) {
  bool has_stream = false;
  const int count = tsk_fs_file_attr_getsize(&file);
  for (int i = 0; i < count; ++i) {
    const TSK_FS_ATTR* attribute = tsk_fs_file_attr_get_idx(&file, i);
    if (attribute == nullptr) continue;
    if (attribute->type == TSK_FS_ATTR_TYPE_NTFS_DATA || attribute->type == TSK_FS_ATTR_TYPE_NTFS_IDXROOT) {
      has_stream = true;
    }
    if (IsLine(file, *attribute)) WriteLine(file, folder, attribute, walk);
  }
  if (!has_stream) WriteLine(file, folder, nullptr, walk);
}

// A name without metadata leads to a record that cannot be read, or to one that is not this file's any more. The line
// says as much of the second as there is; only the first is a failure of ours.
bool IsUnreadable(const TSK_FS_FILE& file) {
  if (file.meta != nullptr || (file.name->flags & TSK_FS_NAME_FLAG_ALLOC) == 0) return false;
  TSK_FS_FILE* const record = tsk_fs_file_open_meta(file.fs_info, nullptr, file.name->meta_addr);
  const bool can_be_read = record != nullptr && record->meta != nullptr;
  if (record != nullptr) tsk_fs_file_close(record);
  return !can_be_read;
}

TSK_WALK_RET_ENUM Visit(TSK_FS_FILE* file, const char* folder, void* context) {
  Walk& walk = *static_cast<Walk*>(context);
  if (file->name == nullptr || file->name->name == nullptr) return TSK_WALK_CONT;
  if (IsUnreadable(*file)) ++walk.end.errors;
  if (file->meta != nullptr && TSK_FS_TYPE_ISNTFS(file->fs_info->ftype)) {
    WriteStreams(*file, folder, walk);
  } else if (!TSK_FS_ISDOT(file->name->name)) {
    WriteLine(*file, folder, nullptr, walk);
  }
  return TSK_WALK_CONT;
}

}  // namespace

absl::StatusOr<BodyFileEnd> WriteBodyFile(DiskImage& disk, uint64_t offset_bytes, std::string_view mount_point,
                                          const std::function<void(std::string_view)>& on_line) {
  const absl::StatusOr<FileSystem> opened = OpenFileSystem(disk, offset_bytes);
  if (!opened.ok()) return opened.status();
  TSK_FS_INFO& system = **opened;
  Walk walk = {.prefix = std::string(mount_point), .on_line = &on_line, .end = {}, .line = ""};
  if (!walk.prefix.empty() && walk.prefix.back() != '/') walk.prefix.push_back('/');
  constexpr int kFlags = TSK_FS_DIR_WALK_FLAG_RECURSE | TSK_FS_DIR_WALK_FLAG_ALLOC | TSK_FS_DIR_WALK_FLAG_UNALLOC;
  if (tsk_fs_dir_walk(&system, system.root_inum, static_cast<TSK_FS_DIR_WALK_FLAG_ENUM>(kFlags), &Visit, &walk) != 0) {
    return absl::DataLossError(Concat("After ", walk.end.entries, " entries: ", LastLibtskError()));
  }
  return walk.end;
}

}  // namespace hozen
