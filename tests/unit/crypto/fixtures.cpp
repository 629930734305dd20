// SPDX-License-Identifier: Apache-2.0
#include "fixtures.h"

namespace ccm::test {

const std::string_view kKnownCertificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIICrTCCAlSgAwIBAgIGChssPU5fMAoGCCqGSM49BAMCMEExCzAJBgNVBAYTAkNO\n"
    "MRowGAYDVQQKDBFNw7xsbGVyLCAiU8O2aG5lIjEWMBQGA1UEAwwNS25vd24uRXhh\n"
    "bXBsZTAeFw0yNjExMjEyMjQ3MjNaFw0zNjExMTgyMjQ3MjNaMEExCzAJBgNVBAYT\n"
    "AkNOMRowGAYDVQQKDBFNw7xsbGVyLCAiU8O2aG5lIjEWMBQGA1UEAwwNS25vd24u\n"
    "RXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDW33gtIq21JxYTgSc8b\n"
    "pNIjzX5iyJVeugx9TVqAGQ7hmaH609RVhAPn7sYnd+sqSQcaY36QGkfjeRgENaDB\n"
    "Ri+jggE2MIIBMjAdBgNVHQ4EFgQUVa2VMtX5St90pJWWL2ExWYmYGLEwHwYDVR0j\n"
    "BBgwFoAUVa2VMtX5St90pJWWL2ExWYmYGLEwDwYDVR0TAQH/BAUwAwEB/zBIBgNV\n"
    "HREEQTA/gg1Lbm93bi5FeGFtcGxlgg8qLmtub3duLmV4YW1wbGWHBMAAAgeHECAB\n"
    "DbgAAAAAAAAAAAAAAAeBBWFAYi5jMB0GA1UdJQQWMBQGCCsGAQUFBwMBBggrBgEF\n"
    "BQcDAjB2BggrBgEFBQcBAQRqMGgwJwYIKwYBBQUHMAGGG2h0dHA6Ly9vY3NwLmtu\n"
    "b3duLmV4YW1wbGUvYTAmBggrBgEFBQcwAYYaaHR0cDovL29jc3AyLmtub3duLmV4\n"
    "YW1wbGUwFQYIKwYBBQUHMAKGCWh0dHA6Ly9jYTAKBggqhkjOPQQDAgNHADBEAiBu\n"
    "4vto+B7BM+tPj6erVR8yBnXY85cUbilml13U/4da+wIgSNl7JPNcnzY46fN+eF9D\n"
    "rB7qWsRrAMw2/9XlueDAplM=\n"
    "-----END CERTIFICATE-----\n";

std::string with_line_ends(std::string_view text, std::string_view line_end) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += line_end;
    } else {
      out += c;
    }
  }
  return out;
}

std::string with_one_long_line(std::string_view pem) {
  const std::size_t body = pem.find('\n') + 1;
  const std::size_t end = pem.find("-----END");
  return std::string(pem.substr(0, body)) + with_line_ends(pem.substr(body, end - body), "") +
         "\n" + std::string(pem.substr(end));
}

std::string buffer_text(BIO* buffer) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(buffer, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Secret password(std::string_view text) {
  return Secret::copy_of(text);
}

}  // namespace ccm::test
