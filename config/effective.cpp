#include "config/effective.hpp"

#include "config/options.hpp"
#include "config/toml_text.hpp"
#include "config/units.hpp"

namespace troupe {

namespace {

/// Writes each option it visits as a line of TOML, tables as dotted keys.
class toml_writer final : public option_visitor {
public:
  explicit toml_writer(std::string& out) : out_{out} {}

  // An option without a value is left out: empty means not there.
  void text(const option& option, std::string& value) override {
    if (!value.empty() || option.may_be_empty)
      line(option.key, toml_string(value));
  }

  void path(const option& option, std::filesystem::path& value) override {
    auto name = value.string();
    text(option, name);
  }

  void time(const option& option, duration& value, duration) override {
    line(option.key, toml_string(duration_text(value)));
  }

  void
  size(const option& option, std::uint64_t& bytes, std::uint64_t) override {
    line(option.key, toml_string(size_text(bytes)));
  }

  void count(const option& option, std::uint64_t& value, count_range) override {
    line(option.key, std::to_string(value));
  }

  void number(const option& option, double& value, number_range) override {
    line(option.key, toml_number(value));
  }

  void choice(
    const option& option,
    std::size_t& index,
    std::span<const std::string_view> words) override {
    line(option.key, toml_string(words[index]));
  }

  void names(const option& option, std::vector<std::string>& value) override {
    if (value.empty() && !option.is_required) return;
    auto list = std::string{};
    for (const auto& name : value)
      list += (list.empty() ? "" : ", ") + toml_string(name);
    line(option.key, "[" + list + "]");
  }

  void scalars(
    const option& option, std::map<std::string, std::string>& value) override {
    enter(option, true);
    for (const auto& [key, text] : value) line(key, toml_string(text));
    leave();
  }

  void pairs(
    const option& option,
    std::vector<std::pair<std::string, std::string>>& value) override {
    enter(option, true);
    for (const auto& [key, text] : value) line(key, toml_string(text));
    leave();
  }

  bool enter(const option& option, bool is_there) override {
    if (!is_there) return false;
    starts_.push_back(prefix_.size());
    prefix_ += toml_key(option.key) + ".";
    return true;
  }

  void leave() override {
    prefix_.resize(starts_.back());
    starts_.pop_back();
  }

  std::optional<std::vector<std::string>>
  enter_keys(const option& option, std::vector<std::string> keys) override {
    if (!enter(option, !keys.empty())) return std::nullopt;
    return keys;
  }

private:
  void line(std::string_view key, const std::string& value) {
    out_ += prefix_ + toml_key(key) + " = " + value + "\n";
  }

  std::string& out_;
  std::string prefix_; // "retry.backoff."
  std::vector<std::size_t> starts_;
};

template <class Component>
void write(std::string& out, const std::string& header, Component component) {
  out += "\n[" + header + "]\n";
  auto writer = toml_writer{out};
  visit_options(writer, component);
}

template <class Component>
void write_all(
  std::string& out,
  const std::string& section,
  const std::map<std::string, Component>& components) {
  for (const auto& [name, component] : components)
    write(out, section + "." + toml_key(name), component);
}

} // namespace

std::string effective(const pipeline_config& config) {
  auto out = "config_version = " + std::to_string(config_version) + "\n";
  write(out, "node", config.node);
  if (config.cluster) write(out, "cluster", *config.cluster);
  write_all(out, "vhosts", config.vhosts);
  write_all(out, "users", config.users);
  write_all(out, "queues", config.queues);
  write_all(out, "sources", config.sources);
  write_all(out, "routers", config.routers);
  write_all(out, "handlers", config.handlers);
  write_all(out, "sinks", config.sinks);
  return out;
}

} // namespace troupe
