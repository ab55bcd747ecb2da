#include "tools/hozen/json_rendering.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "tools/hozen/quantity.h"

namespace hozen {
namespace {

std::string Hex(std::string_view bytes) { return absl::BytesToHexString(AbslView(bytes)); }

Json FileJson(const v1::FileMetadata& file) {
  Json json;
  json["mode"] = absl::StrFormat("%07o", file.mode());
  json["uid"] = file.uid();
  json["gid"] = file.gid();
  json["links"] = file.links();
  json["inode"] = file.inode();
  json["device"] = file.device();
  json["size_bytes"] = file.size_bytes();
  json["allocated_bytes"] = file.allocated_bytes();
  AddTime("modified", file.modified_unix_ns(), json);
  AddTime("accessed", file.accessed_unix_ns(), json);
  AddTime("changed", file.changed_unix_ns(), json);
  AddTime("born", file.born_unix_ns(), json);
  AddTime("name_modified", file.name_modified_unix_ns(), json);
  AddTime("name_accessed", file.name_accessed_unix_ns(), json);
  AddTime("name_changed", file.name_changed_unix_ns(), json);
  AddTime("name_born", file.name_born_unix_ns(), json);
  if (file.sequence() != 0) json["sequence"] = file.sequence();
  if (!file.link_target().empty()) AddPath("link_target", file.link_target(), json);
  return json;
}

Json AttributeJson(const v1::AttributeMetadata& attribute) {
  Json json;
  json["type"] = attribute.type();
  json["id"] = attribute.id();
  AddPath("name", attribute.name(), json);
  json["resident"] = attribute.resident();
  json["sparse"] = attribute.sparse();
  json["compressed"] = attribute.compressed();
  json["encrypted"] = attribute.encrypted();
  if (attribute.skipped_bytes() != 0) json["skipped_bytes"] = attribute.skipped_bytes();
  return json;
}

Json SystemJson(const v1::FoundSystem& system) {
  Json json;
  json["system"] = Printable(system.system());
  AddText("system_version", system.system_version(), json);
  AddText("hostname", system.hostname(), json);
  json["volumes"] = Json::array();
  for (const v1::FoundSystem::Volume& volume : system.volumes()) {
    Json one;
    AddPath("path", volume.path(), one);
    one["partition"] = volume.partition();
    one["file_system"] = Printable(volume.file_system());
    json["volumes"].push_back(std::move(one));
  }
  return json;
}

Json DiskJson(const v1::DiskMetadata& disk) {
  Json json;
  AddPath("device_path", disk.device_path(), json);
  json["size_bytes"] = disk.size_bytes();
  json["sector_size_bytes"] = disk.sector_size_bytes();
  AddText("model", disk.model(), json);
  AddText("serial", disk.serial(), json);
  json["partition_table"] = Printable(disk.partition_table());
  Json partitions = Json::array();
  for (const v1::Partition& partition : disk.partitions()) {
    Json one;
    one["number"] = partition.number();
    one["offset_bytes"] = partition.offset_bytes();
    one["size_bytes"] = partition.size_bytes();
    one["type"] = Printable(partition.type());
    AddText("uuid", partition.uuid(), one);
    one["file_system"] = Printable(partition.file_system());
    AddText("note", partition.note(), one);
    AddText("cut", partition.cut(), one);
    AddText("cut_note", partition.cut_note(), one);
    partitions.push_back(std::move(one));
  }
  json["partitions"] = std::move(partitions);
  AddText("order", disk.order(), json);
  for (const v1::FoundSystem& system : disk.systems()) json["systems"].push_back(SystemJson(system));
  AddText("container", disk.container(), json);
  AddText("scope", disk.scope(), json);
  if (disk.range_size_bytes() != 0) {
    json["range_offset_bytes"] = disk.range_offset_bytes();
    json["range_size_bytes"] = disk.range_size_bytes();
  }
  return json;
}

Json CommandJson(const v1::CommandMetadata& command) {
  Json json;
  json["command"] = Printable(command.command());
  json["arguments"] = Json::array();
  for (const std::string& argument : command.arguments()) json["arguments"].push_back(Printable(argument));
  json["exit_status"] = command.exit_status();
  AddText("standard_error", command.standard_error(), json);
  return json;
}

Json OnDiskJson(const v1::OnDisk& on_disk) {
  Json json;
  AddPath("volume", on_disk.volume(), json);
  json["address"] = Printable(on_disk.address());
  json["allocation"] = AllocationName(on_disk.allocation());
  json["file_name_times"] = on_disk.file_name_times();
  return json;
}

Json FactsJson(const v1::HostFacts& facts) {
  Json json;
  json["hostname"] = Printable(facts.hostname());
  json["system"] = Printable(facts.system());
  json["system_version"] = Printable(facts.system_version());
  json["kernel"] = Printable(facts.kernel());
  json["architecture"] = Printable(facts.architecture());
  AddText("machine_id", facts.machine_id(), json);
  json["agent_version"] = Printable(facts.agent_version());
  AddTime("booted", facts.booted_unix_ns(), json);
  json["cpus"] = facts.cpus();
  json["memory_bytes"] = facts.memory_bytes();
  Json disks = Json::array();
  for (const v1::HostFacts::Disk& disk : facts.disks()) {
    Json one;
    AddPath("path", disk.path(), one);
    one["size_bytes"] = disk.size_bytes();
    AddText("model", disk.model(), one);
    disks.push_back(std::move(one));
  }
  json["disks"] = std::move(disks);
  json["addresses"] = Json::array();
  for (const std::string& address : facts.addresses()) json["addresses"].push_back(Printable(address));
  return json;
}

}  // namespace

std::string Enumerator(std::string_view name, std::string_view prefix) {
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  return absl::AsciiStrToLower(AbslView(name));
}

void AddText(std::string_view name, std::string_view text, Json& to) {
  if (!text.empty()) to[std::string(name)] = Printable(text);
}

std::string JsonDocument(const Json& json) { return JsonText(json, 2); }

void AddPath(std::string_view name, std::string_view bytes, Json& to) {
  std::string printable = Printable(bytes);
  // Where only backslashes were doubled, the text says it all.
  const bool exact = IsValidUtf8(bytes) && printable.find("\\x") == std::string::npos;
  to[std::string(name)] = std::move(printable);
  if (!exact) to[Concat(name, "_base64")] = absl::Base64Escape(AbslView(bytes));
}

void AddTime(std::string_view name, int64_t unix_ns, Json& to) {
  if (unix_ns != 0) to[std::string(name)] = FormatUtc(unix_ns);
}

Json FailureJson(const v1::Failure& failure) {
  Json json;
  json["cause"] = CauseName(failure.cause());
  json["detail"] = Printable(failure.detail());
  if (failure.system_error() != 0) json["system_error"] = failure.system_error();
  return json;
}

Json HostJson(const v1::Host& host) {
  Json json;
  json["host_id"] = Printable(host.host_id());
  json["hostname"] = Printable(host.facts().hostname());
  json["label"] = Printable(host.label());
  json["connected"] = host.connected();
  AddTime("enrolled", host.enrolled_unix_ns(), json);
  AddTime("seen", host.seen_unix_ns(), json);
  json["clock_offset_ns"] = host.clock_offset_ns();
  AddTime("certificate_not_after", host.certificate_not_after_unix_ns(), json);
  json["facts"] = FactsJson(host.facts());
  if (host.has_health()) {
    Json health;
    AddTime("at", host.health().now_unix_ns(), health);
    health["resident_bytes"] = host.health().resident_bytes();
    health["cpu_ns"] = host.health().cpu_ns();
    health["state_folder_free_bytes"] = host.health().state_folder_free_bytes();
    health["acquisition_ids"] = Json::array();
    for (const std::string& id : host.health().acquisition_ids()) health["acquisition_ids"].push_back(Printable(id));
    json["health"] = std::move(health);
  }
  return json;
}

Json ProgressJson(const v1::Progress& progress) {
  Json json;
  json["items"] = progress.items();
  json["failed_items"] = progress.failed_items();
  json["read_bytes"] = progress.read_bytes();
  json["expected_bytes"] = progress.expected_bytes();
  json["sent_bytes"] = progress.sent_bytes();
  json["deduplicated_bytes"] = progress.deduplicated_bytes();
  if (!progress.current_path().empty()) AddPath("current_path", progress.current_path(), json);
  json["paused"] = progress.paused();
  return json;
}

Json ManifestJson(const v1::Manifest& manifest) {
  Json json;
  json["plan_sha256"] = Hex(manifest.plan_sha256());
  AddTime("started", manifest.started_unix_ns(), json);
  AddTime("finished", manifest.finished_unix_ns(), json);
  json["complete"] = manifest.complete();
  if (manifest.has_ended_by()) json["ended_by"] = FailureJson(manifest.ended_by());
  json["items"] = manifest.items();
  json["failed_items"] = manifest.failed_items();
  json["failed_targets"] = manifest.failed_targets();
  json["stream_bytes"] = manifest.stream_bytes();
  json["body_sha256"] = Hex(manifest.body_sha256());
  json["body_size_bytes"] = manifest.body_size_bytes();
  json["resumed"] = manifest.resumed();
  json["sent_bytes"] = manifest.sent_bytes();
  json["deduplicated_bytes"] = manifest.deduplicated_bytes();
  json["traces"] = Json::array();
  for (const v1::Trace& trace : manifest.traces()) {
    Json one;
    AddPath("path", trace.path(), one);
    one["what"] = Printable(trace.what());
    json["traces"].push_back(std::move(one));
  }
  json["host"] = FactsJson(manifest.host());
  return json;
}

Json AcquisitionJson(const v1::Acquisition& acquisition) {
  Json json;
  json["acquisition_id"] = Printable(acquisition.acquisition_id());
  json["plan_id"] = Printable(acquisition.plan_id());
  AddText("hunt_id", acquisition.hunt_id(), json);
  if (acquisition.attempt() > 1) json["attempt"] = acquisition.attempt();
  json["host_id"] = Printable(acquisition.host_id());
  json["hostname"] = Printable(acquisition.hostname());
  json["operator"] = Printable(acquisition.operator_name());
  json["reason"] = Printable(acquisition.reason());
  json["summary"] = Printable(acquisition.summary());
  json["state"] = StateName(acquisition.state());
  AddText("detail", acquisition.detail(), json);
  json["cancel_requested"] = acquisition.cancel_requested();
  AddTime("created", acquisition.created_unix_ns(), json);
  AddTime("started", acquisition.started_unix_ns(), json);
  AddTime("finished", acquisition.finished_unix_ns(), json);
  AddTime("deadline", acquisition.deadline_unix_ns(), json);
  if (acquisition.has_progress()) json["progress"] = ProgressJson(acquisition.progress());
  if (acquisition.has_manifest()) json["manifest"] = ManifestJson(acquisition.manifest());
  return json;
}

Json ItemRowJson(const v1::ItemRow& row) {
  const v1::Item& item = row.item();
  Json json;
  json["acquisition_id"] = Printable(row.acquisition_id());
  json["host_id"] = Printable(row.host_id());
  json["hostname"] = Printable(row.hostname());
  json["index"] = item.index();
  json["kind"] = KindName(item.kind());
  json["state"] = StateName(item.state());
  AddPath("path", item.path(), json);
  json["target_index"] = item.target_index();
  AddText("artifact", item.artifact(), json);
  json["has_stream"] = item.has_stream();
  json["size_bytes"] = item.size_bytes();
  if (!item.sha256().empty()) json["sha256"] = Hex(item.sha256());
  if (item.zero_bytes() != 0) json["zero_bytes"] = item.zero_bytes();
  if (item.unreadable_bytes() != 0) json["unreadable_bytes"] = item.unreadable_bytes();
  if (item.not_acquired_bytes() != 0) json["not_acquired_bytes"] = item.not_acquired_bytes();
  for (const v1::ReadTime& time : item.read_times()) {
    json["read_times"].push_back(
        {{"offset_bytes", time.offset_bytes()}, {"at", FormatUtc(time.unix_ms() * 1'000'000)}});
  }
  if (item.has_failure()) json["failure"] = FailureJson(item.failure());
  AddTime("started", item.started_unix_ns(), json);
  AddTime("finished", item.finished_unix_ns(), json);
  if (item.access() != v1::ACCESS_UNSPECIFIED) {
    json["access"] = Enumerator(v1::Access_Name(item.access()), "ACCESS_");
  }
  if (item.allocation() != v1::ALLOCATION_UNSPECIFIED) {
    json["allocation"] = Enumerator(v1::Allocation_Name(item.allocation()), "ALLOCATION_");
  }
  if (item.hidden()) json["hidden"] = true;
  if (item.has_attribute()) json["attribute"] = AttributeJson(item.attribute());
  if (item.has_file()) json["file"] = FileJson(item.file());
  if (item.has_disk()) json["disk"] = DiskJson(item.disk());
  if (item.has_command()) json["command"] = CommandJson(item.command());
  if (row.has_on_disk()) json["on_disk"] = OnDiskJson(row.on_disk());
  return json;
}

std::string MacbText(const v1::TimelineEntry& entry) {
  return {entry.modified() ? 'm' : '.', entry.accessed() ? 'a' : '.', entry.changed() ? 'c' : '.',
          entry.created() ? 'b' : '.'};
}

Json TimelineEntryJson(const v1::TimelineEntry& entry) {
  const v1::ItemRow& row = entry.row();
  const v1::FileMetadata& file = row.item().file();
  Json json;
  json["at"] = FormatUtc(entry.at_unix_ns());
  json["macb"] = MacbText(entry);
  json["acquisition_id"] = Printable(row.acquisition_id());
  json["host_id"] = Printable(row.host_id());
  json["hostname"] = Printable(row.hostname());
  json["index"] = row.item().index();
  json["kind"] = KindName(row.item().kind());
  AddPath("path", row.item().path(), json);
  json["size_bytes"] = file.size_bytes();
  json["mode"] = absl::StrFormat("%07o", file.mode());
  json["uid"] = file.uid();
  json["gid"] = file.gid();
  json["inode"] = file.inode();
  AddText("sha256", Hex(row.item().sha256()), json);
  if (row.has_on_disk()) json["on_disk"] = OnDiskJson(row.on_disk());
  return json;
}

Json LeftOutJson(const v1::LeftOut& left_out) {
  Json json;
  json["kind"] = "left_out";
  json["limit_reached"] = left_out.limit_reached();
  json["acquisitions"] = left_out.acquisitions();
  json["acquisition_ids"] = Json::array();
  for (const std::string& id : left_out.acquisition_ids()) json["acquisition_ids"].push_back(Printable(id));
  json["index_behind_acquisitions"] = left_out.index_behind_acquisitions();
  json["index_behind_seconds"] = left_out.index_behind_seconds();
  return json;
}

std::string AllocationName(v1::OnDisk::Allocation allocation) {
  return Enumerator(v1::OnDisk::Allocation_Name(allocation), "ALLOCATION_");
}

Json TargetJson(const v1::TargetOutcome& outcome) {
  Json json;
  json["kind"] = "target";
  json["target_index"] = outcome.target_index();
  AddText("artifact", outcome.artifact(), json);
  AddPath("pattern", outcome.pattern(), json);
  json["matched_items"] = outcome.matched_items();
  if (outcome.has_failure()) json["failure"] = FailureJson(outcome.failure());
  return json;
}

void AddFailedTargets(const std::vector<v1::TargetOutcome>& first, Json& to) {
  if (first.empty()) return;
  Json targets = Json::array();
  for (const v1::TargetOutcome& outcome : first) targets.push_back(TargetJson(outcome));
  to["first_failed_targets"] = std::move(targets);
}

Json CustodyProofJson(const v1::CustodyProof& proof) {
  Json json;
  json["leaf_index"] = proof.leaf_index();
  Json entry = ParseJson(proof.entry());
  json["entry"] = entry.is_discarded() ? Json(Printable(proof.entry())) : std::move(entry);
  json["tree_size"] = proof.tree_size();
  json["inclusion_path"] = Json::array();
  for (const std::string& hash : proof.inclusion_path()) json["inclusion_path"].push_back(Hex(hash));
  json["checkpoint"] = proof.checkpoint();
  return json;
}

std::string StateName(v1::Acquisition::State state) { return Enumerator(v1::Acquisition::State_Name(state), "STATE_"); }

std::string StateName(v1::Item::State state) { return Enumerator(v1::Item::State_Name(state), "STATE_"); }

std::string KindName(v1::Item::Kind kind) { return Enumerator(v1::Item::Kind_Name(kind), "KIND_"); }

std::string CauseName(v1::Cause cause) {
  std::string name = Enumerator(v1::Cause_Name(cause), "CAUSE_");
  return name.empty() ? Concat("cause_", static_cast<int>(cause)) : name;
}

}  // namespace hozen
