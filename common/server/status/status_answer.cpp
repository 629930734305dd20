// SPDX-License-Identifier: Apache-2.0
#include "server/status/status_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"
#include "server/status/status_view.h"

namespace ccm::server {
namespace {

enum class Form : std::uint8_t { html, json, prometheus, openmetrics };

struct FormRow {
  Form form;
  std::string_view word;  // of ?format=
  std::string_view end;   // of the path
  std::string_view type;  // as Accept names it
  std::string_view full;  // as Content-Type names it
};
constexpr std::array kForms = {
    FormRow{Form::html, "html", ".html", "text/html", "text/html; charset=utf-8"},
    FormRow{Form::json, "json", "json", "application/json", "application/json"},
    FormRow{Form::openmetrics, "openmetrics", "openmetrics", "application/openmetrics-text",
            "application/openmetrics-text; version=1.0.0; charset=utf-8"},
    FormRow{Form::prometheus, "prometheus", "metrics", "text/plain",
            "text/plain; version=0.0.4; charset=utf-8"},
};

constexpr std::size_t kPerPage = 50;
constexpr std::size_t kMostPerPage = 1000;
// The page loads nothing from other places, and text from a certificate cannot run as code.
constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

int digit(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  const char lower = static_cast<char>(character | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Decodes form data: "+" is a space. An invalid escape stays as it is.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? digit(text[i + 2]) : -1;
    if (text[i] == '%' && high >= 0 && low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::optional<std::string> parameter(std::string_view query, std::string_view name) {
  for (const std::string_view part : split(query, '&')) {
    const std::size_t end = part.find('=');
    if (part.substr(0, end) != name) continue;
    return end == std::string_view::npos ? "" : decoded(part.substr(end + 1));
  }
  return std::nullopt;
}

// The quality that Accept gives a media type by name; wildcards such as "*/*" do not count.
double quality(std::string_view accept, std::string_view type) {
  for (const std::string_view item : split(accept, ',')) {
    const std::vector<std::string_view> parts = split(item, ';');
    if (!equals_ignoring_case(trim(parts[0]), type)) continue;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const std::string_view option = trim(parts[i]);
      if (!option.starts_with("q=")) continue;
      // "0.7": only the digits after the point matter here.
      if (option.substr(2, 1) == "1") return 1.0;
      const auto tenths = parse_unsigned(option.size() > 4 ? option.substr(4, 1) : "0");
      return static_cast<double>(tenths.value_or(0)) / 10;
    }
    return 1.0;
  }
  return 0.0;
}

const FormRow& row_of(Form form) {
  return *std::find_if(kForms.begin(), kForms.end(),
                       [form](const FormRow& row) { return row.form == form; });
}

Result<Form> form_of(const StatusRequest& request) {
  if (const auto wanted = parameter(request.query, "format")) {
    for (const FormRow& row : kForms) {
      if (*wanted == row.word) return row.form;
    }
    return fail(ErrorKind::invalid, "format must be html, json, prometheus or openmetrics");
  }
  const auto accepts = [&](Form form) { return quality(request.accept, row_of(form).type); };
  for (const FormRow& row : kForms) {
    if (!request.path.ends_with(row.end)) continue;
    const bool wants_open = row.form == Form::prometheus && accepts(Form::openmetrics) > 0 &&
                            accepts(Form::openmetrics) >= accepts(Form::prometheus);
    return wants_open ? Form::openmetrics : row.form;
  }
  const auto* best = std::max_element(
      kForms.begin(), kForms.end(),
      [&](const FormRow& a, const FormRow& b) { return accepts(a.form) < accepts(b.form); });
  return accepts(best->form) > 0 ? best->form : Form::html;
}

Result<std::size_t> number_of(std::string_view query, std::string_view name, std::size_t standard,
                              std::size_t most) {
  const auto given = parameter(query, name);
  if (!given || given->empty()) return standard;
  const auto number = parse_unsigned(*given);
  if (!number || *number == 0 || *number > most) {
    return fail(ErrorKind::invalid, fmt::format("{} must be a number from 1 to {}", name, most));
  }
  return static_cast<std::size_t>(*number);
}

Result<StatusFilter> filter_of(const StatusRequest& request, Form form) {
  StatusFilter filter{.text = to_lower(parameter(request.query, "q").value_or("")),
                      .state = parameter(request.query, "state").value_or("")};
  constexpr std::array<std::string_view, 4> kGroups = {"trouble", "good", "warning", "bad"};
  const bool is_group = std::find(kGroups.begin(), kGroups.end(), filter.state) != kGroups.end();
  const bool is_condition =
      std::any_of(kConditions.begin(), kConditions.end(),
                  [&](Condition each) { return word_of(each) == filter.state; });
  if (!filter.state.empty() && !is_condition && !is_group) {
    return fail(ErrorKind::invalid,
                "state must be trouble, good, warning, bad or the state of a certificate, such as "
                "failing");
  }
  auto page = number_of(request.query, "page", 1, 1'000'000);
  if (!page) return pass(std::move(page));
  filter.page = *page;
  const bool is_paged = form == Form::html || parameter(request.query, "page").has_value();
  auto per_page = number_of(request.query, "per_page", is_paged ? kPerPage : 0, kMostPerPage);
  if (!per_page) return pass(std::move(per_page));
  filter.per_page = *per_page;
  return filter;
}

StatusAnswer refuse(unsigned status, std::string_view sentence) {
  return {.status = status,
          .type = "text/plain; charset=utf-8",
          .headers = {{"Cache-Control", "no-store"}},
          .body = fmt::format("{}\n", sentence)};
}

std::string render(const StatusReport& report, Form form, const StatusFilter& filter) {
  switch (form) {
    case Form::html:
      return render_page(report, filter);
    case Form::json:
      return render_json(report, filter);
    case Form::prometheus:
      return render_metrics(report, MetricsForm::prometheus);
    case Form::openmetrics:
      return render_metrics(report, MetricsForm::openmetrics);
  }
  return {};
}

}  // namespace

StatusAnswer answer_status(const StatusRequest& request, const StatusSources& sources, Time now,
                           SteadyTime steady) {
  if (request.method != "GET" && request.method != "HEAD") {
    StatusAnswer answer = refuse(405, "the status can only be read: use GET or HEAD");
    answer.headers.emplace_back("Allow", "GET, HEAD");
    return answer;
  }
  const auto form = form_of(request);
  if (!form) return refuse(400, form.error().message());
  const auto filter = filter_of(request, *form);
  if (!filter) return refuse(400, filter.error().message());
  StatusAnswer answer{.type = std::string(row_of(*form).full),
                      .headers = {{"Cache-Control", "no-store"},
                                  {"Vary", "Accept"},
                                  {"X-Content-Type-Options", "nosniff"}},
                      .body = render(gather(sources, now, steady), *form, *filter)};
  if (*form == Form::html) {
    answer.headers.emplace_back("Content-Security-Policy", kPolicy);
    answer.headers.emplace_back("Referrer-Policy", "no-referrer");
  }
  return answer;
}

}  // namespace ccm::server
