#include "engine/coordinator/memory_coordinator.hpp"

#include "engine/coordinator/key_space.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace troupe {

namespace {

/// A request that is not answered yet.
struct open_call {
  std::function<void(std::string why)> fail;
};

struct memory_watch {
  std::string prefix;
  revision seen = 0;
  std::function<void(watch_notice)> on_change;
  bool is_due = false;
  bool is_over = false;
};

struct memory_lease {
  session_id id{};
  duration ttl{};
  std::function<void(std::string)> on_lost;
  bool is_open = false; // its holder was told
  bool is_over = false; // for its holder: let go, or told of the end
};

/// One client's side.
struct memory_side {
  std::string name;
  bool is_closed = false;
  bool is_gone = false; // nothing is told any more
  std::set<std::shared_ptr<open_call>> calls;
  std::set<std::shared_ptr<memory_watch>> watches;
  std::set<std::shared_ptr<memory_lease>> leases;
};

using side_ptr = std::shared_ptr<memory_side>;
using watch_ptr = std::shared_ptr<memory_watch>;
using lease_ptr = std::shared_ptr<memory_lease>;

} // namespace

// -- the world
// -----------------------------------------------------------------

struct memory_world::inner : std::enable_shared_from_this<inner> {
  using work = std::function<std::function<void()>()>;

  inner(std::uint64_t seed, memory_faults what) : faults{what}, random{seed} {}

  void at(time_point when, std::function<void()> act) {
    if (!is_ending) due.emplace(std::pair{when, ++count}, std::move(act));
  }

  // Tells a client something, without delay.
  void post(const side_ptr& side, std::function<void()> act) {
    at(now, [side, act = std::move(act)] {
      if (!side->is_gone) act();
    });
  }

  // What is due may hold sessions, which would make more of it.
  void end() {
    is_ending = true;
    while (!due.empty()) std::exchange(due, {}).clear();
  }

  bool roll(double share) {
    return static_cast<double>(random() >> 11) * 0x1p-53 < share;
  }

  duration delay() {
    auto least = std::max(faults.min_delay, duration{1});
    auto spread = std::max(faults.max_delay - least, duration{0}).count() + 1;
    return least
           + duration{static_cast<duration::rep>(
             random() % static_cast<std::uint64_t>(spread))};
  }

  bool is_cut(const side_ptr& side) const { return cuts.contains(side->name); }

  void tick(time_point until) {
    while (!due.empty() && due.begin()->first.first <= until) {
      auto first = due.extract(due.begin());
      now = std::max(now, first.key().first);
      first.mapped()();
    }
    now = std::max(now, until);
  }

  // -- requests

  // Runs `what` at the store, then what that returned at the client.
  void
  send(const side_ptr& side, work what, std::function<void(std::string)> fail) {
    auto call = std::make_shared<open_call>(open_call{std::move(fail)});
    if (auto why = refusal(side); !why.empty())
      return post(side, [call, why] { call->fail(why); });
    side->calls.insert(call);
    at(now + faults.request_limit, [side, call] {
      if (side->calls.erase(call) != 0)
        call->fail("no answer in time; read again");
    });
    if (is_cut(side) || roll(faults.lost_requests)) return;
    at(now + delay(), [this, side, call, what = std::move(what)] {
      arrive(side, call, what);
    });
  }

  std::string refusal(const side_ptr& side) const {
    if (side->is_closed) return closed_text;
    if (side->calls.size() < coordinator_limits::most_requests) return {};
    return "too many requests are not answered yet; wait for some";
  }

  void arrive(
    const side_ptr& side,
    const std::shared_ptr<open_call>& call,
    const work& what) {
    if (is_cut(side)) return;
    auto reply = what();
    tell_watches();
    if (roll(faults.lost_replies)) return;
    at(now + delay(), [this, side, call, reply = std::move(reply)] {
      if (!is_cut(side) && side->calls.erase(call) != 0) reply();
    });
  }

  void close(const side_ptr& side) {
    if (std::exchange(side->is_closed, true)) return;
    for (const auto& call : std::exchange(side->calls, {}))
      post(side, [call] { call->fail(closed_text); });
    for (const auto& x : std::exchange(side->watches, {})) x->is_over = true;
    for (const auto& x : std::exchange(side->leases, {})) {
      x->is_over = true;
      space.end_session(x->id);
    }
    tell_watches();
  }

