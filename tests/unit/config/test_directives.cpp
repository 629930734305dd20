// SPDX-License-Identifier: Apache-2.0
// The directive table and the values it takes, through Settings, as servers use them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/directives/table.h"
#include "config/directives/values.h"
#include "config/sources/scm.h"
#include "settings_builder.h"

namespace ccm::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string set_problem(std::string_view directive) {
  Settings settings;
  return problem_of(add_lines(settings, directive));
}

TEST(Directives, FormIsItsOwnExample) {
  for (const Directive& row : directives()) {
    EXPECT_TRUE(row.form.starts_with(row.key)) << row.key;
    EXPECT_LE(row.min_arguments, row.max_arguments) << row.key;
    EXPECT_NE(row.parse, nullptr) << row.key;
    EXPECT_EQ(find_directive(row.key), &row);
  }
  EXPECT_EQ(find_directive("nonsense"), nullptr);
  EXPECT_EQ(find_directive("zzz"), nullptr);
}

TEST(Directives, AcceptTheirValues) {
  for (const char* directive : {"state_path /srv/ccm",
                                "state_path /srv/ccm/",
                                "user ccm",
                                "user www-data",
                                "credentials file=/etc/ccm/credentials",
                                "credentials file=/c profile=prod",
                                "credentials profile=prod file=/c",
                                "credentials ecs",
                                "region ap-southeast-1",
                                "scm_endpoint https://scm.example.com",
                                "pca_endpoint https://pca.example.com:443",
                                "iam_endpoint https://iam.example.com",
                                "metadata_endpoint http://169.254.169.254",
                                "proxy off",
                                "proxy Off",
                                "proxy http://proxy:3128",
                                "proxy http://proxy:3128 file=/etc/ccm/proxy",
                                "ssl_trusted_certificate /etc/ccm/ca.pem",
                                "concurrent_renewals 1",
                                "concurrent_renewals 64",
                                "agent_path /usr/lib/ccm/ccm-agent",
                                "log_format text",
                                "log_format JSON",
                                "store file",
                                "store etcd https://etcd:2379 fleet=web key=/etc/ccm/fleet.key",
                                "ticket_keys fleet",
                                "ticket_keys off",
                                "worker_dumps on",
                                "worker_dumps Off",
                                "check_interval 1s",
                                "check_interval 12h",
                                "renew_before 33%",
                                "renew_before 30d",
                                "keep 0",
                                "keep 100",
                                "fallback on",
                                "fallback off",
                                "fallback On",
                                "fallback OFF",
                                "stapling on",
                                "stapling off",
                                "key rsa:2048",
                                "key ecdsa:384",
                                "validity 1h",
                                "validity 23h",
                                "validity 90d",
                                "validity 20y",
                                "key_origin local",
                                "key_origin cloud"}) {
    EXPECT_EQ(set_problem(directive), "no error") << directive;
  }
}

TEST(Directives, RefuseOtherValues) {
  for (const char* directive : {"state_path var/lib",
                                "user -x",
                                "user a:b",
                                "credentials",
                                "credentials /etc/ccm/credentials",
                                "credentials file=",
                                "credentials file=relative",
                                "credentials profile=x",
                                "credentials file=/a file=/b",
                                "credentials ecs file=/a",
                                "credentials file=/a profile=",
                                "credentials file=/a/",
                                "region AP",
                                "region a_b",
                                "region a b",
                                "scm_endpoint http://scm.example.com",
                                "pca_endpoint https://x/y",
                                "iam_endpoint off",
                                "metadata_endpoint off",
                                "proxy on",
                                "proxy off file=/etc/ccm/proxy",
                                "proxy http://proxy:3128 /etc/ccm/proxy",
                                "proxy http://proxy:3128 file=proxy",
                                "ssl_trusted_certificate ca.pem",
                                "concurrent_renewals 0",
                                "concurrent_renewals 65",
                                "concurrent_renewals four",
                                "agent_path agent",
                                "log_format combined",
                                "log_format json text",
                                "store etcd",
                                "store redis",
                                "ticket_keys on",
                                "worker_dumps no",
                                "check_interval 0",
                                "check_interval soon",
                                "renew_before 100%",
                                "renew_before 0",
                                "keep 101",
                                "keep -1",
                                "fallback yes",
                                "stapling staple",
                                "key dsa:1024",
                                "validity 59m",
                                "validity 36h",
                                "validity 90m",
                                "validity 21y",
                                "validity 7301d",
                                "key_origin here"}) {
    EXPECT_NE(set_problem(directive), "no error") << directive;
  }
}

