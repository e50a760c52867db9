#include "engine/source/json_scan.hpp"

#include <array>

namespace troupe {

namespace {

using byte_set = std::array<bool, 256>;

constexpr byte_set set_of(std::string_view bytes) {
  auto made = byte_set{};
  for (auto c : bytes) made[static_cast<unsigned char>(c)] = true;
  return made;
}

constexpr auto structure = set_of("\"[]{}");
constexpr auto string_end = set_of("\"\\");
constexpr auto scalar_end = set_of(",] \t\r\n");
constexpr auto beginnings = set_of("\"[{-0123456789tfn");

constexpr bool has(const byte_set& set, char c) {
  return set[static_cast<unsigned char>(c)];
}

const char* find(const byte_set& set, const char* at, const char* end) {
  while (at != end && !has(set, *at)) ++at;
  return at;
}

} // namespace

bool json_scan::can_begin(char first) { return has(beginnings, first); }

void json_scan::begin(char first) {
  is_scalar_ = first != '"' && first != '[' && first != '{';
  is_in_string_ = false;
  is_escaped_ = false;
  open_.clear();
}

json_scan::finding json_scan::scan(std::string_view bytes) {
  if (!is_scalar_) return scan_nested(bytes);
  auto end = bytes.data() + bytes.size();
  auto at = find(scalar_end, bytes.data(), end);
  auto taken = static_cast<std::size_t>(at - bytes.data());
  return {taken, at == end ? verdict::more : verdict::ended};
}

json_scan::finding json_scan::scan_nested(std::string_view bytes) {
  auto at = bytes.data();
  auto end = at + bytes.size();
  while (at != end) {
    if (is_escaped_) {
      is_escaped_ = false;
      ++at;
      continue;
    }
    at = find(is_in_string_ ? string_end : structure, at, end);
    if (at == end) break;
    auto what = step(*at);
    at += what != verdict::mismatched;
    if (what != verdict::more)
      return {static_cast<std::size_t>(at - bytes.data()), what};
  }
  return {bytes.size(), verdict::more};
}

json_scan::verdict json_scan::step(char c) {
  switch (c) {
    case '\\': is_escaped_ = true; return verdict::more;
    case '"':
      is_in_string_ = !is_in_string_;
      return is_in_string_ || !open_.empty() ? verdict::more : verdict::ended;
    case '[': open_ += ']'; return verdict::more;
    case '{': open_ += '}'; return verdict::more;
    default:
      if (open_.empty() || open_.back() != c) return verdict::mismatched;
      open_.pop_back();
      return open_.empty() ? verdict::ended : verdict::more;
  }
}

} // namespace troupe
