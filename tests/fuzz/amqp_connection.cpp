// What follows a handshake is up to the input: pieces of what a client sends,
// answers of the node in whatever order, deliveries, confirms, time. Nothing
// may crash, what is kept is bounded, and all that comes out is AMQP.

#include "engine/amqp/connection_machine.hpp"
#include "engine/amqp/content.hpp"
#include "engine/routing/topology.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>
#include <vector>

using namespace troupe;
using namespace troupe::amqp;

namespace {

void require(bool claim) {
  if (!claim) std::abort();
}

std::shared_ptr<const user> guest() {
  auto made = std::make_shared<user>();
  made->name = "guest";
  made->rights["/"] = vhost_rights::parse(".*", ".*", "^[^x]").value();
  return made;
}

topology places() {
  auto made = topology{};
  made.add_vhost("/");
  auto id = std::uint64_t{0};
  for (auto name : {"q", "r", "amq.gen-1"}) {
    auto what = queue_declaration{};
    what.name = name;
    what.is_server_named = true;
    auto queue = new_queue{};
    queue.id = queue_id{++id};
    made.declare_queue("/", what, queue, 0).value();
    auto link = binding{};
    link.source = "amq.topic";
    link.destination = name;
    link.routing_key = "#";
    made.bind("/", link, 0).value();
  }
  return made;
}

/// One connection, its node, and what is to be seen of both.
class playing {
public:
  playing() : machine_{options(), now_}, routes_{places().snapshot()} {
    machine_.set_routes(routes_);
    auto bytes = std::string{protocol_header};
    auto response = std::string_view{"\0guest\0guest", 12};
    encode(bytes, 0, connection_start_ok{{}, "PLAIN", response, "en_US"});
    encode(bytes, 0, connection_tune_ok{16, 4096, 10});
    encode(bytes, 0, connection_open{"/"});
    encode(bytes, 1, channel_open{});
    machine_.on_bytes(bytes, now_);
    look();
    reply(logged_in{guest()});
    look();
    reply(done{});
    look();
    require(machine_.is_running());
  }

  void step(unsigned what, std::string_view piece) {
    switch (what % 10) {
      case 0:
      case 1:
      case 2:
      case 3: machine_.on_bytes(piece, now_); break;
      case 4: answer(piece); break;
      case 5: deliver(piece); break;
      case 6: confirm(piece); break;
      case 7:
        now_ += duration{piece.size() * 500};
        machine_.on_time(now_);
        break;
      case 8: machine_.on_written(written_); break;
      case 9: disturb(piece); break;
    }
    look();
  }

  void end() {
    machine_.on_peer_closed(now_);
    look();
    require(machine_.is_over());
    require(machine_.take_actions().output.empty());
  }

private:
  static connection_options options() {
    auto made = connection_options{};
    made.id = 1;
    made.max_message_bytes = 64 * 1024;
    made.publish_window_bytes = 16 * 1024;
    return made;
  }

  void look() {
    auto todo = machine_.take_actions();
    written_ += todo.output.size();
    read(todo.output);
    open_ += todo.requests.size();
    require(open_ <= 1);
    for (const auto& x : todo.notices) note(x);
    for (const auto& x : todo.requests) note(x);
  }

  void note(const notice& what) {
    if (const auto* out = std::get_if<publication>(&what)) {
      require(out->what.messages && out->what.messages->size() > 0);
      tickets_.push_back(out->what.ticket);
    }
    if (const auto* gone = std::get_if<left>(&what))
      require(std::erase(consumers_, gone->consumer) <= 1);
    if (const auto* told = std::get_if<settling>(&what))
      for (const auto& part : told->what)
        for (const auto& run : part.acked) require(run.count > 0);
  }

