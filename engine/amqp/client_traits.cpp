#include "engine/amqp/client_traits.hpp"

#include "engine/message/field_lookup.hpp"

namespace troupe::amqp {

namespace {

std::string text(const field_table& in, std::string_view name) {
  const auto* read = find_text(in, name);
  return read ? *read : std::string{};
}

bool is_true(const field_table& in, std::string_view name) {
  const auto* found = find(in, name);
  return found && *found == field_value{true};
}

} // namespace

checked<client_traits> read_client(std::string_view encoded) {
  auto read = decode_field_table(encoded);
  if (!read)
    return protocol_error{
      reply_code::syntax_error, "client-properties: " + read.error().detail};
  auto made = client_traits{};
  made.properties = std::move(*read);
  made.product = text(made.properties, "product");
  made.connection_name = text(made.properties, "connection_name");
  const auto* found = find(made.properties, "capabilities");
  const auto* able = found ? std::get_if<field_table>(&found->value) : nullptr;
  if (!able) return made;
  made.takes_cancels = is_true(*able, "consumer_cancel_notify");
  made.takes_blocked = is_true(*able, "connection.blocked");
  made.takes_login_failures = is_true(*able, "authentication_failure_close");
  return made;
}

} // namespace troupe::amqp
