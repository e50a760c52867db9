#include "actors/cluster/controller_hints.hpp"

#include "engine/ring/slot_map.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>

namespace troupe {

namespace json = boost::json;

namespace {

std::uint64_t number(group_id x) { return static_cast<std::uint64_t>(x); }
std::uint64_t number(cluster::member_id x) {
  return static_cast<std::uint64_t>(x);
}

struct writer {
  json::object operator()(const end_asked& x) const {
    return {{"kind", "end_asked"}, {"group", number(x.group)}};
  }
  json::object operator()(const end_told& x) const {
    return {
      {"kind", "end_told"},
      {"group", number(x.group)},
      {"member", number(x.what.member)},
      {"store", to_string(x.what.store)},
      {"epoch", x.what.end.epoch},
      {"index", x.what.end.index}};
  }
  json::object operator()(const move_asked& x) const {
    return {
      {"kind", "move_asked"},
      {"group", number(x.group)},
      {"member", number(x.to)}};
  }
  json::object operator()(const leader_asked& x) const {
    return {
      {"kind", "leader_asked"}, {"group", number(x.group)}, {"epoch", x.epoch}};
  }
  json::object operator()(const unreachable_told& x) const {
    return {{"kind", "unreachable"}, {"member", number(x.about)}};
  }
};

// These throw where a field is missing or of another kind.

group_id group_in(const json::object& from) {
  auto read = from.at("group").to_number<std::uint8_t>();
  if (read >= groups) throw std::out_of_range{"group"};
  return group_id{read};
}

cluster::member_id member_in(const json::object& from) {
  return cluster::member_id{from.at("member").to_number<std::uint16_t>()};
}

controller_hint read(const json::object& from) {
  auto kind = std::string{from.at("kind").as_string()};
  if (kind == "end_asked") return end_asked{group_in(from)};
  if (kind == "move_asked") return move_asked{group_in(from), member_in(from)};
  if (kind == "unreachable") return unreachable_told{member_in(from)};
  if (kind == "leader_asked")
    return leader_asked{
      group_in(from), from.at("epoch").to_number<std::uint64_t>()};
  if (kind != "end_told") throw std::out_of_range{"kind"};
  auto store =
    cluster::parse_store_id(std::string{from.at("store").as_string()});
  if (!store) throw std::out_of_range{"store"};
  auto end = cluster::log_mark{
    from.at("epoch").to_number<std::uint64_t>(),
    from.at("index").to_number<std::uint64_t>()};
  return end_told{group_in(from), {member_in(from), *store, end}};
}

} // namespace

std::string encode(const controller_hint& what) {
  return json::serialize(std::visit(writer{}, what));
}

result<controller_hint> decode_hint(std::string_view bytes) {
  try {
    auto options = json::parse_options{};
    options.max_depth = 4;
    auto root = json::parse({bytes.data(), bytes.size()}, {}, options);
    return read(root.as_object());
  } catch (const std::exception& e) {
    return error{
      errc::corrupt,
      std::string{"a hint for the controller is not understood: "} + e.what()};
  }
}

} // namespace troupe
