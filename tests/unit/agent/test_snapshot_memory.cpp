// SPDX-License-Identifier: Apache-2.0
// How often the snapshot is in memory while it is written anew.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/publishing/snapshot_keeper.h"
#include "config/input/settings.h"
#include "crypto/verification/serving_rules.h"
#include "publication/snapshot.h"
#include "store/file_store/file_reader.h"
#include "store/host/snapshot_file.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"
#include "support/test_bundle.h"

namespace ccm::agent {
namespace {

// A store of as many entries as wanted, all of which the snapshot has already.
class ManyEntries final : public store::FileReader {
 public:
  ManyEntries(std::string path, std::size_t count) : FileReader(std::move(path)) {
    for (std::size_t i = 0; i < count; ++i) names_.push_back(fmt::format("n{:06}", i));
  }
  Result<std::vector<std::string>> names() const override { return names_; }
  store::VersionNumber current_version(const std::string& name) const noexcept override {
    return name.starts_with('n') ? 1 : 0;
  }
  std::uint64_t version_stamp(const std::string&) const noexcept override { return 1; }
  std::uint64_t response_stamp(const std::string&) const noexcept override { return 0; }

 private:
  std::vector<std::string> names_;
};

// The most memory that this process has had since the last reset_peak(), in bytes.
std::size_t peak() {
  std::ifstream status("/proc/self/status");
  std::string word;
  std::size_t kibibytes = 0;
  while (status >> word) {
    if (word == "VmHWM:") status >> kibibytes;
  }
  return kibibytes * 1024;
}

bool reset_peak() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  return file.good();
}

// As the old content and as the parts of the new one.
TEST(SnapshotMemory, IsThereTwiceWhileTheFileIsWrittenAnew) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers keep what was given back";
#endif
  constexpr std::size_t kCount = 4'000;
  const std::string value(std::size_t{16} << 10U, 'v');
  config::Settings settings;
  ASSERT_TRUE(settings.set("catalogue", {"edge", "source=store"}, {}));
  const config::Config config = settings.finalize().value();
  const test::TempDirectory directory{test::memory_backed_parent()};
  const std::string path = directory.path().string();
  const ManyEntries entries(path, kCount);
  test::FakeClock clock;
  test::MemoryLog log;
  std::string all(publication::kSnapshotHead);
  all.reserve(kCount * (value.size() + 256));
  const std::vector<std::string> names = entries.names().value();
  for (const std::string& name : names) {
    all += publication::encode_entry({.name = name,
                                      .version = 1,
                                      .stamp = 1,
                                      .rules = crypto::kServingRules,
                                      .end = test::kTestNow + test::kTestDay,
                                      .value = std::as_bytes(std::span(value)),
                                      .origin = "import"})
               .reveal();
  }
  const std::size_t size = all.size();
  // Something that has no place in it, so that it must be written anew.
  ASSERT_TRUE(store::replace_snapshot(path, Secret::copy_of(all + "?")));
  std::string().swap(all);
  malloc_trim(0);
  if (!reset_peak()) GTEST_SKIP() << "this kernel does not count anew";
  const std::size_t before = peak();
  SnapshotFile({config, entries, path, clock, log}).bring_up_to_date();
  EXPECT_LT(peak() - before, size * 5 / 2);
  const auto written = publication::Snapshot::parse(store::read_snapshot(path).value());
  EXPECT_EQ(written.total(), size);
  EXPECT_EQ(written.size(), kCount);
}

}  // namespace
}  // namespace ccm::agent
