#include "engine/delivery/expiry_index.hpp"

#include "engine/message/properties.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace troupe {

namespace {

// Beyond this a message does not expire in anybody's lifetime, and sums with
// the time it was published stay in range.
constexpr std::int64_t most_milliseconds = 100LL * 365 * 24 * 60 * 60 * 1000;

std::optional<duration> parse_milliseconds(std::string_view text) {
  auto value = std::int64_t{0};
  auto [end, failed] =
    std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed == std::errc::result_out_of_range)
    value = text.starts_with('-') ? 0 : most_milliseconds;
  else if (failed != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return duration{std::clamp<std::int64_t>(value, 0, most_milliseconds)};
}

} // namespace

std::optional<duration> time_to_live(const message& of, bool is_delayed) {
  auto properties = of.encoded_properties();
  if (!is_delayed) {
    auto text = find_text_property(properties, "expiration");
    return text ? parse_milliseconds(*text) : std::nullopt;
  }
  auto header = find_header(properties, "x-delay");
  auto text = header ? to_text(*header) : std::nullopt;
  return text ? parse_milliseconds(*text).value_or(duration{0}) : duration{0};
}

void expiry_index::add(time_point when, position at) {
  heap_.emplace_back(when, at);
  std::ranges::push_heap(heap_, std::greater{});
}

std::vector<position> expiry_index::take_due(time_point now) {
  auto due = std::vector<position>{};
  while (!heap_.empty() && heap_.front().first <= now) {
    due.push_back(heap_.front().second);
    std::ranges::pop_heap(heap_, std::greater{});
    heap_.pop_back();
  }
  return due;
}

std::optional<time_point> expiry_index::next_due() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().first;
}

void expiry_index::sweep_if_due(const std::function<bool(position)>& is_gone) {
  if (heap_.size() < sweep_at_) return;
  std::erase_if(heap_, [&](const entry& x) { return is_gone(x.second); });
  std::ranges::make_heap(heap_, std::greater{});
  sweep_at_ = 2 * heap_.size() + 1024;
}

} // namespace troupe
