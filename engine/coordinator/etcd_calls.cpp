#include "engine/coordinator/etcd_calls.hpp"

#include "engine/coordinator/awaited.hpp"
#include "engine/coordinator/etcd_codec.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace troupe {

namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
constexpr auto retries =
  backoff{.initial = duration{50}, .factor = 2, .max = duration{1000}};

etcd_reply refused(std::string why) {
  return {etcd_reply::kind::refused, std::move(why)};
}

etcd_reply unknown(std::string why) {
  return {etcd_reply::kind::unknown, std::move(why)};
}

} // namespace

struct etcd_calls::call {
  call(asio::io_context& context, etcd_question what, clock::time_point until)
    : question{std::move(what)}, deadline{until}, timer{context, until} {}

  etcd_question question;
  clock::time_point deadline;
  asio::steady_timer timer;
  bool is_over = false;
  std::string last_failure = "no endpoint was reached";
};

etcd_calls::etcd_calls(
  asio::io_context& context,
  const etcd_options& options,
  std::shared_ptr<client_tls> tls)
  : context_{context},
    options_{options},
    tls_{std::move(tls)},
    news_{context, clock::time_point::max()} {}

// -- asking

void etcd_calls::ask(etcd_question what) {
  if (open_.size() >= coordinator_limits::most_requests) {
    auto why = "too many requests are not answered yet; wait for some";
    return asio::post(
      context_, [done = std::move(what.done), why] { done(refused(why)); });
  }
  auto limit = is_closed_ ? options_.attempt_limit : options_.request_limit;
  auto made =
    std::make_shared<call>(context_, std::move(what), clock::now() + limit);
  made->timer.async_wait(
    [self = shared_from_this(), made](const boost::system::error_code& why) {
      if (!why) self->on_deadline(made);
    });
  open_.insert(made);
  waiting_.push_back(made);
  wake();
}

void etcd_calls::wake() {
  if (idle_lanes_ > 0) {
    --idle_lanes_;
    return void(news_.cancel_one());
  }
  if (lanes_ >= options_.connections) return;
  ++lanes_;
  asio::co_spawn(context_, run_lane(shared_from_this()), asio::detached);
}

void etcd_calls::on_deadline(const call_ptr& what) {
  auto why = "no answer of etcd in time: " + what->last_failure
             + "; read again, and check that a majority of its members runs";
  std::erase_if(waiting_, [&](const auto& x) { return x.lock() == what; });
  finish(what, unknown(why));
}

void etcd_calls::finish(const call_ptr& what, etcd_reply reply) {
  if (std::exchange(what->is_over, true)) return;
  what->timer.cancel();
  open_.erase(what);
  std::exchange(what->question.done, {})(std::move(reply));
}

void etcd_calls::close() {
  if (std::exchange(is_closed_, true)) return;
  waiting_.clear();
  auto all = open_;
  for (const auto& x : all)
    if (auto what = x.lock())
      finish(what, unknown("the coordinator was closed before an answer came"));
  idle_lanes_ = 0;
  news_.cancel();
}

// -- endpoints

std::unique_ptr<http_line> etcd_calls::make_line() const {
  return http_line::make(context_.get_executor(), tls_);
}

const endpoint& etcd_calls::preferred() const {
  return options_.endpoints[preferred_];
}

void etcd_calls::on_failed(const endpoint& where) {
  if (preferred() == where)
    preferred_ = (preferred_ + 1) % options_.endpoints.size();
}

// -- lanes: a connection each, one request at a time

etcd_calls::task<void> etcd_calls::run_lane(std::shared_ptr<etcd_calls> self) {
  auto line = std::unique_ptr<http_line>{};
  while (auto next = co_await self->next_call())
    co_await self->serve(line, std::move(next));
  --self->lanes_;
}

// Waits for a call; returns none once closed with nothing left to do.
etcd_calls::task<etcd_calls::call_ptr> etcd_calls::next_call() {
  for (;;) {
    if (auto found = take_call()) co_return found;
    if (is_closed_) co_return nullptr;
    ++idle_lanes_;
    co_await news_.async_wait(awaited);
  }
}

etcd_calls::call_ptr etcd_calls::take_call() {
  while (!waiting_.empty()) {
    auto first = waiting_.front().lock();
    waiting_.pop_front();
    if (first) return first;
  }
  return nullptr;
}

etcd_calls::task<void>
etcd_calls::serve(std::unique_ptr<http_line>& line, call_ptr what) {
  for (auto failures = 0u; !what->is_over;) {
    auto is_connected = co_await connect(line, what, until(what, false));
    if (is_connected && co_await attempt(*line, what)) co_return;
    if (++failures % options_.endpoints.size() == 0)
      co_await pause(failures, what->deadline);
  }
}

etcd_calls::task<bool> etcd_calls::connect(
  std::unique_ptr<http_line>& line, const call_ptr& what, time until) {
  if (line && line->is_good()) co_return true;
  if (!line) line = make_line();
  auto to = preferred();
  auto opened = co_await line->open(to, until);
  if (opened) co_return true;
  what->last_failure = opened.error().detail;
  on_failed(to);
  co_return false;
}

// Asks once. Returns whether the call is over.
etcd_calls::task<bool>
etcd_calls::attempt(http_line& line, const call_ptr& what) {
  auto is_repeatable = what->question.is_repeatable;
  what->last_failure = "no answer from " + to_string(line.where());
  auto request = http_request{what->question.path, what->question.json};
  auto limit = until(what, !is_repeatable);
  auto reply = co_await line.ask(std::move(request), limit);
  if (reply && (what->is_over || is_final(what, *reply))) co_return true;
  line.drop();
  on_failed(line.where());
  if (what->is_over) co_return true;
  if (!reply) what->last_failure = reply.error().detail;
  if (reply || is_repeatable) co_return false;
  finish(what, unknown(what->last_failure + "; read again"));
  co_return true;
}

// Ends the call with an answer, unless it is worth another try.
bool etcd_calls::is_final(const call_ptr& what, const http_reply& reply) {
  if (reply.status == 200) {
    finish(what, {etcd_reply::kind::answered, reply.body});
    return true;
  }
  auto failure = parse_failure(reply.body);
  what->last_failure = "etcd said: " + failure.message;
  if (failure.is_refusal())
    finish(what, refused(what->last_failure));
  else if (!failure.is_leaderless() && !what->question.is_repeatable)
    finish(what, unknown(what->last_failure + "; read again"));
  return what->is_over;
}

etcd_calls::task<void> etcd_calls::pause(std::uint32_t failures, time until) {
  auto wait = retries.delay(failures / options_.endpoints.size(), 0.5);
  auto timer = asio::steady_timer{context_};
  timer.expires_at(std::min(until, clock::now() + wait));
  co_await timer.async_wait(awaited);
}

etcd_calls::time etcd_calls::until(const call_ptr& what, bool is_whole) const {
  if (is_whole) return what->deadline;
  return std::min(what->deadline, clock::now() + options_.attempt_limit);
}

} // namespace troupe
