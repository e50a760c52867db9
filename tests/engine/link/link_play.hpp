#pragma once

#include "engine/link/link_receiver.hpp"
#include "engine/link/link_sender.hpp"

#include <optional>
#include <random>
#include <string>
#include <vector>

namespace troupe::test {

using namespace std::chrono_literals;

inline member_identity identity(const std::string& member) {
  return {"shop", member, "store-of-" + member, 1};
}

/// Both ends of a link and the wire between them, which carries bytes in
/// pieces of any size and can be cut.
class link_play {
public:
  time_point now{1h};
  link_sender::options sends{{identity("a"), {}, {}}, "b"};
  link_receiver::options takes{{identity("b"), {}, {}}};
  std::optional<link_sender> sender;
  std::optional<link_receiver> receiver; // while there is a connection

  // -- what was seen
  std::vector<std::string> arrived;
  std::vector<std::string> ups; // the members that came, at both ends
  std::vector<std::string> downs;
  std::vector<std::string> troubles; // of the sender
  std::vector<std::string> faults;   // of the receiver
  int dials = 0;

  bool is_reachable = true;
  bool handles = true;   // what arrives is handled at once
  std::size_t piece = 0; // bytes that arrive at once; 0: all

  void start() { sender.emplace(sends); }

  /// Lets time pass in steps of 50 ms and carries all that is to be carried.
  void pass(duration time) {
    for (auto end = now + time; now < end; now += 50ms) {
      sender->on_time(now, 0);
      if (receiver) receiver->on_time(now);
      settle();
    }
  }

  bool send(std::string message) {
    auto is_taken = sender->send(std::move(message));
    settle();
    return is_taken;
  }

  void cut(const std::string& why = "reset") {
    receiver.reset();
    sender->on_closed(why);
    settle();
  }

  void settle() {
    while (move_sender() || move_receiver()) {
    }
  }

private:
  bool move_sender() {
    auto todo = sender->take_actions();
    if (todo.up) ups.push_back(todo.up->from.member);
    if (todo.down) downs.push_back(*todo.down);
    if (todo.trouble) troubles.push_back(*todo.trouble);
    if (todo.dial) dial();
    if (receiver) carry(todo.write, *receiver);
    if (todo.close) receiver.reset();
    return todo.dial || !todo.write.empty();
  }

  void dial() {
    ++dials;
    if (is_reachable) {
      receiver.emplace(takes, now);
      sender->on_connected({}, now);
    } else {
      sender->on_closed("connection refused");
    }
  }

  bool move_receiver() {
    if (!receiver) return false;
    auto todo = receiver->take_actions();
    if (todo.up) ups.push_back(todo.up->from.member);
    if (todo.fault) faults.push_back(*todo.fault);
    for (auto& x : todo.messages) {
      if (handles) receiver->on_handled(x.size());
      arrived.push_back(std::move(x));
    }
    auto wrote = !todo.write.empty();
    carry(todo.write, *sender);
    if (todo.close && receiver) cut("closed by the other end");
    return wrote;
  }

  template <class End>
  void carry(std::string_view bytes, End& to) {
    while (!bytes.empty()) {
      auto part = bytes.substr(0, piece == 0 ? bytes.size() : piece);
      to.on_bytes(part, now);
      bytes.remove_prefix(part.size());
    }
  }
};

} // namespace troupe::test
