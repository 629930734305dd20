// SPDX-License-Identifier: Apache-2.0
#include "ca/proof_places.h"

#include <fmt/format.h>

#include <stdexcept>

#include "ca/address.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

constexpr const char* kPlaces = "proof_places";

json as_list(const json& value) {
  return value.is_array() ? value : json::array({value});
}

void check_place(const json& address) {
  if (!address.is_string()) throw std::runtime_error("an address is a text");
  host_and_port(address.get<std::string>());
}

json checked_names(const std::string& scheme, const json& names) {
  if (!names.is_object()) {
    throw std::runtime_error(
        fmt::format("\"{}\" takes names with their addresses: {{\"www.example.com\": "
                    "\"127.0.0.1:8080\"}}",
                    scheme));
  }
  json checked = json::object();
  for (const auto& [name, addresses] : names.items()) {
    checked[lower(name)] = as_list(addresses);
    for (const json& address : checked[lower(name)]) check_place(address);
  }
  return checked;
}

}  // namespace

json proof_places(const World& world) {
  const json* kept = world.store.find("setting", kPlaces);
  json places = {{"http", json::object()}, {"https", json::object()}, {"dns", world.dns_server}};
  if (kept != nullptr) places.update(*kept);
  return places;
}

std::string set_proof_places(World& world, const json& places) {
  if (!places.is_object())
    return "places are {\"http\": {...}, \"https\": {...}, \"dns\": \"...\"}";
  const json* kept = world.store.find("setting", kPlaces);
  json changed = kept == nullptr ? json::object() : *kept;
  try {
    for (const auto& [name, value] : places.items()) {
      if (name == "dns") {
        check_place(value);
        changed["dns"] = value;
      } else if (name == "http" || name == "https") {
        changed[name] = checked_names(name, value);
      } else {
        return fmt::format("places are http, https and dns, not \"{}\"", name);
      }
    }
  } catch (const std::runtime_error& problem) {
    return problem.what();
  }
  world.store.put("setting", kPlaces, changed);
  return "";
}

void reset_proof_places(World& world) {
  world.store.remove("setting", kPlaces);
}

std::vector<std::string> places_of(const World& world, const char* scheme,
                                   const std::string& name) {
  const json places = proof_places(world)[scheme];
  const std::string key = places.contains(lower(name)) ? lower(name) : "*";
  return places.value(key, std::vector<std::string>{});
}

}  // namespace emulator
