// SPDX-License-Identifier: Apache-2.0
// Every test of this program also proves that the room leaves OpenSSL's error queue empty: a server
// that reads the queue after its own call would report our failure as its own.
#include <gtest/gtest.h>
#include <openssl/err.h>

namespace {

class ErrorQueueCheck : public testing::EmptyTestEventListener {
  void OnTestEnd(const testing::TestInfo&) override {
    const unsigned long code = ERR_peek_error();
    ERR_clear_error();
    EXPECT_EQ(code, 0u) << "left in the error queue: " << ERR_reason_error_string(code);
  }
};

// The list of listeners owns it.
[[maybe_unused]] const bool kIsRegistered = [] {
  testing::UnitTest::GetInstance()->listeners().Append(new ErrorQueueCheck);
  return true;
}();

}  // namespace
