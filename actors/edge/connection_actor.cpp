#include "actors/edge/connection_actor.hpp"

#include "actors/actor_clock.hpp"
#include "actors/queue_place.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

namespace troupe {

namespace {

// Bytes read and not yet looked at, and bytes to write that the client does
// not take: beyond, the socket is read no further.
constexpr std::size_t most_unread = 1024 * 1024;
constexpr std::size_t most_unwritten = 8 * 1024 * 1024;

// How long a client may take to read what is left when the connection closes.
constexpr auto closing_grace = std::chrono::seconds{10};

/// Names what a first chunk is where people mistake the port.
std::string_view other_protocol(std::string_view bytes) {
  for (auto method : {"GET ", "POST ", "PUT ", "HEAD "})
    if (bytes.starts_with(method)) return "HTTP";
  return bytes.starts_with("\x16\x03") ? "TLS" : "";
}

} // namespace

connection_actor::behavior_type connection_state::handlers(
  self_pointer self,
  connection_places places,
  amqp::connection_options options,
  std::shared_ptr<byte_stream> stream) {
  self_ = self;
  places_ = std::move(places);
  stream_ = std::move(stream);
  id_ = options.id;
  peer_ = options.peer;
  is_loopback_ = options.peer_is_loopback;
  machine_.emplace(std::move(options), actor_now(*self_));
  look_at_routes();
  self->set_down_handler([this](const caf::down_msg& msg) { queue_down(msg); });
  listen();
  set_timer();
  return {
    [this](const edge::received& msg) { received(msg); },
    [this](edge::sent) { sent(); },
    [this](const edge::closed& msg) { closed(msg); },
    [this](edge::answered& msg) {
      answered(std::move(msg.what));
      act();
    },
    [this](edge::consumer_gone msg) {
      machine_->on_cancelled(msg.consumer);
      act();
    },
    [this](const edge::block& msg) {
      if (msg.reason.empty())
        machine_->on_unblocked();
      else
        machine_->on_blocked(msg.reason);
      act();
    },
    [this](edge::close& msg) {
      machine_->on_close(msg.code, std::move(msg.text));
      act();
    },
    [this](edge::wake msg) {
      if (msg.generation != timer_generation_) return;
      timer_.reset();
      machine_->on_time(actor_now(*self_));
      act();
    },
    [this](const router::confirmed& msg) {
      for (auto ticket : msg.tickets) {
        auto found = msg.refused.find(ticket);
        static const auto none = std::vector<std::uint32_t>{};
        machine_->on_confirmed(
          ticket, found == msg.refused.end() ? none : found->second);
      }
      act();
    },
    [this](queue::published msg) {
      machine_->on_confirmed(msg.ticket, {});
      act();
    },
    [this](consumer::deliver& msg) {
      machine_->on_deliveries(msg.consumer, msg.runs, actor_now(*self_));
      act();
    },
  };
}

/// The stream's callbacks hold this actor until the socket is closed.
void connection_state::listen() {
  auto me = caf::actor_cast<caf::actor>(self_);
  auto stream = std::weak_ptr<byte_stream>{stream_};
  stream_->start(
    {[me, counts = intake_, stream](std::string chunk) {
       auto unread = counts->unread.fetch_add(chunk.size()) + chunk.size();
       auto pauses = unread > most_unread;
       if (pauses)
         if (auto x = stream.lock()) x->pause_reading();
       caf::anon_send(me, edge::received{std::move(chunk), pauses});
     },
     [me](boost::system::error_code why) {
       caf::anon_send(me, edge::closed{why.message()});
     },
     [me, counts = intake_](std::size_t bytes) {
       counts->written += bytes;
       if (!counts->is_told.exchange(true))
         caf::anon_send(me, edge::sent{counts->written});
     }});
}

// -- events

void connection_state::received(const edge::received& msg) {
  if (!std::exchange(has_spoken_, true))
    if (auto other = other_protocol(msg.bytes); !other.empty())
      spdlog::warn(
        "amqp: {} speaks {} to the port for plain AMQP", peer_, other);
  look_at_routes();
  machine_->on_bytes(msg.bytes, actor_now(*self_));
  intake_->unread -= msg.bytes.size();
  is_paused_ |= msg.has_paused;
  act();
}

void connection_state::answered(amqp::answer what) {
  asked_ = {};
  look_at_routes();
  machine_->on_answer(std::move(what), actor_now(*self_));
}

void connection_state::sent() {
  intake_->is_told = false;
  machine_->on_written(intake_->written);
  act();
}

void connection_state::closed(const edge::closed& msg) {
  spdlog::debug("amqp: connection {} closed: {}", id_, msg.why);
  machine_->on_peer_closed(actor_now(*self_));
  auto todo = machine_->take_actions();
  carry_out(todo.notices);
  leave_topology();
  stream_->abort(); // it is closed, unless the node stops
  self_->quit(caf::exit_reason::user_shutdown);
}

void connection_state::queue_down(const caf::down_msg& msg) {
  auto found = queues_.find(msg.source);
  if (found == queues_.end()) return;
  auto id = found->second;
  queues_.erase(found);
  look_at_routes();
  if (asked_.first == id) answered(std::exchange(asked_, {}).second);
  machine_->on_queue_lost(id);
  act();
}

void connection_state::look_at_routes() {
  auto version = places_.routes->version();
  if (version == routes_version_) return;
  routes_version_ = version;
  machine_->set_routes(places_.routes->look());
}

// -- actions

void connection_state::act() {
  auto todo = machine_->take_actions();
  carry_out(todo.notices);
  // What went to a queue that is not there is refused in the same round.
  while (!lost_.empty()) {
    for (const auto& [ticket, all] : std::exchange(lost_, {}))
      machine_->on_confirmed(ticket, all);
    auto more = machine_->take_actions();
    carry_out(more.notices);
    todo.output += more.output;
    for (auto& x : more.requests) todo.requests.push_back(std::move(x));
    todo.closes |= more.closes;
    todo.drops |= more.drops;
  }
  for (auto& x : todo.requests)
    std::visit([this](auto& what) { ask(what); }, x);
  // A client that is told that all is closed finds its queues gone.
  if (todo.closes || todo.drops) leave_topology();
  if (!todo.output.empty()) stream_->write(std::move(todo.output));
  if (todo.drops) {
    stream_->abort();
  } else if (todo.closes && !is_closing_) {
    is_closing_ = true;
    stream_->close_after_writing(closing_grace);
  }
  set_flow();
  set_timer();
}

void connection_state::carry_out(std::vector<amqp::notice>& notices) {
  for (auto& x : notices)
    std::visit([this](auto& what) { carry_out(what); }, x);
  send_publishes();
}

void connection_state::carry_out(amqp::publication& what) {
  const auto* place = place_of(*what.to);
  if (place && !place->output.empty()) {
    self_->send(
      places_.router, router::publish_output{
                        what.what.ticket,
                        place->output,
                        {},
                        {},
                        std::move(what.what.messages)});
    return;
  }
  auto to = queue_of(what.to);
  if (!to) {
    auto all = std::vector<std::uint32_t>{};
    for (std::uint32_t i = 0; i < what.what.messages->size(); ++i)
      all.push_back(i);
    lost_.emplace_back(what.what.ticket, std::move(all));
    return;
  }
  for (auto& [queue, batches] : publishes_)
    if (queue == to) {
      batches.push_back(std::move(what.what));
      return;
    }
  publishes_.emplace_back(to, std::vector<publish>{});
  publishes_.back().second.push_back(std::move(what.what));
}

void connection_state::send_publishes() {
  for (auto& [queue, batches] : publishes_)
    self_->send(queue, queue::enqueue{std::move(batches)});
  publishes_.clear();
}

void connection_state::carry_out(amqp::settling& what) {
  if (auto to = queue_of(what.queue))
    self_->send(to, queue::settle{0, std::move(what.what), what.consumer});
}

void connection_state::carry_out(amqp::credit_change& what) {
  if (auto to = queue_of(what.queue))
    self_->send(to, queue::grant{what.consumer, what.credit});
}

void connection_state::carry_out(amqp::written& what) {
  if (auto to = queue_of(what.queue))
    self_->send(to, queue::written{what.consumer, what.bytes});
}

void connection_state::carry_out(amqp::cancelled& what) {
  if (auto to = queue_of(what.queue))
    self_->send(to, queue::cancel{what.consumer, false});
}

void connection_state::carry_out(amqp::pausing& what) {
  if (auto to = queue_of(what.queue))
    self_->send(to, queue::pause{what.consumer, what.is_paused});
}

void connection_state::carry_out(amqp::left& what) {
  if (auto to = queue_of(what.queue))
    self_->send(to, queue::leave{std::move(what.crash), what.consumer});
}

template <class Request>
void connection_state::ask(Request& what) {
  if constexpr (std::is_same_v<Request, amqp::login>)
    self_->send(places_.access, access::check{std::move(what), is_loopback_});
  else
    self_->send(
      places_.topology, broker::ask{id_, amqp::request{std::move(what)}});
}

void connection_state::ask(amqp::subscribe& what) {
  ask_queue(
    what.queue,
    queue::subscribe{std::move(what.what), what.consumer, what.is_paused},
    gone(what.queue));
}

void connection_state::ask(amqp::get& what) {
  ask_queue(
    what.queue, queue::get{what.consumer, what.no_ack}, gone(what.queue));
}

void connection_state::ask(amqp::cancel& what) {
  ask_queue(what.queue, queue::cancel{what.consumer, true}, amqp::done{});
}

/// Asks a queue; `otherwise` answers in its place, should it be gone.
template <class Question>
void connection_state::ask_queue(
  const amqp::queue_ref& queue, Question what, amqp::answer otherwise) {
  if (auto to = queue_of(queue)) {
    asked_ = {queue->id, std::move(otherwise)};
    self_->send(to, std::move(what));
  } else {
    self_->send(connection_actor{self_}, edge::answered{std::move(otherwise)});
  }
}

amqp::refused connection_state::gone(const amqp::queue_ref& queue) {
  return {
    amqp::reply_code::not_found, "queue '" + queue->name + "' in vhost '"
                                   + queue->vhost
                                   + "' went away: declare it, and try again"};
}

queue_actor connection_state::queue_of(const amqp::queue_ref& queue) {
  const auto* place = place_of(*queue);
  if (!place || !place->where) return {};
  if (queues_.emplace(place->where.address(), queue->id).second)
    self_->monitor(place->where);
  return place->where;
}

/// Reads the socket only as fast as what it brings can be passed on.
void connection_state::set_flow() {
  auto can_read = machine_->wants_input()
                  && stream_->unwritten() < most_unwritten
                  && intake_->unread < most_unread;
  if (can_read != is_paused_) return;
  is_paused_ = !can_read;
  if (is_paused_)
    stream_->pause_reading();
  else
    stream_->resume_reading();
}

void connection_state::set_timer() {
  auto due = machine_->next_due();
  if (!due || (timer_ && *timer_ <= *due)) return;
  timer_ = due;
  auto wait = std::max(*due - actor_now(*self_), duration{0});
  self_->delayed_send(
    connection_actor{self_}, wait, edge::wake{++timer_generation_});
}

void connection_state::leave_topology() {
  if (std::exchange(has_left_, true)) return;
  self_->send(places_.topology, broker::connection_gone{id_});
}

connection_actor::behavior_type run_connection(
  connection_actor::stateful_pointer<connection_state> self,
  connection_places places,
  amqp::connection_options options,
  std::shared_ptr<byte_stream> stream) {
  return self->state.handlers(
    self, std::move(places), std::move(options), std::move(stream));
}

} // namespace troupe
