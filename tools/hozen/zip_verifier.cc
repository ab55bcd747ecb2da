// Zip bundles: in one pass the proofs and the body's digest, in a second every entry, in a third, only where something
// is wrong, the place where it is.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/chunk/chunk.h"
#include "core/crypto/sha256.h"
#include "core/evidence/body.h"
#include "core/evidence/bundle.h"
#include "tools/hozen/bundle_verifier.h"
#include "tools/hozen/list_check.h"
#include "tools/hozen/map_check.h"
#include "tools/hozen/proof_chain.h"
#include "tools/hozen/zip_directory.h"
#include "tools/hozen/zip_reader.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxProofSizeBytes = uint64_t{64} << 20;
// Each costs reading the bundle up to there again.
constexpr size_t kMostLocated = 20;

bool IsOfTheBundle(std::string_view name) {
  for (const std::string_view own :
       {kBundleReadmeEntry, kBundleManifestEntry, kBundleBodyEntry, kBundlePlanEntry, kBundleHostChainEntry,
        kBundleDelegationEntry, kBundleCustodyEntry, kBundleCustodyJsonEntry, kBundleItemsEntry, kBundleTargetsEntry,
        kBundleClientInfoEntry, kBundleUploadsEntry}) {
    if (name == own) return true;
  }
  return false;
}

std::string TooLong() { return std::string(Say("it is longer than it may be", "許容される長さを超えています")); }

std::string BrokenBehind(const std::string& entry, const absl::Status& status) {
  return Concat(Say("the file ends or is damaged in or behind the entry ",
                    "次の項目の途中か後でファイルが切れているか壊れています: "),
                entry, ": ", std::string(status.message()));
}

class ZipVerifier {
 public:
  ZipVerifier(fs::path file, const PublicKey& authority, const BundleProgress& on_progress)
      : file_(std::move(file)), authority_(authority), on_progress_(on_progress) {
    report_.format = "zip";
  }

  absl::StatusOr<BundleReport> Verify() &&;

 private:
  // What the body says of an entry.
  struct Expected {
    uint64_t item_index;
    uint64_t size_bytes;
    Digest sha256;
    bool seen = false;
  };
  // A wrong or missing entry, to be named and located.
  struct Wrong {
    std::string entry;  // empty: missing
    BundleFault fault;
  };

  absl::StatusOr<std::unique_ptr<ZipReader>> Reopen() const { return ZipReader::Open(file_, sound_); }
  // Moves to the entry; NotFound where there is none.
  absl::StatusOr<std::unique_ptr<ZipReader>> OpenEntry(std::string_view name) const;

  absl::Status CheckDirectory();
  absl::Status ReadProofs();
  void ReadProof(ZipReader& zip, std::string& into);
  void ReadBodyDigest(ZipReader& zip);
  bool CheckBodyDigest();
  absl::Status WalkBody(BodyReader::Handler handler) const;
  absl::Status ExpectEntries();
  absl::Status CheckLists();
  absl::Status CheckList(std::string_view name, const std::function<BodyReader::Handler(ListCheck&)>& handler);
  absl::Status CheckEntries();
  void CheckEntry(ZipReader& zip, Expected& expected);
  absl::Status FindWhereItBreaks();
  void Missing();
  absl::Status NameWrongOnes();
  void Progress() const {
    if (on_progress_) on_progress_(report_.verified_bytes, expected_bytes_);
  }

  const fs::path file_;
  const PublicKey& authority_;
  const BundleProgress& on_progress_;
  BundleReport report_;
  bool sound_ = false;  // the ZIP directory
  BundleProofs proofs_;
  std::map<std::string, bool, std::less<>> own_seen_;
  bool body_seen_ = false;
  Digest body_sha256_;
  uint64_t body_size_bytes_ = 0;
  absl::flat_hash_map<Digest, Expected> expected_;  // by SHA-256 of the entry's name
  uint64_t expected_bytes_ = 0;
  uint64_t unreported_missing_ = 0;
  std::map<uint64_t, Wrong> wrong_;  // by item
  bool ended_early_ = false;
};

