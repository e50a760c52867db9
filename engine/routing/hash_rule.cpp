#include "engine/routing/hash_rule.hpp"

#include "engine/base/stable_hash.hpp"
#include "engine/message/properties.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <tuple>

namespace troupe {

namespace {

/// Spreads what two hashes have in common over all bits (the finalizer of
/// SplitMix64).
std::uint64_t mixed(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9u;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// Returns a number that is the smaller, the larger the weight.
double drawn(const hash_rule& by, std::uint64_t key) {
  constexpr auto places = 53; // of a double's mantissa
  auto even =
    std::ldexp(static_cast<double>(mixed(by.seed ^ key) >> 11) + 0.5, -places);
  return -std::log(even) / by.weight;
}

/// Reads a weight; zero where it is not one, nothing where it is no number.
std::optional<std::uint32_t> read_weight(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  auto number = std::int64_t{};
  auto end = text.data() + text.size();
  auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  if (number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return number < 1 ? 0 : static_cast<std::uint32_t>(number);
}

} // namespace

bool operator<(const hash_rule& a, const hash_rule& b) {
  return std::tie(a.target, a.routing_key) < std::tie(b.target, b.routing_key);
}

hash_rule make_hash_rule(const binding& from, binding_target target) {
  auto identity = from.to == binding::kind::queue ? std::string{"q"} : "x";
  identity += from.destination + '\0' + from.routing_key;
  return {
    std::move(target), from.routing_key,
    static_cast<double>(read_weight(from.routing_key).value_or(1)),
    stable_hash(identity)};
}

permitted<> check_hash_binding(const std::string& routing_key) {
  constexpr auto why = refusal::reason::precondition_failed;
  auto weight = read_weight(routing_key);
  if (!weight)
    return refusal{
      why, "The binding key must be an integer: <<\"" + routing_key + "\">>"};
  if (*weight == 0)
    return refusal{why, "The binding key must be greater than 0"};
  return {};
}

const binding_target* choose(const hash_rules& among, std::string_view key) {
  auto hash = stable_hash(key);
  auto least = std::numeric_limits<double>::infinity();
  const binding_target* winner = nullptr;
  among.for_each([&](const hash_rule& rule) {
    auto number = drawn(rule, hash);
    if (number >= least) return;
    least = number;
    winner = &rule.target;
  });
  return winner;
}

std::string_view hashed_part(
  const message& of, const hash_source& source, std::string& scratch) {
  if (source.what == hash_source::part::routing_key) return of.routing_key();
  const auto properties = of.encoded_properties();
  auto found = std::optional<std::string>{};
  if (source.what == hash_source::part::property)
    found = find_property(properties, source.name);
  else if (auto header = find_header(properties, source.name))
    found = to_text(*header);
  scratch = std::move(found).value_or("");
  return scratch;
}

} // namespace troupe
