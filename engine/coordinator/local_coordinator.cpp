#include "engine/coordinator/local_coordinator.hpp"

#include "engine/coordinator/local_worker.hpp"

#include <utility>

namespace troupe {

namespace {

store_options options_for(const std::filesystem::path& folder) {
  auto made = store_options{};
  made.folder = folder;
  made.write_buffer_bytes = 1024 * 1024; // the truth is small
  made.cache_bytes = 1024 * 1024;
  return made;
}

using worker_ptr = std::shared_ptr<local_coordinator::worker>;

class local_watching final : public watching {
public:
  local_watching(worker_ptr at, std::shared_ptr<local_watch> what)
    : at_{std::move(at)}, what_{std::move(what)} {}
  ~local_watching() override {
    what_->is_over = true;
    at_->add_quietly([at = at_.get(), what = what_] { at->forget(what); });
  }

private:
  worker_ptr at_;
  std::shared_ptr<local_watch> what_;
};

} // namespace

result<std::unique_ptr<local_coordinator>>
local_coordinator::open(const std::filesystem::path& folder) {
  auto store = log_store::open(options_for(folder));
  if (!store) return store.error();
  auto keys = read_keys(**store);
  if (!keys) return keys.error();
  auto made = std::make_shared<worker>(std::move(*store), std::move(*keys));
  made->start();
  return std::unique_ptr<local_coordinator>{
    new local_coordinator{std::move(made)}};
}

local_coordinator::local_coordinator(std::shared_ptr<worker> made)
  : worker_{std::move(made)} {}

local_coordinator::~local_coordinator() {
  worker_->close();
  worker_->join();
}

void local_coordinator::range(
  std::string prefix, std::function<void(result<kept_range>)> done) {
  auto refuse = [done](const std::string& why) {
    done(error{errc::refused, why});
  };
  auto act = [at = worker_.get(), prefix = std::move(prefix), done] {
    auto fault = check_prefix(prefix);
    if (fault.code != errc::none) return done(fault);
    at->answer([done, read = at->space().range(prefix)](const error& failed) {
      if (failed.code == errc::none) return done(read);
      done(failed);
    });
  };
  worker_->add({std::move(act), std::move(refuse)});
}

void local_coordinator::txn(
  txn_request what, std::function<void(txn_answer)> done) {
  auto refuse = [done](const std::string& why) { done(refused_txn(why)); };
  auto act = [at = worker_.get(), what = std::move(what), done] {
    at->apply(what, done);
  };
  worker_->add({std::move(act), std::move(refuse)});
}

std::unique_ptr<watching> local_coordinator::watch(
  std::string prefix,
  revision after,
  std::function<void(watch_notice)> on_change) {
  auto made = std::make_shared<local_watch>();
  made->prefix = std::move(prefix);
  made->seen = after;
  made->on_change = std::move(on_change);
  worker_->add(
    {[at = worker_.get(), made] { at->watch(made); },
     [made](const std::string& why) {
       if (!made->is_over) made->on_change({true, {}, why});
     }});
  return std::make_unique<local_watching>(worker_, std::move(made));
}

void local_coordinator::open_session(duration, session_events events) {
  auto refuse = [done = events.on_open](const std::string& why) {
    done(error{errc::refused, why});
  };
  auto act = [at = worker_, done = events.on_open] {
    at->open_session(at, done);
  };
  worker_->add({std::move(act), std::move(refuse)});
}

void local_coordinator::close() { worker_->close(); }

} // namespace troupe
