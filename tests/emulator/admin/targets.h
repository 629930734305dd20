// SPDX-License-Identifier: Apache-2.0
// The other services that certificates are handed to: resources of ELB, WAF and CDN ("target"),
// custom domains of API gateways ("apig_domain"), and what was pushed ("push"). Documents kept in
// the store, shown and made by the admin side. Called under World's lock.
#pragma once

#include <string>
#include <vector>

#include "store.h"

namespace emulator {

struct World;

// {id, domain_id, service, region, name, type, domain_name, certificate_id}
json add_target(World& world, const std::string& domain_id, json fields);
const json* find_target(const World& world, const std::string& domain_id,
                        const std::string& service, const std::string& id);
const json* find_cdn_domain(const World& world, const std::string& domain_id,
                            const std::string& name);
void set_target_certificate(World& world, json target, const std::string& certificate_id);
// The targets that serve a certificate.
std::vector<json> targets_of(const World& world, const std::string& certificate_id);

// Whether the service exists in the region; CDN exists everywhere.
bool serves_region(const std::string& service, const std::string& region);
// Enters a push and returns the identifier of the copy in the target service.
std::string add_push(World& world, const json& record, const std::string& service,
                     const std::string& region);
// Newest first.
std::vector<json> pushes_of(const World& world, const std::string& certificate_id);
std::size_t count_pushes(const World& world, const std::string& domain_id,
                         const std::string& service);

// {id, domain_id, url_domain, instance_id, group_id, certificate_ids, ...}
json add_gateway_domain(World& world, const std::string& domain_id, const std::string& name);

// A first set for the demo account: one resource each of ELB, WAF and CDN and one gateway domain.
void make_demo_targets(World& world);

}  // namespace emulator
