#include "actors/cluster/store_actors.hpp"

#include "actors/disk_room.hpp"
#include "actors/fatal.hpp"
#include "actors/recovery.hpp"
#include "engine/store/joined_commits.hpp"

#include <caf/send.hpp>

namespace troupe {

namespace {

// A commit is cut here, so that one fsync does not grow without bound.
constexpr std::size_t most_commit_bytes = 4 * 1024 * 1024;

// Entries are read in pieces of about so many bytes.
constexpr std::size_t most_read_bytes = 1024 * 1024;

// Entries of deleted queues are erased so many at a time.
constexpr std::size_t most_orphans = 4096;

constexpr auto look_interval = std::chrono::seconds{1};
constexpr auto tidy_interval = std::chrono::seconds{5};

} // namespace

// -- writing

writer_actor::behavior_type writer_state::handlers(
  writer_actor::stateful_pointer<writer_state> self,
  std::shared_ptr<log_store> store,
  std::shared_ptr<std::atomic<bool>> is_full) {
  self_ = self;
  store_ = std::move(store);
  is_full_ = std::move(is_full);
  gathered_ = nothing_to_commit();
  look();
  return {
    [this](writer::write& msg) { write(msg); },
    [this](writer::flush) { flush(); },
    [this](writer::look) { look(); },
  };
}

void writer_state::write(writer::write& msg) {
  // The flush comes behind all that is in the mailbox already.
  if (waiting_.empty()) self_->send(writer_actor{self_}, writer::flush{});
  asker_ = self_->current_sender();
  tell_space();
  for (auto& x : msg.jobs) {
    bytes_ += size_of(x.second.what);
    waiting_.push_back(std::move(x));
  }
  if (bytes_ >= most_commit_bytes) flush();
}

void writer_state::flush() {
  if (waiting_.empty()) return; // it was large enough to go before its turn
  auto answer = replicas::written{};
  for (auto& [group, job] : waiting_) {
    answer.jobs.emplace_back(group, job.number);
    // What drops, cuts or replaces a log goes by itself, in its order.
    auto is_plain = job.what.installs.empty() && job.what.drops.empty()
                    && job.what.truncations.empty();
    if (!is_plain) commit();
    if (is_plain)
      gather(job.what);
    else
      do_commit(job.what);
  }
  commit();
  waiting_.clear();
  bytes_ = 0;
  self_->send(caf::actor_cast<replicas_actor>(asker_), std::move(answer));
}

void writer_state::gather(commit_request& what) {
  join(gathered_, what);
  has_gathered_ = true;
}

void writer_state::commit() {
  if (!std::exchange(has_gathered_, false)) return;
  do_commit(gathered_);
  gathered_ = nothing_to_commit();
}

void writer_state::do_commit(const commit_request& what) {
  auto done = store_->commit(what);
  if (!done) end_process(exit_io, done.error().detail);
}

void writer_state::look() {
  look_at_room(
    *store_, *is_full_,
    "members with room take over what this one leads; while there are none "
    "publishers wait");
  tell_space();
  self_->delayed_send(writer_actor{self_}, look_interval, writer::look{});
}

void writer_state::tell_space() {
  auto is_full = is_full_->load();
  if (!asker_ || std::exchange(was_full_, is_full) == is_full) return;
  auto to = caf::actor_cast<replicas_actor>(asker_);
  self_->send(to, replicas::space{!is_full});
}

writer_actor::behavior_type run_writer(
  writer_actor::stateful_pointer<writer_state> self,
  std::shared_ptr<log_store> store,
  std::shared_ptr<std::atomic<bool>> is_full) {
  return self->state.handlers(self, std::move(store), std::move(is_full));
}

// -- reading

lookup_actor::behavior_type lookup_state::handlers(
  lookup_actor::stateful_pointer<lookup_state> self,
  std::shared_ptr<log_store> store) {
  self_ = self;
  store_ = std::move(store);
  desk_.emplace(*store_);
  tidy();
  return {
    [this](const lookup::read_entries& msg) { read(msg); },
    [this](const lookup::cut_piece& msg) { cut(msg); },
    [this](const lookup::drop_views& msg) { desk_->drop(msg.group); },
    [this](lookup::tidy) { tidy(); },
    [this](const lookup::recover_shards& msg) { recover(msg); },
    [this](const lookup::find_orphans& msg) { find_orphans(msg); },
  };
}

void lookup_state::read(const lookup::read_entries& msg) {
  auto found =
    store_->read_raw(msg.group, msg.what.from, msg.what.last, most_read_bytes);
  if (!found) end_process(exit_io, found.error().detail);
  self_->send(
    caf::actor_cast<replicas_actor>(self_->current_sender()),
    replicas::entries_read{msg.group, msg.what.number, std::move(*found)});
}

void lookup_state::cut(const lookup::cut_piece& msg) {
  auto made = desk_->piece(msg.group, msg.what, cluster::local_now());
  if (!made) end_process(exit_io, made.error().detail);
  self_->send(
    caf::actor_cast<replicas_actor>(self_->current_sender()),
    replicas::piece_cut{msg.group, msg.what.number, std::move(*made)});
}

void lookup_state::recover(const lookup::recover_shards& msg) {
  auto strangers = std::vector<queue_id>{};
  auto made = recover_shards(*store_, msg.queues, msg.group, &strangers);
  if (!made) end_process(exit_io, made.error().detail);
  self_->send(
    caf::actor_cast<hosting_actor>(self_->current_sender()),
    hosting::recovered{
      msg.group, msg.epoch, std::move(*made), std::move(strangers)});
}

void lookup_state::find_orphans(const lookup::find_orphans& msg) {
  auto found = find_entries(*store_, msg.queues, msg.group, most_orphans);
  if (!found) end_process(exit_io, found.error().detail);
  self_->send(
    caf::actor_cast<hosting_actor>(self_->current_sender()),
    hosting::orphans{
      msg.group, msg.epoch, std::move(found->indexes), found->is_all});
}

void lookup_state::tidy() {
  desk_->on_tick(cluster::local_now());
  self_->delayed_send(lookup_actor{self_}, tidy_interval, lookup::tidy{});
}

lookup_actor::behavior_type run_lookup(
  lookup_actor::stateful_pointer<lookup_state> self,
  std::shared_ptr<log_store> store) {
  return self->state.handlers(self, std::move(store));
}

} // namespace troupe
