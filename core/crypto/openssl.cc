#include "core/crypto/openssl.h"

#include <openssl/err.h>

#include <cstdlib>

#include "core/base/concat.h"
#include "core/base/log.h"

namespace hozen {
namespace {

constexpr size_t kLongestInputBytes = 1 << 20;

std::string DrainErrors() {
  std::string reasons;
  for (unsigned long error = ERR_get_error(); error != 0; error = ERR_get_error()) {
    char text[256] = {};
    ERR_error_string_n(error, text, sizeof(text));
    if (!reasons.empty()) reasons += "; ";
    reasons += text;
  }
  return reasons;
}

}  // namespace

absl::Status OpenSslError(absl::StatusCode code, std::string_view what) {
  const std::string reasons = DrainErrors();
  return absl::Status(code, reasons.empty() ? std::string(what) : Concat(what, ": ", reasons));
}

void ClearOpenSslErrors() { ERR_clear_error(); }

void OpenSslFatal(std::string_view what) {
  Log(Severity::kError, Concat("OpenSSL failed where it must not: ", what, ": ", DrainErrors()));
  std::abort();
}

BioPtr ReadingBio(std::string_view bytes) {
  if (bytes.size() > kLongestInputBytes) return nullptr;
  // An empty view may point nowhere, which OpenSSL takes for a mistake.
  BioPtr bio(BIO_new_mem_buf(bytes.empty() ? "" : bytes.data(), static_cast<int>(bytes.size())));
  if (bio == nullptr) OpenSslFatal("making a BIO");
  return bio;
}

BioPtr WritingBio() {
  BioPtr bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr) OpenSslFatal("making a BIO");
  return bio;
}

std::string BytesOf(BIO& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(&bio, &data);
  return size > 0 ? std::string(data, size) : std::string();
}

int NoPassword(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) { return -1; }

}  // namespace hozen
