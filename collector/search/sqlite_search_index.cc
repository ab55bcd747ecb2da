#include "collector/search/sqlite_search_index.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "collector/catalog/connection_pool.h"
#include "collector/search/hit_pages.h"
#include "collector/search/index_rows.h"
#include "collector/search/search_driver.h"
#include "collector/search/search_schema.h"
#include "collector/search/timeline_pages.h"
#include "core/base/concat.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

class SqliteSearchIndex : public SearchIndex {
 public:
  SqliteSearchIndex(std::filesystem::path file, std::unique_ptr<SqliteConnection> writer)
      : file_(std::move(file)), readers_([this] { return OpenSearchConnection(file_); }), writer_(std::move(writer)) {}

  absl::StatusOr<IndexPosition> Position(std::string_view acquisition_id) override {
    HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return SelectPosition(*reader, acquisition_id);
  }

  absl::Status Append(const Batch& batch) override {
    absl::MutexLock lock(&mutex_);
    HOZEN_RETURN_IF_ERROR(AppendBatch(*writer_, batch));
    // Between acquisitions there may be a long time in which nobody needs its memory.
    return batch.to.done ? writer_->Execute("PRAGMA shrink_memory") : absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> Done() override {
    HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return SelectDone(*reader);
  }

  absl::Status Find(const SearchQuery& asked, const std::function<absl::Status(const SearchHit&)>& on_hit,
                    const Poll& poll) override {
    SearchQuery query = asked;
    std::sort(query.sha256.begin(), query.sha256.end());
    query.sha256.erase(std::unique(query.sha256.begin(), query.sha256.end()), query.sha256.end());
    SearchDriver driver;
    {
      HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
      HOZEN_ASSIGN_OR_RETURN(driver, ChooseDriver(*reader, query));
    }
    HitPages pages(query, std::move(driver));
    return GiveOut(pages, on_hit, poll);
  }

  absl::Status ReadTimeline(const TimelineQuery& query,
                            const std::function<absl::Status(const TimelineEvent&)>& on_event,
                            const Poll& poll) override {
    TimelinePages pages(query);
    return GiveOut(pages, on_event, poll);
  }

 private:
  template <typename Pages, typename Handler>
  absl::Status GiveOut(Pages& pages, const Handler& handler, const Poll& poll) {
    while (!pages.finished()) {
      HOZEN_RETURN_IF_ERROR(poll());
      auto page = [&]() -> decltype(pages.Next(std::declval<SqliteConnection&>())) {
        HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
        return pages.Next(*reader);
      }();
      HOZEN_RETURN_IF_ERROR(page.status());
      for (const auto& one : *page) HOZEN_RETURN_IF_ERROR(handler(one));
    }
    return absl::OkStatus();
  }

  const std::filesystem::path file_;
  ConnectionPool readers_;
  absl::Mutex mutex_;
  const std::unique_ptr<SqliteConnection> writer_ ABSL_PT_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<SearchIndex>> OpenSqliteSearchIndex(const std::filesystem::path& file) {
  absl::StatusOr<std::unique_ptr<SqliteConnection>> writer = OpenSearchFile(file);
  if (!writer.ok()) return WithContext(writer.status(), Concat("opening the search index ", file.string()));
  return std::make_unique<SqliteSearchIndex>(file, *std::move(writer));
}

}  // namespace hozen
