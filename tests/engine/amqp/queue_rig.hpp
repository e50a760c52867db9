#pragma once

#include "tests/engine/amqp/connection_rig.hpp"

#include <string>
#include <vector>

namespace troupe::amqp::test {

/// Returns a rig with channel 1 open and a queue `q`.
inline connection_rig
with_queue(const field_table& client = all_capabilities()) {
  auto rig = connection_rig{};
  rig.open_connection(client);
  rig.open_channel();
  rig.declare("q");
  return rig;
}

/// Returns the same, with confirms on the channel.
inline connection_rig with_confirms() {
  auto rig = with_queue();
  rig.send(1, confirm_select{});
  rig.next<confirm_select_ok>(1);
  return rig;
}

// -- consumers

inline subscription last_subscription(const connection_rig& rig) {
  return std::get<subscribe>(rig.asked.back()).what;
}

/// Takes the bodies of all that was delivered, and forgets what else came.
inline std::vector<std::string> bodies(connection_rig& rig) {
  rig.pump();
  auto all = std::vector<std::string>{};
  for (const auto& x : rig.inbox)
    if (std::holds_alternative<basic_deliver>(x.what)) all.push_back(x.body);
  rig.inbox.clear();
  return all;
}

/// Takes the positions that went back since nobody had seen them.
inline std::vector<position_run> unseen(connection_rig& rig) {
  auto all = std::vector<position_run>{};
  for (const auto& x : rig.take_notices<settling>())
    for (const auto& part : x.what)
      all.insert(all.end(), part.unseen.begin(), part.unseen.end());
  return all;
}

/// Returns a loan of one message, "body".
inline loaned_run loan_of_one() {
  auto builder = batch_builder{};
  builder.add(message{"ex", "key", {}, "body"});
  auto run = loaned_run{};
  run.messages = builder.take();
  run.count = 1;
  return run;
}

} // namespace troupe::amqp::test