  // -- watches

  void tell_watches() {
    for (const auto& [side, unused] : sides)
      if (auto live = unused.lock())
        for (const auto& x : live->watches) tell(live, x);
  }

  void tell(const side_ptr& side, const watch_ptr& x) {
    if (is_cut(side) || std::exchange(x->is_due, true)) return;
    at(now + delay(), [this, side, x] {
      x->is_due = false;
      if (!x->is_over && !is_cut(side)) deliver(side, x);
    });
  }

  void deliver(const side_ptr& side, const watch_ptr& x) {
    auto changes = space.changes_after(x->prefix, x->seen);
    if (!changes) {
      x->is_over = true;
      side->watches.erase(x);
      return x->on_change({true, {}, "the changes since then are forgotten"});
    }
    x->seen = std::max(x->seen, space.at());
    if (!changes->empty()) x->on_change({false, std::move(*changes), {}});
  }

  // -- sessions

  void lose(const side_ptr& side, const lease_ptr& x) {
    space.end_session(x->id);
    tell_watches();
    if (is_cut(side)) return lost(side, x);
    at(now + delay(), [this, side, x] { lost(side, x); });
  }

  void lost(const side_ptr& side, const lease_ptr& x) {
    side->leases.erase(x);
    if (std::exchange(x->is_over, true) || !x->is_open || !x->on_lost) return;
    x->on_lost("the session has ended; open another");
  }

  void cut(const std::string& name) {
    auto since = ++count;
    cuts[name] = since;
    each(name, [&](const side_ptr& side) {
      for (const auto& x : side->leases)
        at(now + x->ttl, [this, side, x, since] {
          auto found = cuts.find(side->name);
          if (found != cuts.end() && found->second == since) lose(side, x);
        });
    });
  }

  void heal(const std::string& name) {
    cuts.erase(name);
    tell_watches();
  }

  template <class Act>
  void each(const std::string& name, Act act) {
    for (const auto& [id, side] : sides)
      if (auto live = side.lock(); live && live->name == name) act(live);
  }

  memory_faults faults;
  std::mt19937_64 random;
  time_point now{};
  std::uint64_t count = 0;
  bool is_ending = false;
  std::map<std::pair<time_point, std::uint64_t>, std::function<void()>> due;
  key_space space;
  std::map<std::string, std::uint64_t> cuts; // since when, by count
  std::map<std::uint64_t, std::weak_ptr<memory_side>> sides;
};

// -- a client
// ------------------------------------------------------------------

namespace {

using world_ptr = std::shared_ptr<memory_world::inner>;

class memory_watching final : public watching {
public:
  memory_watching(side_ptr side, watch_ptr what)
    : side_{std::move(side)}, what_{std::move(what)} {}
  ~memory_watching() override {
    what_->is_over = true;
    side_->watches.erase(what_);
  }

private:
  side_ptr side_;
  watch_ptr what_;
};

class memory_session final : public session {
public:
  memory_session(world_ptr world, side_ptr side, lease_ptr what)
    : world_{std::move(world)},
      side_{std::move(side)},
      what_{std::move(what)} {}

  ~memory_session() override {
    if (std::exchange(what_->is_over, true)) return;
    auto end = [world = world_, id = what_->id] {
      world->space.end_session(id);
      return [] {};
    };
    world_->send(side_, end, [](const std::string&) {});
    // A request that is lost leaves it to the store to end it.
    world_->at(
      world_->now + what_->ttl, [world = world_, side = side_, what = what_] {
        side->leases.erase(what);
        world->space.end_session(what->id);
        world->tell_watches();
      });
  }

  session_id id() const override { return what_->id; }

private:
  world_ptr world_;
  side_ptr side_;
  lease_ptr what_;
};

class memory_coordinator final : public coordinator {
public:
  memory_coordinator(world_ptr world, side_ptr side)
    : world_{std::move(world)}, side_{std::move(side)} {}

  ~memory_coordinator() override {
    side_->is_gone = true;
    world_->close(side_);
  }

  void range(
    std::string prefix, std::function<void(result<kept_range>)> done) override {
    auto fault = check_prefix(prefix);
    if (fault.code != errc::none)
      return world_->post(side_, [done, fault] { done(fault); });
    auto fail = [done](std::string why) {
      done(error{errc::refused, std::move(why)});
    };
    world_->send(
      side_,
      [world = world_.get(), prefix = std::move(prefix), done] {
        return [done, read = world->space.range(prefix)] { done(read); };
      },
      fail);
  }

