#pragma once

#include <cstdint>
#include <string_view>

// Methods of class basic (60): see methods.hpp.

namespace troupe::amqp {

/// Limits what is on loan; `prefetch_size` is in bytes.
struct basic_qos {
  static constexpr std::uint16_t class_id = 60, method_id = 10;
  static constexpr std::string_view name = "basic.qos";

  std::uint32_t prefetch_size = 0;
  std::uint16_t prefetch_count = 0;
  bool global = false;

  bool operator==(const basic_qos&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.integer("prefetch_size", m.prefetch_size);
    v.integer("prefetch_count", m.prefetch_count);
    v.bits({"global"}, m.global);
  }
};

struct basic_qos_ok {
  static constexpr std::uint16_t class_id = 60, method_id = 11;
  static constexpr std::string_view name = "basic.qos-ok";

  bool operator==(const basic_qos_ok&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

struct basic_consume {
  static constexpr std::uint16_t class_id = 60, method_id = 20;
  static constexpr std::string_view name = "basic.consume";

  std::string_view queue = {};
  std::string_view consumer_tag = {};
  bool no_local = false;
  bool no_ack = false;
  bool exclusive = false;
  bool nowait = false;
  std::string_view arguments = {}; // encoded

  bool operator==(const basic_consume&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.reserved_short();
    v.short_string("queue", m.queue);
    v.short_string("consumer_tag", m.consumer_tag);
    v.bits(
      {"no_local", "no_ack", "exclusive", "nowait"}, m.no_local, m.no_ack,
      m.exclusive, m.nowait);
    v.table("arguments", m.arguments);
  }
};

struct basic_consume_ok {
  static constexpr std::uint16_t class_id = 60, method_id = 21;
  static constexpr std::string_view name = "basic.consume-ok";

  std::string_view consumer_tag = {};

  bool operator==(const basic_consume_ok&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.short_string("consumer_tag", m.consumer_tag);
  }
};

struct basic_cancel {
  static constexpr std::uint16_t class_id = 60, method_id = 30;
  static constexpr std::string_view name = "basic.cancel";

  std::string_view consumer_tag = {};
  bool nowait = false;

  bool operator==(const basic_cancel&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.short_string("consumer_tag", m.consumer_tag);
    v.bits({"nowait"}, m.nowait);
  }
};

struct basic_cancel_ok {
  static constexpr std::uint16_t class_id = 60, method_id = 31;
  static constexpr std::string_view name = "basic.cancel-ok";

  std::string_view consumer_tag = {};

  bool operator==(const basic_cancel_ok&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.short_string("consumer_tag", m.consumer_tag);
  }
};

struct basic_publish {
  static constexpr std::uint16_t class_id = 60, method_id = 40;
  static constexpr std::string_view name = "basic.publish";

  std::string_view exchange = {};
  std::string_view routing_key = {};
  bool mandatory = false;
  bool immediate = false;

  bool operator==(const basic_publish&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.reserved_short();
    v.short_string("exchange", m.exchange);
    v.short_string("routing_key", m.routing_key);
    v.bits({"mandatory", "immediate"}, m.mandatory, m.immediate);
  }
};

struct basic_return {
  static constexpr std::uint16_t class_id = 60, method_id = 50;
  static constexpr std::string_view name = "basic.return";

  std::uint16_t reply_code = 0;
  std::string_view reply_text = {};
  std::string_view exchange = {};
  std::string_view routing_key = {};

  bool operator==(const basic_return&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.integer("reply_code", m.reply_code);
    v.short_string("reply_text", m.reply_text);
    v.short_string("exchange", m.exchange);
    v.short_string("routing_key", m.routing_key);
  }
};

struct basic_deliver {
  static constexpr std::uint16_t class_id = 60, method_id = 60;
  static constexpr std::string_view name = "basic.deliver";

  std::string_view consumer_tag = {};
  std::uint64_t delivery_tag = 0;
  bool redelivered = false;
  std::string_view exchange = {};
  std::string_view routing_key = {};

  bool operator==(const basic_deliver&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.short_string("consumer_tag", m.consumer_tag);
    v.integer("delivery_tag", m.delivery_tag);
    v.bits({"redelivered"}, m.redelivered);
    v.short_string("exchange", m.exchange);
    v.short_string("routing_key", m.routing_key);
  }
};

struct basic_get {
  static constexpr std::uint16_t class_id = 60, method_id = 70;
  static constexpr std::string_view name = "basic.get";

  std::string_view queue = {};
  bool no_ack = false;

  bool operator==(const basic_get&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.reserved_short();
    v.short_string("queue", m.queue);
    v.bits({"no_ack"}, m.no_ack);
  }
};

struct basic_get_ok {
  static constexpr std::uint16_t class_id = 60, method_id = 71;
  static constexpr std::string_view name = "basic.get-ok";

  std::uint64_t delivery_tag = 0;
  bool redelivered = false;
  std::string_view exchange = {};
  std::string_view routing_key = {};
  std::uint32_t message_count = 0;

  bool operator==(const basic_get_ok&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.integer("delivery_tag", m.delivery_tag);
    v.bits({"redelivered"}, m.redelivered);
    v.short_string("exchange", m.exchange);
    v.short_string("routing_key", m.routing_key);
    v.integer("message_count", m.message_count);
  }
};

struct basic_get_empty {
  static constexpr std::uint16_t class_id = 60, method_id = 72;
  static constexpr std::string_view name = "basic.get-empty";

  bool operator==(const basic_get_empty&) const = default;
  template <class V, class M>
  static void fields(V& v, M&) {
    v.reserved_short_string();
  }
};

/// Settles; from the server it confirms what was published.
struct basic_ack {
  static constexpr std::uint16_t class_id = 60, method_id = 80;
  static constexpr std::string_view name = "basic.ack";

  std::uint64_t delivery_tag = 0;
  bool multiple = false;

  bool operator==(const basic_ack&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.integer("delivery_tag", m.delivery_tag);
    v.bits({"multiple"}, m.multiple);
  }
};

struct basic_reject {
  static constexpr std::uint16_t class_id = 60, method_id = 90;
  static constexpr std::string_view name = "basic.reject";

  std::uint64_t delivery_tag = 0;
  bool requeue = false;

  bool operator==(const basic_reject&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.integer("delivery_tag", m.delivery_tag);
    v.bits({"requeue"}, m.requeue);
  }
};

struct basic_recover_async {
  static constexpr std::uint16_t class_id = 60, method_id = 100;
  static constexpr std::string_view name = "basic.recover-async";

  bool requeue = false;

  bool operator==(const basic_recover_async&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.bits({"requeue"}, m.requeue);
  }
};

struct basic_recover {
  static constexpr std::uint16_t class_id = 60, method_id = 110;
  static constexpr std::string_view name = "basic.recover";

  bool requeue = false;

  bool operator==(const basic_recover&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.bits({"requeue"}, m.requeue);
  }
};

struct basic_recover_ok {
  static constexpr std::uint16_t class_id = 60, method_id = 111;
  static constexpr std::string_view name = "basic.recover-ok";

  bool operator==(const basic_recover_ok&) const = default;
  template <class V, class M>
  static void fields(V&, M&) {}
};

/// Settles many as failed; RabbitMQ's extension.
struct basic_nack {
  static constexpr std::uint16_t class_id = 60, method_id = 120;
  static constexpr std::string_view name = "basic.nack";

  std::uint64_t delivery_tag = 0;
  bool multiple = false;
  bool requeue = false;

  bool operator==(const basic_nack&) const = default;
  template <class V, class M>
  static void fields(V& v, M& m) {
    v.integer("delivery_tag", m.delivery_tag);
    v.bits({"multiple", "requeue"}, m.multiple, m.requeue);
  }
};

} // namespace troupe::amqp
