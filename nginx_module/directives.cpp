// SPDX-License-Identifier: Apache-2.0
#include "directives.h"

#include <algorithm>
#include <array>

#include "boundary.h"
#include "config/directives/table.h"
#include "main_conf.h"

namespace ccm::nginx {
namespace {

// The context of directives inside `ccm { … }`. A context bit means something only together with
// the module type, and none of nginx's own core directives may be written inside a block with this
// bit.
constexpr ngx_uint_t kBlockContext = 0x02000000;

// A certificate block while it is read.
struct OpenCertificate {
  MainConf& main;
  std::string name;
};

// Parses up to the closing brace with the changes that `prepare` makes to the parser's state.
template <typename Prepare>
char* parse_block(ngx_conf_t* cf, Prepare&& prepare) {
  const ngx_conf_t outer = *cf;
  prepare();
  char* result = ngx_conf_parse(cf, nullptr);
  *cf = outer;
  return result;
}

char* report_failure(ngx_conf_t* cf, const Result<void>& result) {
  return result ? kConfOk : report(cf, result.error().message());
}

std::vector<std::string> arguments_of(const ngx_conf_t* cf) {
  std::vector<std::string> words = words_of(cf);
  words.erase(words.begin());
  return words;
}

char* on_certificate_directive(ngx_conf_t* cf, ngx_command_t* unused, void* conf) noexcept {
  return conf_boundary(cf, [&] {
    auto& open = *static_cast<OpenCertificate*>(conf);
    const std::vector<std::string> words = words_of(cf);
    if (words[0] == "include") return ngx_conf_include(cf, unused, conf);
    return report_failure(cf, open.main.deployment.settings().set_in(
                                  open.name, words[0], arguments_of(cf), origin_of(cf)));
  });
}

char* on_certificate_block(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
  return conf_boundary(cf, [&] {
    auto& main = *static_cast<MainConf*>(conf);
    const std::vector<std::string> words = words_of(cf);
    if (words.size() != 2) {
      return report(cf, "a certificate block has one name; write certificate NAME { ... }");
    }
    OpenCertificate open{main, words[1]};
    auto added = main.deployment.settings().add_certificate(open.name, origin_of(cf));
    if (!added) return report(cf, added.error().message());
    main.has_open_certificate = true;
    char* result = parse_block(cf, [&] {
      cf->handler = on_certificate_directive;
      cf->handler_conf = &open;
    });
    if (result == kConfOk) main.has_open_certificate = false;
    return result;
  });
}

char* on_global_directive(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
  return conf_boundary(cf, [&] {
    auto& main = *static_cast<MainConf*>(conf);
    return report_failure(
        cf, main.deployment.settings().set(words_of(cf)[0], arguments_of(cf), origin_of(cf)));
  });
}

bool is_known(std::string_view word) {
  if (word == "certificate" || word == "include") return true;
  const auto known = config::directives();
  return std::any_of(known.begin(), known.end(),
                     [word](const config::Directive& row) { return row.key == word; });
}

// nginx itself says `unknown directive`, and nothing can be added to that line. So a second line
// says what would be right. In an included file its place is that of the `include`; nginx's line
// has the exact one.
void explain_unknown_directive(ngx_conf_t* cf, MainConf& main) {
  if (main.has_open_certificate || cf->args->nelts == 0) return;
  const std::string word = words_of(cf)[0];
  if (is_known(word)) return;
  report_failure(cf, main.deployment.settings().set(word, {}, origin_of(cf)));
}

char* on_ccm_block(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
  return conf_boundary(cf, [&]() -> char* {
    auto& main = *static_cast<MainConf*>(conf);
    if (main.has_block) return report(cf, "there are two ccm blocks; put everything into one");
    main.has_block = true;
    char* result = parse_block(cf, [cf] { cf->cmd_type = kBlockContext; });
    if (result != kConfOk) explain_unknown_directive(cf, main);
    return result;
  });
}

constexpr std::size_t kCapacity = 64;

}  // namespace

// Made from the one table of directives. The number of arguments is left to Settings, so that the
// sentence shows the right form.
ngx_command_t* commands() {
  static std::array<ngx_command_t, kCapacity> table{};
  if (table[0].set != nullptr) return table.data();
  const auto known = config::directives();
  std::size_t count = 0;
  table[count++] = {ngx_string("ccm"),
                    NGX_MAIN_CONF | NGX_DIRECT_CONF | NGX_CONF_BLOCK | NGX_CONF_NOARGS,
                    on_ccm_block,
                    0,
                    0,
                    nullptr};
  table[count++] = {ngx_string("certificate"),
                    kBlockContext | NGX_DIRECT_CONF | NGX_CONF_BLOCK | NGX_CONF_ANY,
                    on_certificate_block,
                    0,
                    0,
                    nullptr};
  for (const config::Directive& row : known) {
    // The last entry stays empty: it ends the table.
    if (count + 1 >= kCapacity) throw std::length_error("the table of directives is too small");
    table[count++] = {as_nginx(row.key),
                      kBlockContext | NGX_DIRECT_CONF | NGX_CONF_ANY,
                      on_global_directive,
                      0,
                      0,
                      nullptr};
  }
  return table.data();
}

}  // namespace ccm::nginx
