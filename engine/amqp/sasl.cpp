#include "engine/amqp/sasl.hpp"

#include "engine/message/field_table.hpp"
#include "engine/message/wire.hpp"

namespace troupe::amqp {

namespace {

protocol_error malformed(std::string_view mechanism, std::string_view wanted) {
  auto text = std::string{"a "}.append(mechanism);
  text.append(" response has to be ").append(wanted);
  return {reply_code::syntax_error, std::move(text)};
}

/// RFC 4616: authorization id, NUL, name, NUL, password.
checked<login> read_plain(std::string_view response) {
  auto first = response.find('\0');
  auto second =
    first == std::string_view::npos ? first : response.find('\0', first + 1);
  if (second == std::string_view::npos)
    return malformed("PLAIN", "\\0NAME\\0PASSWORD");
  auto name = response.substr(first + 1, second - first - 1);
  auto password = response.substr(second + 1);
  if (password.find('\0') != std::string_view::npos)
    return malformed("PLAIN", "\\0NAME\\0PASSWORD");
  return login{"PLAIN", std::string{name}, std::string{password}};
}

/// AMQP 0-8's own: the fields of a table, without its length.
checked<login> read_amqplain(std::string_view response) {
  auto table = std::string{};
  put_long_string(table, response);
  auto name = find(table, "LOGIN");
  auto password = find(table, "PASSWORD");
  if (!name || !password || name->code != 'S' || password->code != 'S')
    return malformed("AMQPLAIN", "the fields LOGIN and PASSWORD, both strings");
  return login{
    "AMQPLAIN", std::string{name->value}, std::string{password->value}};
}

bool offers_external(const connection_options& of) {
  return of.is_encrypted && !of.certificate_name.empty();
}

} // namespace

std::string mechanisms(const connection_options& of) {
  return offers_external(of) ? "EXTERNAL PLAIN AMQPLAIN ANONYMOUS"
                             : "PLAIN AMQPLAIN ANONYMOUS";
}

checked<login> read_login(
  const connection_options& of,
  std::string_view mechanism,
  std::string_view response) {
  if (mechanism == "PLAIN") return read_plain(response);
  if (mechanism == "AMQPLAIN") return read_amqplain(response);
  if (mechanism == "EXTERNAL" && offers_external(of))
    return login{"EXTERNAL", of.certificate_name, {}};
  // As in RabbitMQ who is anonymous is guest, while guest has its password.
  if (mechanism == "ANONYMOUS") return login{"PLAIN", "guest", "guest"};
  return protocol_error{
    reply_code::command_invalid, "unknown authentication mechanism '"
                                   + std::string{mechanism}
                                   + "', use one of: " + mechanisms(of)};
}

} // namespace troupe::amqp
