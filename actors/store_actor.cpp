#include "actors/store_actor.hpp"

#include "actors/disk_room.hpp"
#include "actors/fatal.hpp"
#include "actors/recovery.hpp"
#include "engine/store/joined_commits.hpp"

#include <caf/send.hpp>

namespace troupe {

namespace {

// A commit is cut here, so that one fsync does not grow without bound while
// the disk is slower than those who write.
constexpr std::size_t most_commit_bytes = 4 * 1024 * 1024;

} // namespace

// -- writing

store_actor::behavior_type store_state::handlers(
  store_actor::stateful_pointer<store_state> self,
  std::shared_ptr<log_store> store,
  std::shared_ptr<std::atomic<bool>> is_full) {
  self_ = self;
  store_ = std::move(store);
  is_full_ = std::move(is_full);
  gathered_ = nothing_to_commit();
  look_at_space();
  return {
    [this](store::commit& msg) { commit(msg); },
    [this](store::flush) { flush(); },
    [this](store::look) { look_at_space(); },
    [this](const store::define& msg) { return define(msg); },
    [this](const store::drop& msg) { drop(msg); },
  };
}

void store_state::commit(store::commit& msg) {
  // The flush comes behind all that is in the mailbox already.
  if (waiting_.empty()) self_->send(store_actor{self_}, store::flush{});
  bytes_ += size_of(msg.what);
  waiting_.push_back(
    {self_->current_sender(), std::move(msg.partitions),
     msg.what.appends.size()});
  join(gathered_, msg.what);
  if (bytes_ >= most_commit_bytes) flush();
}

void store_state::flush() {
  if (waiting_.empty()) return; // it was large enough to go before its turn
  auto indexes = write();
  auto next = indexes.begin();
  for (auto& x : std::exchange(waiting_, {})) {
    auto answer = queue::stored{};
    for (auto partition : x.partitions)
      answer.what.emplace_back(partition, x.appends > 0 ? *next++ : 0);
    // A source takes this answer as a queue does.
    if (x.who)
      self_->send(caf::actor_cast<queue_actor>(x.who), std::move(answer));
  }
}

store::defined store_state::define(const store::define& msg) {
  auto record = store_->define_queue(msg.queue, msg.partitions);
  if (record) return {std::move(*record), {}};
  if (record.error().code == errc::storage_failed)
    end_process(exit_io, record.error().detail);
  return {{}, record.error()};
}

void store_state::drop(const store::drop& msg) {
  auto done = store_->drop_queue(msg.queue);
  if (!done) end_process(exit_io, done.error().detail);
}

void store_state::look_at_space() {
  look_at_room(*store_, *is_full_, "publishers wait until there is room");
  // While nothing is written, somebody else may fill the disk or free it.
  self_->delayed_send(
    store_actor{self_}, std::chrono::seconds{1}, store::look{});
}

std::vector<log_index> store_state::write() {
  auto done = store_->commit(gathered_);
  if (!done) end_process(exit_io, done.error().detail);
  gathered_ = nothing_to_commit();
  bytes_ = 0;
  return std::move(*done);
}

store_actor::behavior_type run_store(
  store_actor::stateful_pointer<store_state> self,
  std::shared_ptr<log_store> store,
  std::shared_ptr<std::atomic<bool>> is_full) {
  return self->state.handlers(self, std::move(store), std::move(is_full));
}

// -- reading

reader_actor::behavior_type reader_state::handlers(
  reader_actor::stateful_pointer<reader_state> self,
  std::shared_ptr<log_store> store) {
  self_ = self;
  store_ = std::move(store);
  return {
    [this](const store::read& msg) { read(msg); },
    [this](store::recover& msg) { recover(msg); },
  };
}

void reader_state::read(const store::read& msg) {
  auto answer = queue::loaded{msg.partition, msg.first, nullptr};
  auto entry = store_->read(msg.from);
  if (entry) {
    if (auto* published = std::get_if<publish_entry>(&*entry))
      answer.messages = std::move(published->messages);
  } else if (entry.error().code != errc::not_found) {
    end_process(exit_io, entry.error().detail);
  }
  self_->send(
    caf::actor_cast<queue_actor>(self_->current_sender()), std::move(answer));
}

void reader_state::recover(store::recover& msg) {
  auto options = std::vector{std::move(msg.options)};
  auto machines = msg.group ? recover_shards(*store_, options, *msg.group)
                            : recover_queues(*store_, options);
  if (!machines) end_process(exit_io, machines.error().detail);
  self_->send(
    caf::actor_cast<queue_actor>(self_->current_sender()),
    queue::recovered{std::move(machines->front())});
}

reader_actor::behavior_type run_reader(
  reader_actor::stateful_pointer<reader_state> self,
  std::shared_ptr<log_store> store) {
  return self->state.handlers(self, std::move(store));
}

} // namespace troupe