  void note(const request& what) {
    if (const auto* by = std::get_if<subscribe>(&what))
      consumers_.push_back(by->consumer);
    if (const auto* by = std::get_if<get>(&what))
      if (std::ranges::count(consumers_, by->consumer) == 0)
        consumers_.push_back(by->consumer);
    is_get_ = std::holds_alternative<get>(what);
  }

  void read(std::string_view output) {
    if (output.starts_with("AMQP")) output.remove_prefix(8);
    from_server_.feed(output);
    for (auto f = from_server_.next();; f = from_server_.next()) {
      require(f.has_value());
      if (!*f) return;
      if ((*f)->type == frame_type::method)
        require(decode_method((*f)->payload).has_value());
      if ((*f)->type == frame_type::header)
        require(decode_content_header((*f)->payload).has_value());
    }
  }

  loaned_run run_of(std::string_view piece) {
    auto builder = batch_builder{};
    auto count = std::min<std::size_t>(piece.size(), 5) + 1;
    for (std::size_t i = 0; i < count; ++i)
      builder.add(message{"e", "k", {}, piece});
    auto made = loaned_run{};
    made.messages = builder.take();
    made.count = static_cast<std::uint32_t>(count);
    made.at = next_position_;
    next_position_ += count + piece.size() % 2;
    return made;
  }

  void reply(amqp::answer what) {
    open_ = 0;
    machine_.on_answer(std::move(what), now_);
  }

  void answer(std::string_view piece) {
    if (open_ == 0) return;
    if (!piece.empty() && piece[0] % 4 == 0)
      return reply(refused{
        piece[0] % 8 == 0 ? reply_code::not_found : reply_code::not_implemented,
        "no"});
    if (!is_get_) return reply(done{"q", 1, 2});
    if (piece.empty()) return reply(amqp::got{});
    reply(amqp::got{run_of({}), 3});
  }

  void deliver(std::string_view piece) {
    auto to =
      consumers_.empty() || piece.empty()
        ? 99
        : consumers_[static_cast<unsigned char>(piece[0]) % consumers_.size()];
    machine_.on_deliveries(to, {run_of(piece)}, now_);
  }

  void confirm(std::string_view piece) {
    if (tickets_.empty()) return machine_.on_confirmed(12345, {});
    auto refusals = std::vector<std::uint32_t>{};
    for (auto c : piece.substr(0, 3))
      refusals.push_back(static_cast<unsigned char>(c));
    auto at = piece.size() % tickets_.size();
    machine_.on_confirmed(tickets_[at], refusals);
    tickets_.erase(tickets_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  void disturb(std::string_view piece) {
    switch (piece.size() % 6) {
      case 0: machine_.on_blocked("low on disk"); break;
      case 1: machine_.on_unblocked(); break;
      case 2: machine_.on_queue_lost(queue_id{piece.size() % 4}); break;
      case 3: machine_.on_cancelled(piece.size() % 9); break;
      case 4:
        routes_ = places().snapshot();
        machine_.set_routes(routes_);
        break;
      case 5: machine_.on_close(320, std::string{piece}); break;
    }
  }

  time_point now_;
  connection_machine machine_;
  std::shared_ptr<const routing_snapshot> routes_;
  frame_reader from_server_;
  std::size_t open_ = 0;
  bool is_get_ = false;
  std::uint64_t written_ = 0;
  position next_position_ = 1;
  std::vector<std::uint64_t> tickets_;
  std::vector<consumer_number> consumers_;
};

} // namespace

/// The input is steps: what to do, how many bytes go with it, the bytes.
extern "C" int
LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  auto rest = std::string_view{reinterpret_cast<const char*>(input), size};
  auto play = playing{};
  while (rest.size() >= 2) {
    auto what = static_cast<unsigned char>(rest[0]);
    auto count = static_cast<unsigned char>(rest[1]);
    rest.remove_prefix(2);
    auto piece = rest.substr(0, count);
    rest.remove_prefix(piece.size());
    play.step(what, piece);
  }
  play.end();
  return 0;
}