  void txn(txn_request what, std::function<void(txn_answer)> done) override {
    auto why = world_->refusal(side_);
    if (why.empty()) why = check(what).detail;
    if (!why.empty())
      return world_->post(side_, [done, why] { done(refused_txn(why)); });
    world_->send(
      side_,
      [world = world_.get(), what = std::move(what), done] {
        return [done, said = world->space.apply(what)] { done(said); };
      },
      [done](std::string lost) { done(unknown_txn(std::move(lost))); });
  }

  std::unique_ptr<watching> watch(
    std::string prefix,
    revision after,
    std::function<void(watch_notice)> on_change) override {
    auto made = std::make_shared<memory_watch>();
    made->prefix = std::move(prefix);
    made->seen = after;
    made->on_change = std::move(on_change);
    if (side_->is_closed)
      refuse(made, closed_text);
    else if (side_->watches.size() >= coordinator_limits::most_watches)
      refuse(made, "too many watches; let go of some");
    else
      side_->watches.insert(made);
    world_->tell_watches();
    return std::make_unique<memory_watching>(side_, made);
  }

  void open_session(duration ttl, session_events events) override {
    auto lease = std::make_shared<memory_lease>();
    lease->ttl = ttl;
    lease->on_lost = std::move(events.on_lost);
    world_->send(
      side_,
      [world = world_, side = side_, lease, on_open = events.on_open] {
        lease->id = world->space.open_session();
        side->leases.insert(lease);
        return
          [world, side, lease, on_open] { open(world, side, lease, on_open); };
      },
      [world = world_, side = side_, lease,
       on_open = events.on_open](std::string why) {
        abandon(world, side, lease);
        on_open(error{errc::refused, std::move(why)});
      });
  }

  void close() override { world_->close(side_); }

private:
  static void open(
    const world_ptr& world,
    const side_ptr& side,
    const lease_ptr& lease,
    const std::function<void(result<std::unique_ptr<session>>)>& on_open) {
    if (lease->is_over)
      return on_open(error{errc::refused, "the session ended at once"});
    lease->is_open = true;
    on_open(std::unique_ptr<session>{
      std::make_unique<memory_session>(world, side, lease)});
  }

  // Nobody keeps alive what may have been opened, or may still be.
  static void abandon(
    const world_ptr& world, const side_ptr& side, const lease_ptr& lease) {
    lease->is_over = true;
    auto latest = world->now + lease->ttl + world->faults.max_delay;
    world->at(latest, [world = world.get(), side, lease] {
      side->leases.erase(lease);
      world->space.end_session(lease->id);
      world->tell_watches();
    });
  }

  void refuse(const watch_ptr& x, const std::string& why) {
    world_->post(side_, [x, why] {
      if (!x->is_over) x->on_change({true, {}, why});
    });
  }

  world_ptr world_;
  side_ptr side_;
};

} // namespace

// -- outside
// -------------------------------------------------------------------

memory_world::memory_world(std::uint64_t seed, memory_faults faults)
  : inner_{std::make_shared<inner>(seed, faults)} {}

memory_world::~memory_world() { inner_->end(); }

std::unique_ptr<coordinator> memory_world::client(const std::string& name) {
  auto side = std::make_shared<memory_side>();
  side->name = name;
  inner_->sides[++inner_->count] = side;
  return std::make_unique<memory_coordinator>(inner_, side);
}

void memory_world::tick(time_point now) { inner_->tick(now); }
void memory_world::cut(const std::string& name) { inner_->cut(name); }
void memory_world::heal(const std::string& name) { inner_->heal(name); }

void memory_world::end_sessions(const std::string& name) {
  inner_->each(name, [&](const side_ptr& side) {
    auto all = side->leases;
    for (const auto& x : all) inner_->lose(side, x);
  });
}

void memory_world::compact() { inner_->space.compact(inner_->space.at()); }

void memory_world::set_faults(const memory_faults& faults) {
  inner_->faults = faults;
}

kept_range memory_world::range(const std::string& prefix) const {
  return inner_->space.range(prefix);
}

} // namespace troupe
