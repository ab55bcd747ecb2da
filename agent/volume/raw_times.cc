#include "agent/volume/raw_times.h"

#include <cstdint>
#include <limits>

namespace hozen {
namespace {

constexpr int64_t kNanosecondsInSecond = 1'000'000'000;
constexpr uint64_t kTicksUntil1970 = 116'444'736'000'000'000;  // of 100 ns, from 1601
constexpr int64_t kNanosecondsInTick = 100;

// Where they stand: https://flatcap.github.io/linux-ntfs/ntfs/attributes/standard_information.html and file_name.html.
constexpr size_t kStandardTimesAt = 0;
constexpr size_t kNameTimesAt = 8;
constexpr size_t kTimesBytes = 4 * 8;

class Times {
 public:
  int64_t FromUnix(int64_t seconds, uint64_t nanoseconds) {
    int64_t all = 0;
    if (__builtin_mul_overflow(seconds, kNanosecondsInSecond, &all) ||
        __builtin_add_overflow(all, static_cast<int64_t>(nanoseconds % kNanosecondsInSecond), &all)) {
      return Beyond(seconds < 0);
    }
    return all;
  }

  int64_t FromTicks(uint64_t ticks) {
    if (ticks == 0) return 0;
    const bool before = ticks < kTicksUntil1970;
    const uint64_t distance = before ? kTicksUntil1970 - ticks : ticks - kTicksUntil1970;
    if (distance > std::numeric_limits<int64_t>::max() / kNanosecondsInTick) return Beyond(before);
    const int64_t nanoseconds = static_cast<int64_t>(distance) * kNanosecondsInTick;
    return before ? -nanoseconds : nanoseconds;
  }

  bool all_told() const { return all_told_; }

 private:
  int64_t Beyond(bool before) {
    all_told_ = false;
    return before ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
  }

  bool all_told_ = true;
};

uint64_t TicksAt(const uint8_t* bytes) {
  uint64_t ticks = 0;
  for (int i = 7; i >= 0; --i) ticks = ticks << 8 | bytes[i];
  return ticks;
}

// The four times of a resident attribute: born, modified, changed, accessed. Null where it has none.
const uint8_t* TimesOf(const TSK_FS_META& meta, int type, int id, size_t at) {
  if (meta.attr == nullptr) return nullptr;
  for (const TSK_FS_ATTR* attribute = meta.attr->head; attribute != nullptr; attribute = attribute->next) {
    if ((attribute->flags & TSK_FS_ATTR_INUSE) == 0 || (attribute->flags & TSK_FS_ATTR_RES) == 0) continue;
    if (attribute->type != type || (id >= 0 && attribute->id != id)) continue;
    if (attribute->rd.buf == nullptr || attribute->size < static_cast<TSK_OFF_T>(at + kTimesBytes) ||
        attribute->rd.buf_size < at + kTimesBytes) {
      continue;
    }
    return attribute->rd.buf + at;
  }
  return nullptr;
}

void SetFromMeta(const TSK_FS_META& meta, Times& times, v1::FileMetadata& metadata) {
  metadata.set_modified_unix_ns(times.FromUnix(meta.mtime, meta.mtime_nano));
  metadata.set_accessed_unix_ns(times.FromUnix(meta.atime, meta.atime_nano));
  metadata.set_changed_unix_ns(times.FromUnix(meta.ctime, meta.ctime_nano));
  metadata.set_born_unix_ns(times.FromUnix(meta.crtime, meta.crtime_nano));
}

}  // namespace

bool SetTimes(const TSK_FS_FILE& file, v1::FileMetadata& metadata) {
  Times times;
  const TSK_FS_META& meta = *file.meta;
  if (!TSK_FS_TYPE_ISNTFS(file.fs_info->ftype)) {
    SetFromMeta(meta, times, metadata);
    return times.all_told();
  }
  if (const uint8_t* bytes = TimesOf(meta, TSK_FS_ATTR_TYPE_NTFS_SI, -1, kStandardTimesAt); bytes != nullptr) {
    metadata.set_born_unix_ns(times.FromTicks(TicksAt(bytes)));
    metadata.set_modified_unix_ns(times.FromTicks(TicksAt(bytes + 8)));
    metadata.set_changed_unix_ns(times.FromTicks(TicksAt(bytes + 16)));
    metadata.set_accessed_unix_ns(times.FromTicks(TicksAt(bytes + 24)));
  } else {
    SetFromMeta(meta, times, metadata);
  }
  const uint8_t* bytes = TimesOf(meta, TSK_FS_ATTR_TYPE_NTFS_FNAME, meta.time2.ntfs.fn_id, kNameTimesAt);
  if (bytes != nullptr) {
    metadata.set_name_born_unix_ns(times.FromTicks(TicksAt(bytes)));
    metadata.set_name_modified_unix_ns(times.FromTicks(TicksAt(bytes + 8)));
    metadata.set_name_changed_unix_ns(times.FromTicks(TicksAt(bytes + 16)));
    metadata.set_name_accessed_unix_ns(times.FromTicks(TicksAt(bytes + 24)));
  }
  return times.all_told();
}

}  // namespace hozen
