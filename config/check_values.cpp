#include "config/checking.hpp"
#include "config/nearest.hpp"

#include <algorithm>

namespace troupe {

namespace {

void check_key(
  const checking& at, const std::string& key, const std::string& path) {
  if (!at.options.key || key.empty()) return;
  auto wrong = at.options.key(key);
  if (!wrong) return;
  auto& fault =
    at.add_fault("E0121", "key " + ticked(key) + ": " + *wrong, path);
  fault.label = "cannot be understood";
  fault.help = "write routing_key, header:NAME, property:NAME or json:NAME";
}

void check_condition(
  const checking& at,
  const match_router::route& route,
  const std::string& path) {
  if (!at.options.condition) return;
  auto wrong = at.options.condition(route.condition);
  if (!wrong) return;
  auto& fault = at.add_fault(
    "E0120", "condition of " + ticked(route.output) + ": " + *wrong, path);
  fault.label = "cannot be understood";
  fault.help = "as in: routing_key matches \"order.*\" and header.kind != "
               "\"test\"";
}

void check_keys(const checking& at) {
  for (const auto& [name, queue] : at.config.queues)
    if (queue.order)
      check_key(at, queue.order->key, "queues/" + name + "/order/key");
  for (const auto& [name, source] : at.config.sources)
    check_key(at, source.key, "sources/" + name + "/key");
  for (const auto& [name, router] : at.config.routers)
    if (const auto* rule = std::get_if<hash_router>(&router.rule))
      check_key(at, rule->key, "routers/" + name + "/key");
}

bool is_route_name(const std::string& name) {
  return !name.empty() && name != "dead" && name != "drop" && name != "reject"
         && name.size() <= 50 && std::ranges::all_of(name, [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
                     || c == '_' || c == '-' || c == '.';
            });
}

void check_route_name(
  const checking& at, const std::string& name, const std::string& path) {
  if (is_route_name(name)) return;
  auto& fault = at.add_fault(
    "E0122", ticked(name) + " cannot be the name of an output", path);
  fault.label = "rename it";
  fault.help = "names are 1 to 50 small letters, digits, `_`, `-` and `.`, but "
               "not dead, drop or reject";
}

void check_match_router(
  const checking& at, const std::string& name, const match_router& rule) {
  auto start = "routers/" + name;
  for (const auto& route : rule.routes) {
    auto path = start + "/route/" + route.output;
    check_route_name(at, route.output, path);
    check_condition(at, route, path);
  }
  if (rule.unmatched != "drop" && rule.unmatched != "reject")
    check_route_name(at, rule.unmatched, start + "/unmatched");
}

void check_class(const checking& at, const handler_config& handler) {
  const auto& classes = at.options.classes;
  if (classes.contains(handler.class_name)) return;
  auto& fault = at.add_fault(
    "E0119",
    "handler " + ticked(handler.name) + " needs class "
      + ticked(handler.class_name) + ", which is not registered",
    "handlers/" + handler.name + "/class");
  fault.label = "no such class in this program";
  auto meant = nearest(handler.class_name, {classes.begin(), classes.end()});
  fault.help = meant.empty()
                 ? "register it with TROUPE_HANDLER(\"" + handler.class_name
                     + "\", type) and run the program it is linked into"
                 : "did you mean " + ticked(meant) + "?";
}

void check_backoff(
  const checking& at, const backoff& backoff, const std::string& path) {
  if (backoff.max >= backoff.initial) return;
  at.add_fault("E0127", "`max` is shorter than `initial`", path + "/max")
    .label = "make it at least as long";
}

void check_files(const checking& at) {
  if (at.options.is_offline) return;
  for (const auto& [name, source] : at.config.sources) {
    auto fault = std::error_code{};
    if (
      source.type != source_config::kind::file || source.path.empty()
      || std::filesystem::exists(source.path, fault))
      continue;
    auto& missing = at.add_fault(
      "E0123",
      "source " + ticked(name) + " reads " + ticked(source.path.string())
        + ", which does not exist",
      "sources/" + name + "/path");
    missing.label = "no such file";
    missing.help = "a relative path starts at the working directory";
  }
}

void check_standard_input(const checking& at) {
  auto first = std::string{};
  for (const auto& [name, source] : at.config.sources) {
    if (source.type != source_config::kind::standard_input) continue;
    if (first.empty()) {
      first = name;
      continue;
    }
    auto& fault = at.add_fault(
      "E0126", "two sources read standard input", "sources/" + name + "/type");
    fault.label = "the second";
    fault.help = "let readers of " + ticked(name) + " read " + ticked(first);
  }
}

} // namespace

void check_values(const checking& at) {
  check_keys(at);
  for (const auto& [name, router] : at.config.routers)
    if (const auto* rule = std::get_if<match_router>(&router.rule))
      check_match_router(at, name, *rule);
  for (const auto& [name, handler] : at.config.handlers) {
    auto path = "handlers/" + name;
    check_class(at, handler);
    check_backoff(at, handler.retry.backoff, path + "/retry/backoff");
    check_backoff(at, handler.supervise.backoff, path + "/supervise/backoff");
  }
  check_files(at);
  check_standard_input(at);
}

} // namespace troupe
