#include "collector/export/case_export.h"

#include <functional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "collector/export/item_json.h"
#include "collector/export/text_sink.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/crypto/sha256.h"
#include "core/evidence/bundle.h"
#include "core/json/json.h"

namespace hozen {
namespace {

// Objects of ours have names that nobody else can have, because the acquisition's id is random, and the same ones in
// each export. UCO wants them to end with a UUID.
std::string Id(const StoredEvidence& evidence, std::string_view what) {
  const std::string name = Concat("urn:hozen:", evidence.manifest().acquisition_id(), ":", what);
  std::string hex = Sha256::Of(name).ToHex().substr(0, 32);
  hex[12] = '4';  // RFC 9562, section 4: version
  hex[16] = '8';  // and variant
  return Concat(name, "-", hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-", hex.substr(16, 4), "-",
                hex.substr(20));
}

Json Reference(std::string id) { return {{"@id", std::move(id)}}; }

Json Typed(std::string_view type, std::string value) { return {{"@type", type}, {"@value", std::move(value)}}; }

Json Time(int64_t unix_ns) { return Typed("xsd:dateTime", TimeText(unix_ns)); }

Json Context() {
  return {{"case-investigation", "https://ontology.caseontology.org/case/investigation/"},
          {"uco-action", "https://ontology.unifiedcyberontology.org/uco/action/"},
          {"uco-core", "https://ontology.unifiedcyberontology.org/uco/core/"},
          {"uco-identity", "https://ontology.unifiedcyberontology.org/uco/identity/"},
          {"uco-observable", "https://ontology.unifiedcyberontology.org/uco/observable/"},
          {"uco-tool", "https://ontology.unifiedcyberontology.org/uco/tool/"},
          {"uco-types", "https://ontology.unifiedcyberontology.org/uco/types/"},
          {"xsd", "http://www.w3.org/2001/XMLSchema#"}};
}

class CaseExport {
 public:
  CaseExport(StoredEvidence& evidence, const ItemFilter& filter, StreamSink& sink)
      : evidence_(evidence), filter_(filter), text_(sink) {}

  absl::Status Run() {
    HOZEN_RETURN_IF_ERROR(text_.Write(Concat("{\"@context\": ", JsonText(Context()), ",\n\"@graph\": [\n")));
    HOZEN_RETURN_IF_ERROR(Write(Tool()));
    HOZEN_RETURN_IF_ERROR(Write(Host()));
    HOZEN_RETURN_IF_ERROR(Write(Operator()));
    HOZEN_RETURN_IF_ERROR(Write(Action()));
    HOZEN_RETURN_IF_ERROR(ForEach([&](const v1::Item& item) { return Write(File(item)); }));
    // The list may be as long as the evidence, so it is written as it comes.
    Json exhibit = Exhibit();
    std::string head = Text(exhibit);
    head.resize(head.rfind('}'));
    HOZEN_RETURN_IF_ERROR(text_.Write(Concat(head, ",\"uco-core:object\":[")));
    bool first = true;
    HOZEN_RETURN_IF_ERROR(ForEach([&](const v1::Item& item) {
      return text_.Write(Concat(std::exchange(first, false) ? "" : ",", JsonText(Reference(ItemId(item)))));
    }));
    HOZEN_RETURN_IF_ERROR(
        text_.Write(first ? Concat(JsonText(Reference(Id(evidence_, "host"))), "]}\n]}\n") : "]}\n]}\n"));
    return text_.Flush();
  }

 private:
  static std::string Text(const Json& json) {
    std::string text = JsonLine(json);
    text.pop_back();
    return text;
  }
  // Never the last of the graph: that is the exhibit.
  absl::Status Write(const Json& object) { return text_.Write(Concat(Text(object), ",\n")); }

  // What is an exhibit's content: items with bytes.
  absl::Status ForEach(const std::function<absl::Status(const v1::Item&)>& on_item) {
    return evidence_.ReadBody({.on_item = [&](uint64_t, const v1::Item& item) {
      return item.has_stream() && filter_.Takes(item) ? on_item(item) : absl::OkStatus();
    }});
  }

  std::string ItemId(const v1::Item& item, std::string_view facet = "") const {
    return Id(evidence_, Concat("item-", item.index(), facet));
  }

