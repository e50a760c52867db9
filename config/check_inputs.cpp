#include "config/checking.hpp"
#include "config/nearest.hpp"

#include <algorithm>
#include <set>

namespace troupe {

namespace {

using kind = resolved::kind;

/// One entry of somebody's `inputs`.
struct entry {
  std::string reader; // "handler `charge`"
  std::string path;   // "handlers/charge/inputs/0"
  std::string name;   // what it names
};

std::vector<std::string> readable_paths(const pipeline_config& config) {
  auto out = std::vector<std::string>{};
  add_paths(out, "routers", config.routers);
  add_paths(out, "sources", config.sources);
  add_paths(out, "handlers", config.handlers);
  add_paths(out, "queues", config.queues);
  return out;
}

void unknown(const checking& at, const entry& entry) {
  auto& fault = at.add_fault(
    "E0112",
    entry.reader + " reads from " + ticked(entry.name)
      + ", which does not exist",
    entry.path);
  fault.label = "no source, queue, router or handler has this name";
  if (at.gives_hints())
    fault.help = at.did_you_mean(entry.name, readable_paths(at.config));
  if (fault.help.empty())
    fault.help = "name a source, a queue, a router, a handler or an output";
}

std::string outputs_of(const match_router& rule, const std::string& router) {
  auto out = std::string{};
  for (const auto& own : route_names(rule))
    out += (out.empty() ? "" : ", ") + ticked(router + "." + own);
  return out;
}

const match_router*
match_rule(const pipeline_config& config, const std::string& router) {
  auto found = config.routers.find(router);
  return found == config.routers.end()
           ? nullptr
           : std::get_if<match_router>(&found->second.rule);
}

void not_readable(
  const checking& at,
  const entry& entry,
  const std::string& label,
  const std::string& help) {
  auto& fault = at.add_fault(
    "E0114", entry.reader + " cannot read from " + ticked(entry.name),
    entry.path);
  fault.label = label;
  fault.help = help;
}

void without_output(const checking& at, const entry& entry) {
  const auto* rule = match_rule(at.config, entry.name);
  not_readable(
    at, entry, "this router has outputs with names",
    rule == nullptr ? std::string{}
                    : "read one of " + outputs_of(*rule, entry.name));
}

void unknown_output(const checking& at, const entry& entry) {
  auto [owner, own] = split_output(at.config, entry.name);
  auto& fault = at.add_fault(
    "E0115", "router " + ticked(owner) + " has no output " + ticked(own),
    entry.path);
  const auto* rule = match_rule(at.config, owner);
  if (rule == nullptr) {
    fault.label = "a hash router has its queue only";
    fault.help = "read " + ticked(owner);
    return;
  }
  auto meant = nearest(own, route_names(*rule));
  fault.label = "no such output";
  fault.help = meant.empty()
                 ? "its outputs are " + outputs_of(*rule, owner)
                 : "did you mean " + ticked(owner + "." + meant) + "?";
}

void check_entry(const checking& at, const entry& entry, kind what) {
  switch (what) {
    case kind::unknown: return unknown(at, entry);
    case kind::no_output_name: return without_output(at, entry);
    case kind::unknown_output: return unknown_output(at, entry);
    case kind::own_queue:
      return not_readable(
        at, entry, "this is the handler's own queue",
        "read what the handler reads, or one of its outputs");
    case kind::sink:
      return not_readable(
        at, entry, "this is a sink", "read what the sink reads");
    default: return;
  }
}

void reads_queue(const checking& at, const entry& entry) {
  auto& fault = at.add_fault(
    "E0124", entry.reader + " cannot read from queue " + ticked(entry.name),
    entry.path);
  fault.label = "this is a queue";
  fault.help = "read what feeds the queue, or put a handler in between";
}

void check_list(
  const checking& at,
  const std::string& section,
  const std::string& name,
  const std::vector<std::string>& inputs,
  bool takes_queues) {
  auto reader = section.substr(0, section.size() - 1) + " " + ticked(name);
  auto seen = std::set<std::string>{};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    auto path = section + "/" + name + "/inputs/" + std::to_string(i);
    const auto entry = troupe::entry{reader, path, inputs[i]};
    if (!seen.insert(inputs[i]).second)
      at.add_fault(
          "E0111", reader + " lists " + ticked(inputs[i]) + " twice", path)
        .label = "remove it";
    auto found = takes_queues ? resolve_input(at.config, inputs[i])
                              : resolve_feed(at.config, inputs[i]);
    if (found.what == kind::queue && !takes_queues)
      reads_queue(at, entry);
    else
      check_entry(at, entry, found.what);
  }
}

} // namespace

void check_inputs(const checking& at) {
  for (const auto& [name, router] : at.config.routers)
    check_list(at, "routers", name, router.inputs, false);
  for (const auto& [name, handler] : at.config.handlers)
    check_list(at, "handlers", name, handler.inputs, true);
  for (const auto& [name, sink] : at.config.sinks)
    check_list(
      at, "sinks", name, sink.inputs, sink.type != sink_config::kind::queue);
}

} // namespace troupe
