#include "collector/export/zip_export.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "collector/export/archive_writer.h"
#include "collector/export/bundle_readme.h"
#include "collector/export/item_json.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/evidence/bundle.h"
#include "core/json/json.h"

namespace hozen {
namespace {

int64_t EntryTime(const v1::Item& item) {
  return item.file().modified_unix_ns() != 0 ? item.file().modified_unix_ns() : item.started_unix_ns();
}

// As Velociraptor describes a host to whoever imports a collection.
std::string ClientInfo(const v1::HostFacts& host) {
  const Json json = {{"hostname", host.hostname()},
                     {"fqdn", host.hostname()},
                     {"system", host.system()},
                     {"release", host.system_version()},
                     {"architecture", host.architecture()},
                     {"client_name", "hozen-agent"},
                     {"client_version", host.agent_version()}};
  return JsonLine(json);
}

std::string CustodyJson(const v1::CustodyBundle& custody) {
  Json array = Json::array();
  for (const v1::CustodyProof& proof : custody.proofs()) {
    Json path = Json::array();
    for (const std::string& hash : proof.inclusion_path()) path.push_back(absl::Base64Escape(hash));
    const Json entry = ParseJson(proof.entry());
    array.push_back({{"leaf_index", proof.leaf_index()},
                     {"entry", entry.is_discarded() ? Json() : entry},
                     {"tree_size", proof.tree_size()},
                     {"inclusion_path", std::move(path)},
                     {"checkpoint", proof.checkpoint()}});
  }
  return JsonText(array, 2) + '\n';
}

// One export. The parts are called in the order of the entries.
class ZipExport {
 public:
  ZipExport(StoredEvidence& evidence, const BundleProofs& proofs, ArchiveWriter& zip)
      : evidence_(evidence), proofs_(proofs), zip_(zip), made_unix_ns_(evidence.manifest().finished_unix_ns()) {}

  absl::Status Run() {
    HOZEN_RETURN_IF_ERROR(AddProofs());
    HOZEN_RETURN_IF_ERROR(AddItemsJson());
    HOZEN_RETURN_IF_ERROR(AddTargetsJson());
    HOZEN_RETURN_IF_ERROR(zip_.Add(kBundleClientInfoEntry, ClientInfo(evidence_.manifest().host()), made_unix_ns_));
    HOZEN_RETURN_IF_ERROR(AddUploadsJson());
    HOZEN_RETURN_IF_ERROR(AddStreams());
    return zip_.Close();
  }

 private:
  absl::Status Add(std::string_view name, const std::string& bytes) { return zip_.Add(name, bytes, made_unix_ns_); }

  absl::Status AddProofs() {
    const AcquisitionRow& row = evidence_.row();
    HOZEN_RETURN_IF_ERROR(Add(kBundleReadmeEntry, BundleReadme(evidence_.manifest(), row.acquisition)));
    HOZEN_RETURN_IF_ERROR(Add(kBundleManifestEntry, row.manifest.SerializeAsString()));
    HOZEN_RETURN_IF_ERROR(zip_.Begin(kBundleBodyEntry, evidence_.manifest().body_size_bytes(), made_unix_ns_));
    HOZEN_RETURN_IF_ERROR(evidence_.ReadBodyBytes([&](std::string_view bytes) { return zip_.Write(bytes); }));
    HOZEN_RETURN_IF_ERROR(Add(kBundlePlanEntry, row.plan.SerializeAsString()));
    HOZEN_RETURN_IF_ERROR(Add(kBundleHostChainEntry, row.host_chain_pem));
    HOZEN_RETURN_IF_ERROR(Add(kBundleDelegationEntry, proofs_.delegation.SerializeAsString()));
    HOZEN_RETURN_IF_ERROR(Add(kBundleCustodyEntry, proofs_.custody.SerializeAsString()));
    return Add(kBundleCustodyJsonEntry, CustodyJson(proofs_.custody));
  }

  // Gives each item and its entry to `write`; the entry is empty for one without a stream.
  absl::Status ForEach(const std::function<absl::Status(const v1::Item&, const BundleNames::Entry&)>& write) {
    BundleNames names;
    return evidence_.ReadBody({.on_item = [&](uint64_t, const v1::Item& item) {
      return write(item, item.has_stream() ? names.Next(item) : BundleNames::Entry{});
    }});
  }

  absl::Status AddItemsJson() {
    HOZEN_RETURN_IF_ERROR(zip_.Begin(kBundleItemsEntry, std::nullopt, made_unix_ns_));
    return ForEach([&](const v1::Item& item, const BundleNames::Entry& entry) {
      return zip_.Write(JsonLine(ItemJson(item, entry.name)));
    });
  }

  absl::Status AddTargetsJson() {
    HOZEN_RETURN_IF_ERROR(zip_.Begin(kBundleTargetsEntry, std::nullopt, made_unix_ns_));
    return evidence_.ReadBody(
        {.on_target = [&](const v1::TargetOutcome& outcome) { return zip_.Write(JsonLine(TargetJson(outcome))); }});
  }

  absl::Status AddUploadsJson() {
    HOZEN_RETURN_IF_ERROR(zip_.Begin(kBundleUploadsEntry, std::nullopt, made_unix_ns_));
    return ForEach([&](const v1::Item& item, const BundleNames::Entry& entry) {
      if (entry.shared || !absl::StartsWith(entry.name, "uploads/")) return absl::OkStatus();
      return zip_.Write(JsonLine(UploadJson(item, entry.name)));
    });
  }

  absl::Status AddStreams() {
    BundleNames names;
    EntrySink sink(zip_);
    return evidence_.ReadItems([&](const v1::Item& item, const StoredEvidence::ReadStream& read) {
      if (!item.has_stream()) return absl::OkStatus();
      const BundleNames::Entry entry = names.Next(item);
      if (entry.shared) return absl::OkStatus();
      HOZEN_RETURN_IF_ERROR(zip_.Begin(entry.name, item.size_bytes(), EntryTime(item)));
      return read(sink);
    });
  }

  StoredEvidence& evidence_;
  const BundleProofs& proofs_;
  ArchiveWriter& zip_;
  const int64_t made_unix_ns_;
};

}  // namespace

absl::Status ExportZip(StoredEvidence& evidence, const BundleProofs& proofs, StreamSink& sink) {
  HOZEN_ASSIGN_OR_RETURN(
      const std::unique_ptr<ArchiveWriter> zip,
      ArchiveWriter::Create(ArchiveFormat::kZip, [&](std::string_view bytes) { return sink.Data(bytes); }));
  return ZipExport(evidence, proofs, *zip).Run();
}

}  // namespace hozen
