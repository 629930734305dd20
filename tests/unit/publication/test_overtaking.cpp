// SPDX-License-Identifier: Apache-2.0
// The writer comes round exactly while a reader is in the middle of its copy. Races meet that
// moment too seldom to prove anything, so it is made: one page of the reader's mapping is closed,
// and the fault that the copy runs into lets the writer publish before the copy goes on.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string_view>

#include "publication_fixture.h"

// The handler publishes, and so allocates. That is safe here: it runs only where the copy faults,
// never inside of an allocation. ThreadSanitizer reads its options from this function.
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() {
  return "report_signal_unsafe=0";
}

namespace ccm::publication {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kFaultAt = 4 * kPage;  // within a value of 32 KiB

// For the signal handler, which is called by nobody but the copy that faults.
std::function<void()> on_fault;
void* closed_page = nullptr;

void handle_fault(int) {
  // Opened first: the writer must not be needed to end the fault.
  if (closed_page == nullptr || mprotect(closed_page, kPage, PROT_READ) != 0) _exit(3);
  closed_page = nullptr;
  on_fault();
}

// Where the reader's mapping begins: the one of the segment that is not writable.
std::byte* mapping_of_reader() {
  FILE* maps = fopen("/proc/self/maps", "re");
  char line[512];
  std::byte* found = nullptr;
  while (maps != nullptr && fgets(line, sizeof line, maps) != nullptr) {
    unsigned long begin = 0;
    char rights[8] = {};
    if (sscanf(line, "%lx-%*x %7s", &begin, rights) == 2 && std::string_view(rights) == "r--s" &&
        std::string_view(line).find("memfd:ccm-publication") != std::string_view::npos) {
      found = reinterpret_cast<std::byte*>(begin);
    }
  }
  if (maps != nullptr) fclose(maps);
  return found;
}

class Overtaking : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    struct sigaction action {};
    action.sa_handler = handle_fault;
    ASSERT_EQ(sigaction(SIGSEGV, &action, &previous_), 0);
  }
  void TearDown() override {
    sigaction(SIGSEGV, &previous_, nullptr);
    on_fault = nullptr;
  }

  static Published large_value() {
    Published value = make_published("a.example");
    value.ocsp_response.assign(32 * 1024, std::byte{1});
    return value;
  }

 private:
  struct sigaction previous_ {};
};

TEST_P(Overtaking, CopyIsThrownAwayAndMadeAnew) {
  Writer writer = make_writer({"a"});
  Reader reader = make_reader(writer);
  ASSERT_TRUE(writer.publish("a", large_value()));
  std::vector<Published> later;
  for (int i = 0; i < GetParam(); ++i) later.push_back(large_value());

  int faults = 0;
  on_fault = [&] {
    ++faults;
    for (const Published& value : later) static_cast<void>(writer.publish("a", value));
  };
  RawSegment raw(writer.descriptor());
  const auto offset = static_cast<std::size_t>(raw.buffer(0, current_buffer(1)) -
                                               reinterpret_cast<std::byte*>(&raw.header()));
  std::byte* const base = mapping_of_reader();
  ASSERT_NE(base, nullptr);
  closed_page = base + offset + kFaultAt;
  ASSERT_EQ(mprotect(closed_page, kPage, PROT_NONE), 0);

  const auto served = reader.get(0);
  EXPECT_EQ(faults, 1);
  EXPECT_EQ(reader.take_error(0), std::nullopt);
  EXPECT_EQ(identity_of(served), identity_of(later.back()));
  EXPECT_EQ(served->generation, 1U + later.size());
}

// Once: the copied buffer is wiped. Twice: it is filled anew. More: it only looks like it did
// before.
INSTANTIATE_TEST_SUITE_P(Publications, Overtaking, testing::Values(1, 2, 3, 4));

}  // namespace
}  // namespace ccm::publication
