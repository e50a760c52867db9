#include "actors/queue_place.hpp"
#include "actors/topology_actor.hpp"
#include "engine/amqp/exchange_routing.hpp"
#include "engine/routing/equivalence.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

// What clients ask the topology actor of queues.

namespace troupe {

namespace {

// Messages that go round are kept for somebody to look at, the latest of them.
constexpr std::int64_t most_quarantined = 10'000;

const auto reply_prefix = std::string{"amq.rabbitmq.reply-to."};
const auto delay_prefix = amqp::delayed_queue_name("");

queue_declaration to_declaration(const amqp::declare_queue& from) {
  auto made = queue_declaration{};
  made.name = from.name;
  made.durable = from.durable && !from.exclusive;
  made.exclusive = from.exclusive;
  made.auto_delete = from.auto_delete;
  made.arguments = from.arguments;
  made.is_server_named = from.name.starts_with(reply_prefix);
  return made;
}

/// The queue in which a delayed exchange's messages wait: what expires there is
/// published to the exchange once more.
queue_options
delay_options(const std::string& vhost, const queue_declaration& declared) {
  auto made = queue_options{};
  made.vhost = vhost;
  made.name = declared.name;
  made.is_durable = declared.durable;
  auto rule = dead_letter_rule{};
  rule.output = "amqp:" + vhost;
  rule.exchange = declared.name.substr(delay_prefix.size());
  rule.marks = false;
  made.dead_letters = std::move(rule);
  return made;
}

/// The arguments of a queue that keeps the latest messages alone.
field_table at_most(std::int64_t messages) {
  return {{{"x-max-length", field_value{messages}}}};
}

} // namespace

new_queue new_queue_of(const queue_options& from) {
  auto made = new_queue{};
  made.id = from.id;
  made.partitions = from.partitions;
  made.by_priority = from.by_priority;
  if (!from.order_key.empty())
    made.order_key = key_expression::parse(from.order_key).value();
  return made;
}

std::uint64_t queue_memory(std::uint64_t budget, std::size_t queues) {
  constexpr auto least = std::uint64_t{64} * 1024;
  return std::max(budget / std::max(queues, usual_queues), least);
}

std::variant<queue_start, amqp::refused> start_of(
  const std::string& vhost,
  const queue_declaration& declared,
  std::uint64_t resident_limit) {
  auto made = queue_start{};
  if (declared.name.starts_with(delay_prefix)) {
    made.options = delay_options(vhost, declared);
  } else {
    auto asked = amqp::declare_queue{};
    asked.vhost = vhost;
    asked.name = declared.name;
    asked.durable = declared.durable;
    asked.arguments = declared.arguments;
    auto read = amqp::read_queue_arguments(asked);
    if (auto* why = std::get_if<amqp::refused>(&read)) return std::move(*why);
    auto& settings = std::get<amqp::queue_settings>(read);
    for (const auto& x : settings.ignored)
      spdlog::warn(
        "amqp: {} is declared with {}, which means nothing here",
        place_text("queue", declared.name, vhost), x);
    made.options = std::move(settings.options);
    made.lifetime.expires = settings.expires;
  }
  made.options.resident_limit = resident_limit;
  made.lifetime.auto_delete = declared.auto_delete;
  return made;
}

// -- requests

void topology_state::carry_out(const asker& by, amqp::declare_queue& what) {
  if (what.passive) {
    find(by, what);
    return;
  }
  auto declared = to_declaration(what);
  if (by.is_server_named) declared.is_server_named = true;
  if (declared.name.empty()) {
    auto prefix = amqp::name_prefix(what);
    if (auto* why = std::get_if<amqp::refused>(&prefix)) {
      answer(by, std::move(*why));
      return;
    }
    declared.name = random_name(std::get<std::string>(std::move(prefix)));
    declared.is_server_named = true;
  }
  auto found = machine_.check_queue(what.vhost, declared, by.connection);
  if (!found)
    refuse(by, found.error());
  else if (*found)
    answer_counts(by, **found);
  else
    create(by, what, declared);
}

void topology_state::find(const asker& by, const amqp::declare_queue& what) {
  // Anybody may ask whether a reply will find its way.
  auto is_reply = what.name.starts_with(reply_prefix);
  auto* reply = machine_.snapshot()->find_queue(what.vhost, what.name);
  if (is_reply && reply) {
    answer(by, amqp::done{what.name, 0, 1});
    return;
  }
  auto found = machine_.find_queue(what.vhost, what.name, by.connection);
  if (found)
    answer_counts(by, **found);
  else
    refuse(by, found.error());
}

void topology_state::answer_counts(const asker& by, const routed_queue& queue) {
  auto declared = queue.name;
  const auto* place = place_of(queue);
  if (!place || !place->where) {
    answer(by, amqp::done{declared, 0, 0});
    return;
  }
  self_->request(place->where, caf::infinite, queue::describe{true})
    .then(
      [this, by, declared](const queue::description& x) {
        answer(by, amqp::done{declared, x.figures.ready, x.figures.consumers});
      },
      [this, by, declared](const caf::error&) {
        answer(by, amqp::done{declared, 0, 0}); // gone meanwhile
      });
}

void topology_state::create(
  const asker& by,
  const amqp::declare_queue& what,
  const queue_declaration& declared) {
  auto made = start_of(
    what.vhost, declared, queue_memory(memory_budget_, children_.size() + 1));
  if (auto* why = std::get_if<amqp::refused>(&made)) {
    answer(by, std::move(*why));
    return;
  }
  auto start = std::get<queue_start>(std::move(made));
  if (!declared.durable) {
    start.options.id = next_id();
    add(by, what.vhost, declared, std::move(start));
    return;
  }
  auto full_name = start.options.full_name();
  self_
    ->request(
      places_.store, caf::infinite,
      store::define{full_name, start.options.partitions})
    .then([this, by, vhost = what.vhost, declared,
           start](const store::defined& x) mutable {
      if (by.term != term_) return; // another member decides now
      if (x.failure.code != errc::none) {
        answer(
          by, amqp::refused{
                amqp::reply_code::precondition_failed, x.failure.detail});
        return;
      }
      start.options.id = x.queue.id;
      add(by, vhost, declared, std::move(start));
    });
}

/// Another client may have declared the same meanwhile: then it is there.
void topology_state::add(
  const asker& by,
  const std::string& vhost,
  const queue_declaration& declared,
  queue_start start) {
  auto changed = machine_.declare_queue(
    vhost, declared, new_queue_of(start.options), by.connection);
  if (!changed) {
    refuse(by, changed.error());
    return;
  }
  if (!changed->is_new) {
    answer_counts(by, *changed->queue);
    return;
  }
  const auto& dead = start.options.dead_letters;
  if (dead && dead->marks) add_quarantine(vhost);
  if (!cluster_)
    start.recovered = std::make_shared<queue_machine>(start.options);
  adopt(std::move(start));
  answer_stored(by, amqp::done{declared.name, 0, 0}, *changed);
}

/// Makes the queues in which an exchange holds messages back or keeps them.
void topology_state::add_queues_of(const exchange& made) {
  auto declared = queue_declaration{};
  declared.durable = made.declared().durable;
  if (made.is_delayed()) {
    declared.name = amqp::delayed_queue_name(made.name());
    add_own(made.vhost(), declared);
  }
  if (made.has_history()) {
    declared.name = amqp::history_queue_name(made.name());
    declared.arguments = at_most(made.settings().history);
    add_own(made.vhost(), declared);
  }
}

/// An exchange may be stored and its queue not: by a kill between the two.
void topology_state::add_missing_queues() {
  auto routes = machine_.snapshot();
  routes->for_each_vhost([&](const std::string& vhost) {
    routes->for_each_exchange(
      vhost, [&](const exchange& x) { add_queues_of(x); });
  });
}

/// Makes the queue that keeps dead letters from going round without end.
void topology_state::add_quarantine(const std::string& vhost) {
  auto declared = queue_declaration{};
  declared.name = amqp::quarantine_queue;
  declared.durable = true;
  declared.arguments = at_most(most_quarantined);
  add_own(vhost, std::move(declared));
}

/// Makes a queue that no client asked for, unless it is there.
void topology_state::add_own(
  const std::string& vhost, queue_declaration declared) {
  if (machine_.snapshot()->find_queue(vhost, declared.name)) return;
  declared.is_server_named = true;
  auto asked = amqp::declare_queue{};
  asked.vhost = vhost;
  create(nobody(), asked, declared);
}

void topology_state::carry_out(const asker& by, amqp::delete_queue& what) {
  auto found = machine_.find_queue(what.vhost, what.name, by.connection);
  if (!found) {
    // What is not there is as good as deleted.
    if (found.error().why == refusal::reason::not_found)
      answer(by, amqp::done{});
    else
      refuse(by, found.error());
    return;
  }
  auto id = (*found)->id;
  auto known = children_.find(id);
  if (known == children_.end()) {
    answer(
      by, amqp::refused{
            amqp::reply_code::access_refused,
            place_text("queue", what.name, what.vhost)
              + " belongs to the node's configuration: "
                "remove it there"});
    return;
  }
  auto text = place_text("queue", what.name, what.vhost);
  auto then = [this, by, id, text](const queue::erased& x) {
    if (by.term != term_) return; // another member decides now
    using verdict = queue::erased::verdict;
    auto which = children_.find(id);
    if (x.what == verdict::in_use)
      answer(
        by,
        amqp::refused{amqp::reply_code::precondition_failed, text + " in use"});
    else if (x.what == verdict::not_empty)
      answer(
        by, amqp::refused{
              amqp::reply_code::precondition_failed, text + " is not empty"});
    else if (which == children_.end())
      answer(by, amqp::done{}); // it went meanwhile
    else
      remove(by, which->second, x.messages);
  };
  self_
    ->request(
      known->second.where, caf::infinite,
      queue::erase{what.if_unused, what.if_empty})
    .then(then, [then](const caf::error&) { then(queue::erased{}); });
}

void topology_state::carry_out(const asker& by, amqp::purge_queue& what) {
  auto found = machine_.find_queue(what.vhost, what.name, by.connection);
  if (!found) {
    refuse(by, found.error());
    return;
  }
  const auto* place = place_of(**found);
  if (!place || !place->where) {
    answer(by, amqp::done{});
    return;
  }
  self_->request(place->where, caf::infinite, queue::purge{})
    .then(
      [this, by](const queue::purged& x) {
        answer(by, amqp::done{"", x.messages, 0});
      },
      [this, by](const caf::error&) { answer(by, amqp::done{}); });
}

std::string topology_state::random_name(std::string prefix) {
  constexpr auto letters = std::string_view{
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"};
  for (auto i = 0; i < 22; ++i) prefix += letters[random_() % letters.size()];
  return prefix;
}

} // namespace troupe
