#include "engine/amqp/connection_machine.hpp"

#include "engine/amqp/sasl.hpp"
#include "engine/amqp/server_properties.hpp"

#include <algorithm>

namespace troupe::amqp {

namespace {

constexpr auto most_handshake = std::chrono::seconds{10};

// Before a size is agreed on: room for long tokens in connection.start-ok.
constexpr std::uint32_t first_frame_max = 128 * 1024;

} // namespace

connection_machine::connection_machine(
  connection_options options, time_point now)
  : core_{std::make_unique<connection_core>(std::move(options))},
    reader_{first_frame_max},
    deadline_{now + most_handshake} {
  core_->now = now;
  core_->frame_max = first_frame_max;
  set_routes(std::make_shared<const routing_snapshot>());
}

void connection_machine::set_routes(
  std::shared_ptr<const routing_snapshot> routes) {
  core_->routes = std::move(routes);
  ++core_->routes_version;
}

// -- reading

void connection_machine::on_bytes(std::string_view chunk, time_point now) {
  core_->now = now;
  heartbeat_.on_received(now);
  if (phase_ == phase::over || phase_ == phase::silent || has_lost_sync_)
    return;
  if (is_waiting() || !backlog_.empty())
    backlog_.append(chunk);
  else
    read(chunk);
}

/// Nothing is read past a method that waits for its answer, on any channel.
bool connection_machine::is_waiting() const {
  return awaits_answer_ || asker_.has_value();
}

void connection_machine::read(std::string_view chunk) {
  if (phase_ == phase::header) read_header(chunk);
  if (chunk.empty() || phase_ == phase::header || phase_ == phase::over) return;
  auto done = feed(chunk);
  if (is_waiting()) backlog_.append(chunk.substr(done));
}

/// Reads what came in while an answer was awaited.
void connection_machine::read_backlog() {
  while (!is_waiting() && backlog_read_ < backlog_.size()) {
    auto bytes = std::string_view{backlog_}.substr(backlog_read_);
    backlog_read_ += feed(bytes);
    if (phase_ == phase::over || has_lost_sync_) break;
  }
  if (is_waiting() && backlog_read_ < backlog_.size() / 2) return;
  if (!is_waiting()) backlog_read_ = backlog_.size();
  backlog_.erase(0, backlog_read_);
  backlog_read_ = 0;
  if (backlog_.empty()) backlog_ = {};
}

/// Takes frames until one has to wait; returns how many bytes that were.
std::size_t connection_machine::feed(std::string_view bytes) {
  reader_.feed(bytes);
  while (!is_waiting() && phase_ != phase::over) {
    auto next = reader_.next();
    if (!next) {
      fail(next.error());
      has_lost_sync_ = true;
      return bytes.size();
    }
    if (!*next) return bytes.size();
    on_frame(**next);
  }
  return bytes.size() - reader_.give_up_rest();
}

void connection_machine::read_header(std::string_view& chunk) {
  auto taken = std::min(chunk.size(), protocol_header.size() - header_.size());
  header_.append(chunk.substr(0, taken));
  chunk.remove_prefix(taken);
  if (header_.size() == protocol_header.size()) on_protocol(header_);
}

void connection_machine::on_protocol(std::string_view header) {
  using namespace std::string_view_literals;
  auto is_0_9_1 = header == protocol_header;
  auto is_0_9 = header == "AMQP\x01\x01\x00\x09"sv; // near enough
  if (!is_0_9_1 && !is_0_9) {
    core_->output.append(protocol_header);
    return end();
  }
  auto properties = encode(server_properties(core_->options));
  auto offered = mechanisms(core_->options);
  core_->send(0, connection_start{0, 9, properties, offered, "en_US"});
  phase_ = phase::starting;
}

void connection_machine::on_frame(const frame& what) {
  if (what.channel == 0)
    on_own_frame(what);
  else if (phase_ == phase::running)
    on_channel_frame(what);
  else if (phase_ != phase::closing)
    fail(
      {reply_code::channel_error,
       "channel " + std::to_string(what.channel)
         + " is used before the connection is open"});
}

// -- what the node says

void connection_machine::on_answer(answer what, time_point now) {
  core_->now = now;
  if (awaits_answer_) {
    awaits_answer_ = false;
    if (phase_ == phase::securing)
      on_login(what);
    else if (phase_ == phase::entering)
      on_vhost(what);
  } else if (asker_) {
    auto by = *std::exchange(asker_, {});
    if (auto* to = find_channel(by.channel, by.opened)) {
      after(to->on_answer(std::move(what)), by.channel);
      note_wait(by.channel);
    }
  }
  read_backlog();
}

void connection_machine::on_confirmed(
  std::uint64_t ticket, const std::vector<std::uint32_t>& refused) {
  core_->published.close(ticket, refused, outcomes_);
  settle_outcomes();
}

void connection_machine::on_deliveries(
  consumer_number to, const std::vector<loaned_run>& runs, time_point now) {
  core_->now = now;
  auto* who = core_->find_consumer(to);
  if (!who || phase_ != phase::running) return; // its loans went back
  channels_[who->channel]->open.on_deliveries(*who, runs);
}

void connection_machine::on_cancelled(consumer_number number) {
  if (auto* who = core_->find_consumer(number))
    channels_[who->channel]->open.on_queue_gone(*who);
}

void connection_machine::on_queue_lost(queue_id which) {
  auto lost = std::vector<consumer_number>{};
  for (const auto& [number, who] : core_->consumers)
    if (who.queue->id == which) lost.push_back(number);
  std::ranges::sort(lost);
  for (auto number : lost) on_cancelled(number);
  core_->published.close_all(which, outcomes_);
  settle_outcomes();
}

// -- what was written

void connection_machine::on_written(std::uint64_t total) {
  auto& open = core_->unwritten_deliveries;
  for (; !open.empty() && open.front().end <= total; open.pop_front()) {
    const auto& x = open.front();
    auto* who = core_->find_consumer(x.consumer);
    if (!who) continue;
    if (who->unreported == 0) core_->unreported.push_back(x.consumer);
    who->unreported += x.bytes;
  }
  // What is left of a window is told when nothing else will tell it.
  auto all = open.empty();
  std::erase_if(core_->unreported, [&](consumer_number number) {
    return report_written(number, all);
  });
}

/// Tells a queue what its consumer has written. True: there is no more to tell.
bool connection_machine::report_written(consumer_number number, bool all) {
  auto* who = core_->find_consumer(number);
  if (!who) return true;
  auto enough = core_->options.consumer_window_bytes / 4;
  if (!all && who->unreported < enough) return false;
  if (!who->is_gone)
    core_->notices.emplace_back(written{number, who->queue, who->unreported});
  who->unreported = 0;
  return true;
}

// -- flow

void connection_machine::on_blocked(std::string reason) {
  auto begins = blocked_by_.empty();
  blocked_by_ = reason.empty() ? "low on resources" : std::move(reason);
  if (begins && phase_ == phase::running && core_->client.takes_blocked)
    core_->send(0, connection_blocked{blocked_by_});
}

void connection_machine::on_unblocked() {
  auto ends = !blocked_by_.empty();
  blocked_by_.clear();
  if (ends && phase_ == phase::running && core_->client.takes_blocked)
    core_->send(0, connection_unblocked{});
}

bool connection_machine::wants_input() const {
  if (is_waiting()) return false;
  if (phase_ == phase::closing || phase_ == phase::over) return true;
  if (!blocked_by_.empty() && core_->has_published) return false;
  return core_->published.open_bytes() < core_->options.publish_window_bytes;
}

// -- the round

connection_actions connection_machine::take_actions() {
  for (auto number : std::exchange(core_->with_news, {}))
    if (const auto& x = channels_[number]; x && !x->is_closing)
      x->open.put_confirms();
  core_->published.flush(core_->notices);
  core_->settled.flush(core_->notices);
  core_->output_taken += core_->output.size();
  auto taken = connection_actions{
    std::exchange(core_->output, {}), std::exchange(core_->notices, {}),
    std::exchange(core_->requests, {}), std::exchange(closes_, false),
    std::exchange(drops_, false)};
  return taken;
}

} // namespace troupe::amqp
