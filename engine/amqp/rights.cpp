#include "engine/amqp/rights.hpp"

namespace troupe::amqp {

checked<> check_entry(const user& who, const std::string& vhost) {
  if (who.rights_in(vhost)) return {};
  return protocol_error{
    reply_code::not_allowed,
    "access to vhost '" + vhost + "' refused for user '" + who.name + "'"};
}

checked<> check_right(
  const user& who,
  const std::string& vhost,
  access_right wanted,
  protected_thing to) {
  auto is_default = to.kind == "exchange" && to.name.empty();
  auto name = is_default ? std::string_view{"amq.default"} : to.name;
  if (who.may(wanted, vhost, name)) return {};
  auto text = std::string{to_string(wanted)};
  text.append(" access to ").append(to.kind).append(" '").append(name);
  text.append("' in vhost '").append(vhost);
  text.append("' refused for user '").append(who.name).append("'");
  return protocol_error{reply_code::access_refused, std::move(text)};
}

checked<> check_user_id(const user& who, std::string_view user_id) {
  if (user_id == who.name || who.has_tag("impersonator")) return {};
  return protocol_error{
    reply_code::precondition_failed,
    "user_id property set to '" + std::string{user_id}
      + "' but authenticated user was '" + who.name + "'"};
}

} // namespace troupe::amqp
