// SPDX-License-Identifier: Apache-2.0
// The vendor's profile file. Its SDK reads it with Python's configparser, whose habits are kept:
// option names without case, comments only on lines of their own, "=" or ":" as separator, a
// [DEFAULT] section behind every other, "%%" for a percent sign, no section or option twice, an
// indented line continues the value before it.
#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cloud/identity/credentials.h"
#include "cloud/transport/endpoints.h"

namespace ccm::cloud {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct Option {
  std::string name;
  std::string_view value;  // with percent signs still doubled
  bool is_continued = false;
};

struct Section {
  std::string_view name;
  std::vector<Option> options;

  const Option* find(std::string_view wanted) const {
    for (const auto& option : options) {
      if (option.name == wanted) return &option;
    }
    return nullptr;
  }
};

std::size_t indentation(std::string_view line) {
  return std::min(line.find_first_not_of(" \t"), line.size());
}

class ProfileParser {
 public:
  ProfileParser(std::string_view text, std::string_view file) : text_(text), file_(file) {
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
  }

  Result<std::vector<Section>> parse() {
    for (const auto line : split(text_, '\n')) {
      ++line_number_;
      if (auto taken = take(line); !taken) return pass(std::move(taken));
    }
    return std::move(sections_);
  }

 private:
  Failure bad_line(std::string_view problem) const {
    return fail(ErrorKind::invalid,
                fmt::format("credentials file {}: line {}: {}", file_, line_number_, problem));
  }

  Result<void> take(std::string_view line) {
    const auto content = trim(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') return {};
    const auto indent = indentation(line);
    if (option_indent_ && indent > *option_indent_) {
      sections_.back().options.back().is_continued = true;
      return {};
    }
    option_indent_.reset();
    if (content.front() == '[') return take_section(content);
    if (sections_.empty()) return bad_line("comes before any section; begin with [global]");
    option_indent_ = indent;
    return take_option(content);
  }

  Result<void> take_section(std::string_view content) {
    const auto close = content.rfind(']');
    if (close == std::string_view::npos || close == 1) {
      return bad_line("a section is written [global] or [basic]");
    }
    const auto name = content.substr(1, close - 1);
    for (const auto& section : sections_) {
      if (section.name == name) return bad_line("this section occurs twice; keep one");
    }
    sections_.push_back({.name = name, .options = {}});
    return {};
  }

  Result<void> take_option(std::string_view content) {
    const auto separator = content.find_first_of("=:");
    if (separator == std::string_view::npos || separator == 0) {
      return bad_line("is not \"name = value\"");
    }
    std::string name = to_lower(trim(content.substr(0, separator)));
    auto& options = sections_.back().options;
    if (sections_.back().find(name) != nullptr) {
      return bad_line(
          fmt::format("\"{}\" occurs twice in this section; keep one", printable(name)));
    }
    options.push_back({.name = std::move(name), .value = trim(content.substr(separator + 1))});
    return {};
  }

  std::string_view text_;
  std::string_view file_;
  std::size_t line_number_ = 0;
  std::vector<Section> sections_;
  std::optional<std::size_t> option_indent_;
};

// One section with its defaults; percent signs in its values are decoded.
class Profile {
 public:
  Profile(const Section& section, const Section* defaults, std::string_view file)
      : section_(section), defaults_(defaults), file_(file) {}

  // Empty when the option is absent.
  Result<Secret> secret(std::string_view name) const {
    const Option* option = find(name);
    if (option == nullptr) return Secret();
    if (option->is_continued) return bad(name, "goes on over several lines; write it on one");
    Secret out = Secret::of_size(unescaped_size(option->value));
    std::size_t at = 0;
    for (std::size_t i = 0; i < option->value.size(); ++i) {
      if (option->value[i] == '%') {
        if (i + 1 == option->value.size() || option->value[i + 1] != '%') {
          return bad(name, "contains a single percent sign; write %% for one");
        }
        ++i;
      }
      out.mutable_bytes()[at++] = static_cast<std::byte>(option->value[i]);
    }
    return out;
  }
  Result<std::string> text(std::string_view name) const {
    auto value = secret(name);
    if (!value) return pass(std::move(value));
    return std::string(value->reveal());
  }
  bool has(std::string_view name) const { return find(name) != nullptr; }
  std::string place() const {
    return fmt::format("credentials file {}, section [{}]", file_, printable(section_.name));
  }

 private:
  static std::size_t unescaped_size(std::string_view raw) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < raw.size(); ++i, ++size) {
      if (raw[i] == '%') ++i;
    }
    return size;
  }
  const Option* find(std::string_view name) const {
    const Option* option = section_.find(name);
    return option == nullptr && defaults_ != nullptr ? defaults_->find(name) : option;
  }
  Failure bad(std::string_view name, std::string_view problem) const {
    return fail(ErrorKind::invalid, fmt::format("{}: {} {}", place(), name, problem));
  }

