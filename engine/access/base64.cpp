#include "engine/access/base64.hpp"

#include "engine/access/as_bytes.hpp"

#include <climits>
#include <openssl/evp.h>

namespace troupe {

namespace {

std::size_t padding(std::string_view text) {
  if (text.ends_with("==")) return 2;
  return text.ends_with('=') ? 1 : 0;
}

} // namespace

std::string to_base64(std::string_view bytes) {
  auto out = std::string((bytes.size() + 2) / 3 * 4 + 1, '\0');
  auto size = EVP_EncodeBlock(
    as_bytes(out.data()), as_bytes(bytes.data()),
    static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

// OpenSSL skips blanks, counts the padding in and forgives stray bits: hence
// the way back.
std::optional<std::string> parse_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > INT_MAX / 2) return {};
  auto out = std::string(text.size() / 4 * 3, '\0');
  auto size = EVP_DecodeBlock(
    as_bytes(out.data()), as_bytes(text.data()), static_cast<int>(text.size()));
  if (size < 0) return {};
  out.resize(static_cast<std::size_t>(size) - padding(text));
  if (to_base64(out) != text) return {};
  return out;
}

} // namespace troupe
