// SPDX-License-Identifier: Apache-2.0
// Readers in threads and in processes beside a writer that never rests: whatever they get is whole,
// and never older than what they had.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "publication_fixture.h"

namespace ccm::publication {
namespace {

constexpr int kReaders = 4;
constexpr std::uint64_t kPublications = 200;

// Values of different lengths, so that a mixture would show.
std::vector<Published> make_values() {
  std::vector<Published> values;
  for (std::size_t i = 0; i < 4; ++i) {
    values.push_back(make_published("a.example"));
    values.back().ocsp_response.assign(i * 9000, static_cast<std::byte>(i + 1));
  }
  return values;
}

// Publication number n (from 1) is values[n % size]; "whole" means equal to the one its generation
// says.
bool is_whole(const Served& served, const std::vector<Published>& values) {
  const Published& expected = values[served.generation % values.size()];
  return identity_of(served.published) == identity_of(expected) &&
         served.published.ocsp_response == expected.ocsp_response;
}

// Reads until the last publication; true when everything was as promised.
bool read_all(Reader& reader, const std::vector<Published>& values) {
  std::uint64_t last = 0;
  while (last < kPublications) {
    const auto served = reader.get(0);
    if (!served || served->generation == last) {
      std::this_thread::yield();
      continue;
    }
    if (served->generation < last || !is_whole(*served, values)) return false;
    last = served->generation;
  }
  return true;
}

void publish_all(Writer& writer, const std::vector<Published>& values) {
  for (std::uint64_t n = 1; n <= kPublications; ++n) {
    ASSERT_TRUE(*writer.publish("a", values[n % values.size()]));
  }
}

TEST(Concurrency, ThreadsShareOneReader) {
  Writer writer = make_writer({"a"});
  Reader reader = make_reader(writer);
  const std::vector<Published> values = make_values();
  std::atomic<int> satisfied{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kReaders; ++i) {
    threads.emplace_back([&] { satisfied += read_all(reader, values) ? 1 : 0; });
  }
  publish_all(writer, values);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(satisfied, kReaders);
  EXPECT_EQ(reader.take_error(0), std::nullopt);
}

TEST(Concurrency, ProcessesInheritTheReader) {
  Writer writer = make_writer({"a"});
  Reader reader = make_reader(writer);
  const std::vector<Published> values = make_values();
  std::vector<pid_t> children;
  for (int i = 0; i < kReaders; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(read_all(reader, values) ? 0 : 1);
    children.push_back(child);
  }
  publish_all(writer, values);
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
}

TEST(Concurrency, CopiesSurviveAnythingTheWriterDoes) {
  // Copying and decoding by hand, thousands of times a second, against the tightest of writers.
  Writer writer = make_writer({"a"});
  const std::vector<Published> values = make_values();
  ASSERT_TRUE(writer.publish("a", values[1]));
  std::atomic<bool> done{false};
  std::atomic<int> mixed{0};
  std::thread fresh_readers([&] {
    while (!done) {
      Reader reader = make_reader(writer);
      const auto served = reader.get(0);
      if (served && !is_whole(*served, values)) ++mixed;
      const auto error = reader.take_error(0);
      // To be overtaken is allowed, to see a mixture is not.
      if (error && error->kind() != ErrorKind::transient) ++mixed;
    }
  });
  for (std::uint64_t n = 2; n <= kPublications; ++n) {
    ASSERT_TRUE(*writer.publish("a", values[n % values.size()]));
  }
  done = true;
  fresh_readers.join();
  EXPECT_EQ(mixed, 0);
}

}  // namespace
}  // namespace ccm::publication
