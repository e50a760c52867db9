#include "engine/amqp/channel.hpp"

namespace troupe::amqp {

namespace {

// What one transaction may hold before it is committed.
constexpr std::uint64_t most_bytes = 64 * 1024 * 1024;
constexpr std::uint64_t bytes_around_body = 256;

protocol_error not_transactional() {
  return {reply_code::precondition_failed, "channel is not transactional"};
}

} // namespace

checked<> channel::on(const tx_select&) {
  if (is_confirming_)
    return protocol_error{
      reply_code::precondition_failed, "cannot switch from confirm to tx mode"};
  transaction_.is_on = true;
  core_.send(number_, tx_select_ok{});
  return {};
}

/// Keeps a message until the commit.
checked<> channel::hold(const message& what) {
  auto bytes =
    what.body().size() + what.encoded_properties().size() + bytes_around_body;
  if (transaction_.bytes + bytes > most_bytes)
    return protocol_error{
      reply_code::content_too_large,
      "a transaction holds at most " + std::to_string(most_bytes)
        + " bytes: commit more often, or use confirms"};
  transaction_.bytes += bytes;
  transaction_.messages.push_back(
    {std::string{what.exchange()}, std::string{what.routing_key()},
     std::string{what.encoded_properties()}, std::string{what.body()},
     route_.mandatory});
  return {};
}

checked<> channel::on(const tx_commit&) {
  if (!transaction_.is_on) return not_transactional();
  auto messages = std::exchange(transaction_.messages, {});
  auto settled = std::exchange(transaction_.settled, {});
  transaction_.bytes = 0;
  confirms_.restart();
  for (const auto& x : messages) {
    auto routed = route(
      {x.exchange, x.routing_key, x.properties, x.body}, x.mandatory,
      glance(x.properties));
    if (!routed) return routed;
  }
  for (const auto& [what, runs] : settled) settle(runs, what);
  transaction_.is_committing = true;
  return end_commit();
}

/// Ends a commit once all queues have answered.
checked<> channel::end_commit() {
  if (!confirms_.is_all_closed()) return {};
  transaction_.is_committing = false;
  auto failed = confirms_.has_refused();
  confirms_.restart();
  method_ = key_of<tx_commit>;
  if (failed)
    return protocol_error{
      reply_code::precondition_failed, "partial tx completion"};
  core_.send(number_, tx_commit_ok{});
  return {};
}

checked<> channel::on(const tx_rollback&) {
  if (!transaction_.is_on) return not_transactional();
  transaction_.messages.clear();
  transaction_.bytes = 0;
  for (const auto& [what, runs] : transaction_.settled)
    for (const auto& run : runs) unacked_.put_back(run);
  transaction_.settled.clear();
  core_.look_at_deliveries(core_.now); // some may have been here for long
  core_.send(number_, tx_rollback_ok{});
  return {};
}

} // namespace troupe::amqp