  const Section& section_;
  const Section* defaults_;
  std::string_view file_;
};

const Section* find_section(const std::vector<Section>& sections, std::string_view name) {
  for (const auto& section : sections) {
    if (section.name == name) return &section;
  }
  return nullptr;
}

Result<std::variant<AccessKey, PasswordLogin>> read_key(const Profile& profile) {
  auto id = profile.text("ak");
  if (!id) return pass(std::move(id));
  auto secret = profile.secret("sk");
  if (!secret) return pass(std::move(secret));
  auto token = profile.secret("security_token");
  if (!token) return pass(std::move(token));
  AccessKey key{.id = std::move(*id),
                .secret = std::move(*secret),
                .security_token = std::move(*token),
                .expires_at = std::nullopt};
  if (auto checked = check_access_key(key, profile.place()); !checked) {
    return pass(std::move(checked));
  }
  return key;
}

Result<std::variant<AccessKey, PasswordLogin>> read_login(const Profile& profile) {
  auto user = profile.text("username");
  if (!user) return pass(std::move(user));
  auto password = profile.secret("password");
  if (!password) return pass(std::move(password));
  auto domain = profile.text("domain_name");
  if (!domain) return pass(std::move(domain));
  auto project = profile.text("project_name");
  if (!project) return pass(std::move(project));
  if (user->empty() || password->empty() || domain->empty()) {
    return fail(ErrorKind::invalid,
                fmt::format("{}: {} is missing; a login needs username, password and domain_name "
                            "(the account)",
                            profile.place(),
                            user->empty()       ? "username"
                            : password->empty() ? "password"
                                                : "domain_name"));
  }
  return PasswordLogin{.user = std::move(*user),
                       .password = std::move(*password),
                       .domain = std::move(*domain),
                       .project = std::move(*project)};
}

Result<std::variant<AccessKey, PasswordLogin>> read_identity(const Profile& profile) {
  const bool has_key = profile.has("ak") || profile.has("sk");
  const bool has_login = profile.has("username") || profile.has("password");
  if (has_key && has_login) {
    return fail(
        ErrorKind::invalid,
        fmt::format("{}: has both an access key and a user; keep ak and sk, or username and "
                    "password",
                    profile.place()));
  }
  if (has_login) return read_login(profile);
  if (has_key) return read_key(profile);
  const std::string_view hint =
      profile.has("idp_id") ? " (signing in through an identity provider is not supported)" : "";
  return fail(ErrorKind::invalid, fmt::format("{}: has no credentials{}; write ak = … and sk = …",
                                              profile.place(), hint));
}

// The vendor's readme has domainId, and its code reads domain_id. Option names are lower case here.
std::string_view domain_option(const Profile& profile) {
  return profile.has("domain_id") ? "domain_id" : "domainid";
}

Result<Credentials> read_credentials(const Profile& profile) {
  auto identity = read_identity(profile);
  if (!identity) return pass(std::move(identity));
  Credentials out{
      .identity = std::move(*identity), .domain_id = {}, .project_id = {}, .iam_endpoint = {}};
  const std::pair<std::string_view, std::string*> texts[] = {
      {domain_option(profile), &out.domain_id},
      {"project_id", &out.project_id},
      {"iam_endpoint", &out.iam_endpoint}};
  for (const auto& [name, target] : texts) {
    auto value = profile.text(name);
    if (!value) return pass(std::move(value));
    *target = std::move(*value);
  }
  // Adds https:// to a bare host, and removes a slash at the end.
  if (!out.iam_endpoint.empty()) {
    out.iam_endpoint = endpoints_for("", {.iam = out.iam_endpoint, .scm = {}, .pca = {}}).iam;
  }
  return out;
}

}  // namespace

Result<Credentials> parse_profile(const Secret& text, const std::string& profile,
                                  const std::string& file) {
  auto sections = ProfileParser(text.reveal(), file).parse();
  if (!sections) return pass(std::move(sections));
  const Section* section = nullptr;
  if (profile.empty()) {
    section = find_section(*sections, "global");
    if (section == nullptr) section = find_section(*sections, "basic");
  } else {
    section = find_section(*sections, profile);
  }
  if (section == nullptr) {
    return fail(ErrorKind::invalid,
                fmt::format("credentials file {}: has no section {}", file,
                            profile.empty() ? "[global] or [basic]"
                                            : fmt::format("[{}]", printable(profile))));
  }
  return read_credentials(Profile(*section, find_section(*sections, "DEFAULT"), file));
}

}  // namespace ccm::cloud
