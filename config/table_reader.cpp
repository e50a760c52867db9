#include "config/table_reader.hpp"

#include "config/nearest.hpp"
#include "config/options.hpp"
#include "config/toml_text.hpp"
#include "config/units.hpp"

#include <algorithm>

namespace troupe {

namespace {

std::string ticked(std::string_view name) {
  return "`" + std::string{name} + "`";
}

std::string type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "a list";
    case toml::node_type::string: return "a text";
    case toml::node_type::integer: return "a whole number";
    case toml::node_type::floating_point: return "a number";
    case toml::node_type::boolean: return "true or false";
    default: return "a date or time";
  }
}

template <class Words>
std::string listed(const Words& words) {
  auto out = std::string{};
  for (const auto& word : words) {
    if (!out.empty()) out += &word == &words.back() ? " or " : ", ";
    out += ticked(word);
  }
  return out;
}

// "cluster/etcd" as messages show it: "[cluster.etcd]".
std::string dotted_header(std::string path) {
  std::ranges::replace(path, '/', '.');
  return "[" + path + "]";
}

// "handlers/charge/retry" as messages show it: "handler `charge`".
std::string component_name(const std::string& path) {
  auto first = path.find('/');
  if (first == path.npos) return "[" + path + "]";
  if (path.starts_with("cluster/")) return dotted_header(path);
  auto end = path.find('/', first + 1);
  auto section = path.substr(0, first - 1); // without its plural s
  if (section == "vhost") end = path.npos;  // a vhost's name may have slashes
  return section + " " + ticked(path.substr(first + 1, end - first - 1));
}

} // namespace

fault& reading::add_fault(
  const std::string& id,
  const std::string& message,
  const toml::source_region& where) {
  return faults.emplace_back(make_fault(id, message, source.at(where)));
}

table_reader::table_reader(
  reading& reading, const toml::table& table, std::string path)
  : reading_{reading}, frames_{{&table, std::move(path), {}}} {}

void table_reader::finish() { check_keys(frames_.back()); }

// Returns the option's value, or null where there is none.
const toml::node* table_reader::take(const option& option) {
  auto& here = frames_.back();
  here.known.emplace_back(option.key);
  const auto* node = here.table->get(option.key);
  if (node != nullptr) {
    reading_.places.add(
      here.path + "/" + std::string{option.key},
      reading_.source.at(node->source()));
    return node;
  }
  if (!option.is_required || has_wrong_type_) return nullptr;
  if (option.key == "type") has_wrong_type_ = true;
  auto& fault = reading_.faults.emplace_back(make_fault(
    "E0103", component_name(here.path) + " has no " + ticked(option.key),
    reading_.places.find(here.path)));
  fault.label = "add " + ticked(option.key);
  fault.help = std::string{option.doc};
  return nullptr;
}

void table_reader::wrong_type(
  const toml::node& node, const std::string& key, const std::string& expected) {
  auto& fault = reading_.add_fault(
    "E0201", ticked(key) + " has to be " + expected, node.source());
  fault.label = "this is " + type_name(node);
}

void table_reader::out_of_range(
  const toml::node& node, std::string_view key, const std::string& range) {
  auto& fault = reading_.add_fault(
    "E0203", ticked(key) + " is out of range", node.source());
  fault.label = "write " + range;
}

// Returns the text with its variables replaced; the node must be a text.
std::optional<std::string> table_reader::text_of(const toml::node& node) {
  auto result = replace_variables(node.as_string()->get(), reading_.lookup);
  if (result.fault_id.empty()) return result.text;
  auto& fault =
    reading_.add_fault(result.fault_id, result.fault, node.source());
  fault.help = result.fault_id == "E0003"
                 ? "set it, or write a default: ${VAR:-default}"
                 : "write $${ for a ${ that is no variable";
  return std::nullopt;
}

std::optional<std::string>
table_reader::any_text_of(const toml::node& node, std::string_view key) {
  if (node.is_string()) return text_of(node);
  wrong_type(node, std::string{key}, "a text in quotes");
  return std::nullopt;
}

std::optional<std::string>
table_reader::filled_text_of(const toml::node& node, std::string_view key) {
  auto found = any_text_of(node, key);
  if (!found || !found->empty()) return found;
  reading_.add_fault("E0204", ticked(key) + " is empty", node.source()).label =
    "write a value or leave the key out";
  return std::nullopt;
}

void table_reader::text(const option& option, std::string& value) {
  const auto* node = take(option);
  if (node == nullptr) return;
  auto fault_count = reading_.faults.size();
  auto found = option.may_be_empty ? any_text_of(*node, option.key)
                                   : filled_text_of(*node, option.key);
  if (found) value = *found;
  if (option.is_secret) hide_text(option, fault_count);
}

