// SPDX-License-Identifier: Apache-2.0
#include "server/start/site_binder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/catalogue.h"
#include "config/sentences.h"

namespace ccm::server {
namespace {

using Effect = OtherDirective::Effect;

Failure fail_at(std::string sentence, const config::Origin& origin) {
  return fail(ErrorKind::invalid, config::at(std::move(sentence), origin));
}

// The lines that apply to the virtual host: its own, or else those of the level around it if it
// needs any.
std::span<const CertificateUse> uses_of(const VirtualHost& host) {
  if (!host.own.uses.empty()) return host.own.uses;
  if (host.own.has_files || !host.unseen.empty()) return {};
  return host.outer.uses;
}

bool inherits(const VirtualHost& host) {
  return host.own.uses.empty();
}

// The place to report. An inherited line is wrong only for this virtual host's names, so then the
// place is the virtual host.
const config::Origin& place_of(const VirtualHost& host, const CertificateUse& use) {
  return inherits(host) ? host.origin : use.origin;
}

bool are_all_of_catalogues(std::span<const CertificateUse> uses) {
  return std::all_of(uses.begin(), uses.end(), [](const CertificateUse& use) {
    return config::is_catalogue_use(use.arguments);
  });
}

// Whether the server loads certificate files, for clients that ask for a name that the catalogue
// lacks.
bool has_default_files(const VirtualHost& host, std::span<const CertificateUse> uses) {
  const Level& level = inherits(host) ? host.outer : host.own;
  return are_all_of_catalogues(uses) && level.has_files;
}

// The directives of other modules that apply to the virtual host.
std::vector<const OtherDirective*> others_of(const VirtualHost& host) {
  std::vector<const OtherDirective*> others;
  for (const OtherDirective& each : host.own.others) others.push_back(&each);
  for (const OtherDirective& each : host.outer.others) {
    const bool is_hidden =
        std::any_of(host.own.others.begin(), host.own.others.end(),
                    [&each](const OtherDirective& own) { return own.name == each.name; });
    if (!is_hidden) others.push_back(&each);
  }
  return others;
}

}  // namespace

Result<void> SiteBinder::check(const Level& level) const {
  if (!level.has_files || are_all_of_catalogues(level.uses)) return {};
  const config::Dialect& words = deployment_.settings().dialect();
  return fail_at(fmt::format("\"{0}\" and \"{1}\" exclude each other; remove \"{1}\" and \"{2}\" "
                             "beside the \"{0}\"",
                             words.use, words.certificate_file, words.key_file),
                 level.uses[0].origin);
}

Result<void> SiteBinder::take_catalogue(Asked& asked, std::string name,
                                        const config::Origin& place) const {
  if (!asked.catalogue.empty()) {
    return fail_at(fmt::format("\"{}\" gives one server two catalogues, \"{}\" and \"{}\"; remove "
                               "one of them",
                               deployment_.settings().dialect().use, asked.catalogue, name),
                   place);
  }
  asked.catalogue = std::move(name);
  return {};
}

Result<SiteBinder::Asked> SiteBinder::certificates_of(const VirtualHost& host,
                                                      std::span<const CertificateUse> uses) {
  config::Settings& settings = deployment_.settings();
  Asked asked;
  for (const CertificateUse& use : uses) {
    if (!first_use_) first_use_ = use.origin;
    const bool is_catalogue = config::is_catalogue_use(use.arguments);
    if (!is_catalogue && inherits(host) &&
        config::Settings::lacks_names(use.arguments, host.names)) {
      continue;
    }
    const config::Origin& place = place_of(host, use);
    auto name = settings.use(use.arguments, host.names, place);
    if (!name) {
      return fail_at(fmt::format("\"{}\": {}", settings.dialect().use, name.error().message()),
                     place);
    }
    if (is_catalogue) {
      if (auto taken = take_catalogue(asked, *std::move(name), place); !taken) {
        return pass(std::move(taken));
      }
      continue;
    }
    auto added = deployment_.add_once(*std::move(name), asked.certificates);
    if (!added) return fail_at(added.error().message(), place);
  }
  return asked;
}

Result<void> SiteBinder::judge_others(const VirtualHost& host) {
  const auto others = others_of(host);
  const auto excluding = std::find_if(others.begin(), others.end(), [](const auto* each) {
    return each->effect == Effect::excludes;
  });
  if (excluding != others.end()) {
    const OtherDirective& other = **excluding;
    return fail_at(fmt::format("\"{}\" and \"{}\" exclude each other; remove the \"{}\"{}",
                               deployment_.settings().dialect().use, other.text, other.text,
                               other.remark.empty() ? "" : ", or " + other.remark),
                   other.origin);
  }
  for (const OtherDirective* each : others) {
    if (each->effect == Effect::idle) mention(*each);
  }
  return {};
}

void SiteBinder::mention(const OtherDirective& idle) {
  if (!mentioned_.insert(idle.name).second) return;
  deployment_.doubt(
      Severity::warn,
      config::at(fmt::format("\"{}\" has no effect on the certificates of \"{}\": {}", idle.text,
                             deployment_.settings().dialect().use, idle.remark),
                 idle.origin));
}

void SiteBinder::note_tickets(const VirtualHost& host) {
  for (const OtherDirective* each : others_of(host)) {
    if (each->effect == Effect::ticket_keys) {
      deployment_.note_tickets(Deployment::OwnTickets::keys, each->text, each->origin);
    } else if (each->effect == Effect::no_tickets) {
      deployment_.note_tickets(Deployment::OwnTickets::none, each->text, each->origin);
    }
  }
}

void SiteBinder::judge_site(const VirtualHost& host, const Asked& asked,
                            const config::Origin& place) {
  const config::Dialect& words = deployment_.settings().dialect();
  if (asked.certificates.empty() && asked.catalogue.empty()) {
    deployment_.doubt(
        Severity::notice,
        config::at(fmt::format("this server has no {} that a certificate can carry, so it refuses "
                               "TLS handshakes; {}",
                               words.host_name, words.advice_to_nameless),
                   place));
  } else if (!host.unseen.empty()) {
    const bool is_catalogue = asked.certificates.empty();
    deployment_.doubt(
        Severity::warn,
        config::at(
            fmt::format("nobody is shown the {} \"{}\" here, because {}",
                        is_catalogue ? "catalogue" : "certificate",
                        is_catalogue ? asked.catalogue : asked.certificates.front(), host.unseen),
            place));
  }
}

Result<CertificateSet*> SiteBinder::bind(const VirtualHost& host) {
  for (const Level* level : {&host.outer, &host.own}) {
    if (auto checked = check(*level); !checked) return pass(std::move(checked));
  }
  const auto uses = uses_of(host);
  if (uses.empty()) return nullptr;
  auto asked = certificates_of(host, uses);
  if (!asked) return pass(std::move(asked));
  if (auto judged = judge_others(host); !judged) return pass(std::move(judged));
  note_tickets(host);
  const config::Origin& place = place_of(host, uses[0]);
  judge_site(host, *asked, place);
  return &deployment_.add_site(asked->certificates, place, asked->catalogue,
                               has_default_files(host, uses));
}

}  // namespace ccm::server