absl::StatusOr<std::unique_ptr<ZipReader>> ZipVerifier::OpenEntry(std::string_view name) const {
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<ZipReader> zip, Reopen());
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, zip->Next());
    if (!more) return absl::NotFoundError(Printable(name));
    if (zip->name() == name) return zip;
  }
}

absl::Status ZipVerifier::CheckDirectory() {
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<Source> source, OpenForReading(file_));
  absl::StatusOr<ZipDirectory> directory = ZipDirectory::Open(*source);
  absl::Status sound = directory.status();
  ZipEntry entry;
  for (bool more = sound.ok(); more;) {
    const absl::StatusOr<bool> next = directory->Next(entry);
    sound = next.status();
    more = next.ok() && *next;
  }
  sound_ = sound.ok();
  if (!sound_) report_.Add("zip", std::string(sound.message()));
  return absl::OkStatus();
}

void ZipVerifier::ReadProof(ZipReader& zip, std::string& into) {
  std::string buffer(64 << 10, '\0');
  while (true) {
    const auto got = zip.Read(buffer.data(), buffer.size());
    if (!got.ok()) {
      report_.Add(zip.name(), std::string(got.status().message()));
      return;
    }
    if (*got == 0) return;
    if (into.size() + *got > kMaxProofSizeBytes) {
      report_.Add(zip.name(), TooLong());
      into.clear();
      return;
    }
    into.append(buffer, 0, *got);
  }
}

void ZipVerifier::ReadBodyDigest(ZipReader& zip) {
  Sha256 hash;
  std::string buffer(kMaxChunkSizeBytes, '\0');
  // What the manifest claims, believed later, is enough of a bound: a body that is longer is wrong in any case.
  v1::Envelope envelope;
  v1::Manifest claimed;
  const bool known = envelope.ParseFromString(proofs_.manifest) && claimed.ParseFromString(envelope.payload());
  body_seen_ = true;
  while (known) {
    const auto got = zip.Read(buffer.data(), buffer.size());
    if (!got.ok()) {
      report_.Add(zip.name(), std::string(got.status().message()));
      break;
    }
    if (*got == 0) break;
    body_size_bytes_ += *got;
    if (body_size_bytes_ > claimed.body_size_bytes()) break;
    hash.Update(std::string_view(buffer.data(), *got));
  }
  body_sha256_ = hash.Finish();
}

absl::Status ZipVerifier::ReadProofs() {
  const std::map<std::string_view, std::string*> parts = {{kBundleManifestEntry, &proofs_.manifest},
                                                          {kBundlePlanEntry, &proofs_.plan},
                                                          {kBundleHostChainEntry, &proofs_.host_chain},
                                                          {kBundleDelegationEntry, &proofs_.delegation},
                                                          {kBundleCustodyEntry, &proofs_.custody}};
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<ZipReader> zip, Reopen());
  size_t found = 0;
  // All of them stand before the first item, so evidence is not unpacked here; a bundle in another order is read on.
  while (found < parts.size() + 1) {
    const auto more = zip->Next();
    if (!more.ok() || !*more) break;
    const std::string_view name = zip->name();
    if (!IsOfTheBundle(name)) continue;
    const bool again = std::exchange(own_seen_[std::string(name)], true);
    if (again) continue;  // CheckEntries complains of it
    const auto part = parts.find(name);
    if (part != parts.end()) {
      ReadProof(*zip, *part->second);
      ++found;
    } else if (name == kBundleBodyEntry) {
      ReadBodyDigest(*zip);
      ++found;
    }
  }
  own_seen_.clear();
  if (found == 0 && sound_) {
    return absl::InvalidArgumentError(
        Concat(Printable(file_.native()), ": ",
               Say("is a ZIP file, but no bundle of Hozen's", "は ZIP ですが、Hozen のバンドルではありません")));
  }
  return absl::OkStatus();
}

bool ZipVerifier::CheckBodyDigest() {
  if (!body_seen_) {
    report_.Add(std::string(kBundleBodyEntry), std::string(Say("it is missing", "存在しません")));
    return false;
  }
  if (body_size_bytes_ == report_.manifest.body_size_bytes() &&
      body_sha256_.bytes() == report_.manifest.body_sha256()) {
    return true;
  }
  report_.Add(
      std::string(kBundleBodyEntry),
      std::string(Say("it is not the body that the host signed: size or SHA-256 differ, so the list of items "
                      "cannot be believed",
                      "端末が署名した内容と一致しません（サイズまたは SHA-256 の相違）。項目の一覧を信用できません")));
  return false;
}

