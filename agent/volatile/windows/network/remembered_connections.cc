#include "agent/volatile/windows/network/remembered_connections.h"

#include <optional>
#include <string>

#include "agent/acquire/failure.h"
#include "agent/platform/registry_key.h"
#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/registry_texts.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr wchar_t kUsers[] = LR"(\Registry\User)";
constexpr size_t kMostUsers = 4'096;
constexpr size_t kMostDrives = 1'024;  // of one user; letters are 26

std::string TextOf(const RegistryKey& key, std::wstring_view name) {
  const absl::StatusOr<RegistryValue> value = key.Value(name);
  if (!value.ok()) return "";
  const std::optional<std::vector<std::wstring>> texts = TextsOf(*value);
  return texts.has_value() && !texts->empty() ? WideText(texts->front()) : "";
}

void AddOf(const RegistryKey& network, const std::wstring& sid, std::vector<v1::VolatileRecord>& records) {
  std::vector<std::wstring> drives;
  const absl::Status status = network.Names(kMostDrives, drives);
  if (!status.ok()) records.push_back(MissingRecord("connections of a user", FailureOf(status)));
  for (const std::wstring& drive : drives) {
    const absl::StatusOr<RegistryKey> key = network.OpenBelow(drive);
    if (!key.ok()) continue;  // it was forgotten meanwhile
    const std::string remote = TextOf(*key, L"RemotePath");
    if (remote.empty()) continue;
    v1::SmbConnection& connection = *records.emplace_back().mutable_smb_connection();
    connection.set_local(Concat(WideText(drive), ":"));
    connection.set_remote(remote);
    connection.set_user(TextOf(*key, L"UserName"));
    if (connection.user().empty()) connection.set_user(WideText(sid));
    connection.set_state("remembered");
  }
}

}  // namespace

std::vector<v1::VolatileRecord> RememberedConnections() {
  std::vector<v1::VolatileRecord> records;
  const absl::StatusOr<RegistryKey> users = RegistryKey::Open(kUsers);
  absl::Status status = users.status();
  std::vector<std::wstring> sids;
  if (users.ok()) status = users->Names(kMostUsers, sids);
  if (!status.ok()) records.push_back(MissingRecord("connections of users", FailureOf(status)));
  for (const std::wstring& sid : sids) {
    const absl::StatusOr<RegistryKey> network = users->OpenBelow(sid + L"\\Network");
    if (network.ok()) {
      AddOf(*network, sid, records);
    } else if (!absl::IsNotFound(network.status())) {
      records.push_back(MissingRecord("connections of a user", FailureOf(network.status())));
    }
  }
  return records;
}

}  // namespace hozen
