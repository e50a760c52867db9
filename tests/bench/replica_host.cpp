#include "tests/bench/replica_host.hpp"

#include "engine/ring/slot_map.hpp"
#include "engine/store/joined_commits.hpp"

#include <stdexcept>

namespace troupe::bench {

using namespace cluster;

namespace {

using namespace std::chrono_literals;

local_time now() {
  return local_time{std::chrono::duration_cast<local_span>(
    std::chrono::steady_clock::now().time_since_epoch())};
}

group_id group_at(std::size_t i) {
  return group_id{static_cast<std::uint8_t>(i)};
}

} // namespace

// -- the records

shared_records::shared_records(const std::vector<in_sync_member>& members) {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    auto& [record, revision] = all_[i];
    for (std::size_t k = 0; k < members.size(); ++k)
      record.replicas.push_back(members[(i + k) % members.size()].member);
    record.in_sync = members;
    record.leader = record.replicas.front();
    record.epoch = 1;
    revision = 1;
  }
}

void shared_records::watch(watcher one) {
  auto guard = std::lock_guard{mutex_};
  for (std::size_t i = 0; i < all_.size(); ++i)
    one(group_at(i), all_[i].first, all_[i].second);
  watchers_.push_back(std::move(one));
}

void shared_records::swap(group_id of, const compare_and_swap& what) {
  auto guard = std::lock_guard{mutex_};
  auto& [record, revision] = all_[static_cast<std::size_t>(of)];
  if (what.expected == revision) {
    record = what.record;
    ++revision;
  }
  for (const auto& x : watchers_) x(of, record, revision);
}

// -- the member

replica_host::replica_host(member_id self, ended told)
  : self_{self}, told_{std::move(told)} {
  auto options = store_options{};
  options.folder = folder_.path() / "store";
  std::filesystem::create_directories(options.folder);
  store_ = log_store::open(options).value();
  auto wanted = peer_links_options{};
  wanted.self = {"bench", name(self), store_->store_id(), 1};
  wanted.listen = {"127.0.0.1", 0};
  wanted.window = 64 * 1024 * 1024;
  auto events = peer_links_events{};
  events.on_message = [this](const std::string& from, std::string message) {
    post([this, from, text = std::move(message)] { receive(from, text); });
  };
  events.on_up = [this](const std::string& member) {
    auto id = member_id{static_cast<std::uint16_t>(
      std::stoul(member.substr(member.find('-') + 1)))};
    post([this, id] {
      for (std::size_t i = 0; i < groups_.size(); ++i) {
        groups_[i].tell([&](auto& x) { x.on_connected(id, now()); }, now());
        take(i);
      }
    });
  };
  events.on_down = [](const auto&, const auto&) {};
  events.on_trouble = [](const auto&) {};
  links_ = peer_links::open(std::move(wanted), std::move(events)).value();
}

replica_host::~replica_host() {
  links_->stop();
  {
    auto guard = std::lock_guard{mutex_};
    is_over_ = true;
  }
  changed_.notify_all();
  if (decides_.joinable()) decides_.join();
  if (writes_.joinable()) writes_.join();
}

in_sync_member replica_host::identity() const {
  return {self_, parse_store_id(store_->store_id()).value()};
}

known_member replica_host::known() const {
  return {links_->bound(), store_->store_id()};
}

void replica_host::start(
  shared_records& records, const std::map<std::string, known_member>& all) {
  records_ = &records;
  auto options = group_replica::options{};
  options.machine.self = self_;
  options.machine.store = identity().store;
  for (std::size_t i = 0; i < troupe::groups; ++i) {
    options.group = group_at(i);
    groups_.push_back(group_replica::open(options, *store_, now()).value());
    next_.push_back(1);
  }
  links_->set_members(all);
  links_->start();
  decides_ = std::thread{[this] { decide(); }};
  writes_ = std::thread{[this] { write(); }};
  records.watch([this](group_id of, const auto& record, auto revision) {
    post([this, of, record, revision] {
      auto i = static_cast<std::size_t>(of);
      groups_[i].tell(
        [&](auto& x) { x.on_record(record, revision, now()); }, now());
      take(i);
    });
  });
}

void replica_host::publish(
  std::size_t group, batch_ptr messages, std::uint64_t ticket) {
  post([this, group, ticket, all = std::move(messages)] {
    auto& to = groups_[group];
    auto entry = publish_entry{};
    entry.queue = queue_id{group + 1};
    entry.first = next_[group];
    entry.messages = all;
    auto entries = std::vector<encoded_entry>{};
    entries.push_back(encode(log_entry{std::move(entry)}, to.epoch()));
    if (to.append(std::move(entries), ticket, now()) == refusal::none)
      next_[group] += all->size();
    else
      told_({ticket, false, 0});
    take(group);
  });
}

void replica_host::post(event what) {
  {
    auto guard = std::lock_guard{mutex_};
    events_.push_back(std::move(what));
  }
  changed_.notify_all();
}

/// Lets events happen, and time pass.
void replica_host::decide() {
  auto next_tick = now();
  for (;;) {
    auto todo = std::vector<event>{};
    {
      auto lock = std::unique_lock{mutex_};
      changed_.wait_for(
        lock, 50ms, [this] { return is_over_ || !events_.empty(); });
      if (is_over_) return;
      std::swap(todo, events_);
    }
    for (auto& x : todo) x();
    if (now() < next_tick) continue;
    next_tick = now() + 50ms;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      groups_[i].tell([](auto& x) { x.on_tick(now()); }, now());
      take(i);
    }
  }
}

void replica_host::take(std::size_t group) {
  auto work = groups_[group].take_work();
  if (!work.writes.empty()) {
    auto guard = std::lock_guard{mutex_};
    for (auto& x : work.writes) jobs_.push_back({group, std::move(x)});
    changed_.notify_all();
  }
  for (auto& [to, bytes] : work.messages)
    links_->send(name(to), std::move(bytes));
  for (const auto& x : work.ended) told_(x);
  for (const auto& x : work.others)
    if (auto* swap = std::get_if<compare_and_swap>(&x))
      records_->swap(group_at(group), *swap);
  for (const auto& x : work.reads) read(group, x);
}

void replica_host::read(std::size_t group, const read_job& what) {
  auto found =
    store_->read_raw(group_at(group), what.from, what.last, 1 << 20).value();
  groups_[group].on_read(what.number, found, now());
  take(group);
}

void replica_host::receive(const std::string& from, std::string message) {
  auto id = member_id{
    static_cast<std::uint16_t>(std::stoul(from.substr(from.find('-') + 1)))};
  auto read = decode_group_message(message).value();
  auto group = static_cast<std::size_t>(read.group);
  groups_[group].on_message(id, read.what, now());
  links_->handled(from, message.size());
  take(group);
}

/// Makes one commit of all that waits, with one fsync.
void replica_host::write() {
  for (;;) {
    auto todo = std::vector<job>{};
    {
      auto lock = std::unique_lock{mutex_};
      changed_.wait(lock, [this] { return is_over_ || !jobs_.empty(); });
      if (is_over_) return;
      std::swap(todo, jobs_);
    }
    auto all = nothing_to_commit();
    for (auto& x : todo) join(all, x.what.what);
    if (auto done = store_->commit(all); !done)
      throw std::runtime_error{done.error().detail};
    post([this, todo = std::move(todo)] {
      for (const auto& x : todo) {
        groups_[x.group].on_written(x.what.number, now());
        take(x.group);
      }
    });
  }
}

} // namespace troupe::bench
