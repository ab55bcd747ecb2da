#include "agent/volatile/windows/process/code_signature.h"

#include <windows.h>
// After windows.h.
#include <wincrypt.h>
#include <wintrust.h>
// After wintrust.h.
#include <mscat.h>
#include <softpub.h>

#include <iterator>
#include <optional>
#include <string_view>

#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/system_function.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/windows_error.h"
#include "core/crypto/sha256.h"

namespace hozen {
namespace {

constexpr wchar_t kLibrary[] = L"wintrust.dll";
constexpr DWORD kMostHashBytes = 64;
constexpr int kMostCatalogs = 16;  // of one file
constexpr DWORD kMostNameChars = 512;
constexpr char kUnsigned[] = "unsigned";

using AcquireContext2 = BOOL(WINAPI*)(HCATADMIN*, const GUID*, const WCHAR*, const void*, DWORD);
using CalcHash2 = BOOL(WINAPI*)(HCATADMIN, HANDLE, DWORD*, BYTE*, DWORD);

struct Meaning {
  uint32_t error;
  const char* state;
};
constexpr Meaning kMeanings[] = {
    {0, "valid"},
    {0x800B0001 /* TRUST_E_PROVIDER_UNKNOWN */, kUnsigned},
    {0x800B0003 /* TRUST_E_SUBJECT_FORM_UNKNOWN */, kUnsigned},
    {0x800B0100 /* TRUST_E_NOSIGNATURE */, kUnsigned},
    {0x80096010 /* TRUST_E_BAD_DIGEST */, "wrong_hash"},
    {0x800B0101 /* CERT_E_EXPIRED */, "expired"},
    {0x800B0102 /* CERT_E_VALIDITYPERIODNESTING */, "expired"},
    {0x800B010C /* CERT_E_REVOKED */, "revoked"},
    {0x800B0004 /* TRUST_E_SUBJECT_NOT_TRUSTED */, "untrusted"},
    {0x800B0109 /* CERT_E_UNTRUSTEDROOT */, "untrusted"},
    {0x800B010A /* CERT_E_CHAINING */, "untrusted"},
    {0x800B010B /* TRUST_E_FAIL */, "untrusted"},
    {0x800B010D /* CERT_E_UNTRUSTEDTESTROOT */, "untrusted"},
    {0x800B0110 /* CERT_E_WRONG_USAGE */, "untrusted"},
    {0x800B0111 /* TRUST_E_EXPLICIT_DISTRUST */, "untrusted"},
    {0x800B0112 /* CERT_E_UNTRUSTEDCA */, "untrusted"},
    {0x80092026 /* CRYPT_E_SECURITY_SETTINGS */, "untrusted"},
};

std::string NameOf(PCCERT_CONTEXT certificate, DWORD flags) {
  wchar_t name[kMostNameChars] = {};
  ::CertGetNameStringW(certificate, CERT_NAME_SIMPLE_DISPLAY_TYPE, flags, nullptr, name, kMostNameChars);
  return WideText(name);
}

// Who signed, whatever became of it.
void AddSigner(HANDLE state, v1::CodeSignature& signature) {
  CRYPT_PROVIDER_DATA* const data = state == nullptr ? nullptr : ::WTHelperProvDataFromStateData(state);
  CRYPT_PROVIDER_SGNR* const signer = data == nullptr ? nullptr : ::WTHelperGetProvSignerFromChain(data, 0, FALSE, 0);
  CRYPT_PROVIDER_CERT* const first = signer == nullptr ? nullptr : ::WTHelperGetProvCertFromChain(signer, 0);
  if (first == nullptr || first->pCert == nullptr) return;
  signature.set_signer(NameOf(first->pCert, 0));
  signature.set_issuer(NameOf(first->pCert, CERT_NAME_ISSUER_FLAG));
  const std::string_view encoded(reinterpret_cast<const char*>(first->pCert->pbCertEncoded),
                                 first->pCert->cbCertEncoded);
  signature.set_certificate_sha256(Sha256::Of(encoded).ToHex());
}

// `data` says what is asked about.
v1::CodeSignature Ask(WINTRUST_DATA data) {
  GUID action = WINTRUST_ACTION_GENERIC_VERIFY_V2;
  data.cbStruct = sizeof(data);
  data.dwUIChoice = WTD_UI_NONE;
  data.fdwRevocationChecks = WTD_REVOKE_NONE;
  data.dwStateAction = WTD_STATEACTION_VERIFY;
  data.dwProvFlags = WTD_REVOCATION_CHECK_NONE | WTD_CACHE_ONLY_URL_RETRIEVAL;
  const auto window = static_cast<HWND>(INVALID_HANDLE_VALUE);  // nobody is asked
  const auto error = static_cast<uint32_t>(::WinVerifyTrust(window, &action, &data));
  v1::CodeSignature signature;
  signature.set_state(SignatureState(error));
  AddSigner(data.hWVTStateData, signature);
  if (error != 0 && signature.state() != kUnsigned) {
    const absl::Status status = Win32Status(error, "WinVerifyTrust");
    signature.set_detail(PrintableLine(Concat("0x", absl::Hex(error), ": ", status.message())));
  }
  data.dwStateAction = WTD_STATEACTION_CLOSE;
  ::WinVerifyTrust(window, &action, &data);
  return signature;
}

v1::CodeSignature InTheFile(HANDLE file, const std::wstring& path) {
  WINTRUST_FILE_INFO subject = {};
  subject.cbStruct = sizeof(subject);
  subject.pcwszFilePath = path.c_str();
  subject.hFile = file;
  WINTRUST_DATA data = {};
  data.dwUnionChoice = WTD_CHOICE_FILE;
  data.pFile = &subject;
  return Ask(data);
}

// What a catalog calls its members by: their hash in upper-case hexadecimal.
std::wstring TagOf(const BYTE* hash, DWORD size) {
  constexpr wchar_t kDigits[] = L"0123456789ABCDEF";
  std::wstring tag;
  for (DWORD i = 0; i < size; ++i) {
    tag += kDigits[hash[i] >> 4];
    tag += kDigits[hash[i] & 15];
  }
  return tag;
}

// By one catalog that says that it has this file.
v1::CodeSignature InCatalog(HCATADMIN admin, bool by_second_call, const CATALOG_INFO& catalog, HANDLE file,
                            const std::wstring& path, BYTE* hash, DWORD hash_size) {
  const std::wstring tag = TagOf(hash, hash_size);
  WINTRUST_CATALOG_INFO subject = {};
  subject.cbStruct = sizeof(subject);
  subject.pcwszCatalogFilePath = catalog.wszCatalogFile;
  subject.pcwszMemberTag = tag.c_str();
  subject.pcwszMemberFilePath = path.c_str();
  subject.hMemberFile = file;
  subject.pbCalculatedFileHash = hash;
  subject.cbCalculatedFileHash = hash_size;
  subject.hCatAdmin = by_second_call ? admin : nullptr;
  WINTRUST_DATA data = {};
  data.dwUnionChoice = WTD_CHOICE_CATALOG;
  data.pCatalog = &subject;
  v1::CodeSignature signature = Ask(data);
  signature.set_catalog(WideText(catalog.wszCatalogFile));
  return signature;
}

// The first catalog that is valid, else the last that has this file; nothing where none has.
std::optional<v1::CodeSignature> InCatalogs(HCATADMIN admin, bool by_second_call, HANDLE file,
                                            const std::wstring& path) {
  BYTE hash[kMostHashBytes] = {};
  DWORD size = sizeof(hash);
  const auto hash_of =
      by_second_call ? SystemFunction<CalcHash2>(kLibrary, "CryptCATAdminCalcHashFromFileHandle2") : nullptr;
  const BOOL hashed = by_second_call ? hash_of != nullptr && hash_of(admin, file, &size, hash, 0)
                                     : ::CryptCATAdminCalcHashFromFileHandle(file, &size, hash, 0);
  if (!hashed) return std::nullopt;
  std::optional<v1::CodeSignature> found;
  HCATINFO context = nullptr;
  for (int i = 0; i < kMostCatalogs; ++i) {
    // Also closes the one before.
    context = ::CryptCATAdminEnumCatalogFromHash(admin, hash, size, 0, &context);
    if (context == nullptr) break;
    CATALOG_INFO catalog = {};
    catalog.cbStruct = sizeof(catalog);
    if (!::CryptCATCatalogInfoFromContext(context, &catalog, 0)) continue;
    found = InCatalog(admin, by_second_call, catalog, file, path, hash, size);
    if (found->state() == "valid") break;
  }
  if (context != nullptr) ::CryptCATAdminReleaseCatalogContext(admin, context, 0);
  return found;
}

}  // namespace

std::string SignatureState(uint32_t trust_error) {
  for (const Meaning& each : kMeanings) {
    if (each.error == trust_error) return each.state;
  }
  return "error";
}

CodeSignatures::CodeSignatures() {
  const GUID subsystem = DRIVER_ACTION_VERIFY;
  const auto acquire = SystemFunction<AcquireContext2>(kLibrary, "CryptCATAdminAcquireContext2");
  HCATADMIN admin = nullptr;
  if (acquire != nullptr && acquire(&admin, &subsystem, L"SHA256", nullptr, 0)) {
    catalogs_.push_back({.admin = admin, .by_second_call = true});
  }
  // Catalogs of old name their members by SHA-1.
  if (::CryptCATAdminAcquireContext(&admin, &subsystem, 0)) catalogs_.push_back({.admin = admin});
}

CodeSignatures::~CodeSignatures() {
  for (const Catalogs& each : catalogs_) ::CryptCATAdminReleaseContext(each.admin, 0);
}

v1::CodeSignature CodeSignatures::Verify(void* file, const std::wstring& path) const {
  // Who reads a file through a handle may begin where the one before has stopped.
  const auto from_its_start = [file] { ::SetFilePointerEx(file, {}, nullptr, FILE_BEGIN); };
  from_its_start();
  v1::CodeSignature signature = InTheFile(file, path);
  if (signature.state() != kUnsigned) return signature;
  for (const Catalogs& each : catalogs_) {
    from_its_start();
    std::optional<v1::CodeSignature> found = InCatalogs(each.admin, each.by_second_call, file, path);
    if (found.has_value() && found->state() != kUnsigned) return *std::move(found);
  }
  return signature;
}

}  // namespace hozen
