// SPDX-License-Identifier: Apache-2.0
// ccm-catalogue-probe STATE COUNT [KEY]: stores COUNT certificates, s0.catalogue.example and so on,
// as if they had been imported. KEY is a kind of key (support/test_pki.h); the entries' names end
// in it. Prints the root in PEM. Nobody else may lead the store.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/clock.h"
#include "store/kinds.h"
#include "support/admission.h"
#include "support/test_pki.h"

namespace {

using namespace ccm;

test::TestAuthority make_authority(const test::TestAuthority* issuer, const std::string& name,
                                   Time now) {
  return test::make_test_certificate(issuer, {.common_name = name,
                                              .not_before = now - test::kTestDay,
                                              .not_after = now + 3650 * test::kTestDay,
                                              .extended_key_usage = {},
                                              .is_ca = true});
}

Result<void> put(store::Store& store, const store::Lease& lease, const test::TestAuthority& issuer,
                 const std::string& site, const std::string& key, Time now) {
  const auto leaf = test::make_test_leaf(issuer, {.names = {site + ".catalogue.example"},
                                                  .not_before = now - test::kTestDay,
                                                  .not_after = now + 90 * test::kTestDay,
                                                  .key_kind = key});
  auto bundle = crypto::Bundle::make({leaf.certificate, issuer.certificate}, leaf.key);
  if (!bundle) return pass(std::move(bundle));
  const std::string entry = fmt::format("{}-{}", site, key);
  auto stored =
      store.install(lease, test::let_in(entry, *bundle),
                    {.bundle = *bundle, .origin = "import", .expected = 0, .keep = 3, .now = now});
  if (!stored) return pass(std::move(stored));
  return {};
}

int run(const std::string& state, int count, const std::string& key) {
  const Time now = SystemClock().now();
  auto store = store::open_store(state);
  auto lease = store ? (*store)->try_lead() : Result<std::unique_ptr<store::Lease>>(nullptr);
  if (!store || !lease || *lease == nullptr) {
    std::fputs("the store cannot be led\n", stderr);
    return 1;
  }
  const auto root = make_authority(nullptr, "Catalogue Root", now);
  const auto issuer = make_authority(&root, "Catalogue Issuing CA", now);
  for (int i = 0; i < count; ++i) {
    const auto done = put(**store, **lease, issuer, fmt::format("s{}", i), key, now);
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
    return run(argv[1], std::atoi(argv[2]), argc == 4 ? argv[3] : "P-256");
  std::fputs("usage: ccm-catalogue-probe STATE COUNT [KEY]\n", stderr);
  return 2;
}
