// SPDX-License-Identifier: Apache-2.0
// What the ways to get a token share. Called under World's lock.
#pragma once

#include <string>

#include "service/operation.h"

namespace emulator {

[[noreturn]] void bad_request(const std::string& message);
[[noreturn]] void unauthorized(const std::string& message);

// A member of nested objects as text; empty when any step is missing.
std::string text_at(const json& document, const char* pointer);

json domain_view(const json& account);
json token_view(const Call& call, const json& token);
// The scope the body asks for, as the token shows it; the whole account when it asks for none.
json scope_of(const json& body, const json& account);
// The account whose user name and password the body gives; refuses otherwise.
json account_of_password(Call& call);
// 201 with a new token of the account; `facts` (scope, methods, …) become part of the token's view.
Reply token_reply(Call& call, const json& account, const json& facts);

Parameter password_parameter();
Parameter scope_parameter();

}  // namespace emulator
