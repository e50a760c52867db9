#include "engine/coordinator/etcd_core.hpp"

#include <algorithm>
#include <utility>

// etcd_coordinator::core: sessions, which are leases of etcd.

namespace troupe {

namespace {

using clock = std::chrono::steady_clock;

class etcd_session final : public session {
public:
  etcd_session(
    std::shared_ptr<etcd_coordinator::core> at,
    etcd_coordinator::core::lease_ptr what)
    : at_{std::move(at)}, what_{std::move(what)}, id_{what_->id} {}

  ~etcd_session() override {
    at_->post(
      [what = what_](etcd_coordinator::core& at) { at.end_session(what); });
  }

  session_id id() const override { return id_; }

private:
  std::shared_ptr<etcd_coordinator::core> at_;
  etcd_coordinator::core::lease_ptr what_;
  session_id id_;
};

} // namespace

void etcd_coordinator::core::open_session(duration ttl, session_events events) {
  if (is_closed_) return tell(events.on_open, closed());
  if (leases_.size() >= coordinator_limits::most_sessions)
    return tell(
      events.on_open,
      error{errc::refused, "too many sessions; let go of some"});
  auto whole = std::chrono::ceil<std::chrono::seconds>(ttl);
  auto least = std::max(whole, std::chrono::seconds{1});
  ask(
    "/v3/lease/grant", grant_json(least), true,
    [self = shared_from_this(),
     events = std::move(events)](const etcd_reply& reply) mutable {
      if (reply.what != etcd_reply::kind::answered)
        return self->tell(events.on_open, error{errc::refused, reply.text});
      auto granted = parse_lease(reply.text);
      if (!granted) return self->tell(events.on_open, granted.error());
      self->begin_session(*granted, events);
    });
}

void etcd_coordinator::core::begin_session(
  const etcd_lease& granted, session_events& events) {
  auto fault = check_header(granted.header, 0);
  if (granted.ttl.count() == 0)
    fault = {errc::refused, "etcd granted a lease of no time"};
  if (fault.code != errc::none) return tell(events.on_open, fault);
  auto made = std::make_shared<etcd_lease_keeper>(context_);
  made->id = granted.id;
  made->ttl = granted.ttl;
  made->alive_until = clock::now() + made->ttl;
  made->on_lost = std::move(events.on_lost);
  leases_.insert(made);
  beat(made);
  tell(
    events.on_open, std::unique_ptr<session>{std::make_unique<etcd_session>(
                      shared_from_this(), made)});
}

// Beats on whether or not the last beat was answered.
void etcd_coordinator::core::beat(const lease_ptr& what) {
  what->beat.expires_after(what->ttl / 3);
  what->beat.async_wait(
    [self = shared_from_this(), what](const boost::system::error_code& why) {
      if (why || what->is_over) return;
      if (clock::now() >= what->alive_until) return self->lose(what);
      self->keep_alive(what);
      self->beat(what);
    });
}

void etcd_coordinator::core::keep_alive(const lease_ptr& what) {
  auto sent = clock::now();
  ask(
    "/v3/lease/keepalive", lease_json(what->id), true,
    [self = shared_from_this(), what, sent](const etcd_reply& reply) {
      if (what->is_over || reply.what != etcd_reply::kind::answered) return;
      auto kept = parse_lease(reply.text);
      if (!kept || kept->id != what->id) return;
      if (kept->ttl.count() == 0) return self->lose(what);
      what->alive_until = std::max(what->alive_until, sent + what->ttl);
    });
}

void etcd_coordinator::core::lose(const lease_ptr& what) {
  end_session(what);
  tell(
    what->on_lost, std::string{"etcd let the session's lease end, or could not "
                               "be reached for its time; open another"});
}

void etcd_coordinator::core::end_session(const lease_ptr& what) {
  leases_.erase(what);
  if (std::exchange(what->is_over, true)) return;
  what->beat.cancel();
  revoke(what->id);
}

void etcd_coordinator::core::revoke(session_id which) {
  ask("/v3/lease/revoke", lease_json(which), true, [](const etcd_reply&) {});
}

} // namespace troupe
