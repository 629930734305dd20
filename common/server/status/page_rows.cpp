// SPDX-License-Identifier: Apache-2.0
#include "server/status/page_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace ccm::server {
namespace {

using publication::CertificateStatus;

constexpr std::size_t kMostNames = 5;
constexpr std::size_t kShortSerial = 16;

std::string names_of(const CertificateReport& certificate) {
  const auto& names = certificate.spec->names;
  const std::size_t shown = std::min(names.size(), kMostNames);
  std::string text =
      join({names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown)}, ", ");
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

// Shows only a part of a long serial number; the element's title has all of it.
std::string serial_element(std::string_view serial) {
  if (serial.size() <= kShortSerial + 2) return fmt::format("<code>{}</code>", html(serial));
  return fmt::format("<code title=\"{0}\">{1}…</code>", html(serial),
                     html(serial.substr(0, kShortSerial)));
}

double share(Seconds part, Seconds whole) {
  const double percent =
      100.0 * static_cast<double>(part.count()) / static_cast<double>(whole.count());
  return std::clamp(percent, 0.0, 100.0);
}

// A bar: on the left the time that has passed, at the right end the time in which the certificate
// is to be renewed.
std::string life(const CertificateStatus& told, Time now) {
  if (told.version == 0 || told.not_after == Time{}) {
    return R"(<div class="bar none" aria-hidden="true"></div>no certificate)";
  }
  const Seconds whole = std::max(told.not_after - told.not_before, Seconds(1));
  const Seconds left = std::max(told.not_after - now, Seconds(0));
  std::string bar = R"(<div class="bar" aria-hidden="true">)";
  std::string renewal;
  if (told.renew_at != Time{}) {
    bar += fmt::format(R"(<i class="window" style="width:{:.1f}%"></i>)",
                       share(told.not_after - told.renew_at, whole));
    renewal = fmt::format("; renewal {}", away(told.renew_at, now));
  }
  bar += fmt::format(R"(<i class="spent" style="width:{:.1f}%"></i></div>)",
                     100.0 - share(left, whole));
  const std::string end = format_time(told.not_after);
  const std::string_view day = std::string_view(end).substr(0, end.find('T'));
  const std::string rest = left.count() == 0
                               ? fmt::format("it has expired, on {}", day)
                               : fmt::format("{} left of {}, until {}", format_duration(left),
                                             format_duration(whole), day);
  return fmt::format("{}<time datetime=\"{}\">{}</time>{}", bar, end, rest, renewal);
}

std::string stored(const CertificateStatus& told) {
  if (told.version == 0) return "stored: nothing";
  return fmt::format("stored: version {} of {}, serial {}", told.version, told.versions,
                     serial_element(told.serial));
}

std::string served(const CertificateReport& certificate) {
  const CertificateStatus& told = certificate.told;
  if (!certificate.has_server) return "served: by the programs that read it in the store";
  if (certificate.generation == 0) return "served: nothing, handshakes are refused";
  std::string what = told.is_placeholder       ? "the placeholder"
                     : certificate.is_served() ? "what is stored"
                                               : "serial " + serial_element(told.shown_serial);
  if (certificate.showing + certificate.behind > 0) {
    what += fmt::format(", shown by {} of {} workers since it changed", certificate.showing,
                        certificate.showing + certificate.behind);
  }
  return "served: " + what;
}

std::string staple(const CertificateStatus& told, bool is_wanted, Time now) {
  if (!is_wanted) return "stapling is off";
  if (told.staple_until == Time{}) return "no OCSP response is stapled";
  if (told.staple_until <= now) return "the OCSP response has ended";
  return "an OCSP response is stapled; it ends " + time_element(told.staple_until, now);
}

std::string next_step(const CertificateReport& certificate, Time now) {
  const CertificateStatus& told = certificate.told;
  if (!certificate.is_told) return "no agent has told of it yet";
  std::string text =
      told.next_at == Time{} ? "next: at once" : "next look " + time_element(told.next_at, now);
  if (!told.order_step.empty()) {
    text += fmt::format("; order: {}, since {}", html(told.order_step),
                        time_element(told.order_since, now));
  }
  if (told.canary_since != Time{}) {
    text += fmt::format(
        "; version {} is tried out with {}% of the handshakes, and shown to all {}: {} of {} "
        "failed "
        "with it, {} of {} with the current version",
        told.staged, certificate.spec->canary.percent, time_element(told.activates_at, now),
        told.canary.candidate_failed, told.canary.candidate_shown, told.canary.current_failed,
        told.canary.current_shown);
  } else if (told.staged != 0) {
    text += fmt::format("; version {} is stored, and shown {}", told.staged,
                        time_element(told.activates_at, now));
  }
  if (told.attempts > 0) text += fmt::format(", after {} failed attempts", told.attempts);
  if (told.held != 0 && told.held == told.version) {
    text += told.refused_canary == 0
                ? std::string("; an operator holds on to this version")
                : fmt::format("; this version is held, because handshakes failed with version {}",
                              told.refused_canary);
  }
  if (told.error.empty()) return text;
  return fmt::format("{}<br><span class=\"{}\">{}</span>", text, to_string(certificate.level),
                     html(told.error));
}

// The newest first; empty when nothing is known to have happened.
std::string past_events(const CertificateStatus& told, Time now) {
  std::string text;
  for (const CertificateStatus::PastEvent& event : told.events) {
    if (event.at == Time{}) break;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", kind_of(event.type).name,
                        time_element(event.at, now));
  }
  return text.empty() ? text : fmt::format("<br><span class=\"small dim\">events: {}</span>", text);
}

}  // namespace

std::string html(std::string_view text) {
  std::string out;
  for (const char character : text) {
    switch (character) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += character;
    }
  }
  return out;
}

std::string away(Time time, Time now) {
  if (time == now) return "now";
  if (time > now) return fmt::format("in {}", format_duration(time - now));
  return fmt::format("{} ago", format_duration(now - time));
}

std::string time_element(Time time, Time now) {
  if (time == Time{}) return "never";
  const std::string exact = format_time(time);
  return fmt::format(R"(<time datetime="{0}" title="{0}">{1}</time>)", exact, away(time, now));
}

std::string word_element(Health level, std::string_view word) {
  return fmt::format(R"(<span class="word {}">{}</span>)", to_string(level), html(word));
}

std::string certificate_row(const CertificateReport& certificate, Time now) {
  const config::CertificateSpec& spec = *certificate.spec;
  const CertificateStatus& told = certificate.told;
  return fmt::format(
      R"(<tr><th scope="row">{}<br><span class="small dim">{} · {}</span></th>
<td data-head="State">{}</td>
<td data-head="Life">{}</td>
<td data-head="Served and stored">{}<br>{}<br><span class="small dim">{}</span></td>
<td data-head="Next">{}{}</td></tr>
)",
      html(spec.name), html(names_of(certificate)), html(spec.source.facts().label),
      word_element(certificate.level, word_of(certificate.condition)), life(told, now),
      served(certificate), stored(told), staple(told, spec.stapling, now),
      next_step(certificate, now), past_events(told, now));
}

}  // namespace ccm::server