absl::Status ZipVerifier::WalkBody(BodyReader::Handler handler) const {
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<ZipReader> zip, OpenEntry(kBundleBodyEntry));
  BodyReader body(std::move(handler));
  std::string buffer(256 << 10, '\0');
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const size_t got, zip->Read(buffer.data(), buffer.size()));
    if (got == 0) return body.Finish();
    HOZEN_RETURN_IF_ERROR(body.Feed(std::string_view(buffer.data(), got)));
  }
}

absl::Status ZipVerifier::ExpectEntries() {
  BundleNames names;
  uint64_t items = 0;
  uint64_t failed_items = 0;
  uint64_t failed_targets = 0;
  BodyReader::Handler handler;
  handler.on_target = [&](const v1::TargetOutcome& outcome) {
    if (outcome.has_failure()) ++failed_targets;
    return absl::OkStatus();
  };
  handler.on_item = [&](uint64_t, const v1::Item& item) -> absl::Status {
    ++items;
    if (item.state() != v1::Item::STATE_COMPLETE) ++failed_items;
    if (!item.has_stream()) return absl::OkStatus();
    const BundleNames::Entry entry = names.Next(item);
    if (entry.shared) return absl::OkStatus();
    HOZEN_ASSIGN_OR_RETURN(const Digest sha256, Digest::FromBytes(item.sha256()));
    expected_[Sha256::Of(entry.name)] = Expected{item.index(), item.size_bytes(), sha256};
    expected_bytes_ += item.size_bytes();
    return absl::OkStatus();
  };
  HOZEN_RETURN_IF_ERROR(WalkBody(std::move(handler)));
  if (items != report_.manifest.items()) {
    report_.Add("manifest", Concat(Say("it counts other items than its body has: ", "項目数が本体と一致しません: "),
                                   report_.manifest.items(), " / ", items));
  }
  if (failed_items != report_.manifest.failed_items()) {
    report_.Add("manifest", Concat(Say("it counts other failed items than its body has: ",
                                       "失敗した項目の数が本体と一致しません: "),
                                   report_.manifest.failed_items(), " / ", failed_items));
  }
  const v1::Manifest& manifest = report_.manifest;
  if (manifest.complete() &&
      (manifest.failed_items() > 0 || manifest.failed_targets() > 0 || manifest.has_ended_by())) {
    report_.Add("manifest", std::string(Say("it says that it is complete, and its records say that it is not",
                                            "完了とされていますが、記録では完了していません")));
  }
  if (failed_targets != report_.manifest.failed_targets()) {
    report_.Add("manifest", Concat(Say("it counts other failed targets than its body has: ",
                                       "失敗した対象の数が本体と一致しません: "),
                                   report_.manifest.failed_targets(), " / ", failed_targets));
  }
  return absl::OkStatus();
}

absl::Status ZipVerifier::CheckList(std::string_view name,
                                    const std::function<BodyReader::Handler(ListCheck&)>& handler) {
  const auto zip = OpenEntry(name);
  // Nobody is misled by a list that is not there; a bundle of before may lack one.
  if (absl::IsNotFound(zip.status())) return absl::OkStatus();
  // What is wrong with the file as a whole is told by CheckEntries.
  if (!zip.ok()) return absl::OkStatus();
  ListCheck list([&zip](char* buffer, size_t size) { return (*zip)->Read(buffer, size); });
  absl::Status said = WalkBody(handler(list));
  if (said.ok()) said = list.End();
  if (!said.ok()) report_.Add(std::string(name), std::string(said.message()));
  return absl::OkStatus();
}

