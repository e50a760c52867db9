#include "engine/routing/message_headers.hpp"

#include "engine/message/properties.hpp"
#include "engine/message/wire.hpp"

#include <algorithm>
#include <charconv>
#include <functional>

namespace troupe {

namespace {

/// Calls `visit(field)` for each header until it returns false.
template <class Visitor>
void visit_headers(const message& of, Visitor visit) {
  auto table = find_headers(of.encoded_properties());
  if (!table) return;
  auto from = byte_reader{*table};
  from = byte_reader{take_long_string(from)};
  while (!from.at_end()) {
    auto found = take_field(from);
    if (!from.ok() || !visit(found)) return;
  }
}

bool is_further_keys(const encoded_field& header) {
  return header.name == "CC" || header.name == "BCC";
}

/// Takes the strings of an array; RabbitMQ passes over anything else in it.
void take_keys(std::string_view array, std::vector<std::string_view>& to) {
  auto from = byte_reader{array};
  while (!from.at_end()) {
    auto found = take_value(from);
    if (from.ok() && found.code == 'S') to.push_back(found.value);
  }
}

std::optional<std::int64_t> to_number(std::string_view text) {
  auto number = std::int64_t{};
  auto end = text.data() + text.size();
  auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return number;
}

std::optional<std::int64_t> to_number(const plain_value& value) {
  if (value.what == plain_value::kind::integer) return value.integer;
  if (value.what == plain_value::kind::text) return to_number(value.bytes);
  return std::nullopt;
}

} // namespace

void read_headers(const message& of, std::vector<seen_header>& to) {
  to.clear();
  visit_headers(of, [&](const encoded_field& header) {
    to.push_back({header.name, plain(header)});
    return true;
  });
  std::sort(
    to.begin(), to.end(), [](const seen_header& a, const seen_header& b) {
      if (a.name != b.name) return a.name < b.name;
      return std::less<>{}(a.name.data(), b.name.data()); // as they stood
    });
}

std::string_view
read_routing_keys(const message& of, std::vector<std::string_view>& to) {
  to.clear();
  to.push_back(of.routing_key());
  auto wrong = std::string_view{};
  visit_headers(of, [&](const encoded_field& header) {
    if (!is_further_keys(header)) return true;
    if (header.code != 'A') wrong = header.name == "CC" ? "CC" : "BCC";
    if (header.code == 'A') take_keys(header.value, to);
    return wrong.empty();
  });
  return wrong;
}

bool has_further_keys(const message& of) {
  auto found = false;
  visit_headers(of, [&](const encoded_field& header) {
    found = is_further_keys(header);
    return !found;
  });
  return found;
}

std::optional<duration> delay_of(const message& of) {
  auto header = find_header(of.encoded_properties(), "x-delay");
  if (!header) return std::nullopt;
  auto number = to_number(plain(*header));
  if (!number || *number <= 0) return std::nullopt;
  return std::min(duration{*number}, most_delay);
}

bool may_be_kept(const message& of) {
  auto header =
    find_header(of.encoded_properties(), "x-recent-history-no-store");
  if (!header) return true;
  auto value = plain(*header);
  return value.what != plain_value::kind::boolean || value.integer == 0;
}

} // namespace troupe
