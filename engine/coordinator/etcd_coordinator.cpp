#include "engine/coordinator/etcd_coordinator.hpp"

#include "engine/coordinator/etcd_core.hpp"

#include <utility>

namespace troupe {

namespace {

class etcd_watching final : public watching {
public:
  etcd_watching(
    std::shared_ptr<etcd_coordinator::core> at,
    etcd_coordinator::core::watch_ptr what)
    : at_{std::move(at)}, what_{std::move(what)} {}

  ~etcd_watching() override {
    what_->is_over = true;
    at_->post(
      [what = what_](etcd_coordinator::core& at) { at.end_watch(what); });
  }

private:
  std::shared_ptr<etcd_coordinator::core> at_;
  etcd_coordinator::core::watch_ptr what_;
};

error check(const etcd_options& options) {
  if (options.endpoints.empty())
    return {
      errc::bad_config, "no endpoint of etcd is given; name at least one, such "
                        "as 127.0.0.1:2379"};
  if (
    options.connections == 0 || options.request_limit.count() <= 0
    || options.attempt_limit.count() <= 0 || options.watch_silence.count() <= 0)
    return {
      errc::bad_config, "limits of time and connections have to be above zero"};
  return {};
}

} // namespace

result<std::unique_ptr<etcd_coordinator>>
etcd_coordinator::open(boost::asio::io_context& context, etcd_options options) {
  auto fault = check(options);
  if (fault.code != errc::none) return fault;
  auto tls = std::shared_ptr<client_tls>{};
  if (options.tls) {
    auto made = load(*options.tls);
    if (!made) return made.error();
    tls = std::move(*made);
  }
  return std::unique_ptr<etcd_coordinator>{new etcd_coordinator{
    std::make_shared<core>(context, options, std::move(tls))}};
}

etcd_coordinator::etcd_coordinator(std::shared_ptr<core> made)
  : core_{std::move(made)} {}

etcd_coordinator::~etcd_coordinator() {
  core_->be_silent();
  close();
}

void etcd_coordinator::range(
  std::string prefix, std::function<void(result<kept_range>)> done) {
  core_->post([prefix = std::move(prefix), done = std::move(done)](core& at) {
    at.range(prefix, done);
  });
}

void etcd_coordinator::txn(
  txn_request what, std::function<void(txn_answer)> done) {
  core_->post([what = std::move(what), done = std::move(done)](core& at) {
    at.txn(what, done);
  });
}

std::unique_ptr<watching> etcd_coordinator::watch(
  std::string prefix,
  revision after,
  std::function<void(watch_notice)> on_change) {
  auto made = core_->make_watch();
  made->prefix = std::move(prefix);
  made->seen = after;
  made->on_change = std::move(on_change);
  core_->post([made](core& at) {
    if (!made->is_over) at.watch(made);
  });
  return std::make_unique<etcd_watching>(core_, std::move(made));
}

void etcd_coordinator::open_session(duration ttl, session_events events) {
  core_->post([ttl, events = std::move(events)](core& at) {
    at.open_session(ttl, events);
  });
}

void etcd_coordinator::close() {
  core_->post([](core& at) { at.close(); });
}

} // namespace troupe
