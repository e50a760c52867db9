#include "actors/node/cluster_state.hpp"

#include "actors/control_requests.hpp"
#include "engine/ring/slot_map.hpp"

#include <boost/json.hpp>

#include <map>
#include <thread>

namespace troupe {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_page_bytes = 256 * 1024; // and one value
constexpr auto page_patience = 5000ms;

// Groups that change their leaders have others within a second, mostly.
constexpr int most_tries = 10;
constexpr auto try_pause = 200ms;

std::string state_text(const json::value& x) {
  return x.is_string() ? std::string{x.get_string()} : "";
}

std::optional<log_store::state_cursor> cursor_in(const json::object& asked) {
  auto* after = asked.if_contains("after");
  if (!after || !after->is_array() || after->get_array().size() != 2) return {};
  const auto& both = after->get_array();
  return log_store::state_cursor{state_text(both[0]), state_text(both[1])};
}

std::optional<group_id> group_in(const json::object& asked) {
  auto* found = asked.if_contains("group");
  if (!found) return {};
  auto ec = boost::system::error_code{};
  auto number = found->to_number<std::uint8_t>(ec);
  if (ec || number >= troupe::groups) return {};
  return group_id{number};
}

/// Adds a page's rows as operators see them; returns where the next goes on,
/// nothing at the end.
std::optional<log_store::state_cursor>
add_page(json::array& to, const json::object& page) {
  auto last = std::optional<log_store::state_cursor>{};
  auto* rows = page.if_contains("rows");
  if (!rows || !rows->is_array()) return {};
  for (const auto& row : rows->get_array()) {
    if (!row.is_array() || row.get_array().size() != 3) continue;
    const auto& x = row.get_array();
    to.push_back(
      json::object{{"scope", x[0]}, {"name", x[1]}, {"value", x[2]}});
    last = log_store::state_cursor{state_text(x[0]), state_text(x[1])};
  }
  auto* more = page.if_contains("more");
  return more && more->is_bool() && more->get_bool() ? last : std::nullopt;
}

std::string groups_listed(const std::vector<group_id>& all) {
  auto text = std::string{all.size() == 1 ? "group " : "groups "};
  for (std::size_t i = 0; i < all.size(); ++i)
    text += (i > 0 ? ", " : "") + std::to_string(static_cast<unsigned>(all[i]));
  return text;
}

} // namespace

cluster_state::cluster_state(cluster_state_places places)
  : places_{std::move(places)} {}

json::object cluster_state::answer(const json::object& asked) const {
  auto group = group_in(asked);
  if (!group) return failed("there is no such group");
  if (!places_.leads(*group)) return failed(places_.self + " does not lead it");
  auto rows = json::array{};
  auto bytes = std::size_t{0};
  auto more = false;
  auto scanned = places_.store->scan_state(
    *group, text_of(asked, "handler"), cursor_in(asked),
    [&](std::string_view scope, std::string_view name, std::string_view value) {
      more = bytes >= most_page_bytes;
      if (more) return false;
      bytes += scope.size() + name.size() + value.size();
      rows.push_back(json::array{scope, name, value});
      return true;
    });
  if (!scanned) return failed(scanned.error().detail);
  return {{"ok", true}, {"rows", std::move(rows)}, {"more", more}};
}

/// Asks whoever leads the group now.
result<json::object> cluster_state::ask(
  const std::string& handler, group_id group, const cursor& after) const {
  auto view = places_.board->look();
  auto record = view.groups.find(group);
  auto leader =
    record == view.groups.end() ? cluster::nobody : record->second.first.leader;
  auto asked = json::object{
    {"ask", "state"},
    {"handler", handler},
    {"group", static_cast<unsigned>(group)}};
  if (after) asked["after"] = json::array{after->scope, after->name};
  for (const auto& [name, x] : view.members) {
    if (leader == cluster::nobody || x.record.id != leader) continue;
    if (name == places_.self) return answer(asked);
    auto told = places_.questions->ask(leader, asked, page_patience);
    if (told) return told;
    return error{errc::refused, name + " leads it: " + told.error().detail};
  }
  return error{errc::refused, "nobody leads it"};
}

/// Returns why the group cannot be read, or an empty text.
std::string cluster_state::read(reading& now, group_id group) const {
  for (auto after = cursor{};;) {
    auto page = ask(now.handler, group, after);
    auto* is_told = page ? page->if_contains("ok") : nullptr;
    if (is_told && *is_told == true) {
      after = add_page(now.rows, *page);
      if (!after) return {};
      continue;
    }
    if (--now.tries_left <= 0)
      return page ? text_of(*page, "error") : page.error().detail;
    std::this_thread::sleep_for(try_pause);
  }
}

state_listing cluster_state::read(const std::string& handler) const {
  auto now = reading{handler, most_tries, {}};
  auto lost = std::map<std::string, std::vector<group_id>>{}; // by why
  for (std::size_t i = 0; i < troupe::groups; ++i) {
    auto group = group_id{static_cast<std::uint8_t>(i)};
    auto why = read(now, group);
    if (!why.empty()) lost[why].push_back(group);
  }
  auto all = state_listing{std::move(now.rows), {}};
  for (const auto& [why, of] : lost)
    all.missing.push_back(groups_listed(of) + ": " + why);
  return all;
}

} // namespace troupe
