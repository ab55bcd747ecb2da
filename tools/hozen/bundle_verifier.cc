#include "tools/hozen/bundle_verifier.h"

#include <fstream>
#include <string>
#include <system_error>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

bool Exists(const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error);
}

bool LooksLikeZip(const fs::path& file) {
  char magic[4] = {};
  std::ifstream in(file, std::ios::binary);
  in.read(magic, sizeof magic);
  return in.gcount() == sizeof magic && std::string_view(magic, 4) == std::string_view("PK\x03\x04", 4);
}

}  // namespace

absl::StatusOr<BundleReport> VerifyBundle(const fs::path& file, const PublicKey& authority,
                                          const BundleProgress& on_progress) {
  if (!Exists(file)) {
    return absl::NotFoundError(
        Concat(Printable(file.native()), ": ", Say("there is no such file", "ファイルがありません")));
  }
  fs::path sidecar = file;
  sidecar += ".json";
  // A disk may begin with any bytes, so a sidecar beside it decides first.
  if (Exists(sidecar)) return VerifyRawBundle(file, sidecar, authority, on_progress);
  // An AFF4 is a ZIP file too, but no bundle without its sidecar.
  if (LooksLikeZip(file) && file.extension() != ".aff4") return VerifyZipBundle(file, authority, on_progress);
  if (file.extension() == ".json") {
    fs::path image = file;
    image.replace_extension();
    if (Exists(image)) return VerifyRawBundle(image, file, authority, on_progress);
    return absl::NotFoundError(Concat(Printable(image.native()), ": ",
                                      Say("the image that this sidecar belongs to is not beside it",
                                          "このサイドカーに対応するイメージが隣にありません")));
  }
  return absl::InvalidArgumentError(Concat(Printable(file.native()), ": ",
                                           Say("is no bundle: neither a zip nor an image with its sidecar (",
                                               "はバンドルではありません（zip でも、サイドカー "),
                                           Printable(sidecar.filename().native()),
                                           Say(") beside it", " を伴うイメージでもありません）")));
}

}  // namespace hozen
