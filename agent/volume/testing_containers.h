// Disks, and files that hold them, made by other people's tools. For tests.
#ifndef HOZEN_AGENT_VOLUME_TESTING_CONTAINERS_H_
#define HOZEN_AGENT_VOLUME_TESTING_CONTAINERS_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hozen {

// Each fails the test where its tool does.
void RunShell(const std::string& command);

std::string ContentsOf(const std::filesystem::path& path);

// A disk with a partition table, an ext4 file system from 1 MiB on, a run of bytes without any order, text, and zeros.
// Its size is a multiple of 8 MiB, at least 16, so that VHD's geometry fits.
std::string MakeTestDisk(const std::filesystem::path& path, uint64_t size_mib = 16);

// E01 files beside `stem`: <stem>.E01, .E02, ... of at most segment_mib; "fast" or "none" compression.
std::vector<std::string> MakeEwf(const std::string& disk, const std::string& stem, uint64_t segment_mib = 1900,
                                 const std::string& compression = "fast");

// By qemu-img; `options` is what stands behind -o, e.g. "subformat=fixed,force_size=on".
std::string ConvertDisk(const std::string& disk, const std::string& format, const std::string& to,
                        const std::string& options = "", bool compressed = false);

// <stem>.001, .002, ... of part_kib each.
std::vector<std::string> SplitDisk(const std::string& disk, const std::string& stem, uint64_t part_kib);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_TESTING_CONTAINERS_H_