absl::Status ZipVerifier::CheckLists() {
  BundleNames names;
  HOZEN_RETURN_IF_ERROR(CheckList(kBundleItemsEntry, [&names](ListCheck& list) {
    BodyReader::Handler handler;
    handler.on_item = [&](uint64_t, const v1::Item& item) {
      return list.Next(ExpectedItemLine(item, item.has_stream() ? names.Next(item).name : std::string()));
    };
    return handler;
  }));
  HOZEN_RETURN_IF_ERROR(CheckList(kBundleTargetsEntry, [](ListCheck& list) {
    BodyReader::Handler handler;
    handler.on_target = [&list](const v1::TargetOutcome& outcome) { return list.Next(ExpectedTargetLine(outcome)); };
    return handler;
  }));
  BundleNames upload_names;
  return CheckList(kBundleUploadsEntry, [&upload_names](ListCheck& list) {
    BodyReader::Handler handler;
    handler.on_item = [&](uint64_t, const v1::Item& item) {
      if (!item.has_stream()) return absl::OkStatus();
      const BundleNames::Entry entry = upload_names.Next(item);
      if (entry.shared || !absl::StartsWith(entry.name, "uploads/")) return absl::OkStatus();
      return list.Next(ExpectedUploadLine(item));
    };
    return handler;
  });
}

void ZipVerifier::CheckEntry(ZipReader& zip, Expected& expected) {
  std::string buffer(kMaxChunkSizeBytes, '\0');
  Sha256 hash;
  uint64_t size = 0;
  std::string why;
  while (why.empty()) {
    const auto got = zip.Read(buffer.data(), buffer.size());
    if (!got.ok()) {
      why = Concat(Say("its packed bytes are damaged behind byte ", "圧縮データが壊れています。位置: "), size, ": ",
                   std::string(got.status().message()));
      break;
    }
    if (*got == 0) break;
    size += *got;
    if (size > expected.size_bytes) {
      why = Concat(Say("it is longer than the item's ", "項目のサイズより長くなっています: "), expected.size_bytes,
                   Say(" bytes", " バイト"));
      break;
    }
    hash.Update(std::string_view(buffer.data(), *got));
    report_.verified_bytes += *got;
    Progress();
  }
  if (why.empty() && size < expected.size_bytes) {
    why = Concat(Say("it ends after ", "途中で終わっています: "), size, " / ", expected.size_bytes,
                 Say(" bytes", " バイト"));
  }
  if (why.empty() && hash.Finish() != expected.sha256) {
    why = Say("its SHA-256 is not the one that the host signed", "SHA-256 が端末の署名した値と一致しません");
  }
  if (why.empty()) {
    ++report_.verified_items;
    return;
  }
  Wrong& wrong = wrong_[expected.item_index];
  wrong.entry = zip.name();
  wrong.fault.where = Printable(zip.name());
  wrong.fault.detail = std::move(why);
  wrong.fault.item_index = expected.item_index;
}

absl::Status ZipVerifier::CheckEntries() {
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<ZipReader> zip, Reopen());
  std::string last = std::string(Say("the start", "先頭"));
  while (true) {
    const auto more = zip->Next();
    if (!more.ok()) {
      report_.Add("zip", BrokenBehind(last, more.status()));
      ended_early_ = true;
      return absl::OkStatus();
    }
    if (!*more) return absl::OkStatus();
    last = Printable(zip->name());
    if (IsOfTheBundle(zip->name())) {
      if (std::exchange(own_seen_[zip->name()], true)) {
        report_.Add(last, std::string(Say("it is there twice", "二重に存在します")));
      }
      continue;
    }
    const auto found = expected_.find(Sha256::Of(zip->name()));
    if (found == expected_.end()) {
      report_.Add(last, std::string(Say("it belongs to no item: it is not evidence",
                                        "どの項目にも属しません（証拠ではありません）")));
    } else if (std::exchange(found->second.seen, true)) {
      report_.Add(last, std::string(Say("it is there twice", "二重に存在します")));
    } else {
      CheckEntry(*zip, found->second);
    }
  }
}

absl::Status ZipVerifier::FindWhereItBreaks() {
  if (sound_) return absl::OkStatus();
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<ZipReader> zip, Reopen());
  std::string last = std::string(Say("the start", "先頭"));
  while (true) {
    const auto more = zip->Next();
    if (!more.ok()) {
      report_.Add("zip", BrokenBehind(last, more.status()));
      return absl::OkStatus();
    }
    if (!*more) return absl::OkStatus();
    last = Printable(zip->name());
  }
}

