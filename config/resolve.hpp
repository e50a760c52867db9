#pragma once

#include "config/pipeline.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// What a name in `inputs` stands for.
struct resolved {
  enum class kind : std::uint8_t {
    queue,          // `name` is the queue
    output,         // `name` is the output
    unknown,        // nothing has this name
    no_output_name, // a match router: only its outputs can be read
    unknown_output, // a router without this output
    own_queue,      // `handler.in`
    sink,           // sinks have no outputs
  };
  kind what = kind::unknown;
  std::string name;

  bool is_good() const { return what == kind::queue || what == kind::output; }
};

/// A name cut into the component that owns it and the output's own name:
/// "charge.dead" into "charge" and "dead". `owner` is empty when no router or
/// handler owns it.
struct output_name {
  std::string owner;
  std::string own;
};

output_name split_output(const pipeline_config& config, std::string_view name);

/// Returns what handlers and sinks read under a name: the queue of that name
/// first, then the output.
resolved resolve_input(const pipeline_config& config, const std::string& name);

/// Returns what routers and queue sinks read: the output first. They cannot
/// read a queue, but get one as the answer when the name means it.
resolved resolve_feed(const pipeline_config& config, const std::string& name);

/// Returns the outputs of a router under their own names: routes, then the
/// output for unmatched messages, "dead" if they are rejected.
std::vector<std::string> route_names(const match_router& rule);

} // namespace troupe
