#pragma once

#include "engine/amqp/basic_methods.hpp"
#include "engine/amqp/channel_methods.hpp"
#include "engine/amqp/connection_methods.hpp"
#include "engine/amqp/error.hpp"
#include "engine/amqp/exchange_methods.hpp"
#include "engine/amqp/queue_methods.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

// The methods of AMQP 0-9-1 with RabbitMQ's extensions: one struct for each,
// and in it one description of its layout, `fields`, that encoder, decoder and
// printer walk.
//
// Strings are views: of the frame they were decoded from. Tables stay encoded,
// their length in front, for field_table.hpp to decode; an empty view is
// written as an empty table. Bits that follow each other share an octet.
// Reserved fields are written as zeros and skipped when read.

namespace troupe::amqp {

using method = std::variant<
  connection_start,
  connection_start_ok,
  connection_secure,
  connection_secure_ok,
  connection_tune,
  connection_tune_ok,
  connection_open,
  connection_open_ok,
  connection_close,
  connection_close_ok,
  connection_blocked,
  connection_unblocked,
  connection_update_secret,
  connection_update_secret_ok,
  channel_open,
  channel_open_ok,
  channel_flow,
  channel_flow_ok,
  channel_close,
  channel_close_ok,
  access_request,
  access_request_ok,
  exchange_declare,
  exchange_declare_ok,
  exchange_delete,
  exchange_delete_ok,
  exchange_bind,
  exchange_bind_ok,
  exchange_unbind,
  exchange_unbind_ok,
  queue_declare,
  queue_declare_ok,
  queue_bind,
  queue_bind_ok,
  queue_purge,
  queue_purge_ok,
  queue_delete,
  queue_delete_ok,
  queue_unbind,
  queue_unbind_ok,
  basic_qos,
  basic_qos_ok,
  basic_consume,
  basic_consume_ok,
  basic_cancel,
  basic_cancel_ok,
  basic_publish,
  basic_return,
  basic_deliver,
  basic_get,
  basic_get_ok,
  basic_get_empty,
  basic_ack,
  basic_reject,
  basic_recover_async,
  basic_recover,
  basic_recover_ok,
  basic_nack,
  confirm_select,
  confirm_select_ok,
  tx_select,
  tx_select_ok,
  tx_commit,
  tx_commit_ok,
  tx_rollback,
  tx_rollback_ok>;

/// A method's class and number as one.
constexpr std::uint32_t
method_key(std::uint16_t class_id, std::uint16_t method_id) {
  return std::uint32_t{class_id} << 16 | method_id;
}

template <class M>
constexpr std::uint32_t key_of = method_key(M::class_id, M::method_id);

/// Returns the key a method frame's payload begins with; 0 where it is shorter.
std::uint32_t key_in(std::string_view payload);

/// Reads the payload of a method frame. Fails with 503 for a method that does
/// not exist, with 502 for fields that are cut short or followed by more.
checked<method> decode_method(std::string_view payload);

/// Read the payloads of the methods that come with every message, and so are
/// worth a way of their own. False where it is something else or damaged.
bool decode(std::string_view payload, basic_publish& to);
bool decode(std::string_view payload, basic_ack& to);

/// Returns a line for logs: name and fields. Text is escaped and cut; long
/// strings show their length alone, since they may be secrets.
std::string to_string(const method& of);

} // namespace troupe::amqp
