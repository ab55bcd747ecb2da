// Images, raw, E01 and AFF4: the sidecar's proofs and body, then the image against its item, and, only where it
// differs, against the map.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/chunk/chunk.h"
#include "core/crypto/sha256.h"
#include "core/evidence/body.h"
#include "tools/hozen/bundle_verifier.h"
#include "tools/hozen/map_check.h"
#include "tools/hozen/proof_chain.h"
#include "tools/hozen/range_check.h"
#include "tools/hozen/sidecar.h"
#include "tools/hozen/zip_reader.h"
#include "tools/images/aff4_source.h"
#include "tools/images/e01_image.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

absl::Status WalkBody(const Sidecar& sidecar, BodyReader::Handler handler) {
  BodyReader body(std::move(handler));
  HOZEN_RETURN_IF_ERROR(sidecar.ReadBody([&](std::string_view bytes) { return body.Feed(bytes); }));
  return body.Finish();
}

absl::Status CheckBodyDigest(const Sidecar& sidecar, const v1::Manifest& manifest) {
  Sha256 hash;
  uint64_t size = 0;
  HOZEN_RETURN_IF_ERROR(sidecar.ReadBody([&](std::string_view bytes) {
    size += bytes.size();
    hash.Update(bytes);
    return absl::OkStatus();
  }));
  if (size == manifest.body_size_bytes() && hash.Finish().bytes() == manifest.body_sha256()) return absl::OkStatus();
  return absl::DataLossError(AbslView(Say("it is not the body that the host signed: size or SHA-256 differ",
                                          "端末が署名した内容と一致しません（サイズまたは SHA-256 の相違）")));
}

// Follows one list of runs in a sidecar along the map.
class RunsCheck {
 public:
  RunsCheck(const Sidecar& sidecar, const char* name, v1::Extent::Kind kind)
      : name_(name), kind_(kind), said_(sidecar.said().value(name, nlohmann::json::array())) {}

  void Follow(const ExtentList& extents) {
    for (const v1::Extent& extent : extents) {
      if (extent.kind() == kind_) {
        const auto run = said_.is_array() && next_ < said_.size() ? said_[next_] : nlohmann::json();
        agrees_ = agrees_ && run.is_array() && run.size() >= 2 && run[0] == at_ && run[1] == extent.size_bytes();
        ++next_;
      }
      at_ += extent.size_bytes();
    }
  }
  absl::Status Finish() const {
    if (agrees_ && said_.is_array() && next_ == said_.size()) return absl::OkStatus();
    return absl::DataLossError(
        Concat(name_, ": ", Say("it lists other runs than the host signed", "端末が署名した範囲の一覧と異なります")));
  }

 private:
  const char* const name_;
  const v1::Extent::Kind kind_;
  const nlohmann::json said_;
  size_t next_ = 0;
  uint64_t at_ = 0;
  bool agrees_ = true;
};

// What a person reads in the sidecar first is what was signed. A member that is not there misleads nobody, but for the
// runs that could not be read: those must all be listed.
absl::Status CheckSaid(const Sidecar& sidecar, const v1::Manifest& manifest, const v1::Item& item) {
  nlohmann::json expected = {{"acquisition_id", manifest.acquisition_id()},
                             {"customer_id", manifest.customer_id()},
                             {"host_id", manifest.host_id()},
                             {"hostname", Printable(manifest.host().hostname())},
                             {"device_path", Printable(item.path())},
                             {"sector_size_bytes", item.disk().sector_size_bytes()},
                             {"model", Printable(item.disk().model())},
                             {"serial", Printable(item.disk().serial())}};
  for (const auto& [name, value] : expected.items()) {
    const auto found = sidecar.said().find(name);
    if (found == sidecar.said().end() || *found == value) continue;
    return absl::DataLossError(
        Concat(name, ": ", Say("it says something else than the host signed", "端末が署名した内容と異なります")));
  }
  RunsCheck unreadable(sidecar, "unreadable", v1::Extent::KIND_UNREADABLE);
  RunsCheck not_acquired(sidecar, "not_acquired", v1::Extent::KIND_NOT_ACQUIRED);
  BodyReader::Handler handler;
  handler.on_extents = [&](uint64_t index, const ExtentList& extents) {
    if (index == item.index()) {
      unreadable.Follow(extents);
      not_acquired.Follow(extents);
    }
    return absl::OkStatus();
  };
  HOZEN_RETURN_IF_ERROR(WalkBody(sidecar, std::move(handler)));
  HOZEN_RETURN_IF_ERROR(unreadable.Finish());
  return not_acquired.Finish();
}

