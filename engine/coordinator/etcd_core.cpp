#include "engine/coordinator/etcd_core.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

// etcd_coordinator::core: reads, txns, closing.

namespace troupe {

etcd_coordinator::core::core(
  boost::asio::io_context& context,
  const etcd_options& options,
  std::shared_ptr<client_tls> tls)
  : context_{context},
    options_{options},
    calls_{std::make_shared<etcd_calls>(context, options, std::move(tls))} {}

void etcd_coordinator::core::post(std::function<void(core&)> act) {
  boost::asio::post(
    context_,
    [self = shared_from_this(), act = std::move(act)] { act(*self); });
}

void etcd_coordinator::core::ask(
  std::string path,
  std::string json,
  bool is_repeatable,
  std::function<void(etcd_reply)> done) {
  calls_->ask(
    {std::move(path), std::move(json), is_repeatable, std::move(done)});
}

error etcd_coordinator::core::closed() {
  return {errc::refused, "the coordinator is closed; open it anew"};
}

void etcd_coordinator::core::close() {
  if (std::exchange(is_closed_, true)) return;
  calls_->close();
  for (const auto& x : std::exchange(watches_, {})) end_watch(x);
  for (const auto& x : std::exchange(leases_, {})) end_session(x);
}

// -- reads and txns

void etcd_coordinator::core::range(
  std::string prefix, std::function<void(result<kept_range>)> done) {
  auto fault = is_closed_ ? closed() : check_prefix(prefix);
  if (fault.code != errc::none) return tell(done, fault);
  auto json = range_json(prefix);
  ask(
    "/v3/kv/range", std::move(json), true,
    [self = shared_from_this(), prefix = std::move(prefix), at_least = newest_,
     done = std::move(done)](const etcd_reply& reply) {
      self->tell(done, self->to_range(reply, prefix, at_least));
    });
}

void etcd_coordinator::core::txn(
  txn_request what, std::function<void(txn_answer)> done) {
  auto fault = is_closed_ ? closed() : check(what);
  if (fault.code != errc::none) return tell(done, refused_txn(fault.detail));
  auto json = txn_json(what);
  ask(
    "/v3/kv/txn", std::move(json), false,
    [self = shared_from_this(), what = std::move(what),
     done = std::move(done)](const etcd_reply& reply) {
      self->tell(done, self->to_txn(reply, what));
    });
}

result<kept_range> etcd_coordinator::core::to_range(
  const etcd_reply& reply, const std::string& prefix, revision at_least) {
  if (reply.what != etcd_reply::kind::answered)
    return error{errc::refused, reply.text};
  auto read = parse_range(reply.text, prefix);
  if (!read) return read.error();
  auto fault = check_header(read->header, at_least);
  if (fault.code != errc::none) return fault;
  return std::move(read->range);
}

// What cannot be understood may have been done all the same.
txn_answer etcd_coordinator::core::to_txn(
  const etcd_reply& reply, const txn_request& asked) {
  if (reply.what == etcd_reply::kind::refused) return refused_txn(reply.text);
  if (reply.what == etcd_reply::kind::unknown) return unknown_txn(reply.text);
  auto read = parse_txn(reply.text, asked);
  if (!read) return unknown_txn(read.error().detail);
  auto fault = check_header(read->header, 0);
  if (fault.code != errc::none) return unknown_txn(fault.detail);
  return std::move(read->answer);
}

// -- who answers

error etcd_coordinator::core::check_header(
  const etcd_header& header, revision at_least) {
  if (cluster_ != 0 && header.cluster != cluster_)
    return {
      errc::refused, "an endpoint belongs to another etcd cluster than the "
                     "first that answered; correct the list of endpoints"};
  if (header.at < at_least)
    return {
      errc::refused,
      "etcd's revision went back from " + std::to_string(at_least) + " to "
        + std::to_string(header.at) + "; was it restored from an old copy?"};
  note(header);
  return {};
}

void etcd_coordinator::core::note(const etcd_header& header) {
  cluster_ = header.cluster;
  newest_ = std::max(newest_, header.at);
}

} // namespace troupe
