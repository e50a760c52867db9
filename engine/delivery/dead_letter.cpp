#include "engine/delivery/dead_letter.hpp"

#include "engine/delivery/death_headers.hpp"

#include <boost/json.hpp>

namespace troupe {

namespace {

namespace json = boost::json;

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
std::string_view reason_of(const failed_attempt& last) {
  auto is_wish =
    last.error_class == "rejected" || last.error_class == "dead-letter";
  return is_wish ? "rejected" : "delivery_limit";
}

} // namespace

batch_ptr make_dead_letter(
  const message& dead,
  std::string_view queue,
  const std::vector<failed_attempt>& history) {
  const auto& last = history.back();
  auto known = decode_properties(dead.encoded_properties());
  auto made = known ? std::move(*known) : properties{};
  if (!made.headers) made.headers.emplace();
  auto& headers = *made.headers;
  put(headers, "x-error-class", field_value{last.error_class});
  put(headers, "x-error-text", field_value{last.text});
  put(headers, "x-attempts", field_value{to_json(history)});
  auto keys = field_array{{field_value{std::string{dead.routing_key()}}}};
  add_death(
    headers, {queue, reason_of(last), dead.exchange(), std::move(keys), last.at,
              std::nullopt});
  auto letter = batch_builder{};
  letter.add({dead.exchange(), dead.routing_key(), encode(made), dead.body()});
  return letter.take();
}

} // namespace troupe
