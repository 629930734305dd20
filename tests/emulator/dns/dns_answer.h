// SPDX-License-Identifier: Apache-2.0
// The answer of the emulated zones' name server to one question (RFC 1035). Called under World's
// lock.
#pragma once

#include <cstddef>
#include <string>

namespace emulator {

struct World;

// `question` and the answer are DNS messages. An answer longer than `limit` is cut, so that the
// client asks again over TCP. Empty: the question is no DNS message, so there is no answer.
std::string answer_dns(const World& world, const std::string& question, std::size_t limit);

}  // namespace emulator
