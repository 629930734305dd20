// SPDX-License-Identifier: Apache-2.0
// ccm-catalogue-probe STATE COUNT [KEY]: stores COUNT certificates, s0.catalogue.example and so on,
// as if they had been imported. KEY is a kind of key (support/test_pki.h); the entries' names end
// in it. Prints the root in PEM. Nobody else may lead the store.
//
// For the sake of speed, certificates share kMostKeys private keys, and nothing waits for the disk.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/kinds.h"
#include "support/admission.h"
#include "support/test_pki.h"

// In place of the C library's. Nobody needs this store after a power cut.
extern "C" {
int fsync(int /*file*/) {
  return 0;
}
int sync_file_range(int /*file*/, off64_t /*from*/, off64_t /*size*/, unsigned /*flags*/) {
  return 0;
}
}

namespace {

using namespace ccm;

constexpr std::size_t kMostKeys = 256;

test::TestAuthority make_authority(const test::TestAuthority* issuer, const std::string& name,
                                   Time now) {
  return test::make_test_certificate(issuer, {.common_name = name,
                                              .not_before = now - test::kTestDay,
                                              .not_after = now + 3650 * test::kTestDay,
                                              .extended_key_usage = {},
                                              .is_ca = true});
}

std::vector<crypto::KeyPair> make_keys(std::size_t count, const std::string& kind) {
  std::vector<crypto::KeyPair> keys;
  for (std::size_t i = 0; i < count; ++i) keys.push_back(test::make_test_key(kind));
  return keys;
}

Result<void> put(store::Store& store, const store::Lease& lease, const test::TestAuthority& issuer,
                 const std::string& site, const std::string& kind, const crypto::KeyPair& key,
                 Time now) {
  const auto leaf = test::make_test_leaf(issuer, {.names = {site + ".catalogue.example"},
                                                  .not_before = now - test::kTestDay,
                                                  .not_after = now + 90 * test::kTestDay,
                                                  .key = key});
  auto bundle = crypto::Bundle::make({leaf.certificate, issuer.certificate}, leaf.key);
  if (!bundle) return pass(std::move(bundle));
  const std::string entry = fmt::format("{}-{}", site, kind);
  auto stored =
      store.install(lease, test::let_in(entry, *bundle),
                    {.bundle = *bundle, .origin = "import", .expected = 0, .keep = 3, .now = now});
  if (!stored) return pass(std::move(stored));
  return {};
}

int run(const std::string& state, std::size_t count, const std::string& kind) {
  const Time now = SystemClock().now();
  auto store = store::open_store(state);
  auto lease = store ? (*store)->try_lead() : Result<std::unique_ptr<store::Lease>>(nullptr);
  if (!store || !lease || *lease == nullptr) {
    std::fputs("the store cannot be led\n", stderr);
    return 1;
  }
  const auto root = make_authority(nullptr, "Catalogue Root", now);
  const auto issuer = make_authority(&root, "Catalogue Issuing CA", now);
  const auto keys = make_keys(std::min(count, kMostKeys), kind);
  for (std::size_t i = 0; i < count; ++i) {
    const auto done =
        put(**store, **lease, issuer, fmt::format("s{}", i), kind, keys[i % keys.size()], now);
    if (done) continue;
    std::fputs((done.error().message() + "\n").c_str(), stderr);
    return 1;
  }
  std::fputs(root.certificate.to_pem().c_str(), stdout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 || argc == 4)
    return run(argv[1], std::strtoul(argv[2], nullptr, 10), argc == 4 ? argv[3] : "P-256");
  std::fputs("usage: ccm-catalogue-probe STATE COUNT [KEY]\n", stderr);
  return 2;
}
