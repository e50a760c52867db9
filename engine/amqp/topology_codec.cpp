#include "engine/amqp/topology_codec.hpp"

#include "engine/base/bytes.hpp"

#include <optional>
#include <type_traits>
#include <utility>

namespace troupe::topology_frames {

namespace {

constexpr auto version = std::uint8_t{1};

// -- the fields of each, in order, for whoever writes or reads

template <class Fields>
void list(Fields& with, amqp::open_vhost& x) {
  with(x.vhost);
}

template <class Fields>
void list(Fields& with, amqp::declare_exchange& x) {
  with(
    x.vhost, x.name, x.type, x.passive, x.durable, x.auto_delete, x.internal,
    x.arguments);
}

template <class Fields>
void list(Fields& with, amqp::delete_exchange& x) {
  with(x.vhost, x.name, x.if_unused);
}

template <class Fields>
void list(Fields& with, amqp::change_binding& x) {
  with(
    x.vhost, x.source, x.destination, x.to_queue, x.adds, x.routing_key,
    x.arguments);
}

template <class Fields>
void list(Fields& with, amqp::declare_queue& x) {
  with(
    x.vhost, x.name, x.passive, x.durable, x.exclusive, x.auto_delete,
    x.arguments);
}

template <class Fields>
void list(Fields& with, amqp::delete_queue& x) {
  with(x.vhost, x.name, x.if_unused, x.if_empty);
}

template <class Fields>
void list(Fields& with, amqp::purge_queue& x) {
  with(x.vhost, x.name);
}

template <class Fields>
void list(Fields&, connection_gone&) {}

template <class Fields>
void list(Fields& with, queue_unused& x) {
  with(x.which, x.only_if_unused);
}

template <class Fields>
void list(Fields& with, queue_gone& x) {
  with(x.which);
}

template <class Fields>
void list(Fields& with, amqp::done& x) {
  with(x.queue, x.messages, x.consumers);
}

template <class Fields>
void list(Fields& with, amqp::refused& x) {
  with(x.code, x.text);
}

template <class Fields>
void list(Fields& with, topology_record& x) {
  with(x.vhost, x.key, x.value);
}

template <class Fields>
void list(Fields& with, ask& x) {
  with(x.number, x.connection, x.is_server_named, x.what);
}

template <class Fields>
void list(Fields& with, answer& x) {
  with(x.number, x.version, x.what);
}

template <class Fields>
void list(Fields& with, update& x) {
  with(x.epoch, x.version, x.what, x.records);
}

template <class Fields>
void list(Fields& with, want& x) {
  with(x.epoch);
}

// -- writing

struct writer {
  std::string& out;

  template <class... Values>
  void operator()(Values&... values) {
    (one(values), ...);
  }

  template <std::unsigned_integral T>
  void one(T& x) {
    put(out, x);
  }
  void one(bool& x) { put(out, static_cast<std::uint8_t>(x)); }
  void one(queue_id& x) { put(out, static_cast<std::uint64_t>(x)); }
  void one(update::part& x) { put(out, static_cast<std::uint8_t>(x)); }
  void one(amqp::reply_code& x) { put(out, static_cast<std::uint16_t>(x)); }
  void one(std::string& x) { put_text(out, x); }
  void one(field_table& x) { put_text(out, troupe::encode(x)); }
  void one(std::optional<std::string>& x) {
    put(out, static_cast<std::uint8_t>(x.has_value()));
    if (x) put_text(out, *x);
  }
  void one(std::vector<topology_record>& all) {
    put(out, static_cast<std::uint32_t>(all.size()));
    for (auto& x : all) list(*this, x);
  }
  template <class... Kinds>
  void one(std::variant<Kinds...>& x) {
    put(out, static_cast<std::uint8_t>(x.index()));
    std::visit([this](auto& what) { list(*this, what); }, x);
  }
};

// -- reading

struct reader {
  byte_reader& from;

  template <class... Values>
  void operator()(Values&... values) {
    (one(values), ...);
  }

  template <std::unsigned_integral T>
  void one(T& x) {
    x = from.take<T>();
  }
  void one(bool& x) { x = take_up_to(1) != 0; }
  void one(queue_id& x) { x = queue_id{from.take<std::uint64_t>()}; }
  void one(amqp::reply_code& x) {
    x = static_cast<amqp::reply_code>(from.take<std::uint16_t>());
  }
  void one(update::part& x) {
    x = static_cast<update::part>(
      take_up_to(static_cast<std::uint8_t>(update::part::only)));
  }
  void one(std::string& x) { x = from.take_text(); }
  void one(field_table& x) {
    auto read = decode_field_table(from.take_text());
    if (read)
      x = std::move(*read);
    else
      from.fail();
  }
  void one(std::optional<std::string>& x) {
    if (take_up_to(1) != 0) x = std::string{from.take_text()};
  }
  /// Grows by what is there, not by what is announced.
  void one(std::vector<topology_record>& all) {
    auto count = from.take<std::uint32_t>();
    for (std::uint32_t i = 0; i < count && from.ok(); ++i)
      list(*this, all.emplace_back());
  }
  template <class... Kinds>
  void one(std::variant<Kinds...>& x) {
    auto which = take_up_to(sizeof...(Kinds) - 1);
    auto index = std::uint8_t{0};
    ((index++ == which ? take_as<Kinds>(x) : void()), ...);
  }

private:
  template <class Kind, class Variant>
  void take_as(Variant& x) {
    list(*this, x.template emplace<Kind>());
  }
  std::uint8_t take_up_to(std::size_t most) {
    auto taken = from.take<std::uint8_t>();
    if (taken > most) from.fail();
    return taken > most ? std::uint8_t{0} : taken;
  }
};

std::size_t size_of(const topology_record& x) {
  constexpr auto lengths = std::size_t{13};
  return x.vhost.size() + x.key.size() + x.value.value_or("").size() + lengths;
}

} // namespace

std::string encode(const frame& what) {
  auto made = std::string{};
  put(made, version);
  auto written = what; // one list of fields does for writing and reading
  writer{made}(written);
  return made;
}

result<frame> decode(std::string_view bytes) {
  auto from = byte_reader{bytes};
  auto format = from.take<std::uint8_t>();
  if (from.ok() && format > version)
    return error{
      errc::newer_format, "another member's topology speaks format "
                            + std::to_string(format)
                            + "; start the same release on every member"};
  auto made = frame{};
  reader{from}(made);
  if (format == version && from.ok() && from.at_end()) return made;
  return error{
    errc::corrupt, "what another member's topology sent makes no sense; start "
                   "the same release on every member"};
}

std::vector<update> cut_whole(
  std::uint64_t epoch,
  std::uint64_t version,
  std::vector<topology_record> all,
  std::size_t most_bytes) {
  using part = update::part;
  auto made = std::vector<update>{{epoch, version, part::middle, {}}};
  auto bytes = std::size_t{0};
  for (auto& x : all) {
    if (bytes > 0 && bytes + size_of(x) > most_bytes) {
      made.push_back({epoch, version, part::middle, {}});
      bytes = 0;
    }
    bytes += size_of(x);
    made.back().records.push_back(std::move(x));
  }
  made.front().what = part::first;
  made.back().what = made.size() == 1 ? part::only : part::last;
  return made;
}

std::optional<question> to_question(amqp::request from) {
  return std::visit(
    [](auto& x) -> std::optional<question> {
      if constexpr (std::is_constructible_v<question, decltype(x)>)
        return question{std::move(x)};
      else
        return std::nullopt;
    },
    from);
}

} // namespace troupe::topology_frames
