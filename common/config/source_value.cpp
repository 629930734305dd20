// SPDX-License-Identifier: Apache-2.0
#include "config/source_value.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

#include "config/sentences.h"
#include "config/value_words.h"

namespace ccm::config {
namespace {

using Arguments = std::vector<std::string>;

constexpr std::string_view kIdCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
constexpr std::size_t kLongestId = 64;
constexpr std::size_t kIssuerIdSize = 36;

Result<std::string> parse_scm_id(const std::string& id) {
  if (id.empty() || id.size() > kLongestId || id.find_first_not_of(kIdCharacters) != id.npos) {
    return wrong(id, "is not the id of a certificate in SCM; ids look like scs1554192131150");
  }
  return id;
}

Result<Uploads> parse_uploads(const std::string& text) {
  if (text == "fallback") return Uploads::fallback;
  if (text == "on") return Uploads::on;
  if (text == "off") return Uploads::off;
  return wrong(text, "is neither fallback, on nor off");
}

// The parameter that a word of the source was probably meant to be, as the end of a sentence.
std::string suggestion(std::string_view argument, const std::vector<std::string_view>& known) {
  const std::string_view best = closest(argument.substr(0, argument.find('=')), known);
  return best.empty() ? "" : fmt::format("; did you mean \"{}=\"?", best);
}

Failure given_twice(std::string_view word) {
  return fail(ErrorKind::invalid, fmt::format("\"{}=\" is given twice", word));
}

Result<SourceSpec> parse_scm_source(const Arguments& arguments) {
  std::optional<std::string> id;
  std::optional<Uploads> uploads;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const auto id_text = value_of(arguments[i], "id");
    const auto uploads_text = value_of(arguments[i], "uploads");
    if ((id_text && id) || (uploads_text && uploads)) {
      return given_twice(id_text ? "id" : "uploads");
    }
    if (id_text) {
      auto parsed = parse_scm_id(*id_text);
      if (!parsed) return pass(std::move(parsed));
      id = *std::move(parsed);
    } else if (uploads_text) {
      auto parsed = parse_uploads(*uploads_text);
      if (!parsed) return fail_with(std::move(parsed), "uploads");
      uploads = *parsed;
    } else {
      return wrong(arguments[i], fmt::format("is not understood after scm; write scm [id=ID] "
                                             "[uploads=fallback|on|off]{}",
                                             suggestion(arguments[i], {"id", "uploads"})));
    }
  }
  return SourceSpec(
      ScmSource{.certificate_id = id.value_or(""), .uploads = uploads.value_or(Uploads::fallback)});
}

Result<SourceSpec> parse_pca_source(const Arguments& arguments) {
  if (arguments.size() == 1) {
    return fail(ErrorKind::invalid,
                "the issuer is missing; write pca issuer=ID with the id of an activated CA");
  }
  const auto id = value_of(arguments[1], "issuer");
  if (!id || arguments.size() > 2) {
    const std::string& second = arguments[id ? 2 : 1];
    if (id && value_of(second, "issuer")) return given_twice("issuer");
    return wrong(second, "is not understood after pca; write pca issuer=ID");
  }
  if (id->size() != kIssuerIdSize || id->find_first_not_of("0123456789abcdefABCDEF-") != id->npos) {
    return wrong(*id,
                 "is not the id of a CA in PCA; ids look like "
                 "2cb2878b-6cd1-460d-bd25-afe655159bdc");
  }
  PcaSource source;
  source.issuer_id = *id;
  return SourceSpec(std::move(source));
}

}  // namespace

Result<SourceSpec> parse_source(const Arguments& arguments) {
  if (arguments[0] == "scm") return parse_scm_source(arguments);
  if (arguments[0] == "pca") return parse_pca_source(arguments);
  return wrong(arguments[0],
               "is not a source; write scm [id=ID] [uploads=fallback|on|off] or pca issuer=ID");
}

}  // namespace ccm::config
