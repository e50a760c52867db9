#include "actors/topology_actor.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <algorithm>

// The topology actor that decides for a cluster.

namespace troupe {

namespace {

// Connections' ids begin with their member.
constexpr auto member_shift = 48;

/// Queues in memory are numbered where no stored one ever is, and no other
/// leader numbers any; the two top bits are those of ways in.
std::uint64_t first_id(std::uint64_t epoch) {
  constexpr auto epochs = std::uint64_t{0x3fff'ffff};
  return (std::uint64_t{1} << 63) | ((epoch & epochs) << 32);
}

/// Gets the store's answers to what one epoch's leader had stored, so that a
/// late one is never taken for that of a later epoch.
caf::behavior run_clerk(
  caf::event_based_actor*, caf::actor_addr topology, std::uint64_t epoch) {
  return {[topology, epoch](const queue::stored&) {
    if (auto to = caf::actor_cast<caf::actor>(topology))
      caf::anon_send(to, topology_messages::committed{epoch});
  }};
}

} // namespace

// -- who leads

void topology_state::lead(std::uint64_t epoch) {
  if (!cluster_ || epoch <= copy_.epoch()) return; // somebody later leads
  step_down();
  leads_ = has_begun_ = true;
  is_wanting_ = false;
  leader_ = 0;
  last_id_ = first_id(epoch);
  auto begun = copy_.beginning(cluster_->stored_topology());
  rebuild(begun);
  copy_.lead(epoch, machine_.all_records());
  clerk_ = self_->spawn(run_clerk, self_->address(), epoch);
  send_whole(0);
  begin_to_decide();
}

void topology_state::begin_to_decide() {
  for (auto member : gone_) drop_queues_of(member);
  add_missing_queues();
  put_up();
  auto numbers = std::vector<std::uint64_t>{};
  for (const auto& [number, x] : open_) numbers.push_back(number);
  for (auto number : numbers)
    if (auto x = open_.find(number); x != open_.end()) decide_open(x->second);
}

/// Leaves all that was begun to the next leader: what was asked here is kept,
/// others ask again.
void topology_state::step_down() {
  ++term_;
  leads_ = false;
  settled_.clear();
  deciding_.clear();
  for (const auto& [id, x] : histories_)
    if (x.at_work)
      caf::anon_send_exit(x.at_work, caf::exit_reason::user_shutdown);
  histories_.clear();
  if (clerk_) caf::anon_send_exit(clerk_, caf::exit_reason::user_shutdown);
  clerk_ = nullptr;
}

void topology_state::follow(std::uint16_t leader) {
  if (!cluster_) return;
  if (leads_) step_down();
  leader_ = leader;
  ask_all();
  wait_for_answers();
}

// -- deciding

void topology_state::decide(const asker& by, topology_frames::question what) {
  std::visit([&](auto& x) { carry_out(by, x); }, what);
}

void topology_state::decide_open(open_ask& which) {
  which.was_sent = true;
  auto by = nobody();
  by.connection = which.what.connection;
  by.number = which.what.number;
  by.is_server_named = which.what.is_server_named;
  decide(by, which.what.what);
}

void topology_state::asked(std::uint16_t from, topology_frames::ask& msg) {
  if (!leads_) return; // asked again, of whoever leads
  if (!deciding_.insert({from, msg.number}).second) return;
  auto by = nobody();
  by.connection = msg.connection;
  by.member = from;
  by.number = msg.number;
  by.is_server_named = msg.is_server_named;
  decide(by, std::move(msg.what));
}

void topology_state::carry_out(
  const asker& by, topology_frames::connection_gone&) {
  drop_exclusive(by, by.connection);
}

void topology_state::carry_out(
  const asker& by, topology_frames::queue_unused& what) {
  end_unused(by, {what.which, what.only_if_unused});
}

/// Says that a queue is gone behind an entry that is committed: then no other
/// member has led since, and declared it.
void topology_state::carry_out(
  const asker& by, topology_frames::queue_gone& what) {
  if (may_know(what.which)) {
    answer(by, amqp::done{});
    return;
  }
  auto nothing = topology_change{};
  nothing.records.push_back({"", "nothing", std::nullopt});
  answer_stored(by, amqp::done{"", 1, 0}, nothing);
}

bool topology_state::may_know(queue_id which) const {
  if (!is_complete_ || children_.contains(which)) return true;
  auto is_there = false;
  auto routes = machine_.snapshot();
  routes->for_each_vhost([&](const std::string& vhost) {
    routes->for_each_queue(
      vhost, [&](const routed_queue& x) { is_there |= x.id == which; });
  });
  return is_there;
}

// -- answers, and what goes before them

/// Answers in the order of what was decided, and what depends on changes that
/// are being stored behind these.
void topology_state::settle(settled_ask what) {
  if (what.by.term != term_) return; // the next leader answers
  settled_.push_back(std::move(what));
  settle_stored();
}

void topology_state::settle_stored() {
  while (!settled_.empty() && settled_.front().is_stored) {
    auto [by, what, shared, is_stored] = std::move(settled_.front());
    settled_.pop_front();
    share(std::move(shared));
    if (by.number == 0) continue;
    if (by.member == 0)
      give(by.number, std::move(what));
    else
      answer_member(by, std::move(what));
  }
}

void topology_state::answer_member(const asker& by, amqp::answer what) {
  deciding_.erase({by.member, by.number});
  auto made = topology_frames::answer{by.number, copy_.version(), {}};
  if (auto* done = std::get_if<amqp::done>(&what))
    made.what = std::move(*done);
  else if (auto* no = std::get_if<amqp::refused>(&what))
    made.what = std::move(*no);
  send_to(by.member, made);
}

void topology_state::committed(std::uint64_t epoch) {
  if (!leads_ || epoch != copy_.epoch()) return;
  auto first = std::ranges::find(settled_, false, &settled_ask::is_stored);
  if (first == settled_.end()) return;
  first->is_stored = true;
  settle_stored();
}

void topology_state::share(std::vector<topology_record> records) {
  if (!records.empty()) send_to(0, copy_.change(std::move(records)));
}

void topology_state::send_whole(std::uint16_t to) {
  for (auto& x : copy_.whole()) send_to(to, std::move(x));
}

// -- members

void topology_state::member_up(std::uint16_t member) {
  if (!cluster_) return;
  gone_.erase(member);
  if (leads_) {
    send_whole(member);
  } else if (member == leader_) {
    is_wanting_ = false; // it may not have come
    if (!copy_.is_whole()) want_whole(member);
    ask_all();
  }
}

void topology_state::member_gone(std::uint16_t member) {
  if (!cluster_) return;
  gone_.insert(member);
  std::erase_if(deciding_, [&](const auto& x) { return x.first == member; });
  if (leads_) drop_queues_of(member);
}

void topology_state::drop_queues_of(std::uint16_t member) {
  for (auto connection : machine_.owners())
    if (connection >> member_shift == member)
      drop_exclusive(nobody(), connection);
}

} // namespace troupe
