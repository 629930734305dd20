// SPDX-License-Identifier: Apache-2.0
// Heap memory that is overwritten before it goes back, for the C libraries that carry keys, tokens
// and passwords through strings of their own (curl and jansson both let themselves be told which
// functions to use). Blocks from here must come back here. Any thread.
#pragma once

#include <cstddef>

namespace ccm::cloud {

void* wiping_malloc(std::size_t size) noexcept;
void* wiping_calloc(std::size_t count, std::size_t size) noexcept;
void* wiping_realloc(void* block, std::size_t size) noexcept;
char* wiping_strdup(const char* text) noexcept;
void wiping_free(void* block) noexcept;

}  // namespace ccm::cloud
