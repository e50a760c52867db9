#include "engine/amqp/exchange_routing.hpp"

#include "engine/amqp/broker.hpp"
#include "engine/delivery/dead_letter.hpp"
#include "engine/message/properties.hpp"
#include "engine/ring/slot_map.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace troupe::amqp {

namespace {

/// A batch being gathered for one partition of a queue.
struct gathering {
  routed_queue_ptr to;
  bool has_expirations = false;
  bool is_delayed = false;
  std::vector<std::uint64_t> sequences;
  batch_builder messages;
};

/// What a message without a priority has: quorum queues put it in the middle.
std::uint8_t usual_priority(const routed_queue& in) {
  constexpr std::uint8_t of_quorum = 4;
  static const auto quorum =
    field{"x-queue-type", field_value{std::string{"quorum"}}};
  const auto& all = in.declared->arguments.fields;
  return std::ranges::find(all, quorum) == all.end() ? 0 : of_quorum;
}

/// What says how long messages stay in a queue.
enum class time_in : std::uint8_t { by_expiration, by_delay, unlimited };

class walk {
public:
  walk(
    const routing_snapshot& routes,
    const std::string& vhost,
    const std::vector<std::uint64_t>& sequences,
    const batch& messages)
    : routes_{routes},
      vhost_{vhost},
      sequences_{sequences},
      messages_{messages} {}

  void by_their_exchanges() {
    for (std::size_t i = 0; i < messages_.size(); ++i)
      if (auto* by = routes_.find_exchange(vhost_, messages_[i].exchange()))
        route(*by, i);
  }

  void by_exchange(const exchange& one) {
    for (std::size_t i = 0; i < messages_.size(); ++i) route(one, i);
  }

  void to_queue(const routed_queue& one) {
    for (std::size_t i = 0; i < messages_.size(); ++i)
      add(one, i, time_in::by_expiration);
  }

  std::vector<exchanged> take() {
    auto all = std::vector<exchanged>{};
    for (auto& [place, x] : found_)
      all.push_back(
        {std::move(x.to), place.second, x.has_expirations, x.is_delayed,
         std::move(x.sequences), x.messages.take()});
    return all;
  }

private:
  void route(const exchange& by, std::size_t i) {
    auto what = messages_[i];
    result_.clear();
    by.route(routes_, what, result_);
    for (auto* to : result_.queues)
      if (is_automatic_cycle(what, to->name))
        add(quarantine_queue, i, time_in::by_expiration);
      else
        add(*to, i, time_in::by_expiration);
    for (const auto& x : result_.delayed)
      add(delayed_queue_name(x.by->name()), i, time_in::by_delay);
    for (auto* x : result_.kept_by)
      add(history_queue_name(x->name()), i, time_in::unlimited);
  }

  void add(const std::string& queue, std::size_t i, time_in stays) {
    if (auto* to = routes_.find_queue(vhost_, queue)) add(*to, i, stays);
  }

  void add(const routed_queue& to, std::size_t i, time_in stays) {
    auto what = messages_[i];
    auto partition = partition_for(to, what, scratch_);
    auto& into = found_[{to.id, partition}];
    into.to = to.shared_from_this();
    into.is_delayed = stays == time_in::by_delay;
    if (stays == time_in::by_expiration)
      into.has_expirations |=
        find_text_property(what.encoded_properties(), "expiration").has_value();
    if (!sequences_.empty()) into.sequences.push_back(sequences_[i]);
    into.messages.add(messages_, i);
  }

  const routing_snapshot& routes_;
  const std::string& vhost_;
  const std::vector<std::uint64_t>& sequences_;
  const batch& messages_;
  route_result result_;
  std::string scratch_;
  std::map<std::pair<queue_id, std::uint16_t>, gathering> found_;
};

} // namespace

std::uint16_t partition_for(
  const routed_queue& to, const message& what, std::string& scratch) {
  if (to.partitions <= 1) return 0;
  if (to.order_key) {
    auto key = to.order_key->value(what, scratch).value_or("");
    return partition_of(slot_of(key), to.partitions);
  }
  auto level = unsigned{usual_priority(to)};
  if (auto text = find_property(what.encoded_properties(), "priority"))
    std::from_chars(text->data(), text->data() + text->size(), level);
  return static_cast<std::uint16_t>(
    std::min(level, unsigned{to.partitions} - 1));
}

std::vector<exchanged> route_by_exchange(
  const routing_snapshot& routes,
  const std::string& vhost,
  const std::vector<std::uint64_t>& sequences,
  const batch& messages) {
  auto all = walk{routes, vhost, sequences, messages};
  all.by_their_exchanges();
  return all.take();
}

std::vector<exchanged> route_history(
  const routing_snapshot& routes,
  const std::string& vhost,
  const binding& added,
  const batch& messages) {
  const auto unnumbered = std::vector<std::uint64_t>{};
  auto all = walk{routes, vhost, unnumbered, messages};
  if (added.to == binding::kind::queue) {
    if (auto* to = routes.find_queue(vhost, added.destination))
      all.to_queue(*to);
  } else if (auto* by = routes.find_exchange(vhost, added.destination)) {
    all.by_exchange(*by);
  }
  return all.take();
}

} // namespace troupe::amqp
