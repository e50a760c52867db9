#include "engine/amqp/confirm_ledger.hpp"

#include "engine/amqp/method_encoder.hpp"
#include "engine/amqp/methods.hpp"

namespace troupe::amqp {

namespace {

constexpr std::uint32_t refused_flag = 1u << 31;
constexpr std::uint32_t told_flag = 1u << 30;
constexpr std::uint32_t queues_mask = told_flag - 1;

} // namespace

std::uint64_t confirm_ledger::open(std::size_t queues) {
  auto number = first_ + states_.size();
  states_.push_back(static_cast<std::uint32_t>(queues) & queues_mask);
  if (queues == 0)
    done_.push_back(number);
  else
    ++open_count_;
  return number;
}

void confirm_ledger::close(
  std::uint64_t first, std::uint64_t count, bool is_refused) {
  for (auto number = first; number < first + count; ++number) {
    if (number < first_ || number - first_ >= states_.size()) continue;
    auto& state = states_[number - first_];
    if ((state & queues_mask) == 0) continue;
    if (is_refused) state |= refused_flag;
    has_refused_ |= is_refused;
    if ((--state & queues_mask) > 0) continue;
    --open_count_;
    done_.push_back(number);
  }
}

void confirm_ledger::put(std::string& out, std::uint16_t channel) {
  put_front(out, channel);
  put_others(out, channel);
  done_.clear();
}

/// Tells of all up to the first open one. Nacks go first: an ack with
/// `multiple` would include them.
void confirm_ledger::put_front(std::string& out, std::uint16_t channel) {
  auto acked = std::uint64_t{0};
  auto last = std::uint64_t{0};
  while (!states_.empty() && (states_.front() & queues_mask) == 0) {
    auto state = states_.front();
    if (!(state & told_flag)) {
      if (state & refused_flag) {
        encode(out, channel, basic_nack{.delivery_tag = first_});
      } else {
        ++acked;
        last = first_;
      }
    }
    states_.pop_front();
    ++first_;
  }
  if (acked > 0)
    encode(
      out, channel, basic_ack{.delivery_tag = last, .multiple = acked > 1});
}

void confirm_ledger::put_others(std::string& out, std::uint16_t channel) {
  for (auto number : done_) {
    if (number < first_) continue;
    auto& state = states_[number - first_];
    if (state & told_flag) continue;
    state |= told_flag;
    if (state & refused_flag)
      encode(out, channel, basic_nack{.delivery_tag = number});
    else
      encode(out, channel, basic_ack{.delivery_tag = number});
  }
}

void confirm_ledger::restart() {
  first_ += states_.size();
  states_.clear();
  done_.clear();
  open_count_ = 0;
  has_refused_ = false;
}

} // namespace troupe::amqp
