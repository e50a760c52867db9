#include "config/units.hpp"

#include <charconv>
#include <iterator>
#include <limits>
#include <span>

namespace troupe {

namespace {

struct unit {
  std::string_view name;
  std::uint64_t worth;
};

// Each list falls, so that writing finds the largest unit first.
constexpr unit time_units[] = {
  {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};

constexpr unit size_units[] = {
  {"TiB", 1ull << 40},
  {"TB", 1'000'000'000'000},
  {"GiB", 1ull << 30},
  {"GB", 1'000'000'000},
  {"MiB", 1ull << 20},
  {"MB", 1'000'000},
  {"KiB", 1ull << 10},
  {"kB", 1000},
  {"B", 1}};

constexpr std::uint64_t longest_time = 36'500ull * 86'400'000;

std::optional<std::uint64_t>
parse(std::string_view text, std::span<const unit> units, std::uint64_t most) {
  auto number = std::uint64_t{};
  const auto* end = text.data() + text.size();
  auto [rest, fault] = std::from_chars(text.data(), end, number);
  if (fault != std::errc{}) return std::nullopt;
  auto name = std::string_view{rest, static_cast<std::size_t>(end - rest)};
  for (const auto& unit : units)
    if (unit.name == name && number <= most / unit.worth)
      return number * unit.worth;
  return std::nullopt;
}

std::string print(std::uint64_t value, std::span<const unit> units) {
  for (const auto& unit : units)
    if (value != 0 && value % unit.worth == 0)
      return std::to_string(value / unit.worth) + std::string{unit.name};
  return "0" + std::string{units[units.size() - 1].name};
}

} // namespace

std::optional<duration> parse_duration(std::string_view text) {
  auto found = parse(text, time_units, longest_time);
  if (!found) return std::nullopt;
  return duration{static_cast<duration::rep>(*found)};
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse(text, size_units, std::numeric_limits<std::int64_t>::max());
}

std::string duration_text(duration value) {
  return print(static_cast<std::uint64_t>(value.count()), time_units);
}

std::string size_text(std::uint64_t bytes) { return print(bytes, size_units); }

} // namespace troupe
