#include "collector/store/pack_index.h"

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/time/time.h"
#include "collector/store/pack_format.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr int64_t kVersion = 1;
constexpr std::string_view kSchema = R"(
  CREATE TABLE IF NOT EXISTS chunks (
    sha256 BLOB PRIMARY KEY, pack INTEGER NOT NULL, offset INTEGER NOT NULL, frame_bytes INTEGER NOT NULL,
    plain_bytes INTEGER NOT NULL, damaged INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS packs (pack INTEGER PRIMARY KEY, read_bytes INTEGER NOT NULL);
)";

// To whoever asks for a chunk DataLoss means that evidence is damaged, and a damaged cache is not that.
absl::Status IndexStatus(const absl::Status& status) {
  if (!absl::IsDataLoss(status)) return status;
  return absl::InternalError(Concat(
      "the store's index.db is damaged: stop the collector, remove the file and start it again; nothing is lost (",
      status.message(), ")"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PackIndex>> PackIndex::Open(const std::filesystem::path& file) {
  absl::StatusOr<std::unique_ptr<PackIndex>> index = OpenOrCreate(file);
  if (!absl::IsDataLoss(index.status())) return index;
  Log(Severity::kWarning, Concat("the store's index is made again from its packs file=", file.string(),
                                 " reason=", index.status().message()));
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code error;
    std::filesystem::remove(file.string() + suffix, error);
    if (error) return ErrnoStatus(error.value(), Concat("removing ", file.string(), suffix));
  }
  return OpenOrCreate(file);
}

absl::StatusOr<std::unique_ptr<PackIndex>> PackIndex::OpenOrCreate(const std::filesystem::path& file) {
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection, SqliteConnection::Open(file, absl::Seconds(30)));
  // NORMAL: a crash may forget the newest rows, which are then read from the packs again, but never tears the file.
  HOZEN_RETURN_IF_ERROR(connection->Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"));
  HOZEN_ASSIGN_OR_RETURN(const int64_t version, connection->QueryInt("PRAGMA user_version"));
  HOZEN_ASSIGN_OR_RETURN(const int64_t tables, connection->QueryInt("SELECT count(*) FROM sqlite_schema"));
  if (version != kVersion && !(version == 0 && tables == 0)) {
    return absl::DataLossError(Concat("it has version ", version, " instead of ", kVersion));
  }
  HOZEN_RETURN_IF_ERROR(connection->Execute(Concat("BEGIN;", kSchema, "PRAGMA user_version=", kVersion, ";COMMIT;")));
  std::unique_ptr<PackIndex> index(new PackIndex(std::move(connection)));
  absl::MutexLock lock(&index->mutex_);
  HOZEN_RETURN_IF_ERROR(index->CountLocked());
  return index;
}

absl::Status PackIndex::CountLocked() {
  HOZEN_ASSIGN_OR_RETURN(
      SqliteStatement counting,
      connection_->Prepare("SELECT count(*), sum(plain_bytes), sum(frame_bytes) FROM chunks WHERE damaged = 0"));
  HOZEN_ASSIGN_OR_RETURN(const bool row, counting.Step());
  if (!row) return absl::InternalError("counting chunks gave no row");
  stats_ = {.chunks = static_cast<uint64_t>(counting.Int(0)),
            .plain_bytes = static_cast<uint64_t>(counting.Int(1)),
            .stored_bytes = static_cast<uint64_t>(counting.Int(2))};
  return absl::OkStatus();
}

absl::StatusOr<std::vector<bool>> PackIndex::Has(absl::Span<const Digest> digests) {
  absl::MutexLock lock(&mutex_);
  const absl::StatusOr<SqliteTransaction> reading = SqliteTransaction::BeginReading(*connection_);
  if (!reading.ok()) return IndexStatus(reading.status());
  absl::StatusOr<SqliteStatement> find = connection_->Prepare("SELECT 1 FROM chunks WHERE sha256 = ? AND damaged = 0");
  if (!find.ok()) return IndexStatus(find.status());
  std::vector<bool> has;
  has.reserve(digests.size());
  for (const Digest& digest : digests) {
    find->Reset();
    const absl::StatusOr<bool> row = find->BindBlob(1, digest.bytes()).Step();
    if (!row.ok()) return IndexStatus(row.status());
    has.push_back(*row);
  }
  return has;
}

absl::StatusOr<std::optional<ChunkPlace>> PackIndex::Find(const Digest& sha256) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<SqliteStatement> find =
      connection_->Prepare("SELECT pack, offset, frame_bytes, plain_bytes, damaged FROM chunks WHERE sha256 = ?");
  if (!find.ok()) return IndexStatus(find.status());
  const absl::StatusOr<bool> row = find->BindBlob(1, sha256.bytes()).Step();
  if (!row.ok()) return IndexStatus(row.status());
  if (!*row) return std::optional<ChunkPlace>();
  return std::optional<ChunkPlace>(ChunkPlace{.pack = static_cast<uint64_t>(find->Int(0)),
                                              .offset_bytes = static_cast<uint64_t>(find->Int(1)),
                                              .frame_size_bytes = static_cast<uint32_t>(find->Int(2)),
                                              .plain_size_bytes = static_cast<uint32_t>(find->Int(3)),
                                              .damaged = find->Int(4) != 0});
}

absl::Status PackIndex::Enter(absl::Span<const IndexedChunk> chunks, uint64_t pack, uint64_t read_bytes) {
  absl::MutexLock lock(&mutex_);
  auto enter = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::Status {
    HOZEN_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(*connection_));
    HOZEN_ASSIGN_OR_RETURN(
        SqliteStatement insert,
        connection_->Prepare("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                             "pack = excluded.pack, offset = excluded.offset, "
                             "frame_bytes = excluded.frame_bytes, plain_bytes = excluded.plain_bytes, "
                             "damaged = 0 WHERE damaged = 1 AND excluded.damaged = 0"));
    BlobStoreStats stats = stats_;
    for (const IndexedChunk& chunk : chunks) {
      insert.Reset();
      insert.BindBlob(1, chunk.sha256.bytes())
          .BindInt(2, static_cast<int64_t>(chunk.place.pack))
          .BindInt(3, static_cast<int64_t>(chunk.place.offset_bytes))
          .BindInt(4, chunk.place.frame_size_bytes)
          .BindInt(5, chunk.place.plain_size_bytes)
          .BindInt(6, chunk.place.damaged ? 1 : 0);
      HOZEN_RETURN_IF_ERROR(insert.Run());
      if (chunk.place.damaged || connection_->changes() == 0) continue;
      ++stats.chunks;
      stats.plain_bytes += chunk.place.plain_size_bytes;
      stats.stored_bytes += chunk.place.frame_size_bytes;
    }
    HOZEN_ASSIGN_OR_RETURN(SqliteStatement mark, connection_->Prepare("INSERT OR REPLACE INTO packs VALUES (?, ?)"));
    mark.BindInt(1, static_cast<int64_t>(pack)).BindInt(2, static_cast<int64_t>(read_bytes));
    HOZEN_RETURN_IF_ERROR(mark.Run());
    HOZEN_RETURN_IF_ERROR(transaction.Commit());
    stats_ = stats;
    return absl::OkStatus();
  };
  return IndexStatus(enter());
}

