#include "engine/coordinator/cluster_records.hpp"

#include "engine/base/id_text.hpp"
#include "engine/ring/slot_map.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <charconv>
#include <exception>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace troupe {

namespace json = boost::json;

using cluster::in_sync_member;
using cluster::member_id;
using cluster::member_state;
using cluster::record_cause;

namespace {

constexpr record_cause causes[] = {
  record_cause::creation,    record_cause::failover, record_cause::move,
  record_cause::resignation, record_cause::shrink,   record_cause::expand,
  record_cause::removal,     record_cause::operation};

constexpr member_state states[] = {
  member_state::joining, member_state::up, member_state::draining};

// -- reading

/// Reads the fields of one object; the first that does not fit is kept as the
/// error, and what is read from then on means nothing.
class field_reader {
public:
  field_reader(std::string_view key, std::string_view text) : key_{key} {
    if (text.size() > most_record_bytes) {
      fail("its size");
      return;
    }
    try {
      auto ec = boost::system::error_code{};
      auto options = json::parse_options{};
      options.max_depth = 8;
      root_ = json::parse({text.data(), text.size()}, ec, {}, options);
      if (!ec) fields_ = root_.if_object();
    } catch (const std::exception&) {
      fields_ = nullptr;
    }
    if (!fields_) fail("its text, which is no JSON object,");
  }

  const error& fault() const { return fault_; }

  template <class Number>
  Number number(const char* name) {
    return number_in<Number>(find(name), name);
  }

  /// A number that earlier versions did not write: 0 where it is missing.
  template <class Number>
  Number number_or_none(const char* name) {
    return find(name) ? number<Number>(name) : Number{};
  }

  std::string text(const char* name) {
    auto found = find(name);
    auto text = found ? found->if_string() : nullptr;
    if (text && text->size() <= most_field_bytes)
      return {text->data(), text->size()};
    fail(name);
    return {};
  }

  /// A text that earlier versions did not write: empty where it is missing.
  std::string text_or_none(const char* name) {
    return find(name) ? text(name) : std::string{};
  }

  cluster::store_id store(const char* name) {
    auto id = cluster::parse_store_id(text(name));
    if (id) return *id;
    fail(name);
    return {};
  }

  std::vector<member_id> members(const char* name) {
    auto all = std::vector<member_id>{};
    for (const auto& x : array(name)) {
      all.push_back(member_id{number_in<std::uint16_t>(&x, name)});
      if (all.back() == cluster::nobody) fail(name);
    }
    check_once(all, name);
    return all;
  }

  std::vector<in_sync_member> in_sync(const char* name) {
    auto all = std::vector<in_sync_member>{};
    auto ids = std::vector<member_id>{};
    for (const auto& x : array(name)) {
      auto fields = x.if_object();
      if (!fields) return fail(name), all;
      auto inner = field_reader{key_, *fields};
      ids.push_back(member_id{inner.number<std::uint16_t>("id")});
      all.push_back({ids.back(), inner.store("store_id")});
      if (inner.fault_.code != errc::none || ids.back() == cluster::nobody)
        fail(name);
    }
    check_once(ids, name);
    return all;
  }

  /// Reads one of `all` by its name.
  template <class Named>
  Named named(const char* name, std::span<const Named> all) {
    auto wanted = text(name);
    for (auto x : all)
      if (to_string(x) == wanted) return x;
    fail(name);
    return {};
  }

  void fail(std::string_view what) {
    if (fault_.code != errc::none) return;
    fault_ = error{
      errc::corrupt, "the coordinator's key '" + std::string{key_}
                       + "' cannot be read: '" + std::string{what}
                       + "' is missing or wrong; restore it, or upgrade this "
                         "node if a later version wrote it"};
  }

private:
  field_reader(std::string_view key, const json::object& fields)
    : key_{key}, fields_{&fields} {}

  const json::value* find(const char* name) const {
    return fields_ ? fields_->if_contains(name) : nullptr;
  }

  template <class Number>
  Number number_in(const json::value* found, const char* name) {
    auto wide = std::optional<std::uint64_t>{};
    if (found && found->is_uint64()) wide = found->get_uint64();
    if (found && found->is_int64() && found->get_int64() >= 0)
      wide = static_cast<std::uint64_t>(found->get_int64());
    if (wide && *wide <= std::numeric_limits<Number>::max())
      return static_cast<Number>(*wide);
    fail(name);
    return {};
  }

  json::array array(const char* name) {
    auto found = find(name);
    auto all = found ? found->if_array() : nullptr;
    if (all && all->size() <= most_listed_members) return *all;
    fail(name);
    return {};
  }

  void check_once(std::vector<member_id> all, const char* name) {
    std::ranges::sort(all);
    if (std::ranges::adjacent_find(all) != all.end()) fail(name);
  }

