// SPDX-License-Identifier: Apache-2.0
// A seccomp filter as in hardened units: chosen system calls fail or kill the process. For a child
// of the test, because a filter cannot be removed.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ccm::test {

struct Denial {
  long call;
  int error_number;          // 0: kills the process
  bool and_later = false;    // also every call with a higher number
  unsigned second_bits = 0;  // only when one of these is set in the second argument; 0: always
};

// "memfd_create=EPERM", "memfd_create=ENOSYS" or "memfd_create=KILL"; "after-4.18" stands for every
// call that Linux got after that release. Aborts on another text.
Denial parse_denial(std::string_view text);

// From now on, for this process and all it starts. Aborts when the kernel refuses.
void deny_calls(const std::vector<Denial>& denials);

// Runs the body in a child under the denials and returns its exit status; -1 when a signal ended
// it.
int in_child_without(const std::vector<Denial>& denials, const std::function<int()>& body);

}  // namespace ccm::test
