#pragma once

#include <cstdint>
#include <string_view>

// Methods of class queue (50): see methods.hpp.

namespace troupe::amqp {

struct queue_declare {
  static constexpr std::uint16_t class_id = 50, method_id = 10;
  static constexpr std::string_view name = "queue.declare";

  std::string_view queue = {};
  bool passive = false;
  bool durable = false;
  bool exclusive = false;
  bool auto_delete = false;
  bool nowait = false;
  std::string_view arguments = {}; // encoded

  bool operator==(const queue_declare&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.reserved_short();
    v.short_string("queue", m.queue);
    v.bits(
      {"passive", "durable", "exclusive", "auto_delete", "nowait"}, m.passive,
      m.durable, m.exclusive, m.auto_delete, m.nowait);
    v.table("arguments", m.arguments);
  }
};

struct queue_declare_ok {
  static constexpr std::uint16_t class_id = 50, method_id = 11;
  static constexpr std::string_view name = "queue.declare-ok";

  std::string_view queue = {};
  std::uint32_t message_count = 0;
  std::uint32_t consumer_count = 0;

  bool operator==(const queue_declare_ok&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.short_string("queue", m.queue);
    v.integer("message_count", m.message_count);
    v.integer("consumer_count", m.consumer_count);
  }
};

struct queue_bind {
  static constexpr std::uint16_t class_id = 50, method_id = 20;
  static constexpr std::string_view name = "queue.bind";

  std::string_view queue = {};
  std::string_view exchange = {};
  std::string_view routing_key = {};
  bool nowait = false;
  std::string_view arguments = {}; // encoded

  bool operator==(const queue_bind&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.reserved_short();
    v.short_string("queue", m.queue);
    v.short_string("exchange", m.exchange);
    v.short_string("routing_key", m.routing_key);
    v.bits({"nowait"}, m.nowait);
    v.table("arguments", m.arguments);
  }
};

struct queue_bind_ok {
  static constexpr std::uint16_t class_id = 50, method_id = 21;
  static constexpr std::string_view name = "queue.bind-ok";

  bool operator==(const queue_bind_ok&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

struct queue_purge {
  static constexpr std::uint16_t class_id = 50, method_id = 30;
  static constexpr std::string_view name = "queue.purge";

  std::string_view queue = {};
  bool nowait = false;

  bool operator==(const queue_purge&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.reserved_short();
    v.short_string("queue", m.queue);
    v.bits({"nowait"}, m.nowait);
  }
};

struct queue_purge_ok {
  static constexpr std::uint16_t class_id = 50, method_id = 31;
  static constexpr std::string_view name = "queue.purge-ok";

  std::uint32_t message_count = 0;

  bool operator==(const queue_purge_ok&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.integer("message_count", m.message_count);
  }
};

struct queue_delete {
  static constexpr std::uint16_t class_id = 50, method_id = 40;
  static constexpr std::string_view name = "queue.delete";

  std::string_view queue = {};
  bool if_unused = false;
  bool if_empty = false;
  bool nowait = false;

  bool operator==(const queue_delete&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.reserved_short();
    v.short_string("queue", m.queue);
    v.bits(
      {"if_unused", "if_empty", "nowait"}, m.if_unused, m.if_empty, m.nowait);
  }
};

struct queue_delete_ok {
  static constexpr std::uint16_t class_id = 50, method_id = 41;
  static constexpr std::string_view name = "queue.delete-ok";

  std::uint32_t message_count = 0;

  bool operator==(const queue_delete_ok&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.integer("message_count", m.message_count);
  }
};

struct queue_unbind {
  static constexpr std::uint16_t class_id = 50, method_id = 50;
  static constexpr std::string_view name = "queue.unbind";

  std::string_view queue = {};
  std::string_view exchange = {};
  std::string_view routing_key = {};
  std::string_view arguments = {}; // encoded

  bool operator==(const queue_unbind&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.reserved_short();
    v.short_string("queue", m.queue);
    v.short_string("exchange", m.exchange);
    v.short_string("routing_key", m.routing_key);
    v.table("arguments", m.arguments);
  }
};

struct queue_unbind_ok {
  static constexpr std::uint16_t class_id = 50, method_id = 51;
  static constexpr std::string_view name = "queue.unbind-ok";

  bool operator==(const queue_unbind_ok&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

} // namespace troupe::amqp
