#include "agent/volume/container_detection.h"

#include "core/base/concat.h"

namespace hozen {
namespace {

struct Mark {
  bool at_end = false;  // counted from the start of the last 512 bytes
  size_t offset = 0;
  std::string_view bytes;
  ContainerKind kind = ContainerKind::kPlain;  // kPlain: known, and not read
  std::string_view name = "";
};

using namespace std::string_view_literals;

constexpr Mark kMarks[] = {
    {.bytes = "EVF\x09\x0d\x0a\xff\0"sv, .kind = ContainerKind::kEwf},
    {.bytes = "QFI\xfb"sv, .kind = ContainerKind::kQcow},
    {.bytes = "KDMV"sv, .kind = ContainerKind::kVmdk},
    {.bytes = "conectix"sv, .kind = ContainerKind::kVhd},
    {.at_end = true, .bytes = "conectix"sv, .kind = ContainerKind::kVhd},
    {.bytes = "EVF2\x0d\x0a\x81\0"sv, .name = "an Ex01 of EnCase 7"},
    {.bytes = "LVF\x09\x0d\x0a\xff\0"sv, .name = "a logical evidence file (L01), which holds no disk"},
    {.bytes = "LEF2\x0d\x0a\x81\0"sv, .name = "a logical evidence file (Lx01), which holds no disk"},
    {.bytes = "vhdxfile"sv, .name = "a VHDX"},
    {.offset = 64, .bytes = "\x7f\x10\xda\xbe"sv, .name = "a VDI of VirtualBox"},
    {.bytes = "# Disk DescriptorFile"sv, .kind = ContainerKind::kVmdkFlat},
    {.bytes = "COWD"sv, .name = "a sparse VMDK of ESX"},
    {.bytes = "AFF10\x0d\x0a\0"sv, .name = "an AFF"},
    {.at_end = true, .bytes = "koly"sv, .name = "a DMG of macOS"},
};

std::string TwoCharacters(char base, uint32_t number, uint32_t letters) {
  return {static_cast<char>(base + number / letters), static_cast<char>(base + number % letters)};
}

std::string EwfExtension(char first_letter, uint32_t number) {
  if (number <= 99) return std::string{first_letter} + TwoCharacters('0', number, 10);
  constexpr uint32_t kLetters = 26;
  const char base = first_letter >= 'a' ? 'a' : 'A';
  number -= 100;
  const uint32_t letter = static_cast<uint32_t>(first_letter - base) + number / (kLetters * kLetters);
  if (letter >= kLetters) return "";
  return std::string{static_cast<char>(base + letter)} + TwoCharacters(base, number % (kLetters * kLetters), kLetters);
}

// Numbers from 1.
std::string VmdkExtentName(ContainerKind kind, const std::string& descriptor, uint32_t number) {
  constexpr size_t kExtensionBytes = 5;  // ".vmdk", in whatever case
  if (descriptor.size() <= kExtensionBytes || number == 0 || number > 999) return "";
  const std::string stem = descriptor.substr(0, descriptor.size() - kExtensionBytes);
  const std::string extension = descriptor.substr(stem.size());
  if (extension.front() != '.') return "";
  if (kind == ContainerKind::kVmdkFlat) return number == 1 ? Concat(stem, "-flat", extension) : "";
  if (kind != ContainerKind::kVmdkFlatPieces && kind != ContainerKind::kVmdkSparsePieces) return "";
  const char* const letter = kind == ContainerKind::kVmdkFlatPieces ? "-f" : "-s";
  return Concat(stem, letter, number < 100 ? "0" : "", number < 10 ? "0" : "", number, extension);
}

}  // namespace

absl::StatusOr<ContainerKind> DetectContainer(std::string_view head, std::string_view tail) {
  for (const Mark& mark : kMarks) {
    const std::string_view where = mark.at_end ? tail : head;
    if (where.size() < mark.offset || where.compare(mark.offset, mark.bytes.size(), mark.bytes) != 0) continue;
    if (mark.kind != ContainerKind::kPlain) return mark.kind;
    return absl::InvalidArgumentError(
        Concat("it is ", mark.name,
               ", which is not read as a disk: convert it with qemu-img or ewfexport, or ask for its bytes as they are "
               "(container \"raw\")"));
  }
  return ContainerKind::kPlain;
}

std::string PartName(ContainerKind kind, const std::string& first, uint32_t number) {
  if (number == 1) return first;
  if (NameOf(kind) == "vmdk") return VmdkExtentName(kind, first, number - 1);
  if (number == 0 || first.size() < 5 || first[first.size() - 4] != '.') return "";
  const std::string stem = first.substr(0, first.size() - 3);
  const std::string extension = first.substr(first.size() - 3);
  if (kind == ContainerKind::kSplit) {
    if (extension != "001" || number > 999) return "";
    return Concat(stem, number < 100 ? "0" : "", number < 10 ? "0" : "", number);
  }
  const char letter = extension[0];
  const bool is_letter = (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
  if (kind != ContainerKind::kEwf || !is_letter || extension.substr(1) != "01") return "";
  const std::string name = EwfExtension(letter, number);
  return name.empty() ? "" : stem + name;
}

}  // namespace hozen