// Keeps a secret out of the faults from number `first` on: their lines, and
// what a malformed reference quotes.
void table_reader::hide_text(const option& option, std::size_t first) {
  for (auto i = first; i < reading_.faults.size(); ++i) {
    auto& fault = reading_.faults[i];
    fault.where.text.clear();
    if (fault.id == "E0004")
      fault.message = ticked(option.key) + " has a malformed reference in it";
  }
}

void table_reader::path(const option& option, std::filesystem::path& value) {
  auto name = value.string();
  text(option, name);
  if (name.find('\0') == name.npos) {
    value = name;
    return;
  }
  auto where = frames_.back().path + "/" + std::string{option.key};
  auto& fault = reading_.faults.emplace_back(make_fault(
    "E0205", ticked(option.key) + " holds a zero byte",
    reading_.places.find(where)));
  fault.label = "no file can have this name";
}

void table_reader::needs_unit(
  const toml::node& node, std::string_view key, bool is_time) {
  auto number = node.is_integer()
                  ? std::max(node.as_integer()->get(), std::int64_t{1})
                  : 30;
  auto digits = "write \"" + std::to_string(number);
  auto& fault = reading_.add_fault(
    is_time ? "E0207" : "E0208",
    ticked(key)
      + (is_time ? " is a duration and needs a unit" : " is a size and needs a unit"),
    node.source());
  auto again = std::to_string(number);
  fault.label =
    is_time ? digits + "s\", \"" + again + "ms\" or \"" + again + "m\""
            : digits + "MiB\", \"" + again + "KiB\" or \"" + again + "kB\"";
  fault.help = is_time ? "units are ms, s, m, h and d, after a whole number"
                       : "units are B, kB, MB, GB, TB, KiB, MiB, GiB and TiB, "
                         "after a whole number";
}

void table_reader::time(const option& option, duration& value, duration least) {
  const auto* node = take(option);
  if (node == nullptr) return;
  if (!node->is_string()) return needs_unit(*node, option.key, true);
  auto text = text_of(*node);
  if (!text) return;
  auto found = parse_duration(*text);
  if (!found) return needs_unit(*node, option.key, true);
  if (*found < least)
    return out_of_range(
      *node, option.key, "at least \"" + duration_text(least) + "\"");
  value = *found;
}

void table_reader::size(
  const option& option, std::uint64_t& bytes, std::uint64_t least) {
  const auto* node = take(option);
  if (node == nullptr) return;
  if (!node->is_string()) return needs_unit(*node, option.key, false);
  auto text = text_of(*node);
  if (!text) return;
  auto found = parse_size(*text);
  if (!found) return needs_unit(*node, option.key, false);
  if (*found < least)
    return out_of_range(
      *node, option.key, "at least \"" + size_text(least) + "\"");
  bytes = *found;
}

void table_reader::count(
  const option& option, std::uint64_t& value, count_range range) {
  const auto* node = take(option);
  if (node == nullptr) return;
  if (!node->is_integer())
    return wrong_type(*node, std::string{option.key}, "a whole number");
  auto number = node->as_integer()->get();
  auto found = static_cast<std::uint64_t>(number);
  if (number >= 0 && found >= range.least && found <= range.most) {
    value = found;
    return;
  }
  out_of_range(
    *node, option.key,
    "a number from " + std::to_string(range.least) + " to "
      + std::to_string(range.most));
}

void table_reader::number(
  const option& option, double& value, number_range range) {
  const auto* node = take(option);
  if (node == nullptr) return;
  auto found = node->value<double>();
  if (!node->is_number() || !found)
    return wrong_type(*node, std::string{option.key}, "a number");
  if (*found >= range.least && *found <= range.most) { // false for nan
    value = *found;
    return;
  }
  out_of_range(
    *node, option.key,
    "a number from " + toml_number(range.least) + " to "
      + toml_number(range.most));
}

void table_reader::choice(
  const option& option,
  std::size_t& index,
  std::span<const std::string_view> words) {
  const auto* node = take(option);
  if (node == nullptr) return;
  auto fault_count = reading_.faults.size();
  auto text = filled_text_of(*node, option.key);
  auto found = std::ranges::find(words, text.value_or(""));
  if (found != words.end()) {
    index = static_cast<std::size_t>(found - words.begin());
    return;
  }
  if (option.key == "type" || option.key == "coordinator")
    has_wrong_type_ = true;
  if (reading_.faults.size() > fault_count) return; // said already
  auto& fault = reading_.add_fault(
    "E0202", ticked(option.key) + " cannot be " + ticked(*text),
    node->source());
  fault.label = "write " + listed(words);
  auto meant = nearest(*text, {words.begin(), words.end()});
  if (!meant.empty())
    fault.help = "did you mean " + ticked(meant) + "?";
  else
    fault.help = std::string{advice_on_unknown(*text)};
}

