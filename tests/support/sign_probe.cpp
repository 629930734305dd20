// SPDX-License-Identifier: Apache-2.0
// ccm-sign-probe: signs the requests it reads, one JSON object a line, and prints the Authorization
// of each, one a line, so that tests in other languages can compare our signer with others.
//
//   {"ak":"…","sk":"…","method":"GET","host":"h:1","path":"/p","query":[["k","v"]],
//    "headers":[["X-Sdk-Date","20250526T083000Z"]],"body":""}
#include <iostream>
#include <string>

#include "cloud/identity/signer.h"
#include "cloud/reply/json.h"

namespace {

using namespace ccm;
using namespace ccm::cloud;

std::vector<std::pair<std::string, std::string>> pairs(const JsonView& list) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const JsonView pair : list.elements()) {
    const auto parts = pair.elements();
    if (parts.size() == 2) out.emplace_back(parts[0].text(), parts[1].text());
  }
  return out;
}

std::string authorization_for(const JsonDocument& request) {
  const AccessKey key{.id = request["ak"].text(),
                      .secret = request["sk"].secret(),
                      .security_token = {},
                      .expires_at = std::nullopt};
  const Query query = pairs(request["query"]);
  return sign(key, {.method = request["method"].text(),
                    .host = request["host"].text(),
                    .path = request["path"].text(),
                    .query = query,
                    .headers = pairs(request["headers"]),
                    .body = request["body"].text(),
                    .now = SystemClock().now()})
      .authorization;
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto request = JsonDocument::parse(line);
    if (!request) {
      std::cerr << "ccm-sign-probe: " << request.error().message() << '\n';
      return 2;
    }
    std::cout << authorization_for(*request) << '\n';
  }
  return 0;
}
