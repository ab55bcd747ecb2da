#include "collector/store/pack_store.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "collector/store/pack_file.h"
#include "collector/store/pack_format.h"
#include "collector/store/pack_index.h"
#include "collector/store/pack_writer.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr char kIndexName[] = "index.db";
// Chunks that one sync may cover: a longer batch would only make those in it wait.
constexpr uint64_t kMaxBatchBytes = uint64_t{64} << 20;
// A disk that takes longer is as good as dead to the host that waits for its acknowledgement.
constexpr absl::Duration kMaxWait = absl::Minutes(5);
// Records entered in one transaction while packs are read.
constexpr size_t kRowsPerTransaction = 16384;

// Concurrent calls of Put are committed together: whoever finds nobody writing takes all that waits, writes and syncs
// it once, and tells the others.
class PackStore : public BlobStore {
 public:
  PackStore(PackStoreOptions options, std::unique_ptr<PackIndex> index)
      : options_(std::move(options)), index_(std::move(index)) {}

  // Brings the index up to the packs. Once, before anything else.
  absl::Status Recover();

  absl::StatusOr<std::vector<bool>> Has(absl::Span<const Digest> digests) override { return index_->Has(digests); }
  absl::Status Put(std::vector<VerifiedChunk> chunks) override;
  absl::StatusOr<std::string> Get(const Digest& sha256) override;
  absl::StatusOr<BlobStoreStats> Stats() override { return index_->stats(); }

 private:
  struct Request {
    std::vector<VerifiedChunk> chunks;
    uint64_t frame_bytes = 0;
    absl::Status status;  // the writer's until done
    bool done = false;    // under mutex_
  };
  using Batch = std::vector<std::shared_ptr<Request>>;

  // How far writing has come; whoever has set writing_ owns it.
  struct Tail {
    std::unique_ptr<PackWriter> writer;  // none: the next chunk begins a new pack
    uint64_t next_number = 1;
    uint64_t closed_bytes = 0;     // in all other packs
    uint64_t committed_bytes = 0;  // of the writer's pack: synced and in the index
    std::vector<IndexedChunk> uncommitted;
    bool out_of_room = false;
  };

  absl::StatusOr<uint64_t> ReadPack(const PackFile& file, uint64_t number, uint64_t from_bytes);
  absl::Status CheckPack(const PackFile& file, uint64_t number) const;
  absl::StatusOr<std::map<uint64_t, std::filesystem::path>> ListPacks() const;

  bool MayGoOn(const Request& request) const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return request.done || !writing_; }
  Batch TakeBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CommitBatch(const Batch& batch);
  absl::StatusOr<uint64_t> RoomBytes() const;
  // What the chunks would add to the packs, if the newest one ended at `end_bytes`, which is moved on.
  uint64_t SizeIn(const std::vector<const VerifiedChunk*>& chunks, uint64_t& end_bytes) const;
  absl::Status Write(const std::vector<const VerifiedChunk*>& chunks);
  absl::Status AppendOne(const VerifiedChunk& chunk);
  absl::Status CommitTail();
  void TakeBackTail();
  void CloseTail();
  void NoteRoom(bool out_of_room, std::string_view why);
  absl::StatusOr<std::string> Read(const Digest& sha256, const ChunkPlace& place) const;

  const PackStoreOptions options_;
  const std::unique_ptr<PackIndex> index_;
  absl::Mutex mutex_;
  std::deque<std::shared_ptr<Request>> waiting_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  Tail tail_;
};

absl::StatusOr<std::map<uint64_t, std::filesystem::path>> PackStore::ListPacks() const {
  std::map<uint64_t, std::filesystem::path> packs;
  std::error_code error;
  std::filesystem::directory_iterator entry(options_.folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (const std::optional<uint64_t> number = ParsePackFileName(name)) {
      packs[*number] = entry->path();
    } else if (name.ends_with(".pack.tmp")) {
      std::error_code ignored;  // WriteFileAtomically says so if it is in its way
      std::filesystem::remove(entry->path(), ignored);
    }
  }
  if (error) return ErrnoStatus(error.value(), Concat("listing ", options_.folder.string()));
  return packs;
}

