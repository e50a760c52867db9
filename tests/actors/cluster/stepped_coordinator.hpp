#pragma once

#include "engine/coordinator/memory_coordinator.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace troupe::test {

/// A client of a world that winds its time on within each call, until that is
/// answered: for those who block until then.
class stepped_coordinator final : public coordinator {
public:
  stepped_coordinator(
    memory_world& world, time_point& now, const std::string& name)
    : world_{world}, now_{now}, client_{world.client(name)} {}

  void range(
    std::string prefix, std::function<void(result<kept_range>)> done) override {
    auto is_over = std::make_shared<bool>(false);
    client_->range(std::move(prefix), [is_over, done](result<kept_range> x) {
      *is_over = true;
      done(std::move(x));
    });
    step_until(*is_over);
  }

  void txn(txn_request what, std::function<void(txn_answer)> done) override {
    if (auto first = std::exchange(before_txn, nullptr)) first();
    auto is_over = std::make_shared<bool>(false);
    client_->txn(std::move(what), [is_over, done](txn_answer x) {
      *is_over = true;
      done(std::move(x));
    });
    step_until(*is_over);
  }

  std::unique_ptr<watching> watch(
    std::string prefix,
    revision after,
    std::function<void(watch_notice)> on_change) override {
    return client_->watch(std::move(prefix), after, std::move(on_change));
  }

  void open_session(duration ttl, session_events events) override {
    client_->open_session(ttl, std::move(events));
  }

  void close() override { client_->close(); }

  std::function<void()> before_txn; // once

private:
  void step_until(const bool& is_over) {
    while (!is_over) world_.tick(now_ += duration{1});
  }

  memory_world& world_;
  time_point& now_;
  std::unique_ptr<coordinator> client_;
};

} // namespace troupe::test
