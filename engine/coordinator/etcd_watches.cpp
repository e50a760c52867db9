#include "engine/coordinator/awaited.hpp"
#include "engine/coordinator/etcd_core.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <utility>

// etcd_coordinator::core: watches.

namespace troupe {

namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
constexpr auto retries =
  backoff{.initial = duration{50}, .factor = 2, .max = duration{1000}};

error broken(std::string why) { return {errc::refused, std::move(why)}; }

} // namespace

etcd_coordinator::core::watch_ptr etcd_coordinator::core::make_watch() {
  return std::make_shared<etcd_watch>(context_);
}

void etcd_coordinator::core::watch(const watch_ptr& what) {
  if (is_closed_)
    return tell(what->on_change, watch_notice{true, {}, closed().detail});
  if (watches_.size() >= coordinator_limits::most_watches)
    return tell(
      what->on_change,
      watch_notice{true, {}, "too many watches; let go of some"});
  watches_.insert(what);
  asio::co_spawn(context_, run_watch(shared_from_this(), what), asio::detached);
}

void etcd_coordinator::core::end_watch(const watch_ptr& what) {
  what->is_over = true;
  watches_.erase(what);
  what->pause.cancel();
  if (what->line) what->line->drop();
}

// A watch that was going well and breaks is begun again at once.
etcd_coordinator::core::task<void>
etcd_coordinator::core::run_watch(self_ptr self, watch_ptr what) {
  for (auto failures = 0u; !what->is_over;) {
    auto seen = what->seen;
    what->line = self->calls_->make_line();
    auto why = co_await self->follow(what);
    if (what->is_over) break;
    self->calls_->on_failed(what->line->where());
    if (why.code == errc::none || seen != what->seen) failures = 0;
    what->pause.expires_after(
      failures == 0 ? duration{1} : retries.delay(failures, 0.5));
    co_await what->pause.async_wait(awaited);
    ++failures;
  }
  self->watches_.erase(what);
  what->line.reset();
}

// Watches at one endpoint until that breaks; no error: it was only silent.
etcd_coordinator::core::task<error>
etcd_coordinator::core::follow(watch_ptr what) {
  auto until = clock::now() + options_.attempt_limit;
  auto opened = co_await what->line->open(calls_->preferred(), until);
  if (!opened) co_return opened.error();
  auto request =
    http_request{"/v3/watch", watch_json(what->prefix, what->seen)};
  auto status = co_await what->line->begin(std::move(request), until);
  if (!status) co_return status.error();
  if (*status != 200) co_return broken("etcd does not watch");
  co_return co_await read_lines(what);
}

etcd_coordinator::core::task<error>
etcd_coordinator::core::read_lines(watch_ptr what) {
  auto wait = options_.attempt_limit; // for the first
  for (auto has_begun = false;; has_begun = true) {
    auto text = co_await what->line->next_line(clock::now() + wait);
    if (what->is_over) co_return error{};
    if (!text) co_return has_begun ? error{} : text.error();
    wait = options_.watch_silence;
    auto line = parse_watch_line(*text, what->prefix, what->seen);
    if (!line) co_return line.error();
    if (!take_line(what, std::move(*line))) co_return broken("it ended");
  }
}

// Returns whether the watch goes on here.
bool etcd_coordinator::core::take_line(
  const watch_ptr& what, etcd_watch_line line) {
  using kind = etcd_watch_line::kind;
  if (line.what == kind::ended) return false;
  if (cluster_ != 0 && line.header.cluster != cluster_) return false;
  if (line.what == kind::forgotten) {
    resync(what, std::move(line.why));
  } else if (line.what == kind::changes) {
    what->seen = line.changes.back().at;
    tell(what->on_change, watch_notice{false, std::move(line.changes), {}});
  }
  return !what->is_over;
}

void etcd_coordinator::core::resync(const watch_ptr& what, std::string why) {
  what->is_over = true;
  tell(what->on_change, watch_notice{true, {}, std::move(why)});
}

} // namespace troupe
