#include "core/evidence/bundle.h"

#include <cstdint>
#include <utility>

#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr size_t kMaxEntryNameBytes = 8192;
constexpr std::string_view kAlwaysEscaped = "%/\\?\"*:|<>";

// How many bytes from `at` on are one character of valid UTF-8 (RFC 3629); 0 for none.
size_t Utf8Length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
  const uint8_t lead = byte(0);
  size_t length = 0;
  uint8_t second_from = 0x80;
  uint8_t second_to = 0xbf;
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    if (lead == 0xe0) second_from = 0xa0;
    if (lead == 0xed) second_to = 0x9f;  // surrogates
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    if (lead == 0xf0) second_from = 0x90;
    if (lead == 0xf4) second_to = 0x8f;
  } else {
    return 0;
  }
  if (text.size() - at < length) return 0;
  if (byte(1) < second_from || byte(1) > second_to) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  }
  return length;
}

void AppendEscaped(uint8_t byte, std::string& out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  out += '%';
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string JoinEscaped(std::string_view prefix, const std::vector<std::string_view>& parts) {
  std::string name(prefix);
  for (const std::string_view part : parts) {
    // Longer names are not used anyway, and a part can be as long as a record.
    if (name.size() > kMaxEntryNameBytes) break;
    name += '/';
    name += EscapeEntryPart(part);
  }
  return name;
}

std::string Unnamed(const v1::Item& item) { return Concat("uploads/item-", item.index(), "/unnamed"); }

}  // namespace

std::string EscapeEntryPart(std::string_view part) {
  std::string out;
  out.reserve(part.size());
  for (size_t at = 0; at < part.size();) {
    const size_t length = Utf8Length(part, at);
    const auto byte = static_cast<uint8_t>(part[at]);
    if (length > 1) {
      out.append(part.substr(at, length));
      at += length;
      continue;
    }
    const bool at_edge = at == 0 || at + 1 == part.size();
    const bool edge_only = part[at] == '.' || part[at] == ' ';
    if (length == 0 || byte < 0x20 || byte == 0x7f || kAlwaysEscaped.find(part[at]) != std::string_view::npos ||
        (edge_only && at_edge)) {
      AppendEscaped(byte, out);
    } else {
      out += part[at];
    }
    ++at;
  }
  return out;
}

std::string UnescapeEntryPart(std::string_view escaped) {
  std::string out;
  out.reserve(escaped.size());
  for (size_t at = 0; at < escaped.size(); ++at) {
    if (escaped[at] == '%' && at + 2 < escaped.size()) {
      const int high = HexValue(escaped[at + 1]);
      const int low = HexValue(escaped[at + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        at += 2;
        continue;
      }
    }
    out += escaped[at];
  }
  return out;
}

std::vector<std::string_view> PathParts(std::string_view path) {
  const char separator = !path.empty() && path.front() == '/' ? '/' : '\\';
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const size_t end = path.find(separator);
    const std::string_view part = path.substr(0, end);
    if (!part.empty()) parts.push_back(part);
    if (end == std::string_view::npos) break;
    path.remove_prefix(end + 1);
  }
  return parts;
}

std::string BundleEntryName(const v1::Item& item) {
  std::string name;
  switch (item.kind()) {
    case v1::Item::KIND_COMMAND_OUTPUT: {
      std::string_view command = item.command().command();
      if (const size_t slash = command.rfind('/'); slash != std::string_view::npos) command.remove_prefix(slash + 1);
      name = Concat("hozen/commands/", item.index(), "-", EscapeEntryPart(command));
      break;
    }
    case v1::Item::KIND_STATE: {
      std::string_view file = item.path();
      if (const size_t slash = file.rfind('/'); slash != std::string_view::npos) file.remove_prefix(slash + 1);
      name = Concat("hozen/state/", item.index(), "-", EscapeEntryPart(file));
      break;
    }
    case v1::Item::KIND_WMI:
      return Concat("hozen/wmi/", item.index(), ".jsonl");
    case v1::Item::KIND_LISTING:
      return Concat("hozen/listings/", item.index(), ".body");
    default: {
      const std::vector<std::string_view> parts = PathParts(item.path());
      if (parts.empty()) return Unnamed(item);
      name = JoinEscaped(item.kind() == v1::Item::KIND_DISK ? "uploads/raw_file" : "uploads/auto", parts);
    }
  }
  return name.size() > kMaxEntryNameBytes ? Unnamed(item) : name;
}

BundleNames::Entry BundleNames::Next(const v1::Item& item) {
  Entry entry{.name = BundleEntryName(item)};
  // An item with a stream always has one; a body that lies about that gets a digest nothing has.
  const Digest content = Digest::FromBytes(item.sha256()).value_or(Digest());
  const auto [first, is_first] = first_.try_emplace(Sha256::Of(entry.name), content);
  if (is_first) return entry;
  if (first->second == content) {
    entry.shared = true;
    return entry;
  }
  const size_t second_slash = entry.name.find('/', entry.name.find('/') + 1);
  entry.name = Concat("uploads/item-", item.index(), entry.name.substr(second_slash));
  return entry;
}

}  // namespace hozen
