// SPDX-License-Identifier: Apache-2.0
// The memory in which workers count, and the slot of what is tried out.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "publication/canary_board.h"
#include "publication/reader.h"
#include "publication/writer.h"
#include "support/test_bundle.h"

namespace ccm::publication {
namespace {

TEST(CanaryBoard, WorkersCountAndTheAgentReads) {
  const FileDescriptor file = CanaryBoard::create({"b", "a", "c", "a"}).value();
  CanaryBoard worker = CanaryBoard::open(file.get(), CanaryBoard::Access::count).value();
  const CanaryBoard agent = CanaryBoard::open(file.get(), CanaryBoard::Access::read).value();
  EXPECT_EQ(worker.id(), agent.id());
  EXPECT_TRUE(worker.has_names({"a", "b", "c"}));
  EXPECT_FALSE(worker.has_names({"a", "b"}));
  EXPECT_FALSE(worker.has_names({"a", "b", "d"}));
  ASSERT_NE(worker.lanes("c"), nullptr);
  EXPECT_EQ(worker.lanes("d"), nullptr);
  worker.lanes("c")->candidate.add(CanaryCount::shown);
  worker.lanes("c")->candidate.add(CanaryCount::unknown_ca);
  worker.lanes("a")->current.add(CanaryCount::completed);
  EXPECT_EQ(agent.read("c").candidate.shown(), 1U);
  EXPECT_EQ(agent.read("c").candidate.at(CanaryCount::unknown_ca), 1U);
  EXPECT_EQ(agent.read("c").current, CanarySide());
  EXPECT_EQ(agent.read("a").current.at(CanaryCount::completed), 1U);
  EXPECT_EQ(agent.read("b"), CanaryTally());
  EXPECT_EQ(agent.read("d"), CanaryTally());
}

TEST(CanaryBoard, ProcessesCountInTheSameCell) {
  const FileDescriptor file = CanaryBoard::create({"a"}).value();
  const CanaryBoard board = CanaryBoard::open(file.get(), CanaryBoard::Access::count).value();
  constexpr int kProcesses = 3;
  constexpr int kTimes = 1000;
  for (int i = 0; i < kProcesses; ++i) {
    if (fork() != 0) continue;
    for (int k = 0; k < kTimes; ++k) board.lanes("a")->current.add(CanaryCount::shown);
    _exit(0);
  }
  while (wait(nullptr) > 0) continue;
  EXPECT_EQ(board.read("a").current.shown(), std::uint64_t{kProcesses} * kTimes);
}

TEST(CanaryBoard, WhatIsNoneIsRefused) {
  const FileDescriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_FALSE(CanaryBoard::open(null.get(), CanaryBoard::Access::read));
  EXPECT_FALSE(CanaryBoard::open(-1, CanaryBoard::Access::read));
  const FileDescriptor other = CanaryBoard::create({"a"}).value();
  const std::uint64_t wrong = 1;
  ASSERT_EQ(pwrite(other.get(), &wrong, sizeof wrong, 0), static_cast<ssize_t>(sizeof wrong));
  EXPECT_FALSE(CanaryBoard::open(other.get(), CanaryBoard::Access::read));
}

TEST(CanarySlot, IsEmptiedAndFilledAgain) {
  Writer writer = Writer::create({"a", canary_slot("a")}).value();
  Reader reader = Reader::open(writer.open_read_only().value()).value();
  const auto slot = reader.find(canary_slot("a")).value();
  EXPECT_FALSE(writer.withdraw(canary_slot("a")).value());
  const Published value{.bundle = test::make_test_bundle(), .ocsp_response = {}};
  ASSERT_TRUE(writer.publish(canary_slot("a"), value));
  ASSERT_NE(reader.get(slot), nullptr);
  EXPECT_TRUE(writer.holds_certificate(canary_slot("a")));
  EXPECT_TRUE(writer.withdraw(canary_slot("a")).value());
  EXPECT_EQ(reader.get(slot), nullptr);
  EXPECT_FALSE(reader.take_error(slot));
  EXPECT_FALSE(writer.shown(canary_slot("a")));
  EXPECT_FALSE(writer.holds_certificate(canary_slot("a")));
  EXPECT_FALSE(writer.withdraw(canary_slot("a")).value());
  EXPECT_FALSE(writer.withdraw("b").value());
  ASSERT_TRUE(writer.publish(canary_slot("a"), value));
  EXPECT_NE(reader.get(slot), nullptr);
}

}  // namespace
}  // namespace ccm::publication