  Json Tool() const {
    return {{"@id", Id(evidence_, "tool")},
            {"@type", "uco-tool:Tool"},
            {"uco-core:name", "hozen-agent"},
            {"uco-tool:toolType", "forensic acquisition"},
            {"uco-tool:version", evidence_.manifest().host().agent_version()}};
  }

  Json Host() const {
    const v1::HostFacts& host = evidence_.manifest().host();
    return {{"@id", Id(evidence_, "host")},
            {"@type", "uco-observable:ObservableObject"},
            {"uco-core:name", Printable(host.hostname())},
            {"uco-core:description", Printable(host.system_version())}};
  }

  Json Operator() const {
    return {{"@id", Id(evidence_, "operator")},
            {"@type", "uco-identity:Identity"},
            {"uco-core:name", Printable(evidence_.row().acquisition.operator_name())}};
  }

  Json Action() const {
    const v1::Manifest& manifest = evidence_.manifest();
    return {{"@id", Id(evidence_, "acquisition")},
            {"@type", "case-investigation:InvestigativeAction"},
            {"uco-core:name", "acquisition"},
            {"uco-core:description", Printable(evidence_.row().acquisition.reason())},
            {"uco-action:startTime", Time(manifest.started_unix_ns())},
            {"uco-action:endTime", Time(manifest.finished_unix_ns())},
            {"uco-action:performer", Reference(Id(evidence_, "operator"))},
            {"uco-action:instrument", Reference(Id(evidence_, "tool"))},
            {"uco-action:object", Reference(Id(evidence_, "host"))},
            {"uco-action:result", Reference(Id(evidence_, "exhibit"))}};
  }

  Json Exhibit() const {
    return {{"@id", Id(evidence_, "exhibit")},
            {"@type", "case-investigation:ProvenanceRecord"},
            {"uco-core:description", "signed by the host; hozen's zip of the same acquisition holds the proofs"},
            {"case-investigation:exhibitNumber", evidence_.manifest().acquisition_id()}};
  }

  Json File(const v1::Item& item) const {
    const std::string path = Printable(item.path());
    const auto parts = PathParts(item.path());
    Json file = {{"@id", ItemId(item, "-file")},
                 {"@type", "uco-observable:FileFacet"},
                 {"uco-observable:fileName", Printable(parts.empty() ? item.path() : std::string(parts.back()))},
                 {"uco-observable:filePath", path}};
    const auto time = [&](const char* name, int64_t unix_ns) {
      if (unix_ns != 0) file[name] = Time(unix_ns);
    };
    time("uco-observable:modifiedTime", item.file().modified_unix_ns());
    time("uco-observable:accessedTime", item.file().accessed_unix_ns());
    time("uco-observable:metadataChangeTime", item.file().changed_unix_ns());
    time("uco-observable:observableCreatedTime", item.file().born_unix_ns());
    file["uco-observable:sizeInBytes"] = Typed("xsd:integer", Concat(item.size_bytes()));
    const Json hash = {
        {"@id", ItemId(item, "-sha256")},
        {"@type", "uco-types:Hash"},
        {"uco-types:hashMethod", "SHA256"},
        {"uco-types:hashValue", Typed("xsd:hexBinary", absl::AsciiStrToUpper(absl::BytesToHexString(item.sha256())))}};
    const Json content = {{"@id", ItemId(item, "-content")},
                          {"@type", "uco-observable:ContentDataFacet"},
                          {"uco-observable:sizeInBytes", Typed("xsd:integer", Concat(item.size_bytes()))},
                          {"uco-observable:hash", hash}};
    const bool is_disk = item.kind() == v1::Item::KIND_DISK;
    return {{"@id", ItemId(item)},
            {"@type", is_disk ? "uco-observable:Image" : "uco-observable:File"},
            {"uco-core:name", path},
            {"uco-core:hasFacet", Json::array({std::move(file), content})}};
  }

  StoredEvidence& evidence_;
  const ItemFilter& filter_;
  TextSink text_;
};

}  // namespace

absl::Status ExportCase(StoredEvidence& evidence, const ItemFilter& filter, StreamSink& sink) {
  return CaseExport(evidence, filter, sink).Run();
}

}  // namespace hozen