absl::Status PackIndex::MarkDamaged(const Digest& sha256, const ChunkPlace& place) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<SqliteStatement> mark = connection_->Prepare(
      "UPDATE chunks SET damaged = 1 WHERE sha256 = ? AND pack = ? AND offset = ? AND damaged = 0");
  if (!mark.ok()) return IndexStatus(mark.status());
  mark->BindBlob(1, sha256.bytes())
      .BindInt(2, static_cast<int64_t>(place.pack))
      .BindInt(3, static_cast<int64_t>(place.offset_bytes));
  if (absl::Status status = mark->Run(); !status.ok()) return IndexStatus(status);
  if (connection_->changes() > 0) {
    --stats_.chunks;
    stats_.plain_bytes -= place.plain_size_bytes;
    stats_.stored_bytes -= place.frame_size_bytes;
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> PackIndex::MarkBehindLocked(uint64_t pack, uint64_t size_bytes) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement mark, connection_->Prepare("UPDATE chunks SET damaged = 1 WHERE pack = ? AND "
                                                                    "offset + ? + frame_bytes > ? AND damaged = 0"));
  mark.BindInt(1, static_cast<int64_t>(pack))
      .BindInt(2, kRecordHeadSizeBytes)
      .BindInt(3, static_cast<int64_t>(size_bytes));
  HOZEN_RETURN_IF_ERROR(mark.Run());
  return static_cast<uint64_t>(connection_->changes());
}

absl::StatusOr<uint64_t> PackIndex::MarkCutOff(uint64_t pack, uint64_t size_bytes) {
  absl::MutexLock lock(&mutex_);
  auto cut = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::StatusOr<uint64_t> {
    HOZEN_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(*connection_));
    HOZEN_ASSIGN_OR_RETURN(const uint64_t lost, MarkBehindLocked(pack, size_bytes));
    HOZEN_ASSIGN_OR_RETURN(SqliteStatement again,
                           connection_->Prepare("UPDATE packs SET read_bytes = ? WHERE pack = ?"));
    again.BindInt(1, kPackHeadSizeBytes).BindInt(2, static_cast<int64_t>(pack));
    HOZEN_RETURN_IF_ERROR(again.Run());
    HOZEN_RETURN_IF_ERROR(transaction.Commit());
    HOZEN_RETURN_IF_ERROR(CountLocked());
    return lost;
  };
  absl::StatusOr<uint64_t> lost = cut();
  return lost.ok() ? lost : IndexStatus(lost.status());
}

absl::StatusOr<uint64_t> PackIndex::MarkMissing(uint64_t pack) {
  absl::MutexLock lock(&mutex_);
  auto mark = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::StatusOr<uint64_t> {
    HOZEN_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(*connection_));
    HOZEN_ASSIGN_OR_RETURN(const uint64_t lost, MarkBehindLocked(pack, 0));
    HOZEN_ASSIGN_OR_RETURN(SqliteStatement forget, connection_->Prepare("DELETE FROM packs WHERE pack = ?"));
    HOZEN_RETURN_IF_ERROR(forget.BindInt(1, static_cast<int64_t>(pack)).Run());
    HOZEN_RETURN_IF_ERROR(transaction.Commit());
    HOZEN_RETURN_IF_ERROR(CountLocked());
    return lost;
  };
  absl::StatusOr<uint64_t> lost = mark();
  return lost.ok() ? lost : IndexStatus(lost.status());
}

absl::StatusOr<std::map<uint64_t, uint64_t>> PackIndex::ReadMarks() {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<SqliteStatement> read = connection_->Prepare("SELECT pack, read_bytes FROM packs");
  if (!read.ok()) return IndexStatus(read.status());
  std::map<uint64_t, uint64_t> marks;
  while (true) {
    const absl::StatusOr<bool> row = read->Step();
    if (!row.ok()) return IndexStatus(row.status());
    if (!*row) return marks;
    marks[static_cast<uint64_t>(read->Int(0))] = static_cast<uint64_t>(read->Int(1));
  }
}

BlobStoreStats PackIndex::stats() const {
  absl::MutexLock lock(&mutex_);
  return stats_;
}

}  // namespace hozen
