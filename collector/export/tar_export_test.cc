#include "collector/export/tar_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "collector/export/testing_evidence.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;

v1::Item File(std::string path, uint32_t mode) {
  v1::Item item;
  item.set_kind(v1::Item::KIND_FILE);
  item.set_path(std::move(path));
  v1::FileMetadata& file = *item.mutable_file();
  file.set_mode(mode);
  file.set_uid(1000);
  file.set_gid(100);
  file.set_accessed_unix_ns(1'600'000'001'123'456'789);
  file.set_modified_unix_ns(1'600'000'002'000'000'001);
  file.set_changed_unix_ns(1'600'000'003'500'000'000);
  file.set_born_unix_ns(1'500'000'000'000'000'000);
  return item;
}

// Every entry as Python's tarfile sees it.
nlohmann::json ReadWithPython(const TestingEvidence& made, const std::string& tar) {
  const std::string path = (made.folder() / "case.tar").string();
  std::ofstream(path, std::ios::binary) << tar;
  const std::string script = path + ".py";
  std::ofstream(script)
      << "import tarfile,json,sys\n"
         "out={}\n"
         "for m in tarfile.open(sys.argv[1], errors='surrogateescape'):\n"
         "  data=b''\n"
         "  if m.isfile(): data=tarfile.open(sys.argv[1], errors='surrogateescape').extractfile(m).read()\n"
         "  name=m.name.encode('utf-8','surrogateescape').decode('latin-1')\n"
         "  assert name not in out, name\n"
         "  out[name]=dict(type=m.type.decode(),size=m.size,data=data.decode('latin-1'),link=m.linkname,"
         "mode=m.mode,uid=m.uid,gid=m.gid,pax={k:v for k,v in m.pax_headers.items() if 'path' not in k})\n"
         "print(json.dumps(out))\n";
  const CommandResult result = RunTool(Concat("python3 ", script, " ", path));
  EXPECT_EQ(result.exit_status, 0) << result.output;
  return nlohmann::json::parse(result.output, nullptr, false);
}

nlohmann::json Export(TestingEvidence& made, const ItemFilter& filter = {}) {
  made.Commit();
  StoredEvidence evidence = made.Open();
  StringSink sink;
  const absl::Status exported = ExportTar(evidence, filter, sink);
  EXPECT_TRUE(exported.ok()) << exported;
  return ReadWithPython(made, sink.bytes());
}

TEST(TarExportTest, FilesStandWhereAcquirePutsThemWithAllTheirTimes) {
  TestingEvidence made;
  made.AddStream(File("/etc/passwd", 0100640), {made.Chunk("root")});
  made.AddStream(File("C:\\Windows\\win.ini", 0100644), {made.Chunk("ini")});
  v1::Item folder = File("/etc", 0040755);
  folder.set_kind(v1::Item::KIND_DIRECTORY);
  made.AddRecord(folder);
  v1::Item link = File("/bin/sh", 0120777);
  link.set_kind(v1::Item::KIND_SYMBOLIC_LINK);
  link.mutable_file()->set_link_target("dash");
  made.AddRecord(link);
  const nlohmann::json tar = Export(made);
  const nlohmann::json& passwd = tar.at("fs/$rootfs$/etc/passwd");
  EXPECT_EQ(passwd.at("data"), "root");
  EXPECT_EQ(passwd.at("mode"), 0640);
  EXPECT_EQ(passwd.at("uid"), 1000);
  EXPECT_EQ(passwd.at("pax").at("mtime"), "1600000002.000000001");
  EXPECT_EQ(passwd.at("pax").at("atime"), "1600000001.123456789");
  EXPECT_EQ(passwd.at("pax").at("ctime"), "1600000003.5");
  EXPECT_EQ(passwd.at("pax").at("LIBARCHIVE.creationtime"), "1500000000");
  EXPECT_EQ(tar.at("fs/C:/Windows/win.ini").at("data"), "ini");
  EXPECT_EQ(tar.at("fs/$rootfs$/etc").at("type"), "5");
  EXPECT_EQ(tar.at("fs/$rootfs$/bin/sh").at("link"), "dash");
  EXPECT_THAT(tar.at("hozen/items.jsonl").at("data").get<std::string>(), HasSubstr("/etc/passwd"));
}

TEST(TarExportTest, NoNameLeadsOutAndNoneIsLost) {
  TestingEvidence made;
  made.AddStream(File("/a/../../b", 0100644), {made.Chunk("climbs")});
  made.AddStream(File("/\xff\xfe/\xe5\x90\x8d", 0100644), {made.Chunk("bytes")});
  made.AddStream(File("/" + std::string(250, 'x') + "/" + std::string(250, 'y'), 0100644), {made.Chunk("long")});
  made.AddStream(File("/twice", 0100644), {made.Chunk("one")});
  made.AddStream(File("/twice", 0100644), {made.Chunk("one")});
  made.AddStream(File("/twice", 0100644), {made.Chunk("two")});
  const nlohmann::json tar = Export(made);
  EXPECT_EQ(tar.at("fs/$rootfs$/a/%2E./%2E./b").at("data"), "climbs");
  EXPECT_EQ(tar.at("fs/$rootfs$/\u00ff\u00fe/\u00e5\u0090\u008d").at("data"), "bytes");
  EXPECT_EQ(tar.at("fs/$rootfs$/" + std::string(250, 'x') + "/" + std::string(250, 'y')).at("data"), "long");
  EXPECT_EQ(tar.at("fs/$rootfs$/twice").at("data"), "one");
  EXPECT_EQ(tar.at("fs/$rootfs$/twice.item-5").at("data"), "two");
}

TEST(TarExportTest, AFilterTakesAPart) {
  TestingEvidence made;
  made.AddStream(File("/etc/passwd", 0100644), {made.Chunk("root")});
  made.AddStream(File("/var/log/syslog", 0100644), {made.Chunk("log")});
  const nlohmann::json tar = Export(made, {.path_glob = "/etc/*", .artifacts = {}});
  EXPECT_TRUE(tar.contains("fs/$rootfs$/etc/passwd"));
  EXPECT_FALSE(tar.contains("fs/$rootfs$/var/log/syslog"));
}

TEST(TarExportTest, DamageEndsIt) {
  TestingEvidence made;
  const v1::Extent chunk = made.Chunk("root");
  made.AddStream(File("/etc/passwd", 0100644), {chunk});
  made.Commit();
  made.Damage(*Digest::FromBytes(chunk.chunk_sha256()));
  StoredEvidence evidence = made.Open();
  StringSink sink;
  const absl::Status exported = ExportTar(evidence, {}, sink);
  EXPECT_TRUE(absl::IsDataLoss(exported)) << exported;
  EXPECT_THAT(std::string(exported.message()), HasSubstr("/etc/passwd"));
}

}  // namespace
}  // namespace hozen
