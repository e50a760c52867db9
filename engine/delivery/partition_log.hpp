#pragma once

#include "engine/delivery/segment.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// One partition of a queue: its segments in publish order, the place up to
/// which messages were offered to consumers, and who published how far.
class partition_log {
public:
  /// With `offers_unstored` messages are offered before they have an index.
  explicit partition_log(std::uint16_t partition, bool offers_unstored = false);

  std::uint16_t partition() const { return partition_; }

  // -- publishing

  /// Returns the messages of `messages` that `publisher` has not published
  /// before (null: all are repeats). `sequences` rise, one a message; an empty
  /// publisher does not number, so nothing of its is a repeat.
  batch_ptr without_repeats(
    const std::string& publisher,
    const std::vector<std::uint64_t>& sequences,
    const batch_ptr& messages) const;

  /// Notes how far a publisher has come. One that is called `<name>@<run>` ends
  /// all other runs of that name: what they published is no repeat any more, so
  /// that publishers who start often are kept once.
  void note_publisher(const std::string& publisher, std::uint64_t sequence);

  /// Adds a segment at the end.
  segment& append(batch_ptr messages, time_point published_at);

  /// Returns the oldest segment that the store does not have yet.
  const segment& next_stored() const { return segments_[stored_]; }

  /// Notes that the store has it.
  segment& on_stored(log_index index);

  // -- the segments

  /// Returns the segment that holds `at`, or null when it is gone.
  segment* find(position at);

  /// Returns the segment that holds `at`, or else the first one behind it.
  segment* find_from(position at);

  /// Forgets segments that are done and stored; cheap on average.
  void forget_done();

  std::deque<segment>& segments() { return segments_; }
  const std::deque<segment>& segments() const { return segments_; }

  // -- what was never offered

  /// Returns the segment the next fresh message lies in, or null where all
  /// that may be offered was. Skips segments that are done.
  segment* fresh();
  bool may_offer(const segment& x) const {
    return offers_unstored_ || x.index() > 0;
  }
  position cursor() const { return cursor_; }
  void advance(position to) { cursor_ = to; }

  // -- recovery

  void restore(const checkpoint_entry& checkpoint);

  /// Offers everything that is not settled anew, from the first message on.
  void rewind();
  segment& restore(publish_entry&& entry, log_index index);

  position next() const { return next_; }
  const std::map<std::string, std::uint64_t>& publishers() const {
    return publishers_;
  }

private:
  void forget_earlier_runs(const std::string& of);

  std::uint16_t partition_;
  bool offers_unstored_;
  position next_;
  position cursor_;
  std::size_t stored_ = 0; // segments with an index, from the front
  std::size_t done_ = 0;   // segments still kept though done, at most
  std::deque<segment> segments_;
  std::map<std::string, std::uint64_t> publishers_;
};

} // namespace troupe
