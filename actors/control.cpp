#include "actors/control.hpp"

#include "actors/control_requests.hpp"
#include "actors/queue_browser.hpp"

#include <boost/json.hpp>

namespace troupe {

namespace json = boost::json;

namespace {

json::object done(json::array rows) {
  return {{"ok", true}, {"rows", std::move(rows)}};
}

/// Adds what is missing from an answer, where anything is.
json::object but(json::object answer, const std::vector<std::string>& missing) {
  if (!missing.empty())
    answer["missing"] = json::array(missing.begin(), missing.end());
  return answer;
}

std::uint64_t number_of(const json::object& request, std::string_view name) {
  auto* found = request.if_contains(name);
  if (!found) return 0;
  auto ec = boost::system::error_code{};
  auto number = found->to_number<std::uint64_t>(ec);
  return ec ? 0 : number;
}

json::object to_row(const queue_options& of, const queue_figures& x) {
  return {
    {"queue", of.name},
    {"vhost", of.vhost},
    {"type", of.is_durable ? "durable" : "memory"},
    {"partitions", of.partitions},
    {"length", x.length},
    {"ready", x.length - x.on_loan - x.waiting},
    {"on_loan", x.on_loan},
    {"waiting", x.waiting},
    {"consumers", x.consumers},
    {"published", x.published},
    {"acked", x.acked},
    {"retried", x.retried},
    {"dead_lettered", x.dead_lettered},
    {"repeats_dropped", x.repeats_dropped},
    {"in_flight", x.in_flight},
    {"held_confirms", x.held_confirms},
    {"resident_bytes", x.resident_bytes}};
}

json::object to_row(const message& x) {
  auto headers = json::object{};
  for (const auto& [name, value] : x.headers()) {
    // The attempts are a list; as text they would be hard to use.
    auto ec = boost::system::error_code{};
    auto parsed = name == "x-attempts" ? json::parse(value, ec) : json::value();
    headers[name] = parsed.is_array() ? parsed : json::value(value);
  }
  return {
    {"routing_key", x.routing_key()},
    {"headers", std::move(headers)},
    {"body", x.body()}};
}

json::object count_by_class(queue_browser& queue) {
  constexpr std::uint64_t most_looked_at = 10'000;
  auto classes = std::map<std::string, std::uint64_t>{};
  queue.look(most_looked_at, [&](const message& x) {
    ++classes[x.header("x-error-class").value_or("unknown")];
  });
  auto by_class = json::object{};
  for (const auto& [error_class, count] : classes)
    by_class[error_class] = count;
  return by_class;
}

/// Says how long to wait for a queue. Where one has not answered others may
/// not either, and somebody waits for all of them.
std::chrono::seconds patience_after(const std::vector<std::string>& silent) {
  return std::chrono::seconds{silent.empty() ? 10 : 1};
}

} // namespace

control::control(control_places places) : places_{std::move(places)} {}

json::object control::answer(const json::object& request) {
  static const auto commands = std::map<std::string, command>{
    {"status", &control::status},
    {"queue.ls", &control::list_queues},
    {"dlq.ls", &control::list_dead_letters},
    {"dlq.show", &control::show_dead_letters},
    {"dlq.replay", &control::replay_dead_letters},
    {"state.ls", &control::list_state},
    {"stop", &control::stop}};
  auto name = text_of(request, "command");
  if (name.starts_with("cluster.")) return cluster(request);
  auto found = commands.find(name);
  if (found == commands.end()) return failed("this node knows no such command");
  return (this->*found->second)(request);
}

json::object control::status(const json::object&) {
  auto running = places_.work->read();
  auto stages = json::array{};
  for (const auto& [name, x] : running.stages)
    stages.push_back(json::object{
      {"stage", name}, {"restarts", x.restarts}, {"paused", x.is_paused}});
  auto sources = json::array{};
  for (const auto& [name, x] : running.sources)
    sources.push_back(json::object{
      {"source", name},
      {"published", x.published},
      {"confirmed", x.confirmed},
      {"ended", x.has_ended},
      {"failure", x.failure.detail}});
  return {
    {"ok", true},
    {"node", places_.node_name},
    {"stages", std::move(stages)},
    {"sources", std::move(sources)},
    {"routed", places_.routed->routed.load()},
    {"unrouted", places_.routed->dropped.load()}};
}

std::vector<directory::queue_up> control::queues() {
  auto found = directory::listing{};
  caf::scoped_actor {
    *places_.system
    } -> request(places_.directory, caf::infinite, directory::list{})
      .receive(
        [&](directory::listing& x) { found = std::move(x); },
        [](const caf::error&) {});
  return std::move(found.queues);
}

/// Says that queues did not answer, and of a cluster why that may be.
std::vector<std::string>
control::missing(const std::vector<std::string>& queues) const {
  auto all = std::vector<std::string>{};
  for (const auto& x : queues)
    all.push_back("queue '" + x + "' did not answer for all that it has");
  if (all.empty() || !places_.cluster) return all;
  auto report = places_.cluster->report();
  for (const auto& x : report.groups)
    if (x.leader.empty())
      all.push_back(
        "group " + std::to_string(static_cast<unsigned>(x.group))
        + " has no leader");
  return all;
}

json::object control::list_queues(const json::object&) {
  auto rows = json::array{};
  auto silent = std::vector<std::string>{};
  for (const auto& x : queues()) {
    auto queue =
      queue_browser::open(*places_.system, places_.directory, x.name);
    if (!queue) continue; // it went meanwhile
    auto seen = queue->describe(patience_after(silent));
    if (queue->has_answered())
      rows.push_back(to_row(seen.options, seen.figures));
    else
      silent.push_back(x.name);
  }
  return but(done(std::move(rows)), missing(silent));
}

json::object control::list_dead_letters(const json::object&) {
  auto rows = json::array{};
  auto silent = std::vector<std::string>{};
  for (const auto& name : places_.dead_letter_queues) {
    auto queue = queue_browser::open(*places_.system, places_.directory, name);
    if (!queue) continue;
    auto length = queue->describe(patience_after(silent)).figures.length;
    if (queue->has_answered())
      rows.push_back(json::object{
        {"queue", name},
        {"length", length},
        {"by_class", count_by_class(*queue)}});
    else
      silent.push_back(name);
  }
  return but(done(std::move(rows)), missing(silent));
}

json::object control::show_dead_letters(const json::object& request) {
  auto name = text_of(request, "queue");
  auto queue = queue_browser::open(*places_.system, places_.directory, name);
  if (!queue) return failed(queue.error().detail);
  auto rows = json::array{};
  queue->look(number_of(request, "limit"), [&](const message& x) {
    rows.push_back(to_row(x));
  });
  auto silent = std::vector<std::string>{};
  if (!queue->has_answered()) silent.push_back(name);
  return but(done(std::move(rows)), missing(silent));
}

json::object control::replay_dead_letters(const json::object& request) {
  auto name = text_of(request, "queue");
  auto queue = queue_browser::open(*places_.system, places_.directory, name);
  if (!queue) return failed(queue.error().detail);
  auto known = std::set<std::string>{};
  for (const auto& x : queues()) known.insert(x.name);
  auto moved = queue->move(
    number_of(request, "limit"),
    [&](const message& x) -> std::optional<std::string> {
      auto origin = x.header("x-last-death-queue");
      if (!origin || !known.contains(*origin)) return std::nullopt;
      return "queue:" + *origin;
    });
  auto left = queue->figures().length;
  auto silent = std::vector<std::string>{};
  if (!queue->has_answered()) silent.push_back(name);
  return but({{"ok", true}, {"moved", moved}, {"left", left}}, missing(silent));
}

json::object control::list_state(const json::object& request) {
  auto rows = json::array{};
  auto handler = text_of(request, "handler");
  if (places_.cluster) {
    auto all = places_.cluster->state(handler);
    return but(done(std::move(all.rows)), all.missing);
  }
  auto scanned =
    places_.store->scan_state(handler, [&](auto scope, auto name, auto value) {
      rows.push_back(
        json::object{{"scope", scope}, {"name", name}, {"value", value}});
    });
  if (!scanned) return failed(scanned.error().detail);
  return done(std::move(rows));
}

json::object control::cluster(const json::object& request) {
  return answer_cluster(places_.cluster ? &*places_.cluster : nullptr, request);
}

json::object control::stop(const json::object&) {
  places_.stop();
  return {{"ok", true}};
}

} // namespace troupe