absl::StatusOr<v1::Item> FindItem(const Sidecar& sidecar, const v1::Manifest& manifest) {
  std::optional<v1::Item> found;
  uint64_t items = 0;
  BodyReader::Handler handler;
  handler.on_item = [&](uint64_t, const v1::Item& item) {
    ++items;
    if (item.index() == sidecar.item_index()) found = item;
    return absl::OkStatus();
  };
  HOZEN_RETURN_IF_ERROR(WalkBody(sidecar, std::move(handler)));
  if (items != manifest.items()) {
    return absl::DataLossError(
        Concat(Say("the manifest counts other items than its body has: ", "項目数が本体と一致しません: "),
               manifest.items(), " / ", items));
  }
  if (!found.has_value() || found->kind() != v1::Item::KIND_DISK || !found->has_stream()) {
    return absl::DataLossError(Concat(
        Say("the body has no disk with the index ", "次の番号のディスクが本体にありません: "), sidecar.item_index()));
  }
  return *std::move(found);
}

// The first run of the map that the image departs from.
absl::Status Locate(const Sidecar& sidecar, Source& image, BundleFault& fault) {
  uint64_t at = 0;
  MapCheck check([&](char* buffer, size_t size) -> absl::StatusOr<size_t> {
    HOZEN_ASSIGN_OR_RETURN(const size_t got, image.ReadAt(at, absl::MakeSpan(buffer, size)));
    at += got;
    return got;
  });
  BodyReader::Handler handler;
  handler.on_extents = [&](uint64_t index, const ExtentList& extents) {
    if (index == sidecar.item_index()) check.Follow(extents);
    return absl::OkStatus();
  };
  HOZEN_RETURN_IF_ERROR(WalkBody(sidecar, std::move(handler)));
  if (check.wrong_at().has_value()) {
    fault.offset_bytes = check.wrong_at();
    fault.detail += Concat("; ", check.why());
  }
  return absl::OkStatus();
}

// What the image is of: the range that the sidecar names, else the whole disk.
struct ImageRange {
  uint64_t offset_bytes = 0;
  uint64_t size_bytes = 0;
};

absl::StatusOr<ImageRange> FindRange(const Sidecar& sidecar, const v1::Item& item) {
  const auto said = sidecar.said().find("range");
  if (said == sidecar.said().end()) return ImageRange{.offset_bytes = 0, .size_bytes = item.size_bytes()};
  const auto number = [&](const char* name) -> std::optional<uint64_t> {
    const auto found = said->is_object() ? said->find(name) : said->end();
    if (!said->is_object() || found == said->end() || !found->is_number_unsigned()) return std::nullopt;
    return found->get<uint64_t>();
  };
  const auto offset = number("offset_bytes");
  const auto size = number("size_bytes");
  if (!offset.has_value() || !size.has_value() || *offset > item.size_bytes() || *size > item.size_bytes() - *offset) {
    return absl::DataLossError(
        AbslView(Say("its range does not lie in the disk", "range がディスクの範囲内にありません")));
  }
  return ImageRange{.offset_bytes = *offset, .size_bytes = *size};
}

