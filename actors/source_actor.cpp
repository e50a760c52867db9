#include "actors/source_actor.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

namespace troupe {

namespace {

// Batches published and not yet confirmed: enough to keep queues and store
// busy, few enough that a slow handler soon slows its source.
constexpr std::size_t most_unconfirmed = 64;

// A restart reads at most about this much again.
constexpr std::size_t messages_per_save = 64 * 1024;

} // namespace

source_actor::behavior_type source_state::handlers(
  self_pointer self,
  store_actor store,
  router_actor router,
  source_options options) {
  self_ = self;
  store_ = std::move(store);
  router_ = std::move(router);
  options_ = std::move(options);
  auto opened = options_.open();
  if (opened) {
    input_ = std::move(*opened);
    is_pulling_ = true;
    self->send(source_actor{self}, source::pull{});
  } else {
    end(opened.error());
  }
  return {
    [this](source::pull) { pull(); },
    [this](const queue::published& msg) { published(msg); },
    [](const queue::stored&) {}, // progress that is lost is only read again
    [this](source::stop) {
      save();
      self_->quit(caf::exit_reason::user_shutdown);
    },
  };
}

void source_state::pull() {
  is_pulling_ = false;
  if (has_ended_ || window_.size() >= most_unconfirmed) return;
  if (!publish_next()) return;
  is_pulling_ = true;
  self_->send(source_actor{self_}, source::pull{});
}

/// Returns whether there may be more to read.
bool source_state::publish_next() {
  auto read = input_->next();
  if (!read) {
    end(read.error());
    return false;
  }
  if (!read->messages) {
    if (read->at_end) end({});
    return !read->at_end;
  }
  auto sequences = std::vector<std::uint64_t>{};
  auto size = read->messages->size();
  if (read->is_resumable)
    for (std::size_t i = 0; i < size; ++i)
      sequences.push_back(read->first_number + i);
  auto publisher = read->is_resumable ? "source:" + options_.name : "";
  window_.push_back({++last_ticket_, size, std::move(read->progress)});
  options_.report->update([&](auto& x) { x.published += size; });
  self_->send(
    router_, router::publish_output{
               last_ticket_, options_.name, std::move(publisher),
               std::move(sequences), std::move(read->messages)});
  return true;
}

void source_state::published(const queue::published& msg) {
  for (auto& x : window_)
    if (x.ticket == msg.ticket) x.is_confirmed = true;
  while (!window_.empty() && window_.front().is_confirmed) {
    auto& done = window_.front();
    options_.report->update([&](auto& x) { x.confirmed += done.messages; });
    unsaved_ += done.messages;
    progress_ = std::move(done.progress);
    window_.pop_front();
  }
  save_if_due();
  if (is_pulling_ || has_ended_) return;
  is_pulling_ = true;
  self_->send(source_actor{self_}, source::pull{});
}

void source_state::end(const error& failure) {
  has_ended_ = true;
  options_.report->update([&](auto& x) {
    x.has_ended = true;
    x.failure = failure;
  });
  if (failure.code != errc::none)
    spdlog::error("source {} stopped: {}", options_.name, failure.detail);
  save_if_due();
}

void source_state::save_if_due() {
  auto is_last = has_ended_ && window_.empty();
  if (unsaved_ >= messages_per_save || is_last) save();
}

void source_state::save() {
  if (progress_ == saved_) return;
  auto msg = store::commit{};
  msg.what.sync = false;
  msg.what.changes.push_back(
    {options_.group, {"source:" + options_.name, "", "progress", progress_}});
  self_->send(store_, std::move(msg));
  saved_ = progress_;
  unsaved_ = 0;
}

source_actor::behavior_type run_source(
  source_actor::stateful_pointer<source_state> self,
  store_actor store,
  router_actor router,
  source_options options) {
  return self->state.handlers(
    self, std::move(store), std::move(router), std::move(options));
}

} // namespace troupe
