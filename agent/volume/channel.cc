#include "agent/volume/channel.h"

#include "agent/platform/child_stream.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kHeaderBytes = 5;

}  // namespace

absl::Status SendMessage(int fd, MessageType type, std::string_view payload, absl::Time deadline) {
  if (payload.size() > kMaxPayloadBytes) return absl::InvalidArgumentError("The message is too long");
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(payload.size() >> shift));
  bytes.push_back(static_cast<char>(type));
  bytes.append(payload);
  return WriteAllToStream(fd, bytes, deadline);
}

absl::StatusOr<Message> ReceiveMessage(int fd, absl::Time deadline) {
  char header[kHeaderBytes];
  HOZEN_RETURN_IF_ERROR(ReadAllFromStream(fd, header, sizeof(header), deadline));
  size_t size = 0;
  for (int i = 3; i >= 0; --i) size = size << 8 | static_cast<unsigned char>(header[i]);
  if (size > kMaxPayloadBytes) return absl::InvalidArgumentError(Concat("A message of ", size, " bytes"));
  Message message = {.type = static_cast<MessageType>(header[4]), .payload = std::string(size, '\0')};
  HOZEN_RETURN_IF_ERROR(ReadAllFromStream(fd, message.payload.data(), size, deadline));
  return message;
}

void AppendNumber(std::string& payload, uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) payload.push_back(static_cast<char>(number >> shift));
}

std::optional<uint64_t> TakeNumber(std::string_view& payload) {
  if (payload.size() < 8) return std::nullopt;
  uint64_t number = 0;
  for (int i = 7; i >= 0; --i) number = number << 8 | static_cast<unsigned char>(payload[static_cast<size_t>(i)]);
  payload.remove_prefix(8);
  return number;
}

}  // namespace hozen
