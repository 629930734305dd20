// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "cloud/api/request_builder.h"

namespace ccm::cloud {
namespace {

using testing::HasSubstr;
using testing::Not;
using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kCaId = "0ee4f9cd-4a2f-4a44-9c50-000000000001";

Arguments arguments(const Pairs& pairs, std::string_view body = {}) {
  Arguments out;
  for (const auto& [name, value] : pairs) {
    out.parameters.push_back({.name = name, .value = Secret::copy_of(std::string_view(value))});
  }
  if (!body.empty()) out.body = Secret::copy_of(body);
  return out;
}

Result<ApiRequest> build(std::string_view name, const Pairs& pairs, std::string_view body = {}) {
  return build_request(**find_operation(name), arguments(pairs, body));
}

std::string refusal(std::string_view name, const Pairs& pairs, std::string_view body = {}) {
  const auto request = build(name, pairs, body);
  if (request) return "accepted";
  EXPECT_EQ(request.error().kind(), ErrorKind::invalid);
  return request.error().message();
}

TEST(RequestBuilder, PutsQueryParametersIntoTheQuery) {
  const auto request = build("ListCertificates", {{"limit", "50"}, {"content", "a b"}});
  ASSERT_TRUE(request) << request.error().message();
  EXPECT_EQ(request->method, "GET");
  EXPECT_EQ(request->path, "/v3/scm/certificates");
  EXPECT_EQ(request->query, (Query{{"limit", "50"}, {"content", "a b"}}));
  EXPECT_EQ(request->body, "");
  EXPECT_EQ(request->iam_action, "scm:cert:list");
}

TEST(RequestBuilder, EncodesWhatGoesIntoThePath) {
  const auto request =
      build("apig.ShowDetailsOfCertificateV2", {{"project_id", "p/1"}, {"certificate_id", "ü?"}});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->path, "/v2/p%2F1/apigw/certificates/%C3%BC%3F");
}

TEST(RequestBuilder, FillsInTheConstantOfAPath) {
  const auto request = build("ListCertificatesByTag", {{"action", "filter"}});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->path, "/v3/scm/resource_instances/action");
}

TEST(RequestBuilder, GivesTheBodyTheTypesOfTheSdk) {
  const auto request = build("CreateCertificate", {{"issuer_id", std::string(kCaId)},
                                                   {"key_algorithm", "EC256"},
                                                   {"signature_algorithm", "sha256"},
                                                   {"distinguished_name.common_name", "app"},
                                                   {"validity.type", "DAY"},
                                                   {"validity.value", "30"},
                                                   {"key_usages", "digitalSignature"},
                                                   {"key_usages", "keyAgreement"},
                                                   {"extended_key_usage.server_auth", "true"},
                                                   {"subject_alternative_names[0].type", "DNS"},
                                                   {"subject_alternative_names[0].value", "a"}});
  ASSERT_TRUE(request) << request.error().message();
  EXPECT_EQ(request->body,
            R"({"issuer_id":"0ee4f9cd-4a2f-4a44-9c50-000000000001","key_algorithm":"EC256",)"
            R"("signature_algorithm":"SHA256","distinguished_name":{"common_name":"app"},)"
            R"("validity":{"type":"DAY","value":30},)"
            R"("key_usages":["digitalSignature","keyAgreement"],)"
            R"("extended_key_usage":{"server_auth":true},)"
            R"("subject_alternative_names":[{"type":"DNS","value":"a"}]})");
}

TEST(RequestBuilder, SendsAnEmptyObjectWhereEverythingIsOptional) {
  const auto request = build("pca.RevokeCertificate", {{"certificate_id", std::string(kCaId)}});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body, "{}");
}

TEST(RequestBuilder, SendsNoBodyWhereThereIsNone) {
  const auto request = build("scm.ExportCertificate", {{"certificate_id", "scs1600000000000"}});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body, "");
}

