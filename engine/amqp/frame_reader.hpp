#pragma once

#include "engine/amqp/error.hpp"
#include "engine/amqp/frame.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::amqp {

/// Cuts what comes from a socket into frames.
///
/// Feed it a chunk, then take frames until there is none; they are views of
/// the chunk, which has to stay until then. Only a frame that began in an
/// earlier chunk is copied, as its bytes come in, never by its announced size.
class frame_reader {
public:
  /// `frame_max` as negotiated, in bytes with head and end; 0: no limit.
  explicit frame_reader(std::uint32_t frame_max = 0) : frame_max_{frame_max} {}

  void set_frame_max(std::uint32_t frame_max) { frame_max_ = frame_max; }

  void feed(std::string_view chunk);

  /// Returns the next frame, or nothing until more is fed. Fails with 501 for
  /// what is no frame or a larger one than agreed, and then for good.
  checked<std::optional<frame>> next();

  /// Leaves what of the chunk was not looked at; returns how many bytes that
  /// are. They have to be fed again.
  std::size_t give_up_rest();

  /// Bytes of a frame that is not whole yet, good until the next `feed`.
  std::size_t unfinished_bytes() const { return held_.size() + rest_.size(); }

private:
  checked<std::optional<frame>> next_held();
  checked<std::size_t> size_of_first(std::string_view bytes);
  checked<std::optional<frame>> checked_end(std::string_view bytes);
  bool gather(std::size_t want);
  void keep_rest();
  void release();

  std::uint32_t frame_max_;
  std::string held_;      // the start of a frame, from earlier chunks
  std::string_view rest_; // of the chunk
  bool given_ = false;    // what is held was handed out as a frame
  bool is_broken_ = false;
};

} // namespace troupe::amqp