// The image's bytes in whatever form they are kept. A file of the image's own size is raw, whatever a disk begins with.
absl::StatusOr<std::unique_ptr<Source>> OpenImage(const fs::path& file, uint64_t size_bytes) {
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<Source> plain, OpenForReading(file));
  if (plain->size_bytes() == size_bytes) return plain;
  char magic[8] = {};
  HOZEN_ASSIGN_OR_RETURN(const size_t got, plain->ReadAt(0, absl::MakeSpan(magic, sizeof magic)));
  const std::string_view begin(magic, got);
  if (begin == std::string_view("EVF\x09\x0d\x0a\xff\x00", 8)) return OpenE01(file);
  if (begin.substr(0, 4) != std::string_view("PK\x03\x04", 4)) return plain;
  auto aff4 = OpenAff4(std::move(plain));
  // Damage becomes a fault that names the file; what is not supported is said by itself.
  if (aff4.ok() || absl::IsDataLoss(aff4.status())) return aff4;
  return WithContext(aff4.status(), Printable(file.native()));
}

// Where in the piece that could not be read, which begins at `from`, the trouble is: to the sector.
uint64_t FirstUnreadable(Source& image, uint64_t from) {
  char sector[512];
  const uint64_t end = std::min<uint64_t>(from + kMaxChunkSizeBytes, image.size_bytes());
  for (uint64_t at = from; at < end; at += sizeof sector) {
    if (!image.ReadAt(at, absl::MakeSpan(sector, sizeof sector)).ok()) return at;
  }
  return from;
}

absl::Status FollowMap(const Sidecar& sidecar, RangeCheck& check) {
  BodyReader::Handler first;
  first.on_extents = [&](uint64_t index, const ExtentList& extents) {
    return index == sidecar.item_index() ? check.Follow(extents) : absl::OkStatus();
  };
  HOZEN_RETURN_IF_ERROR(WalkBody(sidecar, std::move(first)));
  BodyReader::Handler again;
  again.on_extents = [&](uint64_t index, const ExtentList& extents) {
    if (index == sidecar.item_index()) check.FollowAgain(extents);
    return absl::OkStatus();
  };
  HOZEN_RETURN_IF_ERROR(WalkBody(sidecar, std::move(again)));
  return check.Finish();
}

// Where the image cannot be read, which the status says, `fault` learns the place.
absl::Status CheckRange(const Sidecar& sidecar, Source& image, ImageRange range, const BundleProgress& on_progress,
                        BundleFault& fault, BundleReport& report) {
  RangeCheck check(image, range.offset_bytes, [&](uint64_t done) {
    report.verified_bytes = done;
    if (on_progress) on_progress(done, range.size_bytes);
  });
  const absl::Status followed = FollowMap(sidecar, check);
  if (!followed.ok() && check.unreadable_at().has_value()) {
    fault.offset_bytes = range.offset_bytes + FirstUnreadable(image, *check.unreadable_at());
  }
  HOZEN_RETURN_IF_ERROR(followed);
  report.unproven_bytes = check.unproven_bytes();
  if (!check.wrong_at().has_value()) {
    report.verified_items = 1;
    return absl::OkStatus();
  }
  fault.offset_bytes = check.wrong_at();
  fault.detail = Say("the chunk there is not the one that was acquired", "このチャンクが取得時と異なります");
  report.Add(std::move(fault));
  return absl::OkStatus();
}

