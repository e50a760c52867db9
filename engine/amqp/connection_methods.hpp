#pragma once

#include <cstdint>
#include <string_view>

// Methods of class connection (10): see methods.hpp.

namespace troupe::amqp {

/// Offers protocol, mechanisms and locales; first from the server.
struct connection_start {
  static constexpr std::uint16_t class_id = 10, method_id = 10;
  static constexpr std::string_view name = "connection.start";

  std::uint8_t version_major = 0;
  std::uint8_t version_minor = 9;
  std::string_view server_properties = {}; // encoded
  std::string_view mechanisms = {};
  std::string_view locales = {};

  bool operator==(const connection_start&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.integer("version_major", m.version_major);
    v.integer("version_minor", m.version_minor);
    v.table("server_properties", m.server_properties);
    v.long_string("mechanisms", m.mechanisms);
    v.long_string("locales", m.locales);
  }
};

/// Chooses a mechanism; `response` holds secrets.
struct connection_start_ok {
  static constexpr std::uint16_t class_id = 10, method_id = 11;
  static constexpr std::string_view name = "connection.start-ok";

  std::string_view client_properties = {}; // encoded
  std::string_view mechanism = {};
  std::string_view response = {};
  std::string_view locale = {};

  bool operator==(const connection_start_ok&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.table("client_properties", m.client_properties);
    v.short_string("mechanism", m.mechanism);
    v.long_string("response", m.response);
    v.short_string("locale", m.locale);
  }
};

struct connection_secure {
  static constexpr std::uint16_t class_id = 10, method_id = 20;
  static constexpr std::string_view name = "connection.secure";

  std::string_view challenge = {};

  bool operator==(const connection_secure&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.long_string("challenge", m.challenge);
  }
};

struct connection_secure_ok {
  static constexpr std::uint16_t class_id = 10, method_id = 21;
  static constexpr std::string_view name = "connection.secure-ok";

  std::string_view response = {};

  bool operator==(const connection_secure_ok&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.long_string("response", m.response);
  }
};

/// Proposes limits; 0 is none, `heartbeat` is in seconds.
struct connection_tune {
  static constexpr std::uint16_t class_id = 10, method_id = 30;
  static constexpr std::string_view name = "connection.tune";

  std::uint16_t channel_max = 0;
  std::uint32_t frame_max = 0;
  std::uint16_t heartbeat = 0;

  bool operator==(const connection_tune&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.integer("channel_max", m.channel_max);
    v.integer("frame_max", m.frame_max);
    v.integer("heartbeat", m.heartbeat);
  }
};

struct connection_tune_ok {
  static constexpr std::uint16_t class_id = 10, method_id = 31;
  static constexpr std::string_view name = "connection.tune-ok";

  std::uint16_t channel_max = 0;
  std::uint32_t frame_max = 0;
  std::uint16_t heartbeat = 0;

  bool operator==(const connection_tune_ok&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.integer("channel_max", m.channel_max);
    v.integer("frame_max", m.frame_max);
    v.integer("heartbeat", m.heartbeat);
  }
};

struct connection_open {
  static constexpr std::uint16_t class_id = 10, method_id = 40;
  static constexpr std::string_view name = "connection.open";

  std::string_view virtual_host = {};

  bool operator==(const connection_open&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.short_string("virtual_host", m.virtual_host);
    v.reserved_short_string();
    v.reserved_octet();
  }
};

struct connection_open_ok {
  static constexpr std::uint16_t class_id = 10, method_id = 41;
  static constexpr std::string_view name = "connection.open-ok";

  bool operator==(const connection_open_ok&) const = default;
  template <class V, class M>
  static void fields(V& v, M&) {
    v.reserved_short_string();
  }
};

struct connection_close {
  static constexpr std::uint16_t class_id = 10, method_id = 50;
  static constexpr std::string_view name = "connection.close";

  std::uint16_t reply_code = 0;
  std::string_view reply_text = {};
  std::uint16_t failed_class = 0;
  std::uint16_t failed_method = 0;

  bool operator==(const connection_close&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.integer("reply_code", m.reply_code);
    v.short_string("reply_text", m.reply_text);
    v.integer("failed_class", m.failed_class);
    v.integer("failed_method", m.failed_method);
  }
};

struct connection_close_ok {
  static constexpr std::uint16_t class_id = 10, method_id = 51;
  static constexpr std::string_view name = "connection.close-ok";

  bool operator==(const connection_close_ok&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

/// Says that publishing is on hold; RabbitMQ's extension.
struct connection_blocked {
  static constexpr std::uint16_t class_id = 10, method_id = 60;
  static constexpr std::string_view name = "connection.blocked";

  std::string_view reason = {};

  bool operator==(const connection_blocked&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.short_string("reason", m.reason);
  }
};

struct connection_unblocked {
  static constexpr std::uint16_t class_id = 10, method_id = 61;
  static constexpr std::string_view name = "connection.unblocked";

  bool operator==(const connection_unblocked&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

/// Brings a new token for a running connection; RabbitMQ's extension.
struct connection_update_secret {
  static constexpr std::uint16_t class_id = 10, method_id = 70;
  static constexpr std::string_view name = "connection.update-secret";

  std::string_view new_secret = {};
  std::string_view reason = {};

  bool operator==(const connection_update_secret&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.long_string("new_secret", m.new_secret);
    v.short_string("reason", m.reason);
  }
};

struct connection_update_secret_ok {
  static constexpr std::uint16_t class_id = 10, method_id = 71;
  static constexpr std::string_view name = "connection.update-secret-ok";

  bool operator==(const connection_update_secret_ok&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

} // namespace troupe::amqp
