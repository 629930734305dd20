// SPDX-License-Identifier: Apache-2.0
#include "config/directives/catalogue_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "config/source_kinds.h"
#include "config/values/identifiers.h"
#include "config/values/value_words.h"

namespace ccm::config {
namespace {

constexpr std::size_t kLongestTagKey = 128;
constexpr std::size_t kLongestTagValue = 255;

// "source=store or source=scm"
std::string sources_of_catalogues() {
  std::string text = "source=store";
  for (const SourceKind* kind : source_kinds()) {
    if (kind->fills_catalogues) text += fmt::format(" or source={}", kind->word);
  }
  return text;
}

Result<const SourceKind*> parse_catalogue_source(const std::string& argument) {
  const auto source = value_of(argument, "source");
  if (!source) {
    return wrong(argument,
                 fmt::format("is not understood here; write {}", sources_of_catalogues()));
  }
  if (*source == "store") return nullptr;
  const SourceKind* kind = find_source_kind(*source);
  if (kind != nullptr && kind->fills_catalogues) return kind;
  return wrong(*source, fmt::format("is not where a catalogue can come from; write {}",
                                    sources_of_catalogues()));
}

bool is_tag_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || std::isalnum(byte) != 0 || std::strchr(" _.:=+-@", c) != nullptr;
  });
}

Result<CatalogueTag> parse_catalogue_tag(const std::string& argument) {
  const auto text = value_of(argument, "tag");
  if (!text) return wrong(argument, "is not understood here; write tag=KEY:VALUE");
  const std::size_t colon = text->find(':');
  if (colon == 0 || colon == std::string::npos) {
    return wrong(*text, "is not a tag; write tag=KEY:VALUE");
  }
  CatalogueTag tag{.key = text->substr(0, colon), .value = text->substr(colon + 1)};
  if (tag.key.size() > kLongestTagKey || tag.value.size() > kLongestTagValue ||
      !is_tag_text(*text)) {
    return wrong(*text, fmt::format("is not a tag; its key has at most {} characters, its value "
                                    "{}, all of them letters, digits, spaces or _.:=+-@",
                                    kLongestTagKey, kLongestTagValue));
  }
  return tag;
}

}  // namespace

Result<CatalogueSpec> parse_catalogue(const std::vector<std::string>& arguments) {
  if (auto checked = check_catalogue_name(arguments[0]); !checked) return pass(std::move(checked));
  auto kind = parse_catalogue_source(arguments[1]);
  if (!kind) return pass(std::move(kind));
  CatalogueSpec spec{.name = arguments[0], .kind = *kind};
  if (arguments.size() == 2) return spec;
  if (spec.kind == nullptr) {
    return wrong(arguments[2], "has no meaning with source=store, whose certificates have no tags");
  }
  auto tag = parse_catalogue_tag(arguments[2]);
  if (!tag) return pass(std::move(tag));
  spec.tag = *std::move(tag);
  return spec;
}

}  // namespace ccm::config