// `fault` as in CheckRange.
absl::Status CheckWhole(const Sidecar& sidecar, Source& image, const v1::Item& item, const BundleProgress& on_progress,
                        BundleFault& fault, BundleReport& report) {
  std::string buffer(kMaxChunkSizeBytes, '\0');
  Sha256 hash;
  uint64_t at = 0;
  while (at < image.size_bytes()) {
    const auto got = image.ReadAt(at, absl::MakeSpan(buffer.data(), buffer.size()));
    if (!got.ok()) {
      fault.offset_bytes = FirstUnreadable(image, at);
      return got.status();
    }
    if (*got == 0) break;
    hash.Update(std::string_view(buffer.data(), *got));
    at += *got;
    report.verified_bytes = at;
    if (on_progress) on_progress(at, item.size_bytes());
  }
  if (hash.Finish().bytes() == item.sha256()) {
    report.verified_items = 1;
    return absl::OkStatus();
  }
  fault.detail = Say("its SHA-256 is not the one that the host signed", "SHA-256 が端末の署名した値と一致しません");
  BundleFault located = fault;
  const absl::Status walked = Locate(sidecar, image, located);
  report.Add(walked.ok() ? std::move(located) : std::move(fault));
  return absl::OkStatus();
}

absl::Status CheckImage(const fs::path& file, const Sidecar& sidecar, const v1::Item& item,
                        const BundleProgress& on_progress, BundleReport& report) {
  BundleFault fault;
  fault.where = Printable(file.filename().native());
  fault.item_index = item.index();
  fault.path = item.path();
  const auto range = FindRange(sidecar, item);
  if (!range.ok()) {
    report.Add(Concat(fault.where, ".json"), std::string(range.status().message()));
    return absl::OkStatus();
  }
  const auto image = OpenImage(file, range->size_bytes);
  absl::Status checked = image.status();
  if (image.ok() && (*image)->size_bytes() != range->size_bytes) {
    const uint64_t size = (*image)->size_bytes();
    fault.detail =
        Concat(Say("the image has another size than what it is of: ", "イメージのサイズが取得範囲と異なります: "), size,
               " / ", range->size_bytes, Say(" bytes", " バイト"));
    if (size > range->size_bytes) fault.offset_bytes = range->offset_bytes + range->size_bytes;
    report.Add(std::move(fault));
    return absl::OkStatus();
  }
  const bool whole = range->offset_bytes == 0 && range->size_bytes == item.size_bytes();
  if (image.ok()) {
    checked = whole ? CheckWhole(sidecar, **image, item, on_progress, fault, report)
                    : CheckRange(sidecar, **image, *range, on_progress, fault, report);
  }
  // Bytes that the form of the image itself calls damaged are a fault of the bundle.
  if (!absl::IsDataLoss(checked)) return checked;
  fault.detail = std::string(checked.message());
  report.Add(std::move(fault));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<BundleReport> VerifyRawBundle(const fs::path& image, const fs::path& sidecar_file,
                                             const PublicKey& authority, const BundleProgress& on_progress) {
  BundleReport report;
  report.format = "raw";
  const std::string name = Printable(sidecar_file.filename().native());
  const auto sidecar = Sidecar::Open(sidecar_file);
  if (!sidecar.ok()) {
    if (!absl::IsDataLoss(sidecar.status())) return sidecar.status();
    report.Add(name, std::string(sidecar.status().message()));
    return report;
  }
  if (!VerifyProofs(sidecar->proofs(), authority, report)) return report;
  const absl::Status body = CheckBodyDigest(*sidecar, report.manifest);
  if (!body.ok()) {
    report.Add("body", std::string(body.message()));
    return report;
  }
  const auto item = FindItem(*sidecar, report.manifest);
  if (!item.ok()) {
    report.Add("body", std::string(item.status().message()));
    return report;
  }
  const auto claimed = Digest::FromHex(sidecar->sha256_hex());
  if (sidecar->size_bytes() != item->size_bytes() || !claimed.ok() || claimed->bytes() != item->sha256()) {
    report.Add(name, std::string(Say("its size_bytes or sha256 are not those that the host signed",
                                     "size_bytes または sha256 が端末の署名した値と異なります")));
  }
  const absl::Status said = CheckSaid(*sidecar, report.manifest, *item);
  if (!said.ok()) report.Add(name, std::string(said.message()));
  HOZEN_RETURN_IF_ERROR(CheckImage(image, *sidecar, *item, on_progress, report));
  return report;
}

}  // namespace hozen
