// Catalog::Commit over SQLite: items are staged in a file of their own, without a lock on the catalog, and copied into
// it in one transaction at the end.
#ifndef HOZEN_COLLECTOR_CATALOG_STAGED_COMMIT_H_
#define HOZEN_COLLECTOR_CATALOG_STAGED_COMMIT_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/catalog/catalog.h"
#include "collector/store/sqlite.h"

namespace hozen {

// Thread-compatible.
class StagedCommit : public Catalog::Commit {
 public:
  // `catalog_file` is the catalog's.
  static absl::StatusOr<std::unique_ptr<StagedCommit>> Begin(const std::filesystem::path& catalog_file,
                                                             std::string_view customer_id,
                                                             std::string_view acquisition_id);

  // AlreadyExists for an index that was given before.
  absl::Status AddItem(const IndexedItem& item) override;
  // AlreadyExists where it was committed before, NotFound where it is gone, InvalidArgument for another acquisition's
  // row or one without a manifest.
  absl::Status Finish(const AcquisitionRow& row) override;

 private:
  StagedCommit(std::unique_ptr<SqliteConnection> connection, std::string_view customer_id,
               std::string_view acquisition_id)
      : connection_(std::move(connection)), customer_id_(customer_id), acquisition_id_(acquisition_id) {}
  absl::Status Stage(const std::filesystem::path& catalog_file);

  const std::unique_ptr<SqliteConnection> connection_;
  const std::string customer_id_;
  const std::string acquisition_id_;
  uint64_t staged_ = 0;
  bool finished_ = false;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CATALOG_STAGED_COMMIT_H_
