#include "actors/node/shared_work.hpp"

#include "actors/node/done_record.hpp"

#include <boost/json.hpp>
#include <caf/scoped_actor.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>

namespace troupe {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

// A queue without a leader answers late; nothing is done before it does.
constexpr auto queue_patience = std::chrono::seconds{2};
constexpr auto member_patience = 1000ms;
constexpr auto closing_interval = 50ms;
constexpr auto leaving_patience = std::chrono::seconds{10};

bool is_true(const json::object& in, std::string_view name) {
  auto* found = in.if_contains(name);
  return found && found->is_bool() && found->get_bool();
}

const json::object* object_in(const json::object& in, std::string_view name) {
  auto* found = in.if_contains(name);
  return found ? found->if_object() : nullptr;
}

std::string string_in(const json::object& in, std::string_view name) {
  auto* found = in.if_contains(name);
  return found && found->is_string() ? std::string{found->get_string()} : "";
}

/// Returns why a member's work can go no further, or an empty text.
std::string failure_in(const json::object& told) {
  if (auto* sources = object_in(told, "sources"))
    for (const auto& [name, x] : *sources)
      if (x.is_object())
        if (auto why = string_in(x.get_object(), "failure"); !why.empty())
          return why;
  auto* paused = told.if_contains("paused");
  if (!paused || !paused->is_array() || paused->get_array().empty()) return {};
  const auto& first = paused->get_array()[0];
  return first.is_string()
           ? "stage " + std::string{first.get_string()} + " is paused"
           : "";
}

} // namespace

shared_work::shared_work(shared_work_places places)
  : places_{std::move(places)} {}

/// Tells `{"sources": {name: {"ended", "failure"}}, "paused": [stage]}`, and
/// whether this member has closed.
json::object shared_work::answer() const {
  auto running = places_.here->read();
  auto sources = json::object{};
  for (const auto& [name, x] : running.sources)
    sources[name] =
      json::object{{"ended", has_ended(x)}, {"failure", x.failure.detail}};
  auto paused = json::array{};
  for (const auto& [name, x] : running.stages)
    if (x.is_paused) paused.emplace_back(name);
  auto told = json::object{
    {"ok", true},
    {"sources", std::move(sources)},
    {"paused", std::move(paused)}};
  // Nobody waits for one that stays, or that has nothing more to write.
  told["closed"] = has_closed_ || !is_watching_;
  return told;
}

// -- looking

work_progress shared_work::look() {
  is_watching_ = true;
  auto now = work_progress{};
  if (read_done(now)) return now;
  look_at_queues(now);
  look_at_sources(now, places_.board->look());
  return now;
}

/// Returns whether it is known already that this run is over.
bool shared_work::read_done(work_progress& now) {
  auto key = done_key(places_.prefix);
  auto read = wait_for_range(*places_.truth, key);
  if (!read) {
    now.waits_for = "the coordinator: " + read.error().detail;
    return false;
  }
  done_changed_ = 0;
  for (const auto& x : read->values) {
    if (x.key != key) continue;
    done_changed_ = x.changed;
    auto record = decode_done(key, x.value);
    if (!record) {
      spdlog::warn("cluster: {}", record.error().detail);
      continue; // it is of an earlier run; this one's replaces it
    }
    now.is_over = x.changed > places_.began_at
                  || record->holds_for(places_.self, places_.incarnation);
    if (now.is_over) now.failure = record->failure;
  }
  if (now.is_over) is_over_ = true;
  return now.is_over;
}

void shared_work::look_at_queues(work_progress& now) {
  auto self = caf::scoped_actor{*places_.system};
  using pending =
    decltype(self->request(queue_actor{}, caf::timespan{}, queue::describe{}));
  auto asked = std::vector<std::pair<std::string, pending>>{};
  for (const auto& name : places_.names) {
    auto where = caf::strong_actor_ptr{};
    self->request(places_.queues, queue_patience, directory::find{name})
      .receive(
        [&](const directory::queue_up& x) { where = x.where; },
        [](const caf::error&) {});
    if (!where) {
      ++now.in_flight; // it is not open yet
      continue;
    }
    auto to = caf::actor_cast<queue_actor>(where);
    asked.emplace_back(
      name, self->request(to, queue_patience, queue::describe{}));
  }
  for (auto& [name, x] : asked)
    x.receive(
      [&, &of = name](const queue::description& told) {
        const auto& figures = told.figures;
        now.in_flight += figures.in_flight;
        now.handled += figures.acked + figures.dead_lettered;
        if (places_.consumed.contains(of)) now.to_handle += figures.length;
        for (auto count :
             {figures.published, figures.acked, figures.retried,
              figures.dead_lettered})
          now.counts.push_back(count);
      },
      [&, &of = name](const caf::error&) {
        ++now.in_flight;
        now.waits_for = "a leader of all that queue " + of + " has";
      });
}

/// Asks this member, and all others that run and are reached.
shared_work::answers shared_work::ask_all(const cluster_view& view) {
  auto told = answers{};
  for (const auto& [name, x] : view.members) {
    if (name == places_.self) {
      told[x.record.id] = answer();
    } else if (x.is_running) {
      auto heard =
        places_.questions->ask(x.record.id, {{"ask", "work"}}, member_patience);
      if (heard) told[x.record.id] = std::move(*heard);
    }
  }
  return told;
}

void shared_work::look_at_sources(
  work_progress& now, const cluster_view& view) {
  now.sources_ended = true;
  auto told = ask_all(view);
  for (const auto& [source, group] : places_.sources) {
    auto record = view.groups.find(group);
    auto leader = record == view.groups.end()
                    ? told.end()
                    : told.find(record->second.first.leader);
    auto* sources =
      leader == told.end() ? nullptr : object_in(leader->second, "sources");
    auto* own = sources ? object_in(*sources, source) : nullptr;
    if (!sources) now.waits_for = "the member that reads source " + source;
    now.sources_ended &= own && is_true(*own, "ended");
  }
  for (const auto& [member, x] : told)
    if (auto why = failure_in(x); !why.empty()) now.failure = why;
}

// -- ending

bool shared_work::conclude(const std::string& failure) {
  auto record = done_record{};
  record.failure = failure;
  for (const auto& [name, x] : places_.board->look().members)
    record.runs[name] = x.record.incarnation;
  record.runs[places_.self] = places_.incarnation;
  auto key = done_key(places_.prefix);
  auto request = txn_request{};
  request.expects.push_back({key, done_changed_});
  request.puts.push_back({key, encode(record)});
  auto how = wait_for_txn(*places_.truth, std::move(request));
  if (how.outcome != txn_outcome::done) return false;
  is_over_ = true;
  return true;
}

bool shared_work::others_have_closed() {
  auto view = places_.board->look();
  auto told = ask_all(view);
  for (const auto& [name, x] : view.members)
    if (name != places_.self)
      if (auto found = told.find(x.record.id); found != told.end())
        if (!is_true(found->second, "closed")) return false;
  return true;
}

void shared_work::leave_together(
  std::chrono::steady_clock::time_point deadline) {
  has_closed_ = true;
  using clock = std::chrono::steady_clock;
  auto until = std::min(deadline, clock::now() + leaving_patience);
  while (clock::now() < until) {
    if (others_have_closed()) return;
    std::this_thread::sleep_for(closing_interval);
  }
}

} // namespace troupe
