#include "config/graph.hpp"

#include "config/resolve.hpp"

#include <map>

namespace troupe {

namespace {

enum class shape : std::uint8_t { source, router, queue, handler, sink };

struct drawn_node {
  std::string id; // "n0": names may hold what the formats take for syntax
  std::string name;
  troupe::shape shape;
};

struct drawn_edge {
  std::string from;
  std::string to;
  std::string label; // the output's own name
};

struct drawing {
  std::vector<drawn_node> nodes;
  std::vector<drawn_edge> edges;
};

class drafter {
public:
  drawing draw(const pipeline_config& config, const plan& plan) {
    for (const auto& [name, source] : config.sources) add(shape::source, name);
    for (const auto& [name, router] : plan.routers) add(shape::router, name);
    for (const auto& [name, queue] : plan.queues) add(shape::queue, name);
    for (const auto& consumer : plan.consumers)
      add(consumer.is_sink ? shape::sink : shape::handler, consumer.component);
    for (const auto& [output, targets] : plan.outputs)
      for (const auto& to : targets) add_edge(config, output, to);
    for (const auto& consumer : plan.consumers) add_reads(consumer);
    return std::move(drawing_);
  }

private:
  void add(shape shape, const std::string& name) {
    auto id = "n" + std::to_string(drawing_.nodes.size());
    ids_[{shape, name}] = id;
    drawing_.nodes.push_back({id, name, shape});
  }

  void add_edge(
    const pipeline_config& config,
    const std::string& output,
    const target& to) {
    auto [owner, own] = split_output(config, output);
    auto is_whole = owner.empty() || config.sources.contains(output)
                    || config.handlers.contains(output);
    if (is_whole) own.clear();
    auto from = id_of_owner(config, is_whole ? output : owner);
    auto kind = to.what == target::kind::queue ? shape::queue : shape::router;
    drawing_.edges.push_back({from, ids_[{kind, to.name}], own});
  }

  std::string
  id_of_owner(const pipeline_config& config, const std::string& name) {
    if (config.sources.contains(name)) return ids_[{shape::source, name}];
    if (config.routers.contains(name)) return ids_[{shape::router, name}];
    return ids_[{shape::handler, name}];
  }

  void add_reads(const consumer_plan& consumer) {
    auto kind = consumer.is_sink ? shape::sink : shape::handler;
    for (const auto& queue : consumer.queues)
      drawing_.edges.push_back(
        {ids_[{shape::queue, queue}], ids_[{kind, consumer.component}], {}});
  }

  drawing drawing_;
  std::map<std::pair<shape, std::string>, std::string> ids_;
};

std::string mermaid_node(const drawn_node& node) {
  auto label = "\"" + node.name + "\"";
  switch (node.shape) {
    case shape::source: return node.id + "([" + label + "])";
    case shape::router: return node.id + "{" + label + "}";
    case shape::queue: return node.id + "[(" + label + ")]";
    case shape::handler: return node.id + "[" + label + "]";
    case shape::sink: return node.id + "[/" + label + "/]";
  }
  return {};
}

std::string dot_shape(shape shape) {
  switch (shape) {
    case shape::source: return "oval";
    case shape::router: return "diamond";
    case shape::queue: return "cylinder";
    case shape::handler: return "box";
    case shape::sink: return "parallelogram";
  }
  return {};
}

} // namespace

std::string mermaid(const pipeline_config& config, const plan& plan) {
  auto drawing = drafter{}.draw(config, plan);
  auto out = std::string{"flowchart LR\n"};
  for (const auto& node : drawing.nodes)
    out += "  " + mermaid_node(node) + "\n";
  for (const auto& [from, to, label] : drawing.edges) {
    auto arrow = label.empty() ? " --> " : " -->|\"" + label + "\"| ";
    out += "  " + from + arrow + to + "\n";
  }
  return out;
}

std::string dot(const pipeline_config& config, const plan& plan) {
  auto drawing = drafter{}.draw(config, plan);
  auto out = std::string{"digraph pipeline {\n  rankdir=LR;\n"};
  for (const auto& [id, name, kind] : drawing.nodes)
    out +=
      "  " + id + " [label=\"" + name + "\", shape=" + dot_shape(kind) + "];\n";
  for (const auto& [from, to, label] : drawing.edges) {
    out += "  " + from + " -> " + to;
    out += label.empty() ? ";\n" : " [label=\"" + label + "\"];\n";
  }
  return out + "}\n";
}

} // namespace troupe
