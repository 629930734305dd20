// SPDX-License-Identifier: Apache-2.0
// Every sentence of the room as httpd's users read it: nothing in it may be nginx's.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/text.h"
#include "config/directives/table.h"
#include "settings_builder.h"

namespace ccm::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string httpd_spelling(std::string_view key) {
  if (key == "state_path") return "CCMStateDir";
  if (key == "ssl_trusted_certificate") return "CCMCACertificateFile";
  std::string spelled = "CCM";
  for (const std::string_view word : split(key, '_')) {
    spelled += static_cast<char>(word[0] - 'a' + 'A');
    spelled += word.substr(1);
  }
  return spelled;
}

Dialect httpd() {
  return {.spelling = httpd_spelling,
          .certificate_block = "<CCMCertificate> section",
          .global_block = "main server configuration",
          .use = "CCMCertificate",
          .global_block_is_unique = true};
}

// One value that each directive takes.
const std::map<std::string_view, std::string_view>& good_values() {
  static const std::map<std::string_view, std::string_view> values{
      {"activate", "Mon-Fri 02:00-05:00 UTC"},
      {"canary", "5min 10%"},
      {"agent_path", "/bin/agent"},
      {"check_interval", "5min"},
      {"concurrent_renewals", "4"},
      {"credentials", "ecs"},
      {"fallback", "On"},
      {"iam_endpoint", "https://i"},
      {"issue", "file"},
      {"issue_applicant", "name=Wang phone=12345 email=w@a.example"},
      {"issue_company", "name=A country=CN province=B city=C"},
      {"issue_credentials", "ecs"},
      {"issue_dns", "hook"},
      {"keep", "3"},
      {"key", "rsa"},
      {"key_origin", "local"},
      {"log_format", "json"},
      {"metadata_endpoint", "http://m"},
      {"names", "a.example"},
      {"pca_endpoint", "https://p"},
      {"proxy", "Off"},
      {"region", "r"},
      {"renew_before", "33%"},
      {"scm_endpoint", "https://s"},
      {"source", "scm"},
      {"ssl_trusted_certificate", "/ca.pem"},
      {"stapling", "On"},
      {"state_path", "/srv"},
      {"status_listen", "127.0.0.1:9290"},
      {"store", "file"},
      {"user", "ccm"},
      {"validity", "90d"},
      {"ticket_keys", "fleet"},
      {"worker_dumps", "Off"}};
  return values;
}

// Parameters of the short form are spelled as in nginx by design; `parameter` names the one that a
// sentence is about.
void expect_httpd(const std::string& sentence, std::string_view parameter = "") {
  SCOPED_TRACE(sentence);
  EXPECT_NE(sentence, "no error");
  for (const char* foreign : {"ccm block", "certificate block", "ccm_", "{", "}", "in main server",
                              "a main server", "server configurations", "nginx"}) {
    EXPECT_EQ(sentence.find(foreign), std::string::npos) << foreign;
  }
  for (const Directive& row : directives()) {
    if (row.key == parameter) continue;
    EXPECT_EQ(sentence.find(row.form), std::string::npos) << row.form;
    EXPECT_EQ(sentence.find(fmt::format("\"{}\"", row.key)), std::string::npos) << row.key;
    EXPECT_FALSE(sentence.starts_with(fmt::format("{}:", row.key))) << row.key;
    const bool is_plain_word = row.key.find('_') == std::string_view::npos;
    EXPECT_TRUE(is_plain_word || sentence.find(row.key) == std::string::npos) << row.key;
  }
}

// The first problem of these lines, however late it shows.
std::string httpd_problem(std::string_view text) {
  Settings settings(httpd());
  const auto added = add_lines(settings, text);
  return added ? problem_of(settings.finalize()) : problem_of(added);
}

std::string httpd_problem_with_cloud(std::string_view text) {
  return httpd_problem(fmt::format("{}{}", kCloud, text));
}

// Each directive where it belongs.
class EveryDirective : public testing::Test {
 protected:
  std::string set(const Directive& row, std::vector<std::string> arguments) {
    return set(row.scope, row.key, std::move(arguments));
  }
  std::string set(Scope scope, std::string_view key, std::vector<std::string> arguments) {
    return problem_of(scope == Scope::certificate
                          ? settings_.set_in("a", key, std::move(arguments), line(2))
                          : settings_.set(key, std::move(arguments), line(2)));
  }

  void SetUp() override { ASSERT_TRUE(settings_.add_certificate("a", line(1))); }

  Settings settings_{httpd()};
};

TEST_F(EveryDirective, IsSpelledWhenItsArgumentsAreTooFewOrTooMany) {
  for (const Directive& row : directives()) {
    std::vector<std::vector<std::string>> wrong{{}};
    if (row.max_arguments != kMany) wrong.emplace_back(row.max_arguments + 1, "x");
    for (const auto& arguments : wrong) {
      const std::string sentence = set(row, arguments);
      expect_httpd(sentence);
      EXPECT_THAT(sentence,
                  HasSubstr(fmt::format("in \"{0}\"; write {0} ", httpd_spelling(row.key))));
    }
  }
}

