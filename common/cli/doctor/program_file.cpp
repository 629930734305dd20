// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor/program_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/handle.h"
#include "base/version.h"

namespace ccm::cli {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);

template <typename Number>
Number number_at(std::string_view bytes, std::size_t position) {
  Number number{};
  std::memcpy(&number, bytes.data() + position, sizeof number);
  return number;
}

std::string find_version(std::string_view bytes) {
  const std::string mark = fmt::format("{}{}", kVersionMarkStart, kVersionMarkName);
  const std::size_t found = bytes.find(mark);
  if (found == std::string_view::npos) return {};
  const std::string_view rest = bytes.substr(found + mark.size(), 64);
  const auto end = std::find_if(rest.begin(), rest.end(),
                                [](char c) { return c != '.' && (c < '0' || c > '9'); });
  return std::string(rest.begin(), end);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// NGX_MODULE_SIGNATURE: three sizes, then one digit for each thing the build has or lacks.
std::string find_signature(std::string_view bytes) {
  constexpr std::size_t kFewest = 30;
  for (std::size_t comma = bytes.find(','); comma != std::string_view::npos;
       comma = bytes.find(',', comma + 1)) {
    if (comma == 0 || comma + 5 >= bytes.size()) continue;
    const std::string_view head = bytes.substr(comma - 1, 6);
    if (!is_digit(head[0]) || !is_digit(head[2]) || head[3] != ',' || !is_digit(head[4]) ||
        head[5] != ',') {
      continue;
    }
    const std::size_t end = bytes.find_first_not_of("01", comma + 5);
    if (end == std::string_view::npos || end - comma - 5 < kFewest || bytes[end] != '\0') continue;
    return std::string(bytes.substr(comma - 1, end - comma + 1));
  }
  return {};
}

// NGX_MODULE_V1 of a module that was not loaded yet: two indices of all ones, no name, two spare
// words of zero, nginx_version.
std::uint64_t find_nginx_version(std::string_view bytes) {
  constexpr std::uint64_t kFirst = 1'000'000;
  constexpr std::uint64_t kLast = 99'999'999;
  const std::string head = std::string(2 * kWord, '\xff') + std::string(3 * kWord, '\0');
  for (std::size_t at = bytes.find(head); at != std::string_view::npos;
       at = bytes.find(head, at + 1)) {
    if (at + head.size() + kWord > bytes.size()) break;
    const auto version = number_at<std::uint64_t>(bytes, at + head.size());
    if (version >= kFirst && version <= kLast) return version;
  }
  return 0;
}

// MODULE_MAGIC_COOKIE ("AP24") stands 40 bytes into the record that starts with the two numbers.
std::optional<HttpdAbi> find_httpd_abi(std::string_view bytes) {
  constexpr std::size_t kOffset = 40;
  constexpr std::int32_t kFirst = 20'000'000;
  constexpr std::int32_t kLast = 21'000'000;
  constexpr std::int32_t kLargestMinor = 100'000;
  const std::string cookie("\x34\x32\x50\x41\0\0\0\0", kWord);
  for (std::size_t at = bytes.find(cookie); at != std::string_view::npos;
       at = bytes.find(cookie, at + 1)) {
    if (at < kOffset) continue;
    const HttpdAbi found{
        .major = number_at<std::int32_t>(bytes, at - kOffset),
        .minor = number_at<std::int32_t>(bytes, at - kOffset + sizeof(std::int32_t))};
    if (found.major >= kFirst && found.major <= kLast && found.minor >= 0 &&
        found.minor <= kLargestMinor) {
      return found;
    }
  }
  return std::nullopt;
}

class Mapping {
 public:
  Mapping(int descriptor, std::size_t size)
      : size_(size), start_(mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0)) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (start_ != MAP_FAILED) munmap(start_, size_);
  }
  bool has_failed() const { return start_ == MAP_FAILED; }
  std::string_view bytes() const { return {static_cast<const char*>(start_), size_}; }

 private:
  std::size_t size_;
  void* start_;
};

}  // namespace

ProgramFile read_program(std::string_view bytes) {
  ProgramFile program;
  program.version = find_version(bytes);
  const std::uint64_t version = find_nginx_version(bytes);
  std::string signature = version == 0 ? std::string() : find_signature(bytes);
  if (!signature.empty()) {
    program.nginx = NginxAbi{.version = version, .signature = std::move(signature)};
  }
  program.httpd = find_httpd_abi(bytes);
  return program;
}

Result<ProgramFile> read_program_file(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts {};
  if (!file || fstat(file.get(), &facts) != 0) {
    return fail(ErrorKind::rejected, fmt::format("{}: {}", path, errno_text(errno)));
  }
  if (!S_ISREG(facts.st_mode) || facts.st_size == 0) {
    return fail(ErrorKind::rejected, fmt::format("{} is not a program", path));
  }
  const Mapping mapping(file.get(), static_cast<std::size_t>(facts.st_size));
  if (mapping.has_failed()) {
    return fail(ErrorKind::rejected, fmt::format("{}: {}", path, errno_text(errno)));
  }
  return read_program(mapping.bytes());
}

std::string nginx_version_text(std::uint64_t version) {
  return fmt::format("{}.{}.{}", version / 1'000'000, version / 1000 % 1000, version % 1000);
}

std::string misfit(const ProgramFile& module, const ProgramFile& server) {
  if (module.nginx && server.nginx) {
    if (module.nginx->version != server.nginx->version) {
      return fmt::format("it was built for nginx {}, and this is nginx {}",
                         nginx_version_text(module.nginx->version),
                         nginx_version_text(server.nginx->version));
    }
    if (module.nginx->signature != server.nginx->signature) {
      return fmt::format("it was built for an nginx with other options (signature {}, not {})",
                         module.nginx->signature, server.nginx->signature);
    }
  }
  if (module.httpd && server.httpd) {
    const auto text = [](const HttpdAbi& abi) {
      return fmt::format("{}:{}", abi.major, abi.minor);
    };
    if (module.httpd->major != server.httpd->major || module.httpd->minor > server.httpd->minor) {
      return fmt::format(
          "it was built for an httpd with module magic number {}, and this one's is "
          "{}",
          text(*module.httpd), text(*server.httpd));
    }
  }
  return {};
}

}  // namespace ccm::cli
