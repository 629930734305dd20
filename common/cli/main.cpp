// SPDX-License-Identifier: Apache-2.0
// ccmctl: what people and scripts use to see and steer certificates (application.h).
#include "cli/application.h"

int main(int argc, char** argv) {
  return ccm::cli::Application().run(argc, argv);
}
