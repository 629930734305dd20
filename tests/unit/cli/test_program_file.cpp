// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "cli/doctor/program_file.h"

namespace ccm::cli {
namespace {

using testing::HasSubstr;

template <typename Number>
std::string bytes_of(Number number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

constexpr std::string_view kSignature = "8,4,8,0011111111010111001111111111111111";

std::string nginx_file(std::uint64_t version, std::string_view signature = kSignature) {
  return "ELF 1,2,3, and 8,4,8,01 are none" + std::string(16, '\xff') + std::string(24, '\0') +
         bytes_of(version) + "text" + std::string(signature) + std::string(1, '\0');
}

std::string httpd_file(std::int32_t major, std::int32_t minor) {
  return "ELF." + bytes_of(major) + bytes_of(minor) + std::string(32, '\0') +
         bytes_of(std::uint64_t{0x41503234}) + "rest";
}

std::string problem(const std::string& module, const std::string& server) {
  return misfit(read_program(module), read_program(server));
}

TEST(ProgramFile, ReadsTheRelease) {
  EXPECT_EQ(read_program(std::string("x@(#)ccm-tls 1.22.333\0y", 24)).version, "1.22.333");
  EXPECT_EQ(read_program("@(#)other 1.0").version, "");
  EXPECT_EQ(read_program("").version, "");
}

TEST(ProgramFile, ReadsTheRecordOfNginx) {
  const ProgramFile program = read_program(nginx_file(1022001));
  ASSERT_TRUE(program.nginx);
  EXPECT_EQ(nginx_version_text(program.nginx->version), "1.22.1");
  EXPECT_EQ(program.nginx->signature, kSignature);
  EXPECT_FALSE(program.httpd);
  EXPECT_FALSE(read_program(nginx_file(17)).nginx);
}

TEST(ProgramFile, ReadsTheRecordOfHttpd) {
  const ProgramFile program = read_program(httpd_file(20120211, 142));
  ASSERT_TRUE(program.httpd);
  EXPECT_EQ(program.httpd->major, 20120211);
  EXPECT_EQ(program.httpd->minor, 142);
  EXPECT_FALSE(read_program(httpd_file(7, 142)).httpd);
  EXPECT_FALSE(program.nginx);
}

TEST(ProgramFile, StandsFilesThatAreCutShort) {
  for (const std::string& whole : {nginx_file(1022001), httpd_file(20120211, 1)}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      read_program(std::string_view(whole).substr(0, size));
      read_program(std::string_view(whole).substr(size));
    }
  }
}

TEST(ProgramFile, SaysWhyAModuleDoesNotFit) {
  EXPECT_EQ(problem(nginx_file(1022001), nginx_file(1022001)), "");
  EXPECT_THAT(problem(nginx_file(1022001), nginx_file(1024000)), HasSubstr("1.24.0"));
  const std::string other = "8,4,8,0011111111010111001111111111111110";
  EXPECT_THAT(problem(nginx_file(1022001), nginx_file(1022001, other)), HasSubstr(other));
  EXPECT_EQ(problem(httpd_file(20120211, 120), httpd_file(20120211, 142)), "");
  EXPECT_THAT(problem(httpd_file(20120211, 143), httpd_file(20120211, 142)),
              HasSubstr("20120211:143"));
  EXPECT_THAT(problem(httpd_file(20120211, 1), httpd_file(20200101, 142)),
              HasSubstr("20200101:142"));
  EXPECT_EQ(problem(httpd_file(20120211, 1), nginx_file(1022001)), "");
}

}  // namespace
}  // namespace ccm::cli
