// SPDX-License-Identifier: Apache-2.0
#include "support/toy_source.h"

#include <fmt/format.h>

#include <array>

#include "config/checks/certificate_input.h"
#include "config/values/value_words.h"
#include "crypto/verification/serving_rules.h"
#include "support/test_pki.h"

namespace ccm::test {
namespace {

constexpr Seconds kToyValidity = 30 * kTestDay;
constexpr std::size_t kMostToyNames = 2;

Result<config::SourceSpec> parse_toy(std::span<const std::string> parameters) {
  const auto box = parameters.size() == 1 ? config::value_of(parameters[0], "box") : std::nullopt;
  if (!box) return fail(ErrorKind::invalid, "the box is missing; write toy box=NAME");
  return config::SourceSpec(ToySource{.box = *box});
}

Result<void> complete_toy(const config::CertificateInput& input, config::CertificateSpec& spec) {
  auto source = spec.source.as<ToySource>();
  source.validity =
      config::chosen(input.own.validity, input.context.defaults.validity, kToyValidity);
  spec.source = source;
  if (spec.names.size() <= kMostToyNames) return {};
  return input.refuse("names", "a toy has room for two names");
}

// A box that is called "wrong" gives what the policy of the source refuses.
class ToyMaker final : public sources::Source {
 public:
  Result<sources::Outcome> obtain(const sources::ObtainRequest& request) override {
    if (request.current != nullptr && !request.is_due) {
      return sources::Outcome(sources::Unchanged{});
    }
    const auto& source = request.spec.source.as<ToySource>();
    const Seconds validity = source.box == "wrong" ? 2 * source.validity : source.validity;
    const TestCertificate leaf = make_test_leaf(authority_, {.names = request.spec.names,
                                                             .not_before = request.now,
                                                             .not_after = request.now + validity});
    Result<crypto::Bundle> bundle =
        crypto::Bundle::make({leaf.certificate, authority_.certificate}, leaf.key);
    if (!bundle) return pass(std::move(bundle));
    return sources::Outcome(sources::Obtained{
        .bundle = *std::move(bundle),
        .origin = fmt::format("{}{}", request.spec.source.facts().origin_prefix, ++made_)});
  }
  Result<void> installed(const sources::ObtainRequest&) override { return {}; }
  Result<void> refused(const sources::ObtainRequest&) override { return {}; }

 private:
  TestAuthority authority_ = make_test_intermediate(make_test_root());
  int made_ = 0;
};

std::unique_ptr<sources::Source> make_toy(const sources::SourceParts&) {
  return std::make_unique<ToyMaker>();
}

Result<void> check_toy_policy(const config::SourceSpec& source, const crypto::Bundle& bundle,
                              Time) {
  const crypto::Certificate& leaf = bundle.leaf();
  if (leaf.not_after() - leaf.not_before() <= source.as<ToySource>().validity) return {};
  return crypto::refused_by("toy", "it lives longer than it should");
}

std::string_view toy_variant(const config::SourceSpec&) {
  return "toy";
}
std::optional<sources::NamedObject> toy_named(const config::SourceSpec&) {
  return std::nullopt;
}
std::string toy_remedy(const sources::NamedObject&, std::string_view) {
  return {};
}

constexpr std::array<std::string_view, 1> kToyParameters{"box"};
constexpr std::array<sources::SourceVariant, 1> kToyVariants{{{"toy", "made here"}}};

}  // namespace

constinit const config::SourceKind kToyKind{
    .word = "toy",
    .title = "the toy box",
    .form = "toy box=NAME",
    .shortest_form = "toy box=NAME",
    .parameters = kToyParameters,
    .is_public = false,
    .endpoint_directive = {},
    .endpoint_spellings = {},
    .endpoint = nullptr,
    .parse = parse_toy,
    .complete = complete_toy,
};

constinit const sources::SourceDriver kToyDriver{
    .kind = &kToyKind,
    .service = std::nullopt,
    .endpoint = nullptr,
    .make = make_toy,
    .is_costly = true,
    .check_policy = check_toy_policy,
    .variants = kToyVariants,
    .variant_of = toy_variant,
    .needs = {},
    .named = toy_named,
    .usable_states = {},
    .remedy = toy_remedy,
};

const config::SourceKind& ToySource::kind() noexcept {
  return kToyKind;
}

config::SourceFacts ToySource::facts() const {
  return {.origin_prefix = fmt::format("toy:{}/", box),
          .label = fmt::format("toy:{}", box),
          .allows_untrusted = true,
          .validity = validity};
}

void ToySource::describe(Record& record) const {
  record.add("box", box);
  record.add("validity", config::to_string(validity));
}

}  // namespace ccm::test