void table_reader::name_at_least_one(
  const option& option, const toml::node& node) {
  reading_.add_fault("E0110", ticked(option.key) + " is empty", node.source())
    .label = "name at least one";
}

void table_reader::names(
  const option& option, std::vector<std::string>& value) {
  const auto* node = take(option);
  if (node == nullptr) return;
  if (!node->is_array())
    return wrong_type(
      *node, std::string{option.key}, "a list, as in [\"orders\"]");
  const auto& list = *node->as_array();
  if (list.empty() && option.is_required) name_at_least_one(option, list);
  auto start = frames_.back().path + "/" + std::string{option.key} + "/";
  for (const auto& element : list) {
    auto name = filled_text_of(element, option.key);
    if (!name) continue;
    reading_.places.add(
      start + std::to_string(value.size()),
      reading_.source.at(element.source()));
    value.push_back(*name);
  }
}

// Returns the option's table, or null.
const toml::table* table_reader::take_table(const option& option) {
  const auto* node = take(option);
  if (node == nullptr) return nullptr;
  if (node->is_table()) return node->as_table();
  wrong_type(*node, std::string{option.key}, "a table");
  return nullptr;
}

std::optional<std::string> table_reader::scalar_text(const toml::node& node) {
  if (node.is_string()) return text_of(node);
  if (node.is_integer()) return std::to_string(node.as_integer()->get());
  if (node.is_floating_point())
    return toml_number(node.as_floating_point()->get());
  if (node.is_boolean())
    return std::string{node.as_boolean()->get() ? "true" : "false"};
  wrong_type(node, "settings", "a text, a number, true or false");
  return std::nullopt;
}

void table_reader::scalars(
  const option& option, std::map<std::string, std::string>& value) {
  const auto* table = take_table(option);
  if (table == nullptr) return;
  for (const auto& [key, node] : *table)
    if (auto text = scalar_text(node)) value[std::string{key.str()}] = *text;
}

void table_reader::pairs(
  const option& option,
  std::vector<std::pair<std::string, std::string>>& value) {
  const auto* table = take_table(option);
  if (table == nullptr) return;
  auto entries = std::vector<std::pair<const toml::key*, const toml::node*>>{};
  for (const auto& [key, node] : *table) entries.emplace_back(&key, &node);
  // The parser sorts by name; the order of the file is in the places.
  std::ranges::sort(entries, [](const auto& a, const auto& b) {
    return a.first->source().begin < b.first->source().begin;
  });
  auto start = frames_.back().path + "/" + std::string{option.key} + "/";
  for (auto [key, node] : entries) {
    auto name = std::string{key->str()};
    reading_.places.add(start + name, reading_.source.at(node->source()));
    if (auto text = filled_text_of(*node, name))
      value.emplace_back(name, *text);
  }
}

bool table_reader::enter(const option& option, bool) {
  const auto* table = take_table(option);
  if (table == nullptr) return false;
  auto path = frames_.back().path + "/" + std::string{option.key};
  frames_.push_back({table, std::move(path), {}});
  return true;
}

void table_reader::leave() {
  check_keys(frames_.back());
  frames_.pop_back();
}

std::optional<std::vector<std::string>>
table_reader::enter_keys(const option& option, std::vector<std::string>) {
  if (!enter(option, true)) return std::nullopt;
  auto keys = std::vector<std::string>{};
  const auto& table = *frames_.back().table;
  for (const auto& [key, node] : table) keys.emplace_back(key.str());
  if (keys.empty() && option.is_required) name_at_least_one(option, table);
  return keys;
}

void table_reader::check_keys(const frame& here) {
  if (has_wrong_type_) return;
  for (const auto& [key, node] : *here.table)
    if (std::ranges::find(here.known, key.str()) == here.known.end())
      unknown_key(here, key);
}

void table_reader::unknown_key(const frame& here, const toml::key& key) {
  auto& fault = reading_.add_fault(
    "E0101",
    component_name(here.path) + " has an unknown key " + ticked(key.str()),
    key.source());
  auto meant = nearest(key.str(), here.known);
  auto advice = advice_on_unknown(key.str());
  fault.label = "no such key";
  if (!advice.empty())
    fault.help = std::string{advice};
  else if (!meant.empty())
    fault.help = "did you mean " + ticked(meant) + "?";
  else
    fault.help = "known here are " + listed(here.known);
}

} // namespace troupe