TEST(Directives, SentencesSayWhatWouldBeRight) {
  EXPECT_EQ(set_problem("validity 36h"),
            "validity: \"36h\" cannot be asked of PCA; write whole hours below one day and whole "
            "days from there on, such as 12h or 90d");
  EXPECT_EQ(set_problem("keep 101"), "keep: \"101\" is not a number from 0 to 100");
  EXPECT_EQ(set_problem("region"),
            "invalid number of arguments in \"region\"; write region ap-southeast-1");
  EXPECT_EQ(set_problem("credentials /etc/x"),
            "credentials: \"/etc/x\" is not understood; write file=PATH [profile=NAME], or ecs");
  EXPECT_THAT(set_problem("scm_endpoint http://127.0.0.1:1"), HasSubstr("https://HOST[:PORT]"));
}

std::vector<std::string> resolved(std::string_view text) {
  std::vector<std::string> arguments = words(text);
  const Directive* row = find_directive(arguments.front());
  arguments.erase(arguments.begin());
  return with_paths(*row, arguments, [](const std::string& path) {
    return path.starts_with('/') ? path : "/root/" + path;
  });
}

TEST(Directives, PathsAreResolvedAndNothingElse) {
  EXPECT_THAT(resolved("state_path ccm"), ElementsAre("/root/ccm"));
  EXPECT_THAT(resolved("state_path /srv/ccm"), ElementsAre("/srv/ccm"));
  EXPECT_THAT(resolved("agent_path ccm-agent"), ElementsAre("/root/ccm-agent"));
  EXPECT_THAT(resolved("ssl_trusted_certificate ca.pem"), ElementsAre("/root/ca.pem"));
  EXPECT_THAT(resolved("credentials profile=x file=conf/c"),
              ElementsAre("profile=x", "file=/root/conf/c"));
  EXPECT_THAT(resolved("credentials ecs"), ElementsAre("ecs"));
  EXPECT_THAT(resolved("credentials file="), ElementsAre("file="));
  EXPECT_THAT(with_paths(*find_directive("state_path"), {""}, nullptr), ElementsAre(""));
  EXPECT_THAT(resolved("user ccm"), ElementsAre("ccm"));
  EXPECT_THAT(resolved("source scm trust=tls/roots.pem"),
              ElementsAre("scm", "trust=/root/tls/roots.pem"));
  EXPECT_THAT(resolved("source scm trust=system id=a/b"),
              ElementsAre("scm", "trust=system", "id=a/b"));
  EXPECT_THAT(resolved("store etcd https://e:2379 fleet=web key=k ca=/ca.pem login=l"),
              ElementsAre("etcd", "https://e:2379", "fleet=web", "key=/root/k", "ca=/ca.pem",
                          "login=/root/l"));
  EXPECT_THAT(resolved("names a.example b.example"), ElementsAre("a.example", "b.example"));
}

// A directive that asks for an absolute path and is not marked would be out of a server's reach.
TEST(Directives, WhatMustBeAbsoluteIsMarkedAsAPath) {
  for (const Directive& row : directives()) {
    std::vector<std::string> arguments{row.paths == PathArguments::file_value ? "file=relative"
                                       : row.paths == PathArguments::trust_value
                                           ? "trust=./relative"
                                       : row.paths == PathArguments::store_values ? "key=relative"
                                                                                  : "relative"};
    if (row.key == "proxy") arguments.insert(arguments.begin(), "http://proxy:3128");
    if (row.key == "source") arguments.insert(arguments.begin(), "scm");
    if (row.key == "store") arguments.insert(arguments.begin(), {"etcd", "https://etcd:2379"});
    if (row.key == "issue_dns") arguments.insert(arguments.begin(), "cloud");
    if (arguments.size() < row.min_arguments) arguments.resize(row.min_arguments, "relative");
    Values values;
    const std::string problem =
        problem_of(row.parse({std::string(row.key), arguments, {}}, values));
    EXPECT_EQ(problem.find("absolute") != std::string::npos, row.paths != PathArguments::none)
        << row.key << ": " << problem;
  }
}

std::optional<ScmSource> scm_source(const std::vector<std::string>& parameters,
                                    std::string* problem = nullptr) {
  std::vector<std::string> arguments{"scm"};
  arguments.insert(arguments.end(), parameters.begin(), parameters.end());
  Values values;
  const Result<void> parsed = find_directive("source")->parse({"source", arguments, {}}, values);
  if (problem != nullptr) *problem = problem_of(parsed);
  if (!parsed) return std::nullopt;
  return values.certificate.source->as<ScmSource>();
}

