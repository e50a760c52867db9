#include "tests/bench/amqp_profile.hpp"

#include <charconv>

namespace troupe::bench::amqp {

namespace {

/// Takes what stands before the next comma off the front.
std::string_view take_part(std::string_view& rest) {
  auto comma = rest.find(',');
  auto part = rest.substr(0, comma);
  rest.remove_prefix(comma == rest.npos ? rest.size() : comma + 1);
  return part;
}

/// Reads a number from `least` to `most`.
template <class Number>
bool read(std::string_view text, Number least, Number most, Number& out) {
  auto end = text.data() + text.size();
  auto [at, why] = std::from_chars(text.data(), end, out);
  return why == std::errc{} && at == end && out >= least && out <= most;
}

bool read_setting(std::string_view part, profile& out) {
  auto sign = part.find('=');
  if (sign == part.npos) return part == "quorum" && (out.is_quorum = true);
  auto name = part.substr(0, sign);
  auto value = part.substr(sign + 1);
  if (name == "window")
    return read<std::uint64_t>(value, 1, 10'000'000, out.window);
  if (name == "size") return read<std::size_t>(value, 16, 64 << 20, out.size);
  if (name == "queues") return read(value, 1, 1000, out.queues);
  if (name != "prefix") return false;
  out.prefix = value;
  return !value.empty() && value.size() <= 200;
}

} // namespace

std::optional<profile> parse_profile(std::string_view text) {
  auto out = profile{.name = std::string{text}};
  auto first = take_part(text);
  out.is_durable = first == "durable";
  if (!out.is_durable && first != "transient") return std::nullopt;
  while (!text.empty())
    if (!read_setting(take_part(text), out)) return std::nullopt;
  return out;
}

std::vector<pid_t> parse_processes(std::string_view text) {
  auto all = std::vector<pid_t>{};
  while (!text.empty()) {
    auto id = pid_t{};
    if (!read(take_part(text), 1, 1 << 30, id)) return {};
    all.push_back(id);
  }
  return all;
}

} // namespace troupe::bench::amqp