TEST(RequestBuilder, BuildsListsAsBodies) {
  const auto request = build("DisableNotification",
                             {{"[0].resource_id", "scs1"}, {"[0].notice_type", "CERT_EXPIRED"}});
  ASSERT_TRUE(request) << request.error().message();
  EXPECT_EQ(request->body, R"([{"resource_id":"scs1","notice_type":["CERT_EXPIRED"]}])");
}

TEST(RequestBuilder, SetsParametersInTheGivenBody) {
  const auto request = build("UploadCsr", {{"csr", "PEM"}}, R"({"name":"n","csr":"old"})");
  ASSERT_TRUE(request) << request.error().message();
  EXPECT_EQ(request->body, R"({"name":"n","csr":"PEM"})");
}

TEST(RequestBuilder, SendsAPictureAsItIs) {
  const auto request = build("V2UploadAuthentication",
                             {{"project_id", "p"}, {"cert_id", "c"}, {"type", "BL"}}, "\x89PNG");
  ASSERT_TRUE(request) << request.error().message();
  EXPECT_EQ(request->body, "\x89PNG");
  EXPECT_EQ(request->content_type, "application/octet-stream");
}

TEST(RequestBuilder, KeepsTextsThatLookLikeOtherTypes) {
  const auto request = build(
      "pca.ExportCertificate",
      {{"certificate_id", std::string(kCaId)}, {"is_compressed", "false"}, {"type", "nginx"}});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body, R"({"is_compressed":"false","type":"NGINX"})");
  const auto removal =
      build("DeleteCertificateAuthority", {{"ca_id", std::string(kCaId)}, {"pending_days", "7"}});
  ASSERT_TRUE(removal);
  EXPECT_EQ(removal->query, (Query{{"pending_days", "7"}}));
}

TEST(RequestBuilder, SaysWhichParameterWhatWasGivenAndWhatIsAllowed) {
  EXPECT_EQ(refusal("ListCertificates", {{"limit", "7"}}),
            "ListCertificates: limit is \"7\", but must be one of 10, 20, 50");
  EXPECT_EQ(refusal("ListCertificates", {{"owned_by_self", "yes"}}),
            "ListCertificates: owned_by_self is \"yes\", but must be true or false");
  EXPECT_EQ(
      refusal("ListCertificates", {{"expired_days_since", "2000"}}),
      "ListCertificates: expired_days_since is \"2000\", but must be a whole number from 0 to "
      "1095");
  EXPECT_EQ(
      refusal("DeleteCertificateAuthority", {{"ca_id", std::string(kCaId)}, {"pending_days", "3"}}),
      "DeleteCertificateAuthority: pending_days is \"3\", but must be a whole number from 7 to "
      "30");
  EXPECT_EQ(refusal("ShowCertificateAuthority", {{"ca_id", "x"}}),
            "ShowCertificateAuthority: ca_id has 1 character, but exactly 36 are allowed");
  EXPECT_EQ(refusal("scm.ShowCertificate", {{"certificate_id", "a/b"}}),
            "ShowCertificate: certificate_id is \"a/b\", but must be of the form [A-Za-z0-9_-]+");
  EXPECT_THAT(refusal("ImportCertificate", {{"name", "ab"}}),
              HasSubstr("name has 2 characters, but 3 to 63 are allowed"));
  EXPECT_THAT(refusal("scm.ShowCertificate", {}),
              HasSubstr("certificate_id is missing and mandatory"));
  EXPECT_THAT(refusal("ListAllTags", {{"x", "1"}}),
              HasSubstr("there is no parameter \"x\"; it takes none"));
  EXPECT_THAT(refusal("SubscribeCertificate", {{"agree_privacy_protection", "false"}}),
              HasSubstr("agree_privacy_protection is \"false\", but must be true"));
}

