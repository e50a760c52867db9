#pragma once

#include "engine/amqp/broker.hpp"
#include "engine/base/result.hpp"
#include "engine/routing/topology_record.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// What the topologies of a cluster's members send each other. The layout is in
// docs/topology_protocol.md.

namespace troupe::topology_frames {

/// The connection has ended; its exclusive queues go.
struct connection_gone {};

/// As `broker::queue_unused`.
struct queue_unused {
  queue_id which{};
  bool only_if_unused = true;
};

/// As `topology_messages::ask_gone`. The answer stands behind an entry of the
/// leader's: nothing that another one has decided by then is missing.
struct queue_gone {
  queue_id which{};
};

using question = std::variant<
  amqp::open_vhost,
  amqp::declare_exchange,
  amqp::delete_exchange,
  amqp::change_binding,
  amqp::declare_queue,
  amqp::delete_queue,
  amqp::purge_queue,
  connection_gone,
  queue_unused,
  queue_gone>;

/// Asks the leader. Asked again under the same number until it is answered.
struct ask {
  std::uint64_t number = 0;
  std::uint64_t connection = 0;
  /// The follower made up the queue's name: asked twice it stays one queue.
  bool is_server_named = false;
  question what;
};

/// Answers an ask. Good for those who have followed up to `version`.
struct answer {
  std::uint64_t number = 0;
  std::uint64_t version = 0;
  std::variant<amqp::done, amqp::refused> what;
};

/// Tells the leader's changes, or all there is.
struct update {
  enum class part : std::uint8_t {
    change, // goes behind `version` - 1
    first,  // of a whole: what was there before is void
    middle,
    last, // now the whole is there, as of `version`
    only, // first and last
  };

  std::uint64_t epoch = 0; // the leader's
  std::uint64_t version = 0;
  part what = part::change;
  std::vector<topology_record> records;
};

/// Asks the leader for all there is: something was lost on the way.
struct want {
  std::uint64_t epoch = 0;
};

using frame = std::variant<ask, answer, update, want>;

std::string encode(const frame& what);

/// Fails with `newer_format` or `corrupt`. Safe for any bytes.
result<frame> decode(std::string_view bytes);

/// Cuts all there is into updates of about so many bytes of records.
std::vector<update> cut_whole(
  std::uint64_t epoch,
  std::uint64_t version,
  std::vector<topology_record> all,
  std::size_t most_bytes = 256 * 1024);

/// Returns what a connection asks as a question; nothing where it is none for
/// the topology.
std::optional<question> to_question(amqp::request from);

} // namespace troupe::topology_frames