TEST_F(EveryDirective, IsSpelledInFrontOfWhatIsWrongWithItsValue) {
  for (const Directive& row : directives()) {
    for (const std::string& value :
         {std::string("?"), std::string("a\nb"), std::string(5000, 'x')}) {
      const std::string sentence = set(row, std::vector<std::string>(row.min_arguments, value));
      expect_httpd(sentence);
      EXPECT_TRUE(sentence.starts_with(httpd_spelling(row.key) + ": ")) << sentence;
    }
  }
}

TEST_F(EveryDirective, IsSpelledWhenItIsGivenTwice) {
  for (const Directive& row : directives()) {
    if (row.is_repeatable) continue;
    ASSERT_TRUE(good_values().contains(row.key)) << row.key;
    const std::vector<std::string> value = words(good_values().at(row.key));
    EXPECT_EQ(set(row, value), "no error") << row.key;
    const std::string sentence = set(row, value);
    expect_httpd(sentence);
    EXPECT_EQ(sentence, fmt::format("\"{}\" is given twice; the first one is in test.conf:2",
                                    httpd_spelling(row.key)));
  }
}

TEST_F(EveryDirective, IsSentToTheRightPlace) {
  for (const Directive& row : directives()) {
    if (row.scope == Scope::both) continue;
    const bool is_global = row.scope == Scope::global;
    const std::string sentence =
        set(is_global ? Scope::certificate : Scope::global, row.key, {"x"});
    expect_httpd(sentence);
    EXPECT_EQ(sentence,
              fmt::format("\"{}\" is not allowed in {}", httpd_spelling(row.key),
                          is_global ? "a <CCMCertificate> section; it belongs in the main server "
                                      "configuration"
                                    : "the main server configuration; it belongs in the "
                                      "<CCMCertificate> section"));
  }
}

TEST_F(EveryDirective, IsGuessedFromWhatWasMeant) {
  for (const Directive& row : directives()) {
    const std::string right = httpd_spelling(row.key);
    const std::string guess = fmt::format("; did you mean \"{}\"?", right);
    std::string typed = right.substr(0, right.size() - 1);
    for (const std::string& word : {typed, to_lower(typed), right.substr(3), right + "s"}) {
      const std::string sentence = set(row.scope, word, {"x"});
      expect_httpd(sentence);
      EXPECT_TRUE(sentence.ends_with(guess)) << sentence;
      EXPECT_TRUE(sentence.starts_with(fmt::format("unknown directive \"{}\" in ", word)));
    }
  }
}

TEST(HttpdDialect, UnknownDirectiveIsPlacedAndNotGuessedAtRandom) {
  EXPECT_EQ(httpd_problem("CCMRenewBefor 3"),
            "unknown directive \"CCMRenewBefor\" in the main server configuration; did you mean "
            "\"CCMRenewBefore\"?");
  EXPECT_EQ(httpd_problem("certificate a\n  CCMRenewBefor 3"),
            "unknown directive \"CCMRenewBefor\" in <CCMCertificate> section; did you mean "
            "\"CCMRenewBefore\"?");
  for (const char* word : {"CCMColour", "CCM", "CCMXyzzy", "ServerName"}) {
    EXPECT_EQ(httpd_problem(word),
              fmt::format("unknown directive \"{}\" in the main server configuration", word));
  }
}

TEST(HttpdDialect, BlocksAreSections) {
  EXPECT_EQ(httpd_problem("certificate a\ncertificate a"),
            "there are two <CCMCertificate> sections named \"a\"; the first one is in test.conf:1");
  EXPECT_EQ(httpd_problem("  keep 3"), "there is no <CCMCertificate> section \"\"");
  EXPECT_EQ(httpd_problem("use"),
            "no certificate is given; write the NAME of a <CCMCertificate> section, or source=scm, "
            "or source=pca issuer=ID");
  EXPECT_EQ(httpd_problem("use a key=rsa"),
            "\"key=rsa\" follows the certificate's name \"a\"; parameters belong in its "
            "<CCMCertificate> section");
  EXPECT_EQ(httpd_problem_with_cloud("use x | a.example"),
            "unknown certificate \"x\"; there is no <CCMCertificate> section at all in "
            "test.conf:3");
  for (const char* text :
       {"certificate .a", "use .a", "use source=scm | a.example\ncertificate a.example",
        "certificate a.example\nuse source=scm | a.example",
        "use source=scm | a.example b.example\nuse source=scm | a.example c.example",
        "use source=scm | a.example\nuse source=scm keep=1 | a.example",
        "use intrnet | a.example\ncertificate intranet\n  source scm\n  names a.example",
        "use other | a.example\ncertificate intranet\n  source scm\n  names a.example"}) {
    expect_httpd(httpd_problem_with_cloud(text));
  }
}

