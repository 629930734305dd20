// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <jansson.h>

#include <regex>
#include <set>

#include "base/text.h"
#include "cloud/api/catalogue.h"
#include "support/folders.h"
#include "test_values.h"

namespace ccm::cloud {
namespace {

using testing::HasSubstr;

Json load_operations() {
  json_error_t error;
  return Json(json_load_file(test::in_source_tree("tests/data/ccm-api/operations.json").c_str(), 0,
                             &error));
}

std::string name_of(const json_t* operation) {
  const std::string id = text_in(operation, "id");
  return (id == "GetCallerIdentity" ? "sts" : text_in(operation, "service")) + "." + id;
}

TEST(Catalogue, HasEveryOperationOfTheDocuments) {
  const Json file = load_operations();
  const json_t* listed = json_object_get(file.get(), "operations");
  ASSERT_EQ(operations().size(), json_array_size(listed));
  ASSERT_EQ(operations().size(), 119U);
  for (std::size_t i = 0; i < json_array_size(listed); ++i) {
    const json_t* expected = json_array_get(listed, i);
    SCOPED_TRACE(name_of(expected));
    const auto found = find_operation(name_of(expected));
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ((*found)->method, text_in(expected, "method"));
    EXPECT_EQ((*found)->title, text_in(expected, "title"));
    EXPECT_EQ((*found)->iam_action, text_in(expected, "iam_action"));
    for (const char* place : {"path_params", "query_params"}) {
      const json_t* parameters = json_object_get(expected, place);
      for (std::size_t j = 0; j < json_array_size(parameters); ++j) {
        const json_t* parameter = json_array_get(parameters, j);
        const bool is_constant = json_object_get(parameter, "const") != nullptr;
        EXPECT_EQ((*found)->find(text_in(parameter, "name")) == nullptr, is_constant);
      }
    }
  }
}

TEST(Catalogue, NamesAreUniqueAndPathsTakeExactlyTheirParameters) {
  std::set<std::string> names;
  for (const Operation& operation : operations()) {
    SCOPED_TRACE(operation.full_name());
    EXPECT_TRUE(names.insert(operation.full_name()).second);
    std::set<std::string> marks;
    const std::string path(operation.path);
    static const std::regex mark("\\{([a-z_]+)\\}");
    for (std::sregex_iterator at(path.begin(), path.end(), mark), end; at != end; ++at) {
      marks.insert((*at)[1]);
    }
    std::set<std::string> parameters;
    for (const Parameter& parameter : operation.parameters()) {
      if (parameter.place == Place::path) parameters.insert(std::string(parameter.name));
      if (!parameter.pattern.empty()) {
        EXPECT_NO_THROW(std::regex(std::string(parameter.pattern)));
      }
    }
    EXPECT_EQ(marks, parameters);
  }
}

TEST(Catalogue, FieldsFollowTheObjectsAroundThem) {
  for (const Operation& operation : operations()) {
    SCOPED_TRACE(operation.full_name());
    for (const Parameter& parameter : operation.parameters()) {
      const auto dot = parameter.name.rfind('.');
      if (dot == std::string_view::npos || parameter.name.starts_with("[].")) continue;
      auto around = parameter.name.substr(0, dot);
      const bool is_list = around.ends_with("[]");
      if (is_list) around.remove_suffix(2);
      const Parameter* parent = operation.find(around);
      ASSERT_NE(parent, nullptr) << parameter.name;
      EXPECT_EQ(parent->type, is_list ? Type::objects : Type::object) << parameter.name;
    }
  }
}

TEST(Catalogue, FindsByNameWhateverTheCase) {
  const auto found = find_operation("listcertificates");
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->full_name(), "scm.ListCertificates");
}

TEST(Catalogue, SaysWhichServicesShareAName) {
  const auto found = find_operation("ShowCertificate");
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message(), HasSubstr("scm.ShowCertificate or pca.ShowCertificate"));
  EXPECT_TRUE(find_operation("pca.ShowCertificate"));
}

TEST(Catalogue, ProposesTheMostSimilarName) {
  const auto found = find_operation("ListCertificats");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind(), ErrorKind::invalid);
  EXPECT_THAT(found.error().message(), HasSubstr("did you mean ListCertificate"));
  EXPECT_EQ(find_operation("Nope").error().message(),
            "\"Nope\" is no operation; `ccmctl api list` shows all");
}

}  // namespace
}  // namespace ccm::cloud
