#include "engine/routing/topology_record.hpp"

#include "engine/base/bytes.hpp"

#include <utility>

namespace troupe {

namespace {

constexpr auto version = std::uint8_t{1};

enum flag : std::uint8_t {
  auto_delete = 1,
  internal = 2,
  by_priority = 4,
  to_exchange = 8,
  server_named = 16,
  in_memory = 32,
  exclusive = 64,
  called_durable = 128, // of an exclusive queue, which is not, whatever it says
};

// -- keys

/// Appends a part so that no other parts give the same bytes.
void put_part(std::string& key, std::string_view part) {
  key += std::to_string(part.size());
  key += ':';
  key += part;
}

struct key_of {
  std::string operator()(const vhost_exists&) const { return "vhost"; }
  std::string operator()(const exchange_declaration& v) const {
    return "exchange/" + v.name;
  }
  std::string operator()(const stored_queue& v) const {
    return "queue/" + v.declared.name;
  }
  std::string operator()(const binding& v) const {
    auto key = std::string{"binding/"};
    put_part(key, v.source);
    key += v.to == binding::kind::queue ? 'q' : 'x';
    put_part(key, v.destination);
    put_part(key, v.routing_key);
    if (!v.arguments.fields.empty()) put_part(key, encode(v.arguments));
    return key;
  }
};

// -- values: version, flags, then these

struct writer {
  std::string& out;
  int always = 0; // flags

  void flags(int set) { put(out, static_cast<std::uint8_t>(set | always)); }

  void operator()(const vhost_exists&) { flags(0); }
  void operator()(const exchange_declaration& v) {
    flags((v.auto_delete ? auto_delete : 0) | (v.internal ? internal : 0));
    put_text(out, v.name);
    put_text(out, v.type);
    put_text(out, encode(v.arguments));
  }
  void operator()(const stored_queue& v) {
    const auto& [declared, made, owner] = v;
    auto is_exclusive = always != 0 && declared.exclusive;
    flags(
      (declared.auto_delete ? auto_delete : 0)
      | (made.by_priority ? by_priority : 0)
      | (declared.is_server_named ? server_named : 0)
      | (is_exclusive ? exclusive : 0)
      | (is_exclusive && declared.durable ? called_durable : 0));
    put_text(out, declared.name);
    put(out, static_cast<std::uint64_t>(made.id));
    put(out, made.partitions);
    put_text(out, made.order_key ? made.order_key->to_string() : "");
    put_text(out, encode(declared.arguments));
    if (is_exclusive) put(out, owner);
  }
  void operator()(const binding& v) {
    flags(v.to == binding::kind::exchange ? to_exchange : 0);
    put_text(out, v.source);
    put_text(out, v.destination);
    put_text(out, v.routing_key);
    put_text(out, encode(v.arguments));
  }
};

// -- reading

field_table take_table(byte_reader& from) {
  auto read = decode_field_table(from.take_text());
  if (read) return std::move(*read);
  from.fail();
  return {};
}

std::string take_string(byte_reader& from) {
  return std::string{from.take_text()};
}

stored_thing take_exchange(byte_reader& from, int flags) {
  auto made = exchange_declaration{};
  made.durable = !(flags & in_memory);
  made.auto_delete = flags & auto_delete;
  made.internal = flags & internal;
  made.name = take_string(from);
  made.type = take_string(from);
  made.arguments = take_table(from);
  return made;
}

std::optional<key_expression> take_order_key(byte_reader& from) {
  auto text = from.take_text();
  if (text.empty()) return std::nullopt;
  auto read = key_expression::parse(text);
  if (read) return *read;
  from.fail();
  return std::nullopt;
}

/// Says whether a queue's flags make sense: only a connection's own queue is
/// exclusive, and none such is durable.
bool is_whole(int flags, std::uint64_t owner) {
  if (!(flags & exclusive)) return !(flags & called_durable);
  return (flags & in_memory) && owner != 0;
}

stored_thing take_queue(byte_reader& from, int flags) {
  auto read = stored_queue{};
  read.declared.durable = !(flags & in_memory) || (flags & called_durable);
  read.declared.exclusive = flags & exclusive;
  read.declared.auto_delete = flags & auto_delete;
  read.declared.is_server_named = flags & server_named;
  read.declared.name = take_string(from);
  read.made.id = queue_id{from.take<std::uint64_t>()};
  read.made.partitions = from.take<std::uint16_t>();
  read.made.by_priority = flags & by_priority;
  read.made.order_key = take_order_key(from);
  read.declared.arguments = take_table(from);
  if (read.declared.exclusive) read.owner = from.take<std::uint64_t>();
  if (read.made.partitions == 0 || !is_whole(flags, read.owner)) from.fail();
  return read;
}

stored_thing take_binding(byte_reader& from, int flags) {
  auto made = binding{};
  made.to =
    flags & to_exchange ? binding::kind::exchange : binding::kind::queue;
  made.source = take_string(from);
  made.destination = take_string(from);
  made.routing_key = take_string(from);
  made.arguments = take_table(from);
  return made;
}

stored_thing take_thing(std::string_view key, byte_reader& from, int flags) {
  if (key == "vhost") return vhost_exists{};
  if (key.starts_with("exchange/")) return take_exchange(from, flags);
  if (key.starts_with("queue/")) return take_queue(from, flags);
  if (key.starts_with("binding/")) return take_binding(from, flags);
  from.fail();
  return vhost_exists{};
}

} // namespace

std::string record_key(const stored_thing& thing) {
  return std::visit(key_of{}, thing);
}

namespace {

topology_record
written(const std::string& vhost, const stored_thing& thing, int always) {
  auto value = std::string{};
  put(value, version);
  std::visit(writer{value, always}, thing);
  return {vhost, record_key(thing), std::move(value)};
}

} // namespace

topology_record keeping(const std::string& vhost, const stored_thing& thing) {
  return written(vhost, thing, 0);
}

topology_record sharing(const std::string& vhost, const stored_thing& thing) {
  return written(vhost, thing, in_memory);
}

topology_record erasing(const std::string& vhost, const stored_thing& thing) {
  return {vhost, record_key(thing), std::nullopt};
}

bool is_in_memory(const topology_record& record) {
  const auto& value = record.value;
  return value && value->size() > 1 && ((*value)[1] & in_memory) != 0;
}

result<stored_thing> read_record(std::string_view key, std::string_view value) {
  auto from = byte_reader{value};
  auto format = from.take<std::uint8_t>();
  if (from.ok() && format > version)
    return error{
      errc::newer_format, "a stored exchange, queue or binding is of format "
                            + std::to_string(format)
                            + "; start the release that wrote it"};
  auto flags = from.take<std::uint8_t>();
  auto read = take_thing(key, from, flags);
  if (format == version && from.ok() && from.at_end())
    if (record_key(read) == key) return read;
  return error{
    errc::corrupt, "what is stored under '" + std::string{key}
                     + "' is damaged; restore the data folder from a backup"};
}

} // namespace troupe
