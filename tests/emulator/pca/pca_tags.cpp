// SPDX-License-Identifier: Apache-2.0
// Tags of CAs and private certificates (only in the SDK): the same calls for both.
#include <algorithm>

#include "pca/pca_records.h"
#include "service/catalogue.h"
#include "service/refusal.h"
#include "tags.h"
#include "world.h"

namespace emulator {
namespace {

// What tells the tags of a CA from those of a certificate.
struct Kind {
  const char* store;
  const char* id_field;
  json (*require)(Call&);
};
constexpr Kind kCa = {"ca", "ca_id", require_ca};
constexpr Kind kCertificate = {"pca_certificate", "certificate_id", require_pca_certificate};

const Kind& tagged_kind(const Call& call) {
  return call.request.path().starts_with("/v1/private-certificates") ? kCertificate : kCa;
}

void keep_tagged(Call& call, json record) {
  const Kind& kind = tagged_kind(call);
  const auto id = record[kind.id_field].get<std::string>();
  call.world.store.put(kind.store, id, std::move(record));
}

std::vector<json> own_records(const Call& call) {
  std::vector<json> own;
  for (const auto& [id, record] : call.world.store.all(tagged_kind(call).store)) {
    if (record["domain_id"] == call.caller.domain_id) own.push_back(record);
  }
  return own;
}

Reply add(Call& call, const json& more) {
  json record = tagged_kind(call).require(call);
  json tags = tags_of(record);
  for (const json& tag : more) {
    const auto key = tag["key"].get<std::string>();
    const auto value = tag["value"].get<std::string>();
    if (!is_tag_text(key) || !is_tag_text(value)) {
      throw Refusal("PCA.00020001", "a tag takes letters, digits, spaces and _ . : = + - @.");
    }
    tags[key] = value;
  }
  if (tags.size() > kMostTags) throw Refusal("PCA.00030001", "a resource has 20 tags at most.");
  record["tags"] = std::move(tags);
  keep_tagged(call, std::move(record));
  return empty_reply(204);
}

Reply create_pca_tag(Call& call) {
  return add(call, json::array({call.body["tag"]}));
}

Reply create_tags(Call& call) {
  return add(call, call.body["tags"]);
}

Reply delete_tags(Call& call) {
  json record = tagged_kind(call).require(call);
  json tags = tags_of(record);
  for (const json& tag : call.body["tags"]) tags.erase(tag["key"].get<std::string>());
  record["tags"] = std::move(tags);
  keep_tagged(call, std::move(record));
  return empty_reply(204);
}

Reply list_pca_tags(Call& call) {
  return json_reply(200, {{"tags", tag_list(tagged_kind(call).require(call))}});
}

Reply list_all_pca_tags(Call& call) {
  return json_reply(200, {{"tags", domain_tags(own_records(call))}});
}

std::vector<json> found(const Call& call) {
  const TagSearch search{.all = call.body.value("tags", json::array())};
  const json matches = call.body.value("matches", json::array());
  std::vector<json> records = own_records(call);
  std::erase_if(records, [&](const json& record) {
    const bool named = std::all_of(matches.begin(), matches.end(), [&](const json& match) {
      return match["key"] != "resource_name" ||
             common_name_of(record).find(match["value"].get<std::string>()) != std::string::npos;
    });
    return !named || !fits(search, record);
  });
  return records;
}

Reply count_instances(Call& call) {
  return json_reply(200, {{"total_count", found(call).size()}});
}

Reply list_instances(Call& call) {
  const char* const id_field = tagged_kind(call).id_field;
  const std::vector<json> records = found(call);
  json resources = json::array();
  const auto offset = static_cast<std::size_t>(call.number("offset", 0));
  const auto end =
      std::min(records.size(), offset + static_cast<std::size_t>(call.number("limit", 10)));
  for (std::size_t at = offset; at < end; ++at) {
    const json& record = records[at];
    resources.push_back({{"resource_id", record[id_field]},
                         {"resource_name", common_name_of(record)},
                         {"resource_detail", pca_view(call.world, record, id_field)},
                         {"tags", tag_list(record)}});
  }
  return json_reply(200, {{"total_count", records.size()}, {"resources", resources}});
}

std::vector<Parameter> pca_tag_members() {
  return {body_text("key").must().within(1, 128), body_text("value").must().within(0, 255)};
}

std::vector<Parameter> pca_search_parameters() {
  return {body_list("tags").within(0, 20).of(
              {body_text("key").must().within(1, 128), body_list("values").must().within(0, 20)}),
          body_number("limit").within(1, 1000), body_number("offset").within(0, 1'000'000'000),
          body_list("matches").within(0, 10).of(pca_tag_members())};
}

// `noun` is Ca or Cert, as the SDK's operation names have it.
Operations operations_of(const std::string& noun, const std::string& all, const std::string& id) {
  const std::string one = all + "/{" + id + "}";
  const Parameter tag = body_object("tag").must().of(pca_tag_members());
  const Parameter tags = body_list("tags").must().within(1, 20).of(pca_tag_members());
  return {
      {Service::pca, "ListDomain" + noun + "Tags", "GET", all + "/tags", list_all_pca_tags},
      {Service::pca, "List" + noun + "Tags", "GET", one + "/tags", list_pca_tags},
      {Service::pca, "Create" + noun + "Tag", "POST", one + "/tags", create_pca_tag, {tag}},
      {Service::pca,
       "BatchCreate" + noun + "Tags",
       "POST",
       one + "/tags/create",
       create_tags,
       {tags}},
      {Service::pca,
       "BatchDelete" + noun + "Tags",
       "DELETE",
       one + "/tags/delete",
       delete_tags,
       {tags}},
      {Service::pca, "List" + noun + "ResourceInstances", "POST",
       all + "/resource-instances/filter", list_instances, pca_search_parameters()},
      {Service::pca, "Count" + noun + "ResourceInstances", "POST",
       all + "/resource-instances/count", count_instances, pca_search_parameters()},
  };
}

}  // namespace

Operations pca_tag_operations() {
  Operations all = operations_of("Ca", "/v1/private-certificate-authorities", "ca_id");
  for (Operation& operation : operations_of("Cert", "/v1/private-certificates", "certificate_id")) {
    all.push_back(std::move(operation));
  }
  return all;
}

}  // namespace emulator