absl::Status PackStore::CheckPack(const PackFile& file, uint64_t number) const {
  HOZEN_ASSIGN_OR_RETURN(const PackHead head, file.ReadHead());
  if (head.customer_id != options_.customer_id) {
    return absl::FailedPreconditionError("it was written for another customer; move it back to where it belongs");
  }
  if (head.number != number) {
    return absl::FailedPreconditionError(
        Concat("it was written as ", PackFileName(head.number), "; give it its name back"));
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> PackStore::ReadPack(const PackFile& file, uint64_t number, uint64_t from_bytes) {
  // What is entered counts as durable, also what a killed process had written and not synced.
  HOZEN_RETURN_IF_ERROR(file.Sync());
  std::vector<IndexedChunk> rows;
  uint64_t damaged = 0;
  auto on_record = [&](const PackFile::Found& found) -> absl::Status {
    if (rows.size() >= kRowsPerTransaction) {
      HOZEN_RETURN_IF_ERROR(index_->Enter(rows, number, found.offset_bytes));
      rows.clear();
    }
    if (!found.sound) ++damaged;
    rows.push_back({found.head.sha256,
                    {.pack = number,
                     .offset_bytes = found.offset_bytes,
                     .frame_size_bytes = found.head.frame_size_bytes,
                     .plain_size_bytes = found.head.plain_size_bytes,
                     .damaged = !found.sound}});
    return absl::OkStatus();
  };
  HOZEN_ASSIGN_OR_RETURN(const uint64_t end, file.Walk(from_bytes, on_record));
  HOZEN_RETURN_IF_ERROR(index_->Enter(rows, number, end));
  if (damaged > 0) {
    Log(Severity::kError,
        Concat("chunks in a pack are damaged and count as missing pack=", PackFileName(number), " chunks=", damaged));
  }
  return end;
}

absl::Status PackStore::Recover() {
  HOZEN_ASSIGN_OR_RETURN(const auto packs, ListPacks());
  HOZEN_ASSIGN_OR_RETURN(auto marks, index_->ReadMarks());
  for (const auto& [number, path] : packs) {
    HOZEN_ASSIGN_OR_RETURN(const PackFile file, PackFile::Open(path));
    HOZEN_RETURN_IF_ERROR(WithContext(CheckPack(file, number), path.string()));
    uint64_t from = kPackHeadSizeBytes;
    if (const auto mark = marks.find(number); mark != marks.end()) {
      from = mark->second;
      if (file.size_bytes() < from) {
        HOZEN_ASSIGN_OR_RETURN(const uint64_t lost, index_->MarkCutOff(number, file.size_bytes()));
        Log(Severity::kError,
            Concat("a pack is shorter than its index says; its last chunks are gone pack=", path.string(),
                   " chunks=", lost, " size_bytes=", file.size_bytes(), " expected_bytes=", from));
        from = kPackHeadSizeBytes;
      }
      marks.erase(mark);
      // It was closed with a torn tail, and packs behind it are gone.
      if (from % kRecordAlignmentBytes != 0) from = kPackHeadSizeBytes;
    }
    const bool newest = number == packs.rbegin()->first;
    uint64_t end = file.size_bytes();
    if (from < end || newest) {
      HOZEN_ASSIGN_OR_RETURN(end, ReadPack(file, number, from));
    }
    if (newest) {
      if (end < file.size_bytes()) {
        Log(Severity::kWarning, Concat("a torn record was cut off pack=", path.string(), " offset=", end,
                                       " bytes=", file.size_bytes() - end));
      }
      HOZEN_ASSIGN_OR_RETURN(tail_.writer, PackWriter::Continue(options_.folder, number, end));
      tail_.committed_bytes = end;
      tail_.next_number = number + 1;
    } else {
      // What is behind `end` is not sound and never will be; the mark says that it was looked at.
      HOZEN_RETURN_IF_ERROR(index_->Enter({}, number, file.size_bytes()));
      tail_.closed_bytes += file.size_bytes();
    }
  }
  for (const auto& [number, read_bytes] : marks) {
    HOZEN_ASSIGN_OR_RETURN(const uint64_t lost, index_->MarkMissing(number));
    Log(Severity::kError, Concat("a pack is missing; its chunks are gone pack=",
                                 (options_.folder / PackFileName(number)).string(), " chunks=", lost));
    // Its number is not given again, so that it can be put back.
    tail_.next_number = std::max(tail_.next_number, number + 1);
  }
  return absl::OkStatus();
}

absl::Status PackStore::Put(std::vector<VerifiedChunk> chunks) {
  if (chunks.empty()) return absl::OkStatus();
  // Shared: a writer may still work on it when its caller has given up waiting.
  auto request = std::make_shared<Request>();
  request->chunks = std::move(chunks);
  for (const VerifiedChunk& chunk : request->chunks) request->frame_bytes += chunk.frame().size();
  const absl::Time deadline = absl::Now() + kMaxWait;

  absl::MutexLock lock(&mutex_);
  waiting_.push_back(request);
  while (!request->done) {
    auto may_go_on = [this, &request]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return MayGoOn(*request); };
    if (!mutex_.AwaitWithDeadline(absl::Condition(&may_go_on), deadline)) {
      std::erase(waiting_, request);
      return absl::UnavailableError(Concat("the store has not written for ", absl::FormatDuration(kMaxWait),
                                           "; look at the disk under ", options_.folder.string(), " and try again"));
    }
    if (request->done) break;
    writing_ = true;
    const Batch batch = TakeBatch();
    mutex_.Unlock();
    CommitBatch(batch);
    mutex_.Lock();
    writing_ = false;
    for (const auto& finished : batch) finished->done = true;
  }
  return request->status;
}

PackStore::Batch PackStore::TakeBatch() {
  Batch batch;
  uint64_t bytes = 0;
  while (!waiting_.empty() && (batch.empty() || bytes + waiting_.front()->frame_bytes <= kMaxBatchBytes)) {
    bytes += waiting_.front()->frame_bytes;
    batch.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return batch;
}

absl::StatusOr<uint64_t> PackStore::RoomBytes() const {
  struct statvfs facts;
  if (statvfs(options_.folder.c_str(), &facts) != 0) {
    return ErrnoStatus(errno, Concat("asking how much room there is under ", options_.folder.string()));
  }
  const uint64_t free = uint64_t{facts.f_bavail} * facts.f_frsize;
  uint64_t room = free - std::min(free, options_.reserve_bytes);
  if (options_.quota_bytes > 0) {
    const uint64_t used = tail_.closed_bytes + (tail_.writer ? tail_.committed_bytes : 0);
    room = std::min(room, options_.quota_bytes - std::min(options_.quota_bytes, used));
  }
  return room;
}

uint64_t PackStore::SizeIn(const std::vector<const VerifiedChunk*>& chunks, uint64_t& end_bytes) const {
  uint64_t size = 0;
  for (const VerifiedChunk* chunk : chunks) {
    if (end_bytes == 0 || end_bytes > options_.pack_size_bytes) {
      size += kPackHeadSizeBytes;
      end_bytes = kPackHeadSizeBytes;
    }
    const uint64_t record = RecordSizeBytes(static_cast<uint32_t>(chunk->frame().size()));
    size += record;
    end_bytes += record;
  }
  return size;
}

void PackStore::CommitBatch(const Batch& batch) {
  auto room = RoomBytes();
  uint64_t end_bytes = tail_.writer ? tail_.writer->end_bytes() : 0;
  absl::flat_hash_set<Digest> taken;
  std::vector<const VerifiedChunk*> to_write;
  std::vector<Request*> writers;  // whose answer depends on what is written
  bool refused = false;
  for (const auto& request : batch) {
    std::vector<Digest> digests;
    for (const VerifiedChunk& chunk : request->chunks) digests.push_back(chunk.sha256());
    const absl::StatusOr<std::vector<bool>> has = index_->Has(digests);
    if (!has.ok()) {
      request->status = has.status();
      continue;
    }
    bool depends = false;
    absl::flat_hash_set<Digest> own;
    std::vector<const VerifiedChunk*> fresh;
    for (size_t i = 0; i < digests.size(); ++i) {
      if ((*has)[i]) continue;
      depends = true;
      if (!taken.contains(digests[i]) && own.insert(digests[i]).second) fresh.push_back(&request->chunks[i]);
    }
    if (!depends) continue;
    if (!room.ok()) {
      request->status = room.status();
      continue;
    }
    uint64_t end_with_it = end_bytes;
    const uint64_t size = SizeIn(fresh, end_with_it);
    if (size > *room) {
      refused = true;
      request->status = absl::ResourceExhaustedError(
          Concat("the store has room for ", *room, " more bytes and was given ", size,
                 " (quota_bytes=", options_.quota_bytes, " reserve_bytes=", options_.reserve_bytes,
                 "); free some under ", options_.folder.string(), " or raise the quota, and it goes on by itself"));
      continue;
    }
    *room -= size;
    end_bytes = end_with_it;
    taken.merge(own);
    to_write.insert(to_write.end(), fresh.begin(), fresh.end());
    writers.push_back(request.get());
  }
  absl::Status written = Write(to_write);
  for (Request* request : writers) request->status = written;
  if (refused || !written.ok()) {
    NoteRoom(true, written.ok() ? "no room" : StdView(written.message()));
  } else if (!writers.empty()) {
    NoteRoom(false, "");
  }
}

absl::Status PackStore::Write(const std::vector<const VerifiedChunk*>& chunks) {
  if (chunks.empty()) return absl::OkStatus();
  absl::Status status;
  for (const VerifiedChunk* chunk : chunks) {
    status = AppendOne(*chunk);
    if (!status.ok()) break;
  }
  if (status.ok()) status = CommitTail();
  if (status.ok()) return status;
  TakeBackTail();
  // Whatever the disk says, to whoever sends it means: not now. Nothing is damaged.
  return absl::ResourceExhaustedError(
      Concat("the store could not write under ", options_.folder.string(), ": ", status.message()));
}

absl::Status PackStore::AppendOne(const VerifiedChunk& chunk) {
  if (tail_.writer && tail_.writer->end_bytes() > options_.pack_size_bytes) {
    HOZEN_RETURN_IF_ERROR(CommitTail());
    CloseTail();
  }
  if (!tail_.writer) {
    // The number is used up even if this fails: whatever it leaves behind is then in nobody's way.
    const PackHead head{.number = tail_.next_number++, .customer_id = options_.customer_id};
    HOZEN_ASSIGN_OR_RETURN(tail_.writer, PackWriter::Create(options_.folder, head));
    tail_.committed_bytes = tail_.writer->end_bytes();
  }
  HOZEN_ASSIGN_OR_RETURN(const uint64_t offset, tail_.writer->Append(chunk));
  tail_.uncommitted.push_back({chunk.sha256(),
                               {.pack = tail_.writer->number(),
                                .offset_bytes = offset,
                                .frame_size_bytes = static_cast<uint32_t>(chunk.frame().size()),
                                .plain_size_bytes = chunk.size_bytes()}});
  return absl::OkStatus();
}

absl::Status PackStore::CommitTail() {
  if (tail_.uncommitted.empty()) return absl::OkStatus();
  if (absl::Status status = tail_.writer->Sync(); !status.ok()) {
    // The system may have dropped the pages that it could not write, and would say so only once.
    TakeBackTail();
    CloseTail();
    return status;
  }
  const uint64_t end = tail_.writer->end_bytes();
  HOZEN_RETURN_IF_ERROR(index_->Enter(tail_.uncommitted, tail_.writer->number(), end));
  tail_.committed_bytes = end;
  tail_.uncommitted.clear();
  return absl::OkStatus();
}

void PackStore::TakeBackTail() {
  tail_.uncommitted.clear();
  if (!tail_.writer || tail_.writer->end_bytes() == tail_.committed_bytes) return;
  if (const absl::Status status = tail_.writer->CutBack(tail_.committed_bytes); !status.ok()) {
    Log(Severity::kError, Concat("a pack could not be cut back and is left as it is folder=", options_.folder.string(),
                                 " reason=", status.message()));
    CloseTail();
  }
}

void PackStore::CloseTail() {
  if (!tail_.writer) return;
  tail_.closed_bytes += tail_.committed_bytes;
  tail_.writer.reset();
}

void PackStore::NoteRoom(bool out_of_room, std::string_view why) {
  if (tail_.out_of_room == out_of_room) return;
  tail_.out_of_room = out_of_room;
  if (out_of_room) {
    Log(Severity::kWarning,
        Concat("the store takes no more chunks for now folder=", options_.folder.string(), " reason=", why));
  } else {
    Log(Severity::kInfo, Concat("the store takes chunks again folder=", options_.folder.string()));
  }
}

absl::StatusOr<std::string> PackStore::Read(const Digest& sha256, const ChunkPlace& place) const {
  absl::StatusOr<PackFile> file = PackFile::Open(options_.folder / PackFileName(place.pack));
  if (absl::IsNotFound(file.status())) return absl::DataLossError("the pack is not there");
  HOZEN_RETURN_IF_ERROR(file.status());
  HOZEN_ASSIGN_OR_RETURN(const RecordHead head, file->ReadRecordHead(place.offset_bytes));
  if (head.sha256 != sha256) return absl::DataLossError("another chunk's record stands there");
  return file->ReadPlain(place.offset_bytes, head);
}

absl::StatusOr<std::string> PackStore::Get(const Digest& sha256) {
  HOZEN_ASSIGN_OR_RETURN(const std::optional<ChunkPlace> place, index_->Find(sha256));
  if (!place) return absl::NotFoundError(Concat("chunk ", sha256.ToHex(), " is not in the store"));
  absl::StatusOr<std::string> plain = Read(sha256, *place);
  if (plain.ok()) return plain;
  const std::string where =
      Concat("chunk ", sha256.ToHex(), " in ", PackFileName(place->pack), " at offset ", place->offset_bytes);
  if (absl::IsDataLoss(plain.status()) && !place->damaged) {
    Log(Severity::kError, Concat("a chunk is damaged and counts as missing; ", where,
                                 " folder=", options_.folder.string(), " reason=", plain.status().message()));
    HOZEN_RETURN_IF_ERROR(WithContext(index_->MarkDamaged(sha256, *place), where));
  }
  return WithContext(plain.status(), where);
}

}  // namespace

absl::StatusOr<std::unique_ptr<BlobStore>> OpenPackStore(const PackStoreOptions& options) {
  if (options.customer_id.empty() || options.customer_id.size() > kMaxCustomerIdSizeBytes) {
    return absl::InvalidArgumentError(
        Concat("a store's customer id has 1 to ", kMaxCustomerIdSizeBytes, " bytes, not ", options.customer_id.size()));
  }
  HOZEN_RETURN_IF_ERROR(MakeFolders(options.folder, 0700));
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<PackIndex> index, PackIndex::Open(options.folder / kIndexName));
  auto store = std::make_unique<PackStore>(options, std::move(index));
  HOZEN_RETURN_IF_ERROR(WithContext(store->Recover(), "opening the store"));
  return store;
}

}  // namespace hozen
