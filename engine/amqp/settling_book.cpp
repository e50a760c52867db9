#include "engine/amqp/settling_book.hpp"

#include "engine/delivery/positions.hpp"

#include <algorithm>

namespace troupe::amqp {

namespace {

std::vector<position_run>& list_of(settlement& in, verdict what) {
  switch (what) {
    case verdict::ack: return in.acked;
    case verdict::nack_requeue: return in.returned;
    case verdict::reject_requeue: return in.requeued;
    case verdict::drop: return in.rejected;
    case verdict::unseen: break;
  }
  return in.unseen;
}

} // namespace

void settling_book::add(
  consumer_number consumer,
  const queue_ref& queue,
  verdict what,
  position_run run) {
  auto& list = list_of(part(consumer, queue, run.first), what);
  if (!list.empty() && list.back().first + list.back().count == run.first)
    list.back().count += run.count;
  else
    list.push_back(run);
}

void settling_book::add(
  consumer_number consumer, const queue_ref& queue, failure what) {
  part(consumer, queue, what.at).failed.push_back(std::move(what));
}

settlement& settling_book::part(
  consumer_number consumer, const queue_ref& queue, position at) {
  auto& mine = open_[consumer];
  if (!mine.queue) {
    mine.consumer = consumer;
    mine.queue = queue;
  }
  auto number = partition_of(at);
  auto found = std::ranges::find(mine.what, number, &settlement::partition);
  if (found != mine.what.end()) return *found;
  mine.what.emplace_back().partition = number;
  return mine.what.back();
}

void settling_book::flush(std::vector<notice>& to) {
  for (auto& [number, x] : open_) to.emplace_back(std::move(x));
  open_.clear();
}

} // namespace troupe::amqp
