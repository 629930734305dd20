// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/delivery/pca_export.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/commands/delivery/archive.h"
#include "crypto/certificate/pem_block.h"

namespace ccm::cli {
namespace {

using crypto::Bundle;
using Files = std::vector<ExportedFile>;

Result<Files> unpack(const Secret& body) {
  constexpr std::string_view kBase64OfZip = "UEsDB";
  if (!body.reveal().starts_with(kBase64OfZip)) return unzip(body);
  const auto archive = crypto::decode_base64(body.reveal());
  if (!archive) return fail(archive.error());
  return unzip(*archive);
}

// The names of the files are in operations.json; nullptr when there is no such file.
const Secret* find(const Files& files, std::string_view name) {
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const ExportedFile& file) { return file.name == name; });
  return found == files.end() ? nullptr : &found->content;
}

Failure missing(std::string_view name) {
  return fail(ErrorKind::rejected, fmt::format("there is no {} in the ZIP archive", name));
}

}  // namespace

std::string_view archive_type(std::string_view format) noexcept {
  if (format == "nginx") return "NGINX";
  return format == "apache" ? "APACHE" : "OTHER";
}

Result<Bundle> checked_bundle(std::string_view certificate, std::string_view chain,
                              const Secret& key_pem) {
  if (key_pem.empty()) {
    return fail(ErrorKind::invalid,
                "the cloud does not have the private key of this certificate: give "
                "--private-key-file");
  }
  auto key = crypto::KeyPair::parse_pem(key_pem.reveal());
  if (!key) return fail_with(std::move(key), "private key");
  auto bundle = Bundle::parse_pem(certificate, chain, *std::move(key));
  if (!bundle) return bundle;
  // The bundle leaves out a chain that does not begin with the issuer.
  const bool has_issuer = bundle->chain().size() > 1 ||
                          bundle->path_end() == crypto::PathEnd::rooted ||
                          bundle->leaf().is_self_signed();
  if (bundle->path_end() == crypto::PathEnd::mismatched || (!chain.empty() && !has_issuer)) {
    return fail(ErrorKind::rejected, "the chain is not the certificate's: an issuer is missing");
  }
  return bundle;
}

Result<Bundle> read_pca_export(const Answer& answer, std::string_view type, const Secret& key_pem) {
  if (answer.document) {
    const auto root = answer.root();
    const Secret key = key_pem.empty() ? root["private_key"].secret() : key_pem.clone();
    return checked_bundle(root["certificate"].text(), root["certificate_chain"].text(), key);
  }
  const auto files = unpack(answer.body);
  if (!files) return fail(files.error());
  const std::string end = type == "OTHER" ? "pem" : "crt";
  const Secret* certificate = find(*files, "server." + end);
  if (certificate == nullptr) return missing("server." + end);
  // NGINX wants the chain in the certificate's file.
  const Secret* chain = type == "NGINX" ? nullptr : find(*files, "chain." + end);
  if (type != "NGINX" && chain == nullptr) return missing("chain." + end);
  const Secret* key = key_pem.empty() ? find(*files, "server.key") : &key_pem;
  return checked_bundle(certificate->reveal(), chain == nullptr ? "" : chain->reveal(),
                        key == nullptr ? Secret() : key->clone());
}

}  // namespace ccm::cli
