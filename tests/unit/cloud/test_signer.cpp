// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <jansson.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "base/text.h"
#include "cloud/identity/signer.h"
#include "support/folders.h"
#include "support/temp_directory.h"
#include "test_values.h"

namespace ccm::cloud {
namespace {

std::string scalar(const json_t* value) {
  if (json_is_boolean(value)) return json_is_true(value) ? "true" : "false";
  if (json_is_integer(value)) return std::to_string(json_integer_value(value));
  return json_string_value(value);
}

Query query_of(const json_t* pairs) {
  Query query;
  for (std::size_t i = 0; i < json_array_size(pairs); ++i) {
    const json_t* pair = json_array_get(pairs, i);
    const std::string name = json_string_value(json_array_get(pair, 0));
    const json_t* value = json_array_get(pair, 1);
    if (!json_is_array(value)) query.emplace_back(name, scalar(value));
    for (std::size_t j = 0; j < json_array_size(value); ++j) {
      query.emplace_back(name, scalar(json_array_get(value, j)));
    }
  }
  return query;
}

Headers headers_of(json_t* object) {
  Headers headers;
  const char* name = nullptr;
  json_t* value = nullptr;
  json_object_foreach(object, name, value) headers.emplace_back(name, json_string_value(value));
  return headers;
}

void check_vector(const json_t* vector) {
  const json_t* input = json_object_get(vector, "input");
  const json_t* expected = json_object_get(vector, "expected");
  SCOPED_TRACE(text_in(vector, "name"));
  const AccessKey key{.id = text_in(input, "ak"),
                      .secret = Secret::copy_of(text_in(input, "sk")),
                      .security_token = {},
                      .expires_at = std::nullopt};
  const Query query = query_of(json_object_get(input, "query"));
  const std::string endpoint = text_in(input, "endpoint");
  const std::string path = text_in(input, "path");
  const auto signed_request =
      sign(key, {.method = text_in(input, "method"),
                 .host = std::string_view(endpoint).substr(endpoint.find("://") + 3),
                 .path = path,
                 .query = query,
                 .headers = headers_of(json_object_get(input, "headers")),
                 .body = text_in(input, "body"),
                 .now = Time(Seconds(0))});
  EXPECT_EQ(signed_request.canonical_request, text_in(expected, "canonical_request"));
  EXPECT_EQ(signed_request.string_to_sign, text_in(expected, "string_to_sign"));
  EXPECT_EQ(signed_request.signature, text_in(expected, "signature"));
  EXPECT_EQ(signed_request.authorization, text_in(expected, "authorization"));
  const std::string encoded = canonical_query(query);
  EXPECT_EQ(path + (encoded.empty() ? "" : "?") + encoded, text_in(expected, "request_target"));
}

TEST(Signer, AgreesWithEveryPublishedVector) {
  const char* override_path = std::getenv("CCM_SIGNING_VECTORS");
  const std::string file = override_path != nullptr
                               ? override_path
                               : test::in_source_tree("tests/data/ccm-api/signing-vectors.json");
  json_error_t error;
  const Json document(json_loads(test::read_whole_file(file).c_str(), 0, &error));
  ASSERT_TRUE(document) << file << ": " << error.text;
  const json_t* vectors = json_object_get(document.get(), "vectors");
  ASSERT_GT(json_array_size(vectors), 0U) << file;
  for (std::size_t i = 0; i < json_array_size(vectors); ++i) {
    check_vector(json_array_get(vectors, i));
  }
}

AccessKey example_key() {
  return {.id = "AK", .secret = Secret::copy_of("SK"), .security_token = {}, .expires_at = {}};
}

SignedRequest sign_get(std::string_view path, const Query& query, Headers headers = {}) {
  return sign(example_key(), {.method = "GET",
                              .host = "host.example.com",
                              .path = path,
                              .query = query,
                              .headers = std::move(headers),
                              .body = {},
                              .now = Time(Seconds(1778438520))});
}

TEST(Signer, AddsDateHostAndAuthorizationUnlessGiven) {
  const auto plain = sign_get("/", {});
  EXPECT_EQ(plain.headers, (Headers{{"X-Sdk-Date", "20260510T184200Z"},
                                    {"Host", "host.example.com"},
                                    {"Authorization", plain.authorization}}));
  const auto given = sign_get("/", {}, {{"x-sdk-date", "20200101T000000Z"}, {"HOST", "other"}});
  EXPECT_EQ(given.headers.size(), 3U);
  EXPECT_NE(given.string_to_sign.find("20200101T000000Z"), std::string::npos);
  EXPECT_NE(given.canonical_request.find("host:other\n"), std::string::npos);
}

TEST(Signer, PathIsDecodedOnceAndAnEscapedSlashSeparates) {
  EXPECT_EQ(sign_get("/a%20b", {}).signature, sign_get("/a b", {}).signature);
  EXPECT_EQ(sign_get("/a%2Fb", {}).signature, sign_get("/a/b", {}).signature);
  EXPECT_NE(sign_get("/a%252Fb", {}).signature, sign_get("/a/b", {}).signature);
  EXPECT_EQ(sign_get("/100%", {}).signature, sign_get("/100%25", {}).signature);
  EXPECT_NE(sign_get("/a/../b", {}).signature, sign_get("/b", {}).signature);
}

TEST(Signer, UnsignedPayloadDependsOnTheExactPrefix) {
  const auto is_marked = [](std::string_view type) {
    return sign_get("/", {}, {{"Content-Type", std::string(type)}})
               .canonical_request.find("UNSIGNED-PAYLOAD") != std::string::npos;
  };
  EXPECT_FALSE(is_marked("application/json;charset=UTF-8"));
  EXPECT_FALSE(is_marked("application/bson"));
  EXPECT_TRUE(is_marked("Application/JSON"));
  EXPECT_TRUE(is_marked("application/zip"));
  const auto empty = sign_get("/", {}, {{"Content-Type", "text/plain"}});
  EXPECT_TRUE(empty.canonical_request.ends_with(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
      << "an empty body is hashed even then";
}

// What a server does with a received query: decode the pairs, build the canonical text anew.
Query decoded(std::string_view encoded) {
  Query query;
  if (encoded.empty()) return query;
  for (const auto pair : split(encoded, '&')) {
    const auto equals = pair.find('=');
    std::pair<std::string, std::string> out;
    for (std::size_t i = 0; i < pair.size(); ++i) {
      std::string& target = i < equals ? out.first : out.second;
      if (i == equals) continue;
      if (pair[i] != '%') {
        target += pair[i];
        continue;
      }
      target += static_cast<char>(std::stoi(std::string(pair.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    }
    query.push_back(std::move(out));
  }
  return query;
}

std::string random_text(std::mt19937& random, std::size_t limit) {
  std::string out(random() % (limit + 1), '\0');
  for (char& c : out) c = static_cast<char>(random() % 256);
  return out;
}

TEST(Signer, ServerRebuildsTheSameTextFromWhatIsOnTheWire) {
  std::mt19937 random(20260510);
  for (int round = 0; round < 500; ++round) {
    Query query;
    for (std::size_t i = random() % 6; i > 0; --i) {
      query.emplace_back(random_text(random, 8), random_text(random, 12));
    }
    const std::string wire = canonical_query(query);
    EXPECT_EQ(canonical_query(decoded(wire)), wire);
    Query shuffled = query;
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    EXPECT_EQ(sign_get("/p", shuffled).signature, sign_get("/p", query).signature);
    EXPECT_TRUE(std::all_of(wire.begin(), wire.end(), [](char c) { return c > ' ' && c < 0x7f; }));
  }
}

TEST(Signer, EveryInputChangesTheSignature) {
  const auto base = sign_get("/p", {{"a", "b"}}).signature;
  EXPECT_NE(sign_get("/q", {{"a", "b"}}).signature, base);
  EXPECT_NE(sign_get("/p", {{"a", "c"}}).signature, base);
  EXPECT_NE(sign_get("/p", {{"a", "b"}}, {{"X-Domain-Id", "d"}}).signature, base);
}

}  // namespace
}  // namespace ccm::cloud
