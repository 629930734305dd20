// SPDX-License-Identifier: Apache-2.0
// One certificate of SCM with a store, and what tests of its source say to it.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "config/sources/scm.h"
#include "sources/source.h"
#include "support/admission.h"
#include "support/fake_cloud.h"
#include "support/memory_log.h"
#include "support/memory_store.h"

namespace ccm::test {

template <typename Cloud>
class ScmFixture : public testing::Test {
 protected:
  sources::ObtainRequest request(bool is_due = false, bool is_wanted = false) {
    return {.spec = spec_,
            .current = current_ ? &*current_ : nullptr,
            .is_due = is_due || !current_,
            .lease = *lease_,
            .now = cloud_.clock.now(),
            .is_wanted = is_wanted};
  }
  // "KIND: …" of an error, "pending: …", "unchanged", or the origin of what was obtained, which is
  // kept for install().
  std::string describe(Result<sources::Outcome> outcome) {
    if (!outcome) {
      return fmt::format("{}: {}", to_string(outcome.error().kind()), outcome.error().message());
    }
    if (const auto* pending = std::get_if<sources::Pending>(&*outcome)) {
      EXPECT_GT(pending->retry_at, cloud_.clock.now());
      return "pending: " + pending->reason;
    }
    if (!std::holds_alternative<sources::Obtained>(*outcome)) return "unchanged";
    last_ = std::get<sources::Obtained>(std::move(*outcome));
    return last_->origin;
  }
  void install() {
    ASSERT_TRUE(store_.install(*lease_, let_in("www", last_->bundle),
                               {.bundle = last_->bundle,
                                .origin = last_->origin,
                                .expected = store_.current_version("www"),
                                .keep = 2,
                                .now = cloud_.clock.now()}));
    current_ = store_.load("www").value().certificate;
  }
  template <typename Change>
  void change(Change change_settings) {
    auto settings = spec_.source.template as<config::ScmSource>();
    change_settings(settings);
    spec_.source = settings;
  }

  Cloud cloud_;
  CloudClients clients_{cloud_};
  MemoryStore store_;
  MemoryLog log_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  config::CertificateSpec spec_ = scm_spec();
  std::optional<store::StoredCertificate> current_;
  std::optional<sources::Obtained> last_;
};

}  // namespace ccm::test