TEST(RequestBuilder, ChecksABodyAsItChecksParameters) {
  EXPECT_THAT(refusal("CreateCsr", {}, R"({"name":"n"})"),
              HasSubstr("domain_name is missing and mandatory"));
  EXPECT_THAT(refusal("UploadCsr", {}, R"({"name":"n","csr":"c","cert":"x"})"),
              HasSubstr("there is no parameter \"cert\"; it takes name, csr, private_key"));
  EXPECT_THAT(refusal("UpdateOcspSwitch", {{"ca_id", "x"}}, R"({"ocsp_switch":"true"})"),
              HasSubstr("must be true or false without quotes"));
  EXPECT_THAT(refusal("ListDeployedResources", {}, R"({"certificate_ids":[],"service_names":[]})"),
              HasSubstr("certificate_ids has 0 elements, but 1 to 50 are allowed"));
  EXPECT_THAT(refusal("UploadCsr", {}, "{"), HasSubstr("the body is not JSON: line 1"));
  EXPECT_THAT(refusal("ListCertificates", {}, "{}"), HasSubstr("takes no body"));
  EXPECT_THAT(refusal("CreateCaTag", {{"ca_id", "x"}, {"tag", "y"}}),
              HasSubstr("give them one by one, as in tag.…"));
  EXPECT_THAT(refusal("BatchCreateCaTags", {{"ca_id", "x"}, {"tags[1].key", "y"}}),
              HasSubstr("counted from 0 without gaps"));
}

TEST(RequestBuilder, DoesNotQuoteASecret) {
  EXPECT_THAT(refusal("ImportCertificate", {{"private_key", std::string(5000, 'k')}}),
              Not(HasSubstr("kkk")));
}

TEST(RequestBuilder, MarksWhatNeedsNoAuthentication) {
  const auto request =
      build("CreateTokenWithIdToken", {{"X-Idp-Id", "idp"}, {"auth.id_token.id", "t"}});
  ASSERT_TRUE(request) << request.error().message();
  EXPECT_TRUE(request->is_anonymous);
  EXPECT_EQ(request->headers, (Headers{{"X-Idp-Id", "idp"}}));
}

TEST(RequestBuilder, MarksWhatMayArriveTwice) {
  const auto is_repeatable = [](std::string_view operation, const std::string& parameter,
                                const std::string& value) {
    const auto request = build(operation, {{parameter, value}});
    if (!request) ADD_FAILURE() << request.error().message();
    return request && request->is_repeatable;
  };
  const std::string ca = "6434f063-7dae-4c4c-8a4f-3a3d2ed1ff6c";
  EXPECT_TRUE(is_repeatable("ExportCertificateAuthorityCertificate", "ca_id", ca));
  EXPECT_FALSE(is_repeatable("DisableCertificateAuthority", "ca_id", ca));
  const std::string certificate = "scs1600313391828";
  EXPECT_TRUE(is_repeatable("scm.ExportCertificate", "certificate_id", certificate));
  EXPECT_TRUE(is_repeatable("scm.ShowCertificate", "certificate_id", certificate));
  EXPECT_FALSE(is_repeatable("scm.DeleteCertificate", "certificate_id", certificate));
}

TEST(Showable, HidesKeysPasswordsAndSignatures) {
  const Operation& upload = **find_operation("UploadCsr");
  EXPECT_EQ(showable_body(upload, R"({"name":"n","private_key":"K"})"),
            R"-({"name":"n","private_key":"(not shown)"})-");
  const Operation& login = **find_operation("KeystoneCreateUserTokenByPassword");
  EXPECT_THAT(
      showable_body(login, R"({"auth":{"identity":{"password":{"user":{"password":"P"}}}}})"),
      Not(HasSubstr("\"P\"")));
  EXPECT_EQ(showable_header("Authorization", "SDK-HMAC-SHA256 Access=A, Signature=abc"),
            "SDK-HMAC-SHA256 Access=A, Signature=(not shown)");
  EXPECT_EQ(showable_header("x-auth-token", "T"), "(not shown)");
  EXPECT_EQ(showable_header("Host", "h"), "h");
}

