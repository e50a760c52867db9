#include "actors/consumer_actor.hpp"

#include "actors/actor_clock.hpp"
#include "actors/fatal.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe {

namespace {

// So many threads that hang cannot be restarted into health; only a new
// process is rid of them.
constexpr std::size_t most_abandoned = 64;

// How long something settled may wait for the message that runs.
constexpr auto check_interval = std::chrono::milliseconds{10};

} // namespace

consumer_actor::behavior_type consumer_state::handlers(
  self_pointer self, directory_actor directory, consumer_options options) {
  self_ = self;
  options_ = std::move(options);
  self->set_down_handler([this](const caf::down_msg&) { queue_down(); });
  self->send(directory, directory::watch{});
  return {
    [this](const directory::queue_up& msg) { queue_up(msg); },
    [this](consumer::deliver& msg) { deliver(msg); },
    [this](consumer::settled msg) { thread_->on_settled(msg.number); },
    [this](consumer::handled& msg) { handled(msg); },
    [this](const consumer::crashed& msg) { crashed(msg); },
    [this](consumer::finished) { finished(); },
    [this](consumer::check) { check(); },
    [this](consumer::stop) { stop(); },
  };
}

void consumer_state::start_thread() {
  // The thread may outlive this actor; then its reports go nowhere.
  auto me = caf::actor_cast<caf::actor>(self_);
  thread_.emplace(
    options_.of,
    handler_thread::events{
      [me](std::uint64_t number, std::vector<settlement> what) {
        caf::anon_send(me, consumer::handled{number, std::move(what)});
      },
      [me](std::string text) {
        caf::anon_send(me, consumer::crashed{std::move(text)});
      },
      [me] { caf::anon_send(me, consumer::finished{}); }});
}

void consumer_state::queue_up(const directory::queue_up& msg) {
  if (msg.name != options_.queue || queue_) return;
  start_thread();
  queue_ = caf::actor_cast<queue_actor>(msg.where);
  self_->monitor(queue_);
  auto asked = subscription{};
  asked.credit = options_.prefetch;
  asked.retry = options_.retry;
  asked.dead_output = options_.dead_output;
  self_->send(queue_, queue::subscribe{std::move(asked)});
}

/// Its loans are void: the queue's next incarnation lends them anew.
void consumer_state::queue_down() {
  self_->quit(caf::exit_reason::out_of_workers);
}

void consumer_state::deliver(consumer::deliver& msg) {
  thread_->run(std::move(msg.runs));
  if (!is_checking_) check_later();
}

void consumer_state::check_later() {
  is_checking_ = true;
  self_->delayed_send(consumer_actor{self_}, check_interval, consumer::check{});
}

void consumer_state::handled(consumer::handled& msg) {
  self_->send(queue_, queue::settle{msg.number, std::move(msg.what)});
}

void consumer_state::crashed(const consumer::crashed& msg) {
  spdlog::warn("handler {} crashed: {}", options_.of->name, msg.text);
  leave(std::nullopt); // the thread has settled the message that ran
  self_->quit(caf::exit_reason::unhandled_exception);
}

void consumer_state::check() {
  is_checking_ = false;
  if (!thread_->is_busy()) return; // the next delivery checks again
  auto running = thread_->running();
  auto ran = std::chrono::steady_clock::now() - running.since;
  auto is_slow = running.at != 0 && ran >= check_interval;
  if (is_slow && options_.timeout.count() > 0 && ran >= options_.timeout) {
    abandon(running.at);
    return;
  }
  if (is_slow) thread_->flush();
  check_later();
}

void consumer_state::abandon(position running) {
  auto text =
    "ran longer than " + std::to_string(options_.timeout.count()) + " ms";
  spdlog::warn(
    "handler {} hit its timeout: it {}; its thread is abandoned",
    options_.of->name, text);
  leave(failure{
    running, {actor_now(*self_), "timeout", std::move(text)}, {}, false});
  if (handler_thread::abandoned() >= most_abandoned)
    end_process(exit_software, "too many handlers hang");
  self_->quit(caf::exit_reason::unhandled_exception);
}

void consumer_state::stop() {
  if (thread_)
    thread_->finish();
  else
    finished();
}

void consumer_state::finished() {
  leave(std::nullopt);
  self_->quit(caf::exit_reason::user_shutdown);
}

void consumer_state::leave(const std::optional<failure>& crash) {
  if (queue_) self_->send(queue_, queue::leave{crash});
  thread_.reset();
}

consumer_actor::behavior_type run_consumer(
  consumer_actor::stateful_pointer<consumer_state> self,
  directory_actor directory,
  consumer_options options) {
  return self->state.handlers(self, std::move(directory), std::move(options));
}

} // namespace troupe