TEST(Directives, SourceSaysWhoseCertificatesItTakes) {
  const auto plain = scm_source({});
  ASSERT_TRUE(plain);
  EXPECT_THAT(plain->issuers, testing::IsEmpty());
  EXPECT_EQ(plain->trust_policy(), TrustPolicy::keep);
  const auto all = scm_source({"trust=/etc/roots.pem", "uploads=off", "id=scs1554192131150",
                               "issuers=Example CA| Example Trust, Inc. |*"});
  ASSERT_TRUE(all);
  EXPECT_THAT(all->issuers, ElementsAre("Example CA", "Example Trust, Inc.", "*"));
  EXPECT_EQ(all->trust_policy(), TrustPolicy::file);
  EXPECT_EQ(all->trust_file, "/etc/roots.pem");
  // uploads=on without trust= accepts any authority.
  EXPECT_EQ(scm_source({"uploads=on"})->trust_policy(), TrustPolicy::any);
  EXPECT_EQ(scm_source({"uploads=on", "trust=keep"})->trust_policy(), TrustPolicy::keep);
  EXPECT_EQ(scm_source({"trust=system"})->trust_policy(), TrustPolicy::system);
  EXPECT_EQ(scm_source({"trust=any"})->trust_policy(), TrustPolicy::any);
}

TEST(Directives, SourceSaysWhatIsWrongWithItsPolicy) {
  const auto problem = [](const std::vector<std::string>& parameters) {
    std::string text;
    EXPECT_FALSE(scm_source(parameters, &text));
    return text;
  };
  EXPECT_THAT(problem({"issuers=Example CA||Other"}), HasSubstr("has an empty name in it"));
  EXPECT_THAT(problem({"issuers="}), HasSubstr("has an empty name in it"));
  EXPECT_THAT(problem({"issuers=a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t|u"}),
              HasSubstr("there are 21 names of authorities, more than 20"));
  EXPECT_EQ(problem({"issuers=A", "issuers=B"}), "\"issuers=\" is given twice");
  EXPECT_THAT(problem({"issuers=Example", "CA"}), HasSubstr("a parameter with spaces in quotes"));
  EXPECT_EQ(problem({"trust=roots.pem"}),
            "trust: \"roots.pem\" is neither keep, system, any nor the path of a PEM file of "
            "authorities");
  EXPECT_THAT(problem({"trust=tls/roots.pem"}), HasSubstr("is not an absolute path"));
  EXPECT_THAT(problem({"trust=/etc/ssl/"}), HasSubstr("is a directory"));
  EXPECT_THAT(problem({"trst=any"}), HasSubstr("did you mean \"trust=\"?"));
}

TEST(Directives, SourceNamesItsParameters) {
  const auto problem = [](const std::string& source) {
    return set_problem("certificate a\n  source " + source);
  };
  EXPECT_EQ(problem("scm"), "no error");
  EXPECT_EQ(problem("scm id=scs1554192131150"), "no error");
  EXPECT_EQ(problem("scm uploads=off id=scs1554192131150"), "no error");
  EXPECT_EQ(problem("pca issuer=ISSUER"), "no error");
  EXPECT_THAT(problem("acme"),
              HasSubstr("write scm [id=ID] [uploads=fallback|on|off] [issuers=NAME|...] "
                        "[trust=keep|system|any|PATH] or pca issuer=ID"));
  EXPECT_THAT(problem("pca"), HasSubstr("the issuer is missing"));
  EXPECT_THAT(problem("pca issuer=42"), HasSubstr("ids look like"));
  EXPECT_THAT(problem("pca id=ISSUER"), HasSubstr("write pca issuer=ID"));
  EXPECT_THAT(problem("scm issuer=ISSUER"), HasSubstr("write scm [id=ID]"));
  EXPECT_THAT(problem("scm id=../../x"), HasSubstr("is not the id of a certificate"));
  EXPECT_THAT(problem("scm id="), HasSubstr("is not the id of a certificate"));
}

TEST(Directives, NamesAreCheckedAndCounted) {
  std::string many = "certificate a\n  names";
  for (int i = 0; i < 100; ++i) many += " n" + std::to_string(i) + ".example.com";
  EXPECT_EQ(set_problem(many), "no error");
  EXPECT_EQ(set_problem(many + " n0.example.com"), "no error");
  EXPECT_THAT(set_problem(many + " one-more.example.com"), HasSubstr("more than 100 names"));
  EXPECT_THAT(set_problem("certificate a\n  names w*.example.com"), HasSubstr("wildcard"));
}

}  // namespace
}  // namespace ccm::config
