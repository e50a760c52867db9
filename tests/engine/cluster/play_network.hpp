#pragma once

#include "tests/engine/cluster/play_store.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::test {

// -- what is under way in a play

/// An append with its entries.
struct append_post {
  append what;
  std::vector<play_entry> entries;
};

/// A piece of a checkpoint with what it says.
struct chunk_post {
  chunk what;
  std::shared_ptr<const publisher_table> table; // as of `what.at`
};

/// Entries to compare after an unclean stop.
struct compare_post {
  epoch_number epoch = 0;
  log_index first = 0;
  std::vector<play_entry> entries;
};

struct swap_post {
  compare_and_swap what;
};

struct swap_answer {
  enum class outcome { done, conflict, unknown } how{};
  std::uint64_t number = 0;
  group_record record;
  revision_number revision = 0;
};

struct read_post {};

/// An answer to a read, or what a watch tells.
struct read_answer {
  group_record record;
  revision_number revision = 0;
};

using play_post = std::variant<
  append_post,
  ack,
  reject,
  release,
  chunk_post,
  chunk_ack,
  compare_post,
  swap_post,
  swap_answer,
  read_post,
  read_answer>;

/// Stands for the coordinator among the members' numbers.
constexpr std::size_t coordinator_place = 7;

struct envelope {
  std::size_t from = 0;
  std::size_t to = 0;
  play_post what;
};

/// The small truth: one record, changed by compare-and-swap.
struct play_coordinator {
  group_record record;
  revision_number revision = 1;

  bool swap(const group_record& wanted, revision_number expected) {
    if (revision != expected) return false;
    record = wanted;
    ++revision;
    return true;
  }
};

// -- the wires

/// What is under way between members and the coordinator, and who is cut off
/// from whom.
class play_wires {
public:
  /// Loses a message; who waits for the coordinator hears that it is unknown.
  void lose(const envelope& post) {
    if (auto* x = std::get_if<swap_post>(&post.what))
      lose_swap(post.from, x->what.number);
    if (auto* x = std::get_if<swap_answer>(&post.what))
      lose_swap(post.to, x->number);
  }

  /// A request or an answer is lost: its outcome is unknown.
  void lose_swap(std::size_t i, std::uint64_t number) {
    auto answer = swap_answer{swap_answer::outcome::unknown, number, {}, 0};
    network.push_back({i, i, std::move(answer)});
  }

  play_coordinator coordinator;
  std::vector<envelope> network;
  std::array<std::array<bool, 8>, 8> cut{};

protected:
  /// Lets the coordinator do what it is asked, and answer as far as it gets.
  void ask_coordinator(envelope post) {
    auto back = cut[coordinator_place][post.from];
    if (auto* x = std::get_if<swap_post>(&post.what)) {
      using outcome = swap_answer::outcome;
      auto done = coordinator.swap(x->what.record, x->what.expected);
      auto how = done ? outcome::done : outcome::conflict;
      if (back) return lose_swap(post.from, x->what.number);
      auto answer = swap_answer{
        how, x->what.number, coordinator.record, coordinator.revision};
      network.push_back({coordinator_place, post.from, std::move(answer)});
    } else if (!back) {
      auto answer = read_answer{coordinator.record, coordinator.revision};
      network.push_back({coordinator_place, post.from, std::move(answer)});
    }
  }
};

} // namespace troupe::test
