#pragma once

#include <cstdint>
#include <string_view>

// Methods of the classes channel (20), access (30), confirm (85) and tx (90):
// see methods.hpp.

namespace troupe::amqp {

// -- channel

struct channel_open {
  static constexpr std::uint16_t class_id = 20, method_id = 10;
  static constexpr std::string_view name = "channel.open";

  bool operator==(const channel_open&) const = default;
  template <class V, class M>
  static void fields(V& v, M&) {
    v.reserved_short_string();
  }
};

struct channel_open_ok {
  static constexpr std::uint16_t class_id = 20, method_id = 11;
  static constexpr std::string_view name = "channel.open-ok";

  bool operator==(const channel_open_ok&) const = default;
  template <class V, class M>
  static void fields(V& v, M&) {
    v.reserved_long_string();
  }
};

struct channel_flow {
  static constexpr std::uint16_t class_id = 20, method_id = 20;
  static constexpr std::string_view name = "channel.flow";

  bool active = false;

  bool operator==(const channel_flow&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.bits({"active"}, m.active);
  }
};

struct channel_flow_ok {
  static constexpr std::uint16_t class_id = 20, method_id = 21;
  static constexpr std::string_view name = "channel.flow-ok";

  bool active = false;

  bool operator==(const channel_flow_ok&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.bits({"active"}, m.active);
  }
};

struct channel_close {
  static constexpr std::uint16_t class_id = 20, method_id = 40;
  static constexpr std::string_view name = "channel.close";

  std::uint16_t reply_code = 0;
  std::string_view reply_text = {};
  std::uint16_t failed_class = 0;
  std::uint16_t failed_method = 0;

  bool operator==(const channel_close&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.integer("reply_code", m.reply_code);
    v.short_string("reply_text", m.reply_text);
    v.integer("failed_class", m.failed_class);
    v.integer("failed_method", m.failed_method);
  }
};

struct channel_close_ok {
  static constexpr std::uint16_t class_id = 20, method_id = 41;
  static constexpr std::string_view name = "channel.close-ok";

  bool operator==(const channel_close_ok&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

// -- access

/// Asks for a ticket, which nothing needs; clients of AMQP 0-8 still do.
struct access_request {
  static constexpr std::uint16_t class_id = 30, method_id = 10;
  static constexpr std::string_view name = "access.request";

  std::string_view realm = {};
  bool exclusive = false;
  bool passive = false;
  bool active = false;
  bool write = false;
  bool read = false;

  bool operator==(const access_request&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.short_string("realm", m.realm);
    v.bits(
      {"exclusive", "passive", "active", "write", "read"}, m.exclusive,
      m.passive, m.active, m.write, m.read);
  }
};

struct access_request_ok {
  static constexpr std::uint16_t class_id = 30, method_id = 11;
  static constexpr std::string_view name = "access.request-ok";

  std::uint16_t ticket = 1;

  bool operator==(const access_request_ok&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.integer("ticket", m.ticket);
  }
};

// -- confirm

/// Asks for confirms of what is published; RabbitMQ's extension.
struct confirm_select {
  static constexpr std::uint16_t class_id = 85, method_id = 10;
  static constexpr std::string_view name = "confirm.select";

  bool nowait = false;

  bool operator==(const confirm_select&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.bits({"nowait"}, m.nowait);
  }
};

struct confirm_select_ok {
  static constexpr std::uint16_t class_id = 85, method_id = 11;
  static constexpr std::string_view name = "confirm.select-ok";

  bool operator==(const confirm_select_ok&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

// -- tx

struct tx_select {
  static constexpr std::uint16_t class_id = 90, method_id = 10;
  static constexpr std::string_view name = "tx.select";

  bool operator==(const tx_select&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

struct tx_select_ok {
  static constexpr std::uint16_t class_id = 90, method_id = 11;
  static constexpr std::string_view name = "tx.select-ok";

  bool operator==(const tx_select_ok&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

struct tx_commit {
  static constexpr std::uint16_t class_id = 90, method_id = 20;
  static constexpr std::string_view name = "tx.commit";

  bool operator==(const tx_commit&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

struct tx_commit_ok {
  static constexpr std::uint16_t class_id = 90, method_id = 21;
  static constexpr std::string_view name = "tx.commit-ok";

  bool operator==(const tx_commit_ok&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

struct tx_rollback {
  static constexpr std::uint16_t class_id = 90, method_id = 30;
  static constexpr std::string_view name = "tx.rollback";

  bool operator==(const tx_rollback&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

struct tx_rollback_ok {
  static constexpr std::uint16_t class_id = 90, method_id = 31;
  static constexpr std::string_view name = "tx.rollback-ok";

  bool operator==(const tx_rollback_ok&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

} // namespace troupe::amqp
