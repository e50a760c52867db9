#include "engine/delivery/death_headers.hpp"

#include <algorithm>

namespace troupe {

namespace {

bool has_text(
  const field_table& in, std::string_view name, std::string_view text) {
  auto* found = find(in, name);
  auto* value = found ? std::get_if<std::string>(&found->value) : nullptr;
  return value && *value == text;
}

bool is_of(const field_value& death, const death_record& record) {
  auto* table = std::get_if<field_table>(&death.value);
  return table && has_text(*table, "queue", record.queue)
         && has_text(*table, "reason", record.reason);
}

field_table first_of(const death_record& record) {
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
    record.at.time_since_epoch());
  auto time = field_time{static_cast<std::uint64_t>(seconds.count())};
  auto made = field_table{{
    {"count", field_value{std::int64_t{1}}},
    {"reason", field_value{std::string{record.reason}}},
    {"queue", field_value{std::string{record.queue}}},
    {"time", field_value{time}},
    {"exchange", field_value{std::string{record.exchange}}},
    {"routing-keys", field_value{record.keys}},
  }};
  if (record.expiration)
    put(made, "original-expiration", field_value{*record.expiration});
  return made;
}

/// Counts one more death of the same queue and reason.
void count(field_table& death) {
  auto* value = find(death, "count");
  auto* number = value ? std::get_if<std::int64_t>(&value->value) : nullptr;
  put(death, "count", field_value{(number ? *number : 0) + 1});
}

} // namespace

void put(field_table& in, std::string_view name, field_value value) {
  auto found = std::ranges::find(in.fields, name, &field::name);
  if (found == in.fields.end())
    in.fields.push_back({std::string{name}, std::move(value)});
  else
    found->value = std::move(value);
}

void add_death(field_table& headers, death_record record) {
  auto deaths = field_array{};
  if (auto* known = find(headers, "x-death"))
    if (auto* list = std::get_if<field_array>(&known->value)) deaths = *list;
  auto same = std::ranges::find_if(
    deaths.values, [&](const auto& x) { return is_of(x, record); });
  auto is_known = same != deaths.values.end();
  auto newest =
    is_known ? std::get<field_table>(same->value) : first_of(record);
  if (is_known) {
    count(newest);
    deaths.values.erase(same);
  }
  deaths.values.insert(deaths.values.begin(), field_value{std::move(newest)});
  put(headers, "x-death", field_value{std::move(deaths)});
  auto is_first = find(headers, "x-first-death-queue") == nullptr;
  auto mark = [&](std::string_view what, std::string_view text) {
    auto value = field_value{std::string{text}};
    if (is_first) put(headers, "x-first-death-" + std::string{what}, value);
    put(headers, "x-last-death-" + std::string{what}, value);
  };
  mark("reason", record.reason);
  mark("queue", record.queue);
  mark("exchange", record.exchange);
}

} // namespace troupe