  std::string_view key_;
  json::value root_;
  const json::object* fields_ = nullptr;
  error fault_;
};

template <class Value>
result<Value> read_value(const field_reader& in, Value value) {
  if (in.fault().code != errc::none) return in.fault();
  return value;
}

// -- writing

json::array listed(const std::vector<member_id>& members) {
  auto all = json::array{};
  for (auto x : members) all.emplace_back(static_cast<std::uint64_t>(x));
  return all;
}

json::array listed(const std::vector<in_sync_member>& members) {
  auto all = json::array{};
  for (const auto& x : members) {
    auto one = json::object{};
    one["id"] = static_cast<std::uint64_t>(x.member);
    one["store_id"] = to_string(x.store);
    all.push_back(std::move(one));
  }
  return all;
}

// -- keys

bool is_name(std::string_view text) {
  auto fits = [](char x) {
    return (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z')
           || (x >= '0' && x <= '9') || x == '-' || x == '_' || x == '.';
  };
  return !text.empty() && text.size() <= most_field_bytes
         && std::ranges::all_of(text, fits);
}

error foreign_key(std::string_view key) {
  return {
    errc::corrupt, "the coordinator has a key '"
                     + std::string{key.substr(0, most_field_bytes)}
                     + "' that is not this cluster's; erase it, or give the "
                       "cluster another name"};
}

} // namespace

result<std::string> cluster_prefix(std::string_view cluster) {
  if (is_name(cluster)) return "/troupe/" + std::string{cluster} + '/';
  return error{
    errc::bad_input, "a cluster's name has 1 to 255 letters, digits, '-', '_' "
                     "and '.'; choose another one"};
}

std::string cluster_meta_key(std::string_view prefix) {
  return std::string{prefix} + "meta";
}

std::string controller_key(std::string_view prefix) {
  return std::string{prefix} + "ctl";
}

std::string nodes_prefix(std::string_view prefix) {
  return std::string{prefix} + "nodes/";
}

std::string groups_prefix(std::string_view prefix) {
  return std::string{prefix} + "groups/";
}

std::string node_key(std::string_view prefix, std::string_view name) {
  return nodes_prefix(prefix).append(name);
}

std::string group_key(std::string_view prefix, group_id group) {
  return groups_prefix(prefix) + id_text(group);
}

result<std::string>
parse_node_key(std::string_view prefix, std::string_view key) {
  const auto start = nodes_prefix(prefix);
  if (!key.starts_with(start) || !is_name(key.substr(start.size())))
    return foreign_key(key);
  return std::string{key.substr(start.size())};
}

result<group_id>
parse_group_key(std::string_view prefix, std::string_view key) {
  const auto start = groups_prefix(prefix);
  if (!key.starts_with(start)) return foreign_key(key);
  const auto digits = key.substr(start.size());
  auto number = std::uint8_t{0};
  auto end = digits.data() + digits.size();
  auto read = std::from_chars(digits.data(), end, number);
  const auto is_whole = read.ec == std::errc{} && read.ptr == end;
  // One group has one key: "07" is none.
  if (!is_whole || number >= groups || std::to_string(number) != digits)
    return foreign_key(key);
  return group_id{number};
}

// -- values

std::string encode(const cluster::group_record& record) {
  auto out = json::object{};
  out["epoch"] = record.epoch;
  out["leader"] = static_cast<std::uint64_t>(record.leader);
  out["replicas"] = listed(record.replicas);
  out["in_sync"] = listed(record.in_sync);
  out["adding"] = listed(record.adding);
  out["removing"] = listed(record.removing);
  out["cause"] = to_string(record.cause);
  if (record.min_in_sync > 0) out["min_in_sync"] = record.min_in_sync;
  return json::serialize(out);
}

result<cluster::group_record>
decode_group(std::string_view key, std::string_view text) {
  auto in = field_reader{key, text};
  auto record = cluster::group_record{};
  record.epoch = in.number<std::uint64_t>("epoch");
  if (record.epoch == 0) in.fail("epoch");
  record.leader = member_id{in.number<std::uint16_t>("leader")};
  record.replicas = in.members("replicas");
  record.in_sync = in.in_sync("in_sync");
  record.adding = in.members("adding");
  record.removing = in.members("removing");
  record.cause = in.named<record_cause>("cause", causes);
  record.min_in_sync = in.number_or_none<std::uint32_t>("min_in_sync");
  return read_value(in, std::move(record));
}

std::string encode(const node_record& record) {
  auto out = json::object{};
  out["id"] = static_cast<std::uint64_t>(record.id);
  out["addr_repl"] = record.addr_repl;
  out["addr_ctl"] = record.addr_ctl;
  out["incarnation"] = record.incarnation;
  out["store_id"] = to_string(record.store);
  out["protocol_min"] = record.protocol_min;
  out["protocol_max"] = record.protocol_max;
  out["state"] = to_string(record.state);
  if (!record.run.empty()) out["run"] = record.run;
  return json::serialize(out);
}

result<node_record> decode_node(std::string_view key, std::string_view text) {
  auto in = field_reader{key, text};
  auto record = node_record{};
  record.id = member_id{in.number<std::uint16_t>("id")};
  if (record.id == cluster::nobody) in.fail("id");
  record.addr_repl = in.text("addr_repl");
  record.addr_ctl = in.text("addr_ctl");
  record.incarnation = in.number<std::uint64_t>("incarnation");
  record.store = in.store("store_id");
  record.protocol_min = in.number<std::uint32_t>("protocol_min");
  record.protocol_max = in.number<std::uint32_t>("protocol_max");
  if (record.protocol_min > record.protocol_max) in.fail("protocol_max");
  record.state = in.named<member_state>("state", states);
  record.run = in.text_or_none("run");
  return read_value(in, std::move(record));
}

std::string encode(const cluster_meta& meta) {
  auto out = json::object{};
  out["schema"] = meta.schema;
  out["slots"] = meta.slots;
  out["groups"] = meta.groups;
  out["replicas"] = meta.replicas;
  out["feature_level"] = meta.feature_level;
  out["cluster_id"] = meta.cluster_id;
  return json::serialize(out);
}

result<cluster_meta> decode_meta(std::string_view key, std::string_view text) {
  auto in = field_reader{key, text};
  auto meta = cluster_meta{};
  meta.schema = in.number<std::uint32_t>("schema");
  meta.slots = in.number<std::uint32_t>("slots");
  meta.groups = in.number<std::uint32_t>("groups");
  meta.replicas = in.number<std::uint32_t>("replicas");
  meta.feature_level = in.number<std::uint32_t>("feature_level");
  meta.cluster_id = in.text("cluster_id");
  return read_value(in, std::move(meta));
}

} // namespace troupe