TEST(HttpdDialect, CertificatesLackWhatHttpdCallsIt) {
  const std::string_view scm = "certificate a\n  source scm\n  names a.example";
  EXPECT_EQ(httpd_problem(scm),
            "certificate \"a\": there are no credentials for the cloud; write CCMCredentials "
            "file=/path [profile=NAME] | ecs in test.conf:2");
  EXPECT_EQ(httpd_problem(fmt::format("credentials ecs\n{}", scm)),
            "certificate \"a\": it comes from SCM, but neither a region nor an endpoint says where "
            "that is; write CCMRegion ap-southeast-1 or CCMScmEndpoint https://HOST[:PORT] in "
            "test.conf:3");
  for (const char* text :
       {"credentials ecs\ncertificate a\n  source pca issuer=ISSUER\n  names a.example",
        "certificate a\n  names a.example", "certificate a\n  source pca",
        "certificate a\n  source pca issuer=1", "certificate a\n  source pca id=ISSUER",
        "certificate a\n  source scm\n", "certificate a\n  source scm\nuse a | _",
        "certificate a\n  source scm\nuse a | *.a.*"}) {
    expect_httpd(httpd_problem(text));
  }
  EXPECT_THAT(httpd_problem_with_cloud("certificate a\n  source scm\nuse a | w?w.example.com"),
              HasSubstr("list the certificate's own names with CCMNames in"));
}

TEST(HttpdDialect, ContradictionsAreSpelled) {
  const std::string pca = "certificate a\n  source pca issuer=ISSUER\n  names a.example\n  ";
  const std::string scm = "certificate a\n  source scm\n  names a.example\n  ";
  for (const std::string& text : {scm + "validity 30d", scm + "key_origin local",
                                  pca + "renew_before 90d", "renew_before 91d\n" + pca}) {
    const std::string sentence = httpd_problem_with_cloud(text);
    expect_httpd(sentence);
    EXPECT_THAT(sentence, HasSubstr("\"CCM"));
  }
  std::string many = "certificate a\n  source pca issuer=ISSUER\n  key_origin cloud\n  names";
  for (int i = 0; i < 101; ++i) {
    if (i == 21) expect_httpd(httpd_problem_with_cloud(many));
    many += fmt::format(" n{}.example", i);
  }
  expect_httpd(httpd_problem_with_cloud(many));
  const std::string hosts = many.substr(many.find(" n0"));
  expect_httpd(httpd_problem_with_cloud("certificate a\n  source scm\nuse a |" + hosts));
}

TEST(HttpdDialect, ShortFormHasOneSpellingEverywhere) {
  const std::string host = " | a.example";
  EXPECT_EQ(
      httpd_problem_with_cloud("use source=scm renew_before=soon" + host),
      problem_of(configured(fmt::format("{}use source=scm renew_before=soon{}", kCloud, host))));
  expect_httpd(httpd_problem_with_cloud("use source=scm renew_before=soon" + host), "renew_before");
  expect_httpd(httpd_problem_with_cloud("use source=scm renew_befor=5d" + host), "renew_before");
  expect_httpd(httpd_problem_with_cloud("use source=scm validity=5d" + host), "validity");
  expect_httpd(httpd_problem_with_cloud("use source=pca issuer=ISSUER renew_before=100d" + host),
               "renew_before");
  for (const char* text : {"use key=rsa", "use source=scm rsa", "use source=scm keep=1 keep=1",
                           "use source=pca", "use source=scm name=/", "use source=acme"}) {
    expect_httpd(httpd_problem_with_cloud(text + host), "source");
  }
  for (const char* text : {"use source=scm", "use source=scm | _", "use source=scm | a.*"}) {
    expect_httpd(httpd_problem_with_cloud(text));
  }
}

// What was not written as a parameter is a directive, also where the short form inherits it.
TEST(HttpdDialect, ShortFormTellsParametersFromDirectives) {
  std::string names = "names=n0.example";
  for (int i = 1; i < 21; ++i) names += fmt::format(",n{}.example", i);
  const std::string use = "use source=pca issuer=ISSUER " + names;
  EXPECT_THAT(httpd_problem_with_cloud(use + " key_origin=cloud"),
              HasSubstr("write fewer, or key_origin=local"));
  const std::string inherited = httpd_problem_with_cloud("key_origin cloud\n" + use);
  EXPECT_THAT(inherited, HasSubstr("write fewer, or CCMKeyOrigin local"));
  expect_httpd(inherited);
  expect_httpd(
      httpd_problem_with_cloud("renew_before 91d\nuse source=pca issuer=ISSUER | a.example"));
}

TEST(HttpdDialect, WarningsAreWithoutAccent) {
  Settings settings(httpd());
  ASSERT_TRUE(add_lines(settings, fmt::format("{}use source=scm | a.example localhost", kCloud)));
  const std::vector<std::string> warnings = settings.warnings();
  ASSERT_THAT(warnings, ElementsAre(HasSubstr("does not cover the name localhost")));
  expect_httpd(warnings[0]);
}

TEST(HttpdDialect, IsThereForOthers) {
  EXPECT_EQ(Settings(httpd()).dialect().spell("renew_before"), "CCMRenewBefore");
  EXPECT_EQ(Settings().dialect().spell("renew_before"), "renew_before");
}

}  // namespace
}  // namespace ccm::config
