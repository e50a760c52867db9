#include "actors/queue_browser.hpp"

#include "engine/delivery/positions.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <map>

namespace troupe {

namespace {

constexpr auto patience = std::chrono::seconds{10};
constexpr auto look_interval = std::chrono::milliseconds{20};
constexpr std::uint64_t most_at_once = 256;

std::uint64_t count_of(const std::vector<loaned_run>& runs) {
  auto count = std::uint64_t{0};
  for (const auto& run : runs) count += run.count;
  return count;
}

} // namespace

result<queue_browser> queue_browser::open(
  caf::actor_system& system,
  const directory_actor& directory,
  const std::string& queue) {
  auto self = caf::scoped_actor{system};
  auto found = queue_actor{};
  self->request(directory, patience, directory::find{queue})
    .receive(
      [&](const directory::queue_up& x) {
        found = caf::actor_cast<queue_actor>(x.where);
      },
      [](const caf::error&) {});
  if (!found)
    return error{errc::not_found, "there is no queue '" + queue + "'"};
  return queue_browser{system, std::move(found)};
}

queue_browser::queue_browser(caf::actor_system& system, queue_actor queue)
  : self_{std::make_unique<caf::scoped_actor>(system)},
    queue_{std::move(queue)} {}

queue::description queue_browser::describe(std::chrono::seconds most) {
  auto seen = queue::description{};
  (*self_)
    ->request(queue_, caf::timespan{most}, queue::describe{})
    .receive(
      [&](queue::description& x) { seen = std::move(x); },
      [this](const caf::error&) { has_answered_ = false; });
  return seen;
}

void queue_browser::look(
  std::uint64_t limit, const std::function<void(const message&)>& see) {
  subscribe(limit);
  for (const auto& run : borrow(limit))
    for (std::uint32_t i = 0; i < run.count; ++i) see(run[i]);
  leave();
}

std::uint64_t queue_browser::move(
  std::uint64_t limit,
  const std::function<std::optional<std::string>(const message&)>& target) {
  auto moved = std::uint64_t{0};
  for (auto left = true; left && moved < limit;) {
    auto most = std::min(limit - moved, most_at_once);
    subscribe(most);
    auto parts = std::map<std::uint16_t, settlement>{};
    auto count = std::uint64_t{0};
    for (const auto& run : borrow(most))
      for (std::uint32_t i = 0; i < run.count; ++i) {
        auto output = target(run[i]);
        if (!output) continue;
        auto& part = parts[partition_of(run.at)];
        part.partition = partition_of(run.at);
        auto one = batch_builder{};
        one.add(*run.messages, run.first + i);
        part.acked.push_back({run.at + i, 1});
        part.emits.push_back({*output, one.take()});
        ++count;
      }
    settle(parts);
    leave();
    moved += count;
    left = count == most;
  }
  return moved;
}

void queue_browser::subscribe(std::uint64_t credit) {
  auto asked = subscription{};
  asked.credit = static_cast<std::uint32_t>(credit);
  (*self_)->send(queue_, queue::subscribe{std::move(asked)});
}

/// Waits until all of it is committed. A gateway does not say so by itself.
void queue_browser::settle(std::map<std::uint16_t, settlement>& parts) {
  if (parts.empty()) return;
  auto all = std::vector<settlement>{};
  for (auto& [partition, part] : parts) all.push_back(std::move(part));
  (*self_)->send(queue_, queue::settle{++number_, std::move(all)});
  using clock = std::chrono::steady_clock;
  auto is_settled = false;
  for (auto until = clock::now() + patience;
       !is_settled && has_answered_ && clock::now() < until;) {
    (*self_)->receive(
      [&](const consumer::settled& x) { is_settled = x.number == number_; },
      caf::after(look_interval) >> [] {});
    is_settled = is_settled || figures().in_flight == 0;
  }
}

void queue_browser::leave() { (*self_)->send(queue_, queue::leave{}); }

/// Waits until the messages asked for are there, or all there are.
std::vector<loaned_run> queue_browser::borrow(std::uint64_t count) {
  auto runs = std::vector<loaned_run>{};
  for (;;) {
    // What is ready beyond our loans is still being read from the store. One
    // that does not answer is not asked again: that takes its time.
    auto now = has_answered_ ? figures() : queue_figures{};
    auto missing = now.length > now.on_loan + now.waiting;
    auto timed_out = false;
    (*self_)->receive(
      [&](consumer::deliver& x) {
        std::ranges::move(x.runs, std::back_inserter(runs));
      },
      caf::after(std::chrono::milliseconds{missing ? 1000 : 0}) >>
        [&] { timed_out = true; });
    if (timed_out || count_of(runs) >= count) return runs;
  }
}

} // namespace troupe
