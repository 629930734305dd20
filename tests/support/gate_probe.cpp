// SPDX-License-Identifier: Apache-2.0
// ccm-gate-probe FOLDER: for each folder NAME in FOLDER, with chain.pem, key.pem and a file `host`,
// what the gate says of it. Prints "NAME ok", and writes what would be served into served.pem, or
// "NAME REASON". One FOLDER of many, as a test in another language asks once.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "config/sources/scm.h"
#include "crypto/certificate/pem.h"
#include "policy/gate.h"

namespace {

using namespace ccm;
namespace fs = std::filesystem;

constexpr std::size_t kMostBytes = std::size_t{1} << 20U;

config::CertificateSpec spec_for(const std::string& host) {
  return {.name = "candidate",
          .names = {host},
          .source = config::ScmSource{},
          .key = std::nullopt,
          .renew_before = config::LifetimeShare{33},
          .check_interval = Seconds(3600),
          .keep = 2,
          .fallback = true,
          .origin = {}};
}

Result<std::string> judge(const fs::path& folder, Time now) {
  const Result<std::string> host = read_file((folder / "host").string(), kMostBytes);
  if (!host) return fail(host.error());
  Result<std::string> chain = read_file((folder / "chain.pem").string(), kMostBytes);
  if (!chain) return chain;
  Result<std::string> key = read_file((folder / "key.pem").string(), kMostBytes);
  if (!key) return key;
  auto certificates = crypto::parse_certificates_pem(*chain);
  if (!certificates) return pass(std::move(certificates));
  Result<crypto::KeyPair> pair = crypto::KeyPair::parse_pem(*key);
  if (!pair) return pass(std::move(pair));
  const auto bundle = crypto::Bundle::make(*certificates, *std::move(pair), now);
  if (!bundle) return fail(bundle.error());
  const config::CertificateSpec spec = spec_for(std::string(trim(*host)));
  const auto admitted = policy::admit({.spec = spec, .current = nullptr, .bundle = *bundle}, now);
  if (!admitted) return fail(admitted.error());
  std::string served;
  for (const crypto::Certificate& certificate : bundle->chain()) served += certificate.to_pem();
  return served;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: ccm-gate-probe FOLDER\n", stderr);
    return 2;
  }
  std::set<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(argv[1])) folders.insert(entry.path());
  const Time now = SystemClock().now();
  for (const fs::path& folder : folders) {
    const Result<std::string> served = judge(folder, now);
    if (served) std::ofstream(folder / "served.pem") << *served;
    fmt::print("{} {}\n", folder.filename().string(), served ? "ok" : served.error().message());
  }
  return 0;
}
