#include "engine/handlers/handler_runner.hpp"

#include <deque>
#include <exception>
#include <thread>

namespace troupe {

namespace {

// Slow handlers settle message by message, fast ones many at a time.
constexpr auto settle_after = std::chrono::milliseconds{1};

// How soon a gate that opened is noticed.
constexpr auto gate_pause = std::chrono::milliseconds{2};

} // namespace

handler_runner::handler_runner(const stage& of, sender send, time_source now)
  : stage_{&of},
    send_{std::move(send)},
    now_{now},
    handler_{of.factory(of.settings)},
    view_{of},
    sent_{now_()} {}

std::optional<std::string>
handler_runner::run(const std::vector<loaned_run>& delivery) {
  crashed_.reset();
  if (auto* batches = std::get_if<std::unique_ptr<batch_handler>>(&handler_)) {
    run_batch(**batches, delivery);
  } else {
    auto& one = *std::get<std::unique_ptr<handler>>(handler_);
    for (const auto& run : delivery)
      for (std::uint32_t i = 0; i < run.count && !crashed_; ++i)
        run_one(one, run, i);
  }
  running_at_.store(0, std::memory_order_release);
  flush();
  return crashed_;
}

void handler_runner::run_one(
  handler& by, const loaned_run& run, std::uint32_t index) {
  auto x = handling{*stage_, view_, run, index};
  if (!may_start() || is_held_back(x)) {
    auto guard = std::lock_guard{lock_};
    builder_.give_back(x.at());
    return;
  }
  auto now = now_();
  send_if_due(now);
  set_running(x.at(), now);
  try {
    auto result = by.handle(x.message(), x);
    auto guard = std::lock_guard{lock_};
    note(x, result);
    if (builder_.is_large()) send();
  } catch (const std::exception& e) {
    crash(x, e.what());
  } catch (...) {
    crash(x, "the handler threw something that is no exception");
  }
}

void handler_runner::run_batch(
  batch_handler& by, const std::vector<loaned_run>& delivery) {
  auto all = std::deque<handling>{}; // its elements stay where they are
  auto batch = std::vector<work>{};
  auto first = delivery.front().at;
  auto flush = [&] {
    if (batch.empty() || crashed_) return;
    if (!may_start()) {
      auto guard = std::lock_guard{lock_};
      for (const auto& x : all) builder_.give_back(x.at());
      batch.clear();
      all.clear();
      return;
    }
    set_running(first, now_());
    try {
      by.handle_batch(batch);
      // Nothing is sent meanwhile: what one message of a batch keeps in the
      // state may speak of all of them.
      auto guard = std::lock_guard{lock_};
      for (std::size_t i = 0; i < all.size(); ++i)
        note(all[i], batch[i].result);
      if (builder_.is_large()) send();
    } catch (const std::exception& e) {
      for (auto& x : all) crash(x, e.what());
    } catch (...) {
      for (auto& x : all) crash(x, "the handler threw");
    }
    batch.clear();
    all.clear();
  };
  for (const auto& run : delivery)
    for (std::uint32_t i = 0; i < run.count; ++i) {
      // A message that failed before goes alone: it may be to blame.
      if (run.attempt > 1 || batch.size() == batch::most_messages) flush();
      if (crashed_) return;
      auto& x = all.emplace_back(*stage_, view_, run, i);
      if (batch.empty()) first = x.at();
      batch.push_back({x.message(), x});
      if (run.attempt > 1) flush();
    }
  flush();
}

/// Waits at a closed gate. Returns false where nothing is to be begun any more.
bool handler_runner::may_start() {
  if (!stage_->gate) return !is_finishing_;
  while (!is_finishing_ && !stage_->gate->is_open(cluster::local_now())) {
    flush();
    std::this_thread::sleep_for(gate_pause);
  }
  return !is_finishing_;
}

bool handler_runner::is_held_back(const handling& x) {
  if (held_.empty()) return false;
  auto found = held_.find(x.key());
  if (found == held_.end()) return false;
  if (found->second.at != x.at()) return true;
  held_.erase(found);
  return false;
}

void handler_runner::note(handling& x, const outcome& result) {
  if (result.what() == outcome::kind::ack) {
    view_.apply(x.changes(), round_);
    builder_.ack(x);
    return;
  }
  auto is_final = result.what() == outcome::kind::dead_letter;
  auto why = failed_attempt{
    wall_clock(), is_final ? "rejected" : "retry", result.reason()};
  builder_.fail({x.at(), std::move(why), result.delay(), is_final});
  if (stage_->key && !is_final) held_[x.key()] = {x.at(), round_};
}

void handler_runner::crash(const handling& x, const std::string& text) {
  auto guard = std::lock_guard{lock_};
  if (stage_->blames_messages)
    builder_.fail({x.at(), {wall_clock(), "exception", text}, {}, false});
  else
    builder_.give_back(x.at());
  crashed_ = text;
}

// -- settling

void handler_runner::flush() {
  auto guard = std::lock_guard{lock_};
  send();
}

void handler_runner::send_if_due(clock::time_point now) {
  auto guard = std::lock_guard{lock_};
  if (!builder_.empty() && now - sent_ >= settle_after) send();
}

void handler_runner::send() {
  sent_ = now_();
  if (builder_.empty()) return;
  auto all = builder_.take();
  const auto& last = all.back();
  auto has_effect = !last.acked.empty() || !last.failed.empty();
  send_(has_effect ? round_ : 0, std::move(all));
  ++round_;
}

void handler_runner::on_settled(std::uint64_t number) {
  view_.on_settled(number);
  std::erase_if(
    held_, [&](const auto& x) { return x.second.number <= number; });
}

// -- what runs

handler_runner::running_message handler_runner::running() const {
  auto at = running_at_.load(std::memory_order_acquire);
  return {at, running_since_.load(std::memory_order_relaxed)};
}

void handler_runner::set_running(position at, clock::time_point since) {
  // In this order: whoever reads a place finds its time, or a later one.
  running_since_.store(since, std::memory_order_relaxed);
  running_at_.store(at, std::memory_order_release);
}

} // namespace troupe
