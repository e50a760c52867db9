#pragma once

#include "engine/message/batch.hpp"
#include "engine/source/record_cutter.hpp"

#include <functional>

namespace troupe {

/// Returns a message's routing key: a view of the message, of `scratch`, or of
/// what outlives both.
using input_key =
  std::function<std::string_view(const message&, std::string& scratch)>;

/// Messages cut from an input.
struct cut_batch {
  batch_ptr messages;             // null: there were none
  std::uint64_t first_number = 0; // the others follow one by one
  source_place after;             // where to go on once these are safe
};

/// Makes batches of what a record cutter cuts. A record of more than
/// `batch::most_bytes` gets one of its own.
class batch_cutter {
public:
  /// Without a key, routing keys are empty.
  batch_cutter(record_cutter cutter, source_place at, input_key key)
    : cutter_{std::move(cutter)}, key_{std::move(key)}, place_{at} {}

  /// Takes bytes from the front of `input` until a batch is full or all are
  /// taken. What `input` shows must stay until this returns no messages; then
  /// it is used up. A fault comes after all that was before it.
  result<cut_batch> cut(std::string_view& input);

  /// Returns what is left once the input has ended.
  result<cut_batch> finish();

private:
  result<cut_batch> gather(std::string_view* input);
  void add(const record& from);

  record_cutter cutter_;
  input_key key_;
  batch_builder builder_;
  std::optional<record> large_; // cut, and waiting for a batch of its own
  source_place place_;
  std::string scratch_;
};

} // namespace troupe
