// SPDX-License-Identifier: Apache-2.0
// Where one certificate comes from: the kind of its source and the settings of that kind, each kind
// with a type of its own (sources/scm.h, sources/pca.h). Only the files of a kind look into its
// settings; everybody else asks facts() and the kind's row (source_kinds.h).
//
// An immutable value: cheap to copy, any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "config/values/credentials.h"

namespace ccm::config {

struct SourceKind;

// What the rest of the program wants to know about the settings of one source.
struct SourceFacts {
  // How the origin of its certificates begins ("scm:", "pca:ISSUER/"). It tells whether a stored
  // certificate comes from the configured source.
  std::string origin_prefix;
  // For the column "source" of ccmctl: "scm", "scm:ID", "pca:ISSUER".
  std::string label;
  // Whether a certificate that this system does not trust may replace one that it trusts.
  bool allows_untrusted = false;
  // The validity to request; nullopt: the source decides.
  std::optional<Seconds> validity = {};
  // PEM file with the authorities that the source accepts; empty: none.
  std::string trust_file = {};
  // Credentials that it uses besides the usual ones.
  std::vector<CredentialsSpec> credentials = {};
  // The region of another service that it uses; empty: none.
  std::string region = {};
};

class SourceSpec {
 public:
  // `Given`: a type of settings, with `static const SourceKind& kind()`, `SourceFacts facts()
  // const`, `void describe(Record&) const` and ==. What it describes is part of the certificate's
  // fingerprint, so what is not given should leave no trace: the fingerprint of an older release's
  // settings stays. Not explicit: a source's settings are given wherever a SourceSpec is wanted.
  template <typename Given>
  requires requires { Given::kind(); }
  // NOLINTNEXTLINE(google-explicit-constructor)
  SourceSpec(Given settings)
      : content_(std::make_shared<const ContentOf<Given>>(std::move(settings))) {}

  const SourceKind& kind() const noexcept { return content_->kind; }
  const SourceFacts& facts() const noexcept { return content_->facts; }
  void describe(Record& record) const { content_->describe(record); }

  // For the files of a kind only, which see no other kind: the settings.
  template <typename Given>
  const Given& as() const {
    if (&kind() != &Given::kind()) throw std::bad_cast();
    return static_cast<const ContentOf<Given>&>(*content_).settings;
  }

  friend bool operator==(const SourceSpec& a, const SourceSpec& b) {
    return &a.kind() == &b.kind() && a.content_->equals(*b.content_);
  }

 private:
  struct Content {
    Content(const SourceKind& its_kind, SourceFacts its_facts)
        : kind(its_kind), facts(std::move(its_facts)) {}
    Content(const Content&) = delete;
    Content& operator=(const Content&) = delete;
    virtual ~Content() = default;
    virtual void describe(Record& record) const = 0;
    // `other` is of the same kind.
    virtual bool equals(const Content& other) const = 0;

    const SourceKind& kind;
    const SourceFacts facts;
  };

  template <typename Given>
  struct ContentOf final : Content {
    explicit ContentOf(Given given)
        : Content(Given::kind(), given.facts()), settings(std::move(given)) {}
    void describe(Record& record) const override { settings.describe(record); }
    bool equals(const Content& other) const override {
      return settings == static_cast<const ContentOf&>(other).settings;
    }

    const Given settings;
  };

  std::shared_ptr<const Content> content_;
};

}  // namespace ccm::config