void ZipVerifier::Missing() {
  constexpr size_t kMostNamed = 1000;
  for (const auto& [name, expected] : expected_) {
    if (expected.seen) continue;
    if (wrong_.size() >= kMostNamed && !wrong_.contains(expected.item_index)) {
      ++unreported_missing_;
      continue;
    }
    Wrong& wrong = wrong_[expected.item_index];
    wrong.fault.detail = ended_early_ ? Say("its entry is missing: the file ends before it",
                                            "項目がありません（ファイルがその前で切れています）")
                                      : Say("its entry is missing", "項目がありません");
    wrong.fault.item_index = expected.item_index;
  }
}

absl::Status ZipVerifier::NameWrongOnes() {
  if (wrong_.empty()) return absl::OkStatus();
  BundleNames names;
  std::unique_ptr<ZipReader> zip;
  std::unique_ptr<MapCheck> check;
  uint64_t checking = 0;
  size_t located = 0;
  BodyReader::Handler handler;
  handler.on_extents = [&](uint64_t index, const ExtentList& extents) -> absl::Status {
    const auto wrong = wrong_.find(index);
    if (wrong == wrong_.end() || wrong->second.entry.empty()) return absl::OkStatus();
    if (check == nullptr || checking != index) {
      check.reset();
      if (located >= kMostLocated) return absl::OkStatus();
      auto opened = OpenEntry(wrong->second.entry);
      if (!opened.ok()) return absl::OkStatus();
      zip = *std::move(opened);
      check = std::make_unique<MapCheck>([&zip](char* buffer, size_t size) { return zip->Read(buffer, size); });
      checking = index;
      ++located;
    }
    check->Follow(extents);
    return absl::OkStatus();
  };
  handler.on_item = [&](uint64_t, const v1::Item& item) -> absl::Status {
    std::string entry;
    if (item.has_stream()) entry = names.Next(item).name;
    const auto wrong = wrong_.find(item.index());
    if (wrong == wrong_.end()) return absl::OkStatus();
    BundleFault& fault = wrong->second.fault;
    fault.path = item.path();
    if (fault.where.empty()) fault.where = Printable(entry);
    if (check != nullptr && checking == item.index() && check->wrong_at().has_value()) {
      fault.offset_bytes = check->wrong_at();
      fault.detail += Concat("; ", check->why());
    }
    check.reset();
    return absl::OkStatus();
  };
  HOZEN_RETURN_IF_ERROR(WalkBody(std::move(handler)));
  return absl::OkStatus();
}

absl::StatusOr<BundleReport> ZipVerifier::Verify() && {
  HOZEN_RETURN_IF_ERROR(CheckDirectory());
  HOZEN_RETURN_IF_ERROR(ReadProofs());
  const bool believed = VerifyProofs(proofs_, authority_, report_);
  if (!believed || !CheckBodyDigest()) {
    // Without a list of items to believe, the one thing left to say is where the file breaks.
    HOZEN_RETURN_IF_ERROR(FindWhereItBreaks());
    return std::move(report_);
  }
  const absl::Status body = ExpectEntries();
  if (!body.ok()) {
    report_.Add(std::string(kBundleBodyEntry), std::string(body.message()));
    return std::move(report_);
  }
  Progress();
  HOZEN_RETURN_IF_ERROR(CheckLists());
  HOZEN_RETURN_IF_ERROR(CheckEntries());
  Missing();
  const absl::Status named = NameWrongOnes();
  for (auto& [index, wrong] : wrong_) report_.Add(std::move(wrong.fault));
  report_.fault_count += unreported_missing_;
  if (!named.ok()) report_.Add(std::string(kBundleBodyEntry), std::string(named.message()));
  return std::move(report_);
}

}  // namespace

absl::StatusOr<BundleReport> VerifyZipBundle(const fs::path& file, const PublicKey& authority,
                                             const BundleProgress& on_progress) {
  return ZipVerifier(file, authority, on_progress).Verify();
}

}  // namespace hozen
