#pragma once

#include <troupe/handler.hpp>
#include <troupe/registry.hpp>

#include <atomic>
#include <cstdint>
#include <future>
#include <memory>

namespace troupe::bench {

/// Counts what handlers of all threads have seen, and says when it is all.
class countdown {
public:
  explicit countdown(std::uint64_t from) : left_{from} {}

  void one() {
    if (left_.fetch_sub(1, std::memory_order_relaxed) == 1) done_.set_value();
  }

  void wait() { done_.get_future().wait(); }

private:
  std::atomic<std::uint64_t> left_;
  std::promise<void> done_;
};

/// Acks everything at once.
class counting_handler final : public handler {
public:
  explicit counting_handler(std::shared_ptr<countdown> left)
    : left_{std::move(left)} {}

  outcome handle(const message&, context&) override {
    left_->one();
    return ack();
  }

private:
  std::shared_ptr<countdown> left_;
};

inline handler_factory counts(std::shared_ptr<countdown> left) {
  return [left](const settings&) -> any_handler {
    return std::make_unique<counting_handler>(left);
  };
}

} // namespace troupe::bench
