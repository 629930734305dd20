// SPDX-License-Identifier: Apache-2.0
// What `ccmctl doctor` finds: one sentence per finding and, when something is wrong, what to do.
// Each part of the examination is a function that adds to the list; none changes anything. One
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cloud/permissions.h"
#include "cli/workspace/workspace.h"

namespace ccm::cli {

// `doubtful`: it works now, or only the operator can judge it; `bad`: it prevents, or will soon
// prevent, the renewal of certificates.
enum class Verdict : std::uint8_t { good, doubtful, bad };

struct Finding {
  Verdict verdict;
  std::string subject;   // "store", "endpoint of scm"
  std::string sentence;  // what is
  std::string remedy;    // what to do, a command where there is one; empty only when good
};

class Findings {
 public:
  void good(std::string_view subject, std::string sentence) {
    all_.push_back({Verdict::good, std::string(subject), std::move(sentence), {}});
  }
  void doubtful(std::string_view subject, std::string sentence, std::string remedy) {
    all_.push_back(
        {Verdict::doubtful, std::string(subject), std::move(sentence), std::move(remedy)});
  }
  void bad(std::string_view subject, std::string sentence, std::string remedy) {
    all_.push_back({Verdict::bad, std::string(subject), std::move(sentence), std::move(remedy)});
  }
  void add(Finding finding) { all_.push_back(std::move(finding)); }
  const std::vector<Finding>& all() const noexcept { return all_; }

 private:
  std::vector<Finding> all_;
};

// Quoted for a shell where necessary.
std::string shell_word(std::string_view word);

// Modes, owners, left-overs, damage and room in the state directory; who leads.
void examine_store(Workspace& workspace, Findings& findings);
// The settings that the servers' agents left, and what they need on this host.
void examine_settings(Workspace& workspace, Findings& findings);
// Whether the servers' agents live and move.
void examine_agents(Workspace& workspace, Findings& findings);
// The condition of every certificate.
void examine_certificates(Workspace& workspace, Findings& findings);

// Files to look at besides those of the servers' settings.
struct ModuleWish {
  std::string module;   // empty: those that the settings name, or the usual places
  std::string program;  // the server's; empty: the running one, or the usual places
};
// Releases of what runs and of what is installed, and whether the servers take the modules.
void examine_modules(Workspace& workspace, const ModuleWish& wish, Findings& findings);

// The orders in progress, and what they wait for.
void examine_orders(Workspace& workspace, Findings& findings);

// What the servers' systemd units forbid to their agents. Only root sees that.
void examine_units(Workspace& workspace, Findings& findings);

// Names, routes, trust, clock, credentials and permissions.
void examine_cloud(Workspace& workspace, Findings& findings);
// Called by examine_cloud(). False when the credentials were refused; then nothing more may be
// tried with them.
bool examine_account(CloudAccess& cloud, Findings& findings);
// Tries the operations that an engine calls for these sources, without changing anything.
void examine_permissions(Workspace& workspace, CloudAccess& cloud, const SourceVariants& variants,
                         Findings& findings);

// The credentials that single certificates use besides the usual ones, and what those are needed
// for.
void examine_further_credentials(Workspace& workspace, Findings& findings);

}  // namespace ccm::cli
