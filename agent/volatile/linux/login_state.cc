#include "agent/volatile/linux/login_state.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/volatile/linux/addresses.h"
#include "agent/volatile/linux/text_fields.h"
#include "agent/volatile/record_source.h"
#include "agent/volatile/timestamps.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr size_t kMaxUtmpBytes = 16 << 20;
constexpr size_t kMaxSessionBytes = 64 << 10;
constexpr size_t kMostSessions = 4096;
constexpr char kUtmp[] = "/run/utmp";
constexpr char kSessions[] = "/run/systemd/sessions";

// utmp(5), by offsets: the C library's structure is of its own machine alone.
constexpr size_t kRecordBytes = 384;
constexpr size_t kTypeAt = 0, kPidAt = 4, kLineAt = 8, kIdAt = 40, kUserAt = 44, kHostAt = 76;
constexpr size_t kSecondsAt = 340, kMicrosecondsAt = 344, kAddressAt = 348;
constexpr size_t kAddressBytes = 16;

constexpr std::string_view kTypes[] = {"empty",        "run_level",     "boot_time",    "new_time",     "old_time",
                                       "init_process", "login_process", "user_process", "dead_process", "accounting"};

uint32_t LittleEndian(std::string_view bytes, size_t at, size_t size) {
  uint32_t value = 0;
  for (size_t i = size; i > 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[at + i - 1]);
  return value;
}

// Up to its first NUL; a field that is full has none.
std::string FieldText(std::string_view record, size_t at, size_t size) {
  const std::string_view field = record.substr(at, size);
  return Printable(field.substr(0, field.find('\0')));
}

std::string AddressOf(std::string_view record) {
  const std::string_view bytes = record.substr(kAddressAt, kAddressBytes);
  const auto is_zero = [](char c) { return c == '\0'; };
  if (std::all_of(bytes.begin(), bytes.end(), is_zero)) return "";
  // An IPv4 address stands in the first four bytes alone.
  return AddressText(std::all_of(bytes.begin() + 4, bytes.end(), is_zero) ? bytes.substr(0, 4) : bytes);
}

void AddUtmp(const KernelFiles& files, std::vector<v1::VolatileRecord>& records) {
  const absl::StatusOr<KernelFiles::Text> text = files.Read(kUtmp, kMaxUtmpBytes);
  if (!text.ok()) {
    records.push_back(MissingRecord(kUtmp, StateFailure(text.status())));
    return;
  }
  size_t rest_bytes = 0;
  for (v1::LoginState& login : ParseUtmp(text->bytes, rest_bytes)) {
    login.set_source(kUtmp);
    *records.emplace_back().mutable_login() = std::move(login);
  }
  if (text->cut || rest_bytes > 0) {
    records.push_back(MissingRecord(
        kUtmp, MakeFailure(text->cut ? v1::CAUSE_LIMIT_FILE_BYTES : v1::CAUSE_IO_ERROR,
                           Concat("it does not end with a whole record: ", rest_bytes, " bytes are left"))));
  }
}

void AddSessions(const KernelFiles& files, std::vector<v1::VolatileRecord>& records) {
  const absl::StatusOr<std::vector<std::string>> names = files.List(kSessions);
  if (!names.ok()) {
    records.push_back(MissingRecord(kSessions, StateFailure(names.status())));
    return;
  }
  size_t sessions = 0;
  for (const std::string& name : *names) {
    if (name.ends_with(".ref")) continue;  // a FIFO by which logind sees the session end
    const std::string path = Concat(kSessions, "/", name);
    if (sessions++ == kMostSessions) {
      records.push_back(MissingRecord(
          kSessions, MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("only ", kMostSessions, " sessions are here"))));
      return;
    }
    const absl::StatusOr<KernelFiles::Text> text = files.Read(path, kMaxSessionBytes);
    if (!text.ok()) {
      records.push_back(MissingRecord(path, StateFailure(text.status(), v1::CAUSE_VANISHED)));
      continue;
    }
    v1::LoginState& login = *records.emplace_back().mutable_login();
    login = ParseSession(text->bytes);
    login.set_source(Printable(path));
    login.set_id(Printable(name));
  }
}

}  // namespace

std::vector<v1::LoginState> ParseUtmp(std::string_view bytes, size_t& rest_bytes) {
  std::vector<v1::LoginState> logins;
  for (; bytes.size() >= kRecordBytes; bytes.remove_prefix(kRecordBytes)) {
    const std::string_view record = bytes.substr(0, kRecordBytes);
    const uint32_t type = LittleEndian(record, kTypeAt, 2);
    if (type == 0) continue;
    v1::LoginState& login = logins.emplace_back();
    login.set_type(type < std::size(kTypes) ? std::string(kTypes[type]) : Concat(type));
    login.set_pid(static_cast<int32_t>(LittleEndian(record, kPidAt, 4)));
    login.set_line(FieldText(record, kLineAt, 32));
    login.set_id(FieldText(record, kIdAt, 4));
    login.set_user(FieldText(record, kUserAt, 32));
    login.set_host(FieldText(record, kHostAt, 256));
    login.set_address(AddressOf(record));
    *login.mutable_at() = TimestampOfSeconds(static_cast<int32_t>(LittleEndian(record, kSecondsAt, 4)));
    const uint32_t microseconds = LittleEndian(record, kMicrosecondsAt, 4);
    if (microseconds < 1'000'000) login.mutable_at()->set_nanos(static_cast<int32_t>(microseconds * 1000));
  }
  rest_bytes = bytes.size();
  return logins;
}

v1::LoginState ParseSession(std::string_view text) {
  v1::LoginState login;
  for (const std::string_view line : Lines(text)) {
    const size_t equals = line.find('=');
    if (line.empty() || line[0] == '#' || equals == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (name == "USER") {
      login.set_user(Printable(value));
    } else if (name == "TTY") {
      login.set_line(Printable(value));
    } else if (name == "REMOTE_HOST") {
      login.set_host(Printable(value));
    } else if (name == "LEADER") {
      login.set_pid(NumberOf<int32_t>(value).value_or(0));
    } else if (name == "CLASS") {
      login.set_type(Printable(value));
    } else if (name == "STATE") {
      login.set_state(Printable(value));
    } else if (name == "SERVICE") {
      login.set_service(Printable(value));
    } else if (name == "REALTIME") {
      const auto microseconds = NumberOf<int64_t>(value);
      if (!microseconds.has_value() || *microseconds < 0) continue;
      *login.mutable_at() = TimestampOfSeconds(*microseconds / 1'000'000);
      login.mutable_at()->set_nanos(static_cast<int32_t>(*microseconds % 1'000'000 * 1000));
    }
  }
  return login;
}

std::vector<v1::VolatileRecord> LoginRecords(const KernelFiles& files) {
  std::vector<v1::VolatileRecord> records;
  AddUtmp(files, records);
  AddSessions(files, records);
  return records;
}

}  // namespace hozen
