#pragma once

#include <cstdint>
#include <string_view>

// Methods of class exchange (40): see methods.hpp.

namespace troupe::amqp {

struct exchange_declare {
  static constexpr std::uint16_t class_id = 40, method_id = 10;
  static constexpr std::string_view name = "exchange.declare";

  std::string_view exchange = {};
  std::string_view type = {};
  bool passive = false;
  bool durable = false;
  bool auto_delete = false;
  bool internal = false;
  bool nowait = false;
  std::string_view arguments = {}; // encoded

  bool operator==(const exchange_declare&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.reserved_short();
    v.short_string("exchange", m.exchange);
    v.short_string("type", m.type);
    v.bits(
      {"passive", "durable", "auto_delete", "internal", "nowait"}, m.passive,
      m.durable, m.auto_delete, m.internal, m.nowait);
    v.table("arguments", m.arguments);
  }
};

struct exchange_declare_ok {
  static constexpr std::uint16_t class_id = 40, method_id = 11;
  static constexpr std::string_view name = "exchange.declare-ok";

  bool operator==(const exchange_declare_ok&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

struct exchange_delete {
  static constexpr std::uint16_t class_id = 40, method_id = 20;
  static constexpr std::string_view name = "exchange.delete";

  std::string_view exchange = {};
  bool if_unused = false;
  bool nowait = false;

  bool operator==(const exchange_delete&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.reserved_short();
    v.short_string("exchange", m.exchange);
    v.bits({"if_unused", "nowait"}, m.if_unused, m.nowait);
  }
};

struct exchange_delete_ok {
  static constexpr std::uint16_t class_id = 40, method_id = 21;
  static constexpr std::string_view name = "exchange.delete-ok";

  bool operator==(const exchange_delete_ok&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

struct exchange_bind {
  static constexpr std::uint16_t class_id = 40, method_id = 30;
  static constexpr std::string_view name = "exchange.bind";

  std::string_view destination = {};
  std::string_view source = {};
  std::string_view routing_key = {};
  bool nowait = false;
  std::string_view arguments = {}; // encoded

  bool operator==(const exchange_bind&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.reserved_short();
    v.short_string("destination", m.destination);
    v.short_string("source", m.source);
    v.short_string("routing_key", m.routing_key);
    v.bits({"nowait"}, m.nowait);
    v.table("arguments", m.arguments);
  }
};

struct exchange_bind_ok {
  static constexpr std::uint16_t class_id = 40, method_id = 31;
  static constexpr std::string_view name = "exchange.bind-ok";

  bool operator==(const exchange_bind_ok&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

struct exchange_unbind {
  static constexpr std::uint16_t class_id = 40, method_id = 40;
  static constexpr std::string_view name = "exchange.unbind";

  std::string_view destination = {};
  std::string_view source = {};
  std::string_view routing_key = {};
  bool nowait = false;
  std::string_view arguments = {}; // encoded

  bool operator==(const exchange_unbind&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.reserved_short();
    v.short_string("destination", m.destination);
    v.short_string("source", m.source);
    v.short_string("routing_key", m.routing_key);
    v.bits({"nowait"}, m.nowait);
    v.table("arguments", m.arguments);
  }
};

/// Has number 51, not 41: so it was published once.
struct exchange_unbind_ok {
  static constexpr std::uint16_t class_id = 40, method_id = 51;
  static constexpr std::string_view name = "exchange.unbind-ok";

  bool operator==(const exchange_unbind_ok&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

} // namespace troupe::amqp
