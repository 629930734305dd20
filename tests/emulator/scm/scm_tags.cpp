// SPDX-License-Identifier: Apache-2.0
// Tags of SSL certificates and the search by tags (API reference 4.1.2), and the notices of their
// end that only the SDK knows.
#include <algorithm>

#include "scm/scm_records.h"
#include "service/catalogue.h"
#include "service/refusal.h"
#include "tags.h"
#include "world.h"

namespace emulator {
namespace {

void check_tag(const json& tag) {
  const auto key = tag["key"].get<std::string>();
  if (key.empty() || !is_tag_text(key) || key.starts_with("_sys_")) throw Refusal("SCM.0306", key);
  const std::string value = tag.contains("value") ? tag["value"].get<std::string>() : "";
  if (!is_tag_text(value)) throw Refusal("SCM.0305", value);
}

void add_tags(json& record, const json& more) {
  json tags = tags_of(record);
  for (const json& tag : more) {
    check_tag(tag);
    tags[tag["key"].get<std::string>()] = tag.value("value", "");
  }
  if (tags.size() > kMostTags) throw Refusal("SCM.0302");
  record["tags"] = std::move(tags);
}

void remove_tags(json& record, const json& fewer) {
  json tags = tags_of(record);
  for (const json& tag : fewer) {
    if (tags.erase(tag["key"].get<std::string>()) == 0) {
      throw Refusal("SCM.0301", tag["key"].get<std::string>());
    }
  }
  record["tags"] = std::move(tags);
}

void check_distinct(const json& tags) {
  for (std::size_t i = 0; i < tags.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (tags[i]["key"] == tags[j]["key"]) {
        throw Refusal("SCM.0323", "a key may be named once only.");
      }
    }
  }
}

Reply described_success() {
  return json_reply(200, {{"desc", "success"}});
}

Reply change_tags(Call& call) {
  json record = require_scm_record(call);
  const json& tags = call.body["tags"];
  check_distinct(tags);
  if (call.text("action") == "create") {
    add_tags(record, tags);
  } else {
    remove_tags(record, tags);
  }
  store_scm_record(call.world, std::move(record));
  return described_success();
}

Reply create_scm_tag(Call& call) {
  json record = require_scm_record(call);
  add_tags(record, json::array({call.body["tag"]}));
  store_scm_record(call.world, std::move(record));
  return described_success();
}

Reply list_scm_tags(Call& call) {
  return json_reply(200, {{"tags", tag_list(require_scm_record(call))}});
}

Reply list_all_scm_tags(Call& call) {
  const auto records = scm_records(call.world, call.caller.domain_id);
  return json_reply(200, {{"tags", domain_tags(records)}});
}

TagSearch search_of(const Call& call) {
  for (const char* field : {"tags", "tags_any", "not_tags", "not_tags_any"}) {
    if (call.body.contains(field) && call.body[field].is_array()) check_distinct(call.body[field]);
  }
  return {.all = call.body.value("tags", json::array()),
          .any = call.body.value("tags_any", json::array()),
          .not_all = call.body.value("not_tags", json::array()),
          .not_any = call.body.value("not_tags_any", json::array()),
          .without_any_tag = call.flag("without_any_tag", false)};
}

// Before the search, so that the answer does not depend on what the account holds.
void check_matches(const json& matches) {
  for (const json& match : matches) {
    const auto key = match["key"].get<std::string>();
    const auto value = match["value"].get<std::string>();
    if (key == "resource_id" && !value.starts_with("scs")) throw Refusal("SCM.0314", value);
    if (key != "resource_id" && key != "resource_name") throw Refusal("SCM.0303", key);
  }
}

bool fits_matches(const json& record, const json& matches) {
  return std::all_of(matches.begin(), matches.end(), [&](const json& match) {
    const auto value = match["value"].get<std::string>();
    if (match["key"] == "resource_id") return record["id"] == value;
    return record["name"].get<std::string>().find(value) != std::string::npos;
  });
}

// Field names as the reference has them; they differ from those of the other calls.
json resource_view(const json& record) {
  json detail = scm_order_view(record);
  detail.update({{"sans", record["sans"]},
                 {"fail_reason", record.value("fail_reason", json())},
                 {"partner_order_id", record["order_id"]},
                 {"push_support", record["push_support"] == "ON"},
                 {"resource_id", nullptr},
                 {"unsubscribe_support", record["status"] == "PAID"},
                 {"auto_renew_status", 0},
                 {"auto_deploy_support", record["deploy_support"]}});
  const json issued = record["issue_time_ms"];
  detail["cert_issued_time"] = issued.is_null() ? json() : json(issued.dump());
  for (const char* field : {"signature_algorithm", "origin_cert_id", "renewal_cert_id",
                            "remain_cert_number", "multi_domain_type", "enterprise_project_id"}) {
    detail[field] = record[field];
  }
  return {{"resource_id", record["id"]},
          {"resource_name", record["name"]},
          {"tags", tag_list(record)},
          {"resource_detail", detail}};
}

Reply list_by_tag(Call& call) {
  if (call.path.at("resource_instances") != "resource_instances") throw Refusal("SCM.0071");
  if (call.body.contains("sys_tags")) throw Refusal("SCM.0321");
  const TagSearch search = search_of(call);
  const json matches = call.body.value("matches", json::array());
  check_matches(matches);
  std::vector<json> records = scm_records(call.world, call.caller.domain_id);
  std::erase_if(records, [&](const json& record) {
    return !fits(search, record) || !fits_matches(record, matches);
  });
  json answer = {{"total_count", records.size()}};
  if (call.text("action") == "count") return json_reply(200, answer);
  answer["resources"] = json::array();
  const auto offset = static_cast<std::size_t>(call.number("offset", 0));
  const auto end =
      std::min(records.size(), offset + static_cast<std::size_t>(call.number("limit", 10)));
  for (std::size_t at = offset; at < end; ++at) {
    answer["resources"].push_back(resource_view(records[at]));
  }
  return json_reply(200, answer);
}

Reply set_notices(Call& call, bool on) {
  for (const json& wish : call.body) {
    const auto id = wish["resource_id"].get<std::string>();
    call.path["certificate_id"] = id;
    json record = require_scm_record(call);
    for (const json& type : wish["notice_type"]) {
      record["notices"][type.get<std::string>()] = on;
    }
    store_scm_record(call.world, std::move(record));
  }
  return json_reply(200, json::object());
}

Reply enable_notices(Call& call) {
  return set_notices(call, true);
}
Reply disable_notices(Call& call) {
  return set_notices(call, false);
}

std::vector<Parameter> scm_tag_members() {
  return {body_text("key").must().within(0, 128).refused_as("SCM.0310"),
          body_text("value").must().within(0, 255).refused_as("SCM.0309")};
}

Parameter tag_filter(const char* name) {
  return body_list(name)
      .within(1, 20)
      .refused_as("SCM.0311")
      .of({body_text("key").must().within(1, 128).refused_as("SCM.0306"),
           body_list("values").must().within(0, 20).each(0, 255).refused_as("SCM.0312")});
}

std::vector<Parameter> scm_search_parameters() {
  return {
      body_flag("without_any_tag"),
      tag_filter("tags"),
      tag_filter("tags_any"),
      tag_filter("not_tags"),
      tag_filter("not_tags_any"),
      body_number("limit").one_of({"10", "20", "50"}).refused_as("SCM.0318"),
      body_number("offset").within(0, 1'000'000'000).refused_as("SCM.0319"),
      body_text("action").one_of({"filter", "count"}).refused_as("SCM.0304"),
      body_list("matches")
          .within(0, 10)
          .refused_as("SCM.0303")
          .of({body_text("key").must().within(1, 128), body_text("value").must().within(0, 255)})};
}

std::vector<Parameter> notice_parameters() {
  return {body_text("resource_id").must(),
          body_list("notice_type").must().within(1, 2).one_of({"CERT_EXPIRING", "CERT_EXPIRED"})};
}

Operation notice(const char* id, const char* verb, Operation::Handler handler) {
  return {.service = Service::scm,
          .id = id,
          .method = "POST",
          .path = std::string("/v3/scm/notification/") + verb,
          .handler = handler,
          .parameters = notice_parameters(),
          .list_body = true};
}

}  // namespace

Operations scm_tag_operations() {
  const std::string one = "/v3/scm/{resource_id}/tags";
  return {
      {Service::scm, "ListAllTags", "GET", "/v3/scm/tags", list_all_scm_tags},
      {Service::scm, "ListTagsByCertificate", "GET", one, list_scm_tags},
      {Service::scm,
       "CreateCertificateTag",
       "POST",
       one,
       create_scm_tag,
       {body_object("tag").must().refused_as("SCM.0323").of(scm_tag_members())}},
      {Service::scm,
       "BatchCreateOrDeleteTags",
       "POST",
       one + "/action",
       change_tags,
       {body_text("action").must().one_of({"create", "delete"}).refused_as("SCM.0304"),
        body_list("tags").must().within(1, 20).refused_as("SCM.0313").of(scm_tag_members())}},
      {Service::scm, "ListCertificatesByTag", "POST", "/v3/scm/{resource_instances}/action",
       list_by_tag, scm_search_parameters()},
      notice("EnableNotification", "enable", enable_notices),
      notice("DisableNotification", "disable", disable_notices),
  };
}

}  // namespace emulator
