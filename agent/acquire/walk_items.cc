#include "agent/acquire/walk_items.h"

#include <memory>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/acquire/path_resolver.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/bytes/source.h"

namespace hozen {
namespace {

v1::Failure Overwritten(uint64_t bytes) {
  return MakeFailure(v1::CAUSE_OVERWRITTEN,
                     Concat("it was deleted, and ", bytes, " bytes of it stand in blocks that are another's by now"));
}

// Of what was found past the system, the same stream.
absl::StatusOr<std::unique_ptr<Source>> StreamOf(const std::optional<ResolvedEntry>& found, const TreeStream& wanted) {
  if (found.has_value()) {
    for (const TreeStream& stream : found->entry.streams) {
      if (stream.is_data == wanted.is_data && stream.name == wanted.name) {
        return found->folder->OpenStream(found->entry, stream);
      }
    }
  }
  return absl::NotFoundError("there is no such stream");
}

}  // namespace

bool MayBeHadRaw(const v1::Failure& failure) {
  return failure.cause() == v1::CAUSE_PERMISSION_DENIED || failure.cause() == v1::CAUSE_IO_ERROR ||
         failure.cause() == v1::CAUSE_BLOCKED;
}

v1::Failure FailureToRead(const absl::Status& status) {
  v1::Failure failure = FailureOf(status, v1::CAUSE_VANISHED);
  if (absl::IsAborted(status)) failure.set_cause(v1::CAUSE_READER_DIED);
  return failure;
}

v1::Item::Kind KindOf(FileType type) {
  switch (type) {
    case FileType::kFolder:
      return v1::Item::KIND_DIRECTORY;
    case FileType::kSymbolicLink:
      return v1::Item::KIND_SYMBOLIC_LINK;
    case FileType::kOther:
      return v1::Item::KIND_OTHER;
    case FileType::kRegular:
    case FileType::kUnknown:
      break;
  }
  return v1::Item::KIND_FILE;
}

v1::Item WalkItems::NewItem(const std::string& path, v1::Item::Kind kind) const {
  v1::Item item;
  item.set_kind(kind);
  item.set_path(path);
  item.set_target_index(options_.target_index);
  item.set_artifact(options_.artifact);
  item.set_access(options_.access);
  return item;
}

v1::Item WalkItems::ItemOf(const TreeFolder& folder, const WalkedEntry& walked, v1::Item::Kind kind) const {
  v1::Item item = NewItem(walked.path, kind);
  item.set_access(folder.access());
  item.set_allocation(walked.entry.allocation);
  item.set_hidden(walked.hidden);
  if (walked.entry.metadata.has_value()) {
    *item.mutable_file() = *walked.entry.metadata;
  } else if (walked.entry.named_record != 0) {
    item.mutable_file()->set_inode(walked.entry.named_record);
    item.mutable_file()->set_sequence(walked.entry.named_sequence);
  }
  if (!walked.entry.problem.empty()) {
    *item.mutable_failure() = MakeFailure(v1::CAUSE_IO_ERROR, walked.entry.problem);
  }
  return item;
}

bool WalkItems::IsTaken(const v1::Item& item) const {
  return sink_.AlreadyTaken(options_.target_index, NameAmongTaken(item));
}

absl::Status WalkItems::Complete(const TreeFolder& folder, const WalkedEntry& walked) {
  ++tally_.matched;
  v1::Item item = ItemOf(folder, walked, KindOf(walked.entry.type));
  if (IsTaken(item)) return absl::OkStatus();
  item.set_state(item.has_failure() ? v1::Item::STATE_PARTIAL : v1::Item::STATE_COMPLETE);
  return sink_.Record(std::move(item));
}

absl::Status WalkItems::Failed(const std::string& path, v1::Item::Kind kind, v1::Failure failure,
                               const v1::FileMetadata* metadata) {
  v1::Item item = NewItem(path, kind);
  item.set_state(v1::Item::STATE_FAILED);
  *item.mutable_failure() = std::move(failure);
  if (metadata != nullptr) *item.mutable_file() = *metadata;
  return sink_.Record(std::move(item));
}

absl::Status WalkItems::Failed(const TreeFolder& folder, const WalkedEntry& walked, v1::Failure failure) {
  v1::Item item = ItemOf(folder, walked, KindOf(walked.entry.type));
  item.set_state(v1::Item::STATE_FAILED);
  *item.mutable_failure() = std::move(failure);
  return sink_.Record(std::move(item));
}

absl::Status WalkItems::File(TreeFolder& folder, const WalkedEntry& walked) {
  HOZEN_RETURN_IF_ERROR(walked.entry.has_contents ? Contents(folder, walked) : Complete(folder, walked));
  return Streams(folder, walked);
}

absl::Status WalkItems::Contents(TreeFolder& folder, const WalkedEntry& walked) {
  v1::Item item = ItemOf(folder, walked, v1::Item::KIND_FILE);
  ++tally_.matched;
  if (IsTaken(item)) return absl::OkStatus();
  if (walked.entry.allocation == v1::ALLOCATION_REALLOCATED) {
    return Failed(folder, walked, MakeFailure(v1::CAUSE_OVERWRITTEN, "its record is another file's by now"));
  }
  if (std::optional<v1::Failure> endless = borders_.Endless(walked.real_path); endless.has_value()) {
    return Failed(folder, walked, *std::move(endless));
  }
  absl::StatusOr<OpenedContents> opened = folder.OpenFile(walked.entry);
  bool is_raw = folder.access() == v1::ACCESS_RAW;
  std::optional<ResolvedEntry> past_the_system;
  if (!opened.ok() && options_.detour != nullptr && MayBeHadRaw(FailureToRead(opened.status()))) {
    v1::Failure failure;
    past_the_system = ResolveEntry(*options_.detour, walked.real_path, borders_, failure);
    if (past_the_system.has_value()) {
      if (absl::StatusOr<OpenedContents> raw = past_the_system->folder->OpenFile(past_the_system->entry); raw.ok()) {
        opened = std::move(raw);
        is_raw = true;
        item.set_access(v1::ACCESS_RAW);
      }
    }
  }
  if (!opened.ok()) return Failed(folder, walked, FailureToRead(opened.status()));
  if (!opened->access_time_kept) Touched(walked.path, walked.real_path);
  *item.mutable_file() = std::move(opened->metadata);
  if (walked.entry.overwritten_bytes > 0) *item.mutable_failure() = Overwritten(walked.entry.overwritten_bytes);
  // A file of the system ends where reads do; a raw one has the size that its record says.
  return sink_.Take(std::move(item), *opened->source, /*until_end=*/!is_raw);
}

bool WalkItems::Wants(const TreeStream& stream) const {
  if (options_.stream != nullptr) {
    return options_.stream->MatchesPart(0, stream.name) || options_.stream->MatchesPart(0, stream.attribute.name());
  }
  return stream.is_data || options_.all_attributes;
}

absl::Status WalkItems::Streams(TreeFolder& folder, const WalkedEntry& walked) {
  if (walked.entry.allocation == v1::ALLOCATION_REALLOCATED) return absl::OkStatus();
  bool had = false;
  for (const TreeStream& stream : walked.entry.streams) {
    if (!Wants(stream)) continue;
    had = true;
    HOZEN_RETURN_IF_ERROR(Stream(folder, walked, stream));
  }
  return had || !AsksForNtfsItself() || folder.access() == v1::ACCESS_RAW ? absl::OkStatus() : StreamsOfVolume(walked);
}

// "$I30", "$SDS": no program has such streams, and the system shows few of them.
bool WalkItems::AsksForNtfsItself() const {
  return options_.stream != nullptr && options_.detour != nullptr && !options_.stream->parts().empty() &&
         options_.stream->parts().front().text.starts_with('$');
}

absl::Status WalkItems::StreamsOfVolume(const WalkedEntry& walked) {
  v1::Failure failure;
  std::optional<ResolvedEntry> found = ResolveEntry(*options_.detour, walked.real_path, borders_, failure);
  if (!found.has_value()) return absl::OkStatus();
  WalkedEntry raw = walked;
  raw.entry = std::move(found->entry);
  for (const TreeStream& stream : raw.entry.streams) {
    if (Wants(stream)) HOZEN_RETURN_IF_ERROR(Stream(*found->folder, raw, stream));
  }
  return absl::OkStatus();
}

absl::Status WalkItems::Stream(TreeFolder& folder, const WalkedEntry& walked, const TreeStream& stream) {
  v1::Item item = ItemOf(folder, walked, v1::Item::KIND_ATTRIBUTE);
  item.set_path(Concat(walked.path, ":", stream.name));
  *item.mutable_attribute() = stream.attribute;
  item.mutable_file()->set_size_bytes(stream.size_bytes);
  ++tally_.matched;
  if (IsTaken(item)) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<Source>> source = folder.OpenStream(walked.entry, stream);
  bool is_raw = folder.access() == v1::ACCESS_RAW;
  std::optional<ResolvedEntry> past_the_system;
  if (!source.ok() && options_.detour != nullptr && MayBeHadRaw(FailureToRead(source.status()))) {
    v1::Failure failure;
    past_the_system = ResolveEntry(*options_.detour, walked.real_path, borders_, failure);
    absl::StatusOr<std::unique_ptr<Source>> raw = StreamOf(past_the_system, stream);
    if (raw.ok()) {
      source = std::move(raw);
      is_raw = true;
      item.set_access(v1::ACCESS_RAW);
    }
  }
  if (!source.ok()) {
    item.set_state(v1::Item::STATE_FAILED);
    *item.mutable_failure() = FailureToRead(source.status());
    return sink_.Record(std::move(item));
  }
  if (stream.overwritten_bytes > 0) *item.mutable_failure() = Overwritten(stream.overwritten_bytes);
  // As of contents.
  return sink_.Take(std::move(item), **source, /*until_end=*/!is_raw);
}

void WalkItems::Touched(const std::string& path, const std::string& real_path) {
  if (borders_.IsPseudo(real_path)) return;
  if (tally_.touched++ == 0) tally_.first_touched = path;
}

}  // namespace hozen
