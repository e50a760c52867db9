#include "engine/delivery/dead_letter.hpp"

#include "engine/message/properties.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace {

namespace json = boost::json;

using headers = std::vector<std::pair<std::string, field_value>>;

std::string to_json(const std::vector<failed_attempt>& history) {
  auto all = json::array{};
  for (const auto& x : history)
    all.push_back(json::object{
      {"at", x.at.time_since_epoch().count()},
      {"class", x.error_class},
      {"text", x.text}});
  return json::serialize(all);
}

/// RabbitMQ's words for why a message died.
std::string reason_of(const failed_attempt& last) {
  return last.error_class == "rejected" ? "rejected" : "delivery_limit";
}

const field_value* find(const field_table& in, std::string_view name) {
  auto found = std::ranges::find(in.fields, name, &field::name);
  return found == in.fields.end() ? nullptr : &found->value;
}

bool has_text(
  const field_table& in, std::string_view name, const std::string& text) {
  auto* found = find(in, name);
  return found && *found == field_value{text};
}

/// Takes the entry of this queue and reason out of the list of deaths.
/// Returns how often the message had died there.
std::int64_t take_count(
  field_array& deaths, const std::string& queue, const std::string& why) {
  for (auto x = deaths.values.begin(); x != deaths.values.end(); ++x) {
    auto* death = std::get_if<field_table>(&x->value);
    if (!death || !has_text(*death, "queue", queue)) continue;
    if (!has_text(*death, "reason", why)) continue;
    auto* value = find(*death, "count");
    auto* number = value ? std::get_if<std::int64_t>(&value->value) : nullptr;
    auto count = number ? *number : 0;
    deaths.values.erase(x);
    return count;
  }
  return 0;
}

/// The list of deaths, newest first, one entry a queue and reason.
field_array add_death(
  const std::optional<field_table>& before,
  const message& dead,
  const std::string& queue,
  const failed_attempt& last) {
  auto deaths = field_array{};
  if (auto* known = before ? find(*before, "x-death") : nullptr)
    if (auto* list = std::get_if<field_array>(&known->value)) deaths = *list;
  auto why = reason_of(last);
  auto count = take_count(deaths, queue, why) + 1;
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
    last.at.time_since_epoch());
  auto keys = field_array{{field_value{std::string{dead.routing_key()}}}};
  auto death = field_table{{
    {"count", field_value{count}},
    {"reason", field_value{why}},
    {"queue", field_value{queue}},
    {"time",
     field_value{field_time{static_cast<std::uint64_t>(seconds.count())}}},
    {"exchange", field_value{std::string{dead.exchange()}}},
    {"routing-keys", field_value{std::move(keys)}},
  }};
  deaths.values.insert(deaths.values.begin(), field_value{std::move(death)});
  return deaths;
}

} // namespace

batch_ptr make_dead_letter(
  const message& dead,
  std::string_view queue,
  const std::vector<failed_attempt>& history) {
  const auto& last = history.back();
  auto where = std::string{queue};
  auto known = decode_properties(dead.encoded_properties());
  auto before = known ? known->headers : std::nullopt;
  auto added = headers{
    {"x-error-class", field_value{last.error_class}},
    {"x-error-text", field_value{last.text}},
    {"x-attempts", field_value{to_json(history)}},
    {"x-death", field_value{add_death(before, dead, where, last)}},
    {"x-last-death-queue", field_value{where}},
    {"x-last-death-reason", field_value{reason_of(last)}}};
  if (!before || !find(*before, "x-first-death-queue")) {
    added.emplace_back("x-first-death-queue", field_value{where});
    added.emplace_back("x-first-death-reason", field_value{reason_of(last)});
  }
  auto made = batch_builder{};
  auto properties = with_headers(dead.encoded_properties(), added);
  made.add({dead.exchange(), dead.routing_key(), properties, dead.body()});
  return made.take();
}

} // namespace troupe
