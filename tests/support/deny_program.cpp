// SPDX-License-Identifier: Apache-2.0
// ccm-deny CALL=EPERM|ENOSYS|KILL ... -- PROGRAM [ARGUMENT ...]
// CALL may be "after-4.18": every call that Linux got after that release.
// Runs a program as a hardened unit does: without some system calls.
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "support/denied_calls.h"

int main(int argc, char** argv) {
  std::vector<ccm::test::Denial> denials;
  int at = 1;
  for (; at < argc && std::strcmp(argv[at], "--") != 0; ++at) {
    denials.push_back(ccm::test::parse_denial(argv[at]));
  }
  if (at + 1 >= argc) {
    std::fputs("usage: ccm-deny CALL=EPERM|ENOSYS|KILL ... -- PROGRAM [ARGUMENT ...]\n", stderr);
    return 2;
  }
  ccm::test::deny_calls(denials);
  execvp(argv[at + 1], argv + at + 1);
  std::perror(argv[at + 1]);
  return 127;
}