TEST(Showable, HidesSecretsInListsAndInWhatIsNotDocumented) {
  const Operation& tags = **find_operation("BatchCreateOrDeleteTags");
  EXPECT_EQ(showable_body(tags, R"({"tags":[{"key":"k","private_key":"K"},{"password":"P"}]})"),
            R"-({"tags":[{"key":"k","private_key":"(not shown)"},{"password":"(not shown)"}]})-");
  EXPECT_EQ(showable_body(tags, R"([{"secret":["S",["S"]]}])"),
            R"-([{"secret":["(not shown)",["(not shown)"]]}])-");
}

TEST(Showable, KnowsSecretsByTheirNames) {
  for (const auto* name : {"private_key", "enc_private_key", "private_key_sign", "password",
                           "security_token", "sk", "enc_sm2_enveloped_key"}) {
    EXPECT_TRUE(is_secret_name(name)) << name;
  }
  for (const auto* name : {"private_key_algo", "key", "name", "certificate", "key_algorithm"}) {
    EXPECT_FALSE(is_secret_name(name)) << name;
  }
}

TEST(RequestBuilder, FindsTheEntryOfAnElement) {
  const Operation& tags = **find_operation("BatchCreateOrDeleteTags");
  ASSERT_NE(find_given(tags, "tags[3].key"), nullptr);
  EXPECT_EQ(find_given(tags, "tags[3].key"), tags.find("tags[].key"));
  EXPECT_EQ(find_given(tags, "tags[3].nothing"), nullptr);
}

// A value for a mandatory parameter that its limits allow.
std::string plausible(const Parameter& parameter) {
  if (!parameter.choices.empty()) return std::string(split(parameter.choices, '|').front());
  if (parameter.type == Type::flag) return "true";
  if (parameter.type == Type::integer || parameter.type == Type::digits) {
    return std::to_string(parameter.limits.low == kNoLimit ? 1 : parameter.limits.low);
  }
  const auto low =
      parameter.limits.low == kNoLimit ? 4 : std::max<std::int64_t>(parameter.limits.low, 1);
  return std::string(static_cast<std::size_t>(low), 'a');
}

// What is mandatory, and every field of a mandatory object, so that there is one.
bool is_needed(const Operation& operation, const Parameter& parameter) {
  std::string_view name = parameter.name;
  bool is_needed = parameter.is_mandatory || name.find('.') != std::string_view::npos;
  for (auto dot = name.rfind('.'); dot != std::string_view::npos; dot = name.rfind('.')) {
    name = name.substr(0, dot);
    if (name.ends_with("[]")) name.remove_suffix(2);
    if (const Parameter* around = operation.find(name)) is_needed &= around->is_mandatory;
  }
  return is_needed;
}

TEST(RequestBuilder, BuildsEveryOperationFromItsMandatoryParameters) {
  for (const Operation& operation : operations()) {
    SCOPED_TRACE(operation.full_name());
    Pairs pairs;
    for (const Parameter& parameter : operation.parameters()) {
      const bool has_fields = parameter.type == Type::object || parameter.type == Type::objects;
      if (has_fields || !is_needed(operation, parameter)) continue;
      std::string name(parameter.name);
      if (const auto list = name.find("[]"); list != std::string::npos) name.insert(list + 1, "0");
      pairs.emplace_back(name, plausible(parameter));
    }
    // Of project and domain one is needed, so that neither is mandatory by itself.
    const bool has_scope = operation.find("auth.scope.project.name") != nullptr &&
                           operation.find("auth.scope")->is_mandatory;
    if (has_scope) pairs.emplace_back("auth.scope.project.name", "x");
    const auto request =
        build(operation.full_name(), pairs, operation.body == Body::file ? "file" : "");
    ASSERT_TRUE(request) << request.error().message();
    EXPECT_EQ(request->path.find('{'), std::string::npos) << request->path;
    EXPECT_EQ(request->body.empty(), operation.body == Body::none);
  }
}

}  // namespace
}  // namespace ccm::cloud
