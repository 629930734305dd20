// SPDX-License-Identifier: Apache-2.0
#include "cli/workspace/workspace.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file.h"
#include "store/host/state_room.h"
#include "store/kinds.h"

namespace ccm::cli {
namespace {

// An agent that cannot write cannot tell us so either. Where it is read-only for us it may not be
// so for the agent, as in a container or a hardened unit: an agent that gives its signs can write.
void add_refusal(const std::string& state_path, std::vector<store::EffectiveSettings>& servers) {
  const int refusal = store::look_for_refusal(state_path);
  if (refusal == 0) return;
  const bool is_for_all = refusal == ENOSPC || refusal == EDQUOT;
  for (store::EffectiveSettings& server : servers) {
    if (!server.seen.is_alive || !(is_for_all || server.seen.is_late())) continue;
    server.seen.flaws.set(AgentFlaw::unwritable_state, true);
  }
}

}  // namespace

Result<const std::vector<store::EffectiveSettings>*> Workspace::settings() {
  if (!settings_) {
    auto all = store::read_effective_settings(options.state_directory, clock_.steady_now());
    if (!all) return pass(std::move(all));
    named_.clear();
    has_catalogue_ = false;
    for (const auto& each : *all) {
      has_catalogue_ = has_catalogue_ || !each.config.catalogues().empty();
      for (const auto& spec : each.config.certificates()) named_.insert(spec.name);
    }
    unreadable_ = find_unreadable_besides(*all);
    std::erase_if(*all, [&](const store::EffectiveSettings& each) {
      return !options.server.empty() && options.server != store::name_of(each.server.kind);
    });
    if (all->empty() && !options.server.empty()) {
      return fail(ErrorKind::invalid,
                  fmt::format("no {} has left its settings in {}, so --server {} leaves nothing to "
                              "look at",
                              options.server, options.state_directory, options.server));
    }
    add_refusal(options.state_directory, *all);
    settings_ = *std::move(all);
  }
  return &*settings_;
}

const store::StoreReader& Workspace::store() {
  if (store_ == nullptr) store_ = store::open_to_read(options.state_directory);
  return *store_;
}

Result<void> Workspace::enter_state_directory() {
  if (chdir(options.state_directory.c_str()) != 0) {
    return fail(ErrorKind::rejected,
                fmt::format("{}: {}", options.state_directory, errno_text(errno)));
  }
  has_entered(std::exchange(options.state_directory, "."));
  store_.reset();
  settings_.reset();
  return {};
}

std::string Workspace::sentence_of(const Error& error) const {
  constexpr std::string_view kHere = "./";
  std::string sentence = error.message();
  for (std::size_t at = 0; !entered_.empty() && (at = sentence.find(kHere, at)) != sentence.npos;) {
    const bool begins_a_path = at == 0 || sentence[at - 1] == ' ';
    if (begins_a_path) sentence.replace(at, 1, entered_);
    at += begins_a_path ? entered_.size() : kHere.size();
  }
  return sentence;
}

const std::vector<UnreadableSettings>& Workspace::unreadable_settings() {
  static_cast<void>(settings());  // what it has to say, its other callers say
  return unreadable_;
}

std::vector<UnreadableSettings> Workspace::find_unreadable_besides(
    const std::vector<store::EffectiveSettings>& read) const {
  std::vector<UnreadableSettings> unreadable;
  for (const store::ServerId& server : store::servers_with_settings(options.state_directory)) {
    const bool is_read = std::any_of(read.begin(), read.end(),
                                     [&](const auto& each) { return each.server == server; });
    if (is_read) continue;
    auto problem = store::problem_of_effective_settings(options.state_directory, server);
    if (problem) unreadable.push_back({server, *std::move(problem)});
  }
  return unreadable;
}

Result<bool> Workspace::has_left(const std::string& name) {
  auto all = settings();
  if (!all) return pass(std::move(all));
  return unreadable_.empty() && named_.count(name) == 0;
}

bool Workspace::has_catalogue() {
  return settings() && has_catalogue_;
}

Result<const config::GlobalConfig*> Workspace::global() {
  auto all = settings();
  if (!all) return pass(std::move(all));
  for (const auto& each : **all) {
    if (!each.doubt) return &each.config.global();
  }
  if (!(*all)->empty()) return fail(*(*all)->front().doubt);
  return nullptr;
}

Result<const config::CertificateSpec*> Workspace::find_spec(std::string_view name) {
  auto all = settings();
  if (!all) return pass(std::move(all));
  for (const auto& each : **all) {
    if (const config::CertificateSpec* spec = each.config.find(name)) return spec;
  }
  return nullptr;
}

Result<CloudAccess*> Workspace::cloud() {
  if (cloud_ == nullptr) {
    // Who may not read the state directory may still have credentials of their own.
    const auto effective = global();
    if (!effective && options.credentials.empty()) return fail(effective.error());
    auto access = CloudAccess::open(options, effective ? *effective : nullptr, clock_);
    if (!access) return pass(std::move(access));
    cloud_ = *std::move(access);
  }
  return cloud_.get();
}

Result<std::unique_ptr<CloudAccess>> Workspace::cloud_with(
    const config::CredentialsSpec& credentials) {
  const auto effective = global();
  if (!effective) return fail(effective.error());
  config::GlobalConfig changed = *effective == nullptr ? config::GlobalConfig{} : **effective;
  changed.credentials = credentials;
  return CloudAccess::open(options, &changed, clock_);
}

}  // namespace ccm::cli
