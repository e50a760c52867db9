#include "config/read.hpp"

#include "config/cluster_seeds.hpp"
#include "config/deep_key.hpp"
#include "config/nearest.hpp"
#include "config/options.hpp"
#include "config/table_reader.hpp"
#include "config/toml.hpp"

#include <algorithm>
#include <fstream>

namespace troupe {

namespace {

constexpr std::size_t largest_file = 16 * 1024 * 1024;
constexpr std::size_t longest_amqp_name = 255;
constexpr std::size_t longest_name = 200; // `.dead` still fits into AMQP's 255

const auto sections = std::vector<std::string>{
  "config_version", "node",     "cluster", "queues", "sources",
  "routers",        "handlers", "sinks",   "users",  "vhosts"};

/// Reads the tables of one file into the result.
class file_reader {
public:
  file_reader(
    const source_text& source, const environment& lookup, read_result& out)
    : out_{out}, reading_{source, lookup, out.places, out.faults} {}

  void read(const toml::table& root) {
    for (const auto& [key, node] : root) read_section(key, node);
  }

private:
  void read_section(const toml::key& key, const toml::node& node) {
    auto& config = out_.config;
    if (key == "config_version") return read_version(node);
    if (key == "node") return read_component(key, node, "node", config.node);
    if (key == "cluster") return read_cluster(key, node);
    if (key == "queues") return read_all(key, node, config.queues);
    if (key == "sources") return read_all(key, node, config.sources);
    if (key == "routers") return read_all(key, node, config.routers);
    if (key == "handlers") return read_all(key, node, config.handlers);
    if (key == "sinks") return read_all(key, node, config.sinks);
    if (key == "users") return read_all(key, node, config.users);
    if (key == "vhosts") return read_all(key, node, config.vhosts);
    unknown_section(key);
  }

  void read_cluster(const toml::key& key, const toml::node& node) {
    auto& cluster = out_.config.cluster;
    if (!cluster) cluster.emplace();
    read_component(key, node, "cluster", *cluster);
  }

  void read_version(const toml::node& node) {
    auto version = node.is_integer() ? node.as_integer()->get() : 0;
    if (version == config_version) return;
    auto& fault = reading_.add_fault(
      "E0005", "`config_version` is not one this release can read",
      node.source());
    fault.label = "write " + std::to_string(config_version);
  }

  void unknown_section(const toml::key& key) {
    auto name = std::string{key.str()};
    auto& fault = reading_.add_fault(
      "E0102", "there is no section `" + name + "`", key.source());
    auto advice = std::string{advice_on_unknown(name)};
    auto meant = nearest(name, sections);
    fault.label = "unknown section";
    if (!advice.empty())
      fault.help = advice;
    else if (!meant.empty())
      fault.help = "did you mean `" + meant + "`?";
    else
      fault.help = "sections are node, cluster, queues, sources, routers, "
                   "handlers, sinks, users "
                   "and vhosts";
  }

  bool is_table(const toml::key& key, const toml::node& node) {
    if (node.is_table()) return true;
    auto name = std::string{key.str()};
    reading_
      .add_fault("E0201", "`" + name + "` has to be a table", node.source())
      .label = "write a header such as [" + name + "]";
    return false;
  }

  template <class Component>
  void read_all(
    const toml::key& key,
    const toml::node& node,
    std::map<std::string, Component>& components) {
    if (!is_table(key, node)) return;
    for (const auto& [name, table] : *node.as_table()) {
      auto text = std::string{name.str()};
      auto is_free = key == "users" || key == "vhosts";
      if (!(is_free ? check_free_name(name) : check_name(name))) continue;
      auto path = std::string{key.str()} + "/" + text;
      if (!out_.places.contains(path)) components[text].name = text;
      read_component(name, table, path, components[text]);
    }
  }

  // The first of two tables stays, so that only one fault comes of it.
  template <class Component>
  void read_component(
    const toml::key& key,
    const toml::node& node,
    const std::string& path,
    Component& component) {
    if (out_.places.contains(path)) return defined_twice(key, path);
    out_.places.add(path, reading_.source.at(key.source()));
    if (!is_table(key, node)) return;
    auto reader = table_reader{reading_, *node.as_table(), path};
    visit_options(reader, component);
    reader.finish();
  }

  void defined_twice(const toml::key& key, const std::string& path) {
    auto first = out_.places.find(path);
    auto& fault = reading_.add_fault(
      "E0105", "`" + std::string{key.str()} + "` is defined twice",
      key.source());
    fault.label = "defined again";
    fault.note =
      "the first is in " + first.file + ", line " + std::to_string(first.line);
    fault.help = "remove one of them or give it another name";
  }

  bool check_name(const toml::key& key) {
    auto name = key.str();
    auto is_good = !name.empty() && name.size() <= longest_name
                   && std::ranges::all_of(name, [](char c) {
                        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
                               || c == '_' || c == '.' || c == '-';
                      });
    if (is_good) return true;
    auto& fault = reading_.add_fault(
      "E0104", "`" + std::string{name} + "` is not a name", key.source());
    fault.label = "bad name";
    fault.help = "names are 1 to 200 small letters, digits, `_`, `-` and `.`";
    return false;
  }

  // AMQP's own names: any text that its short strings can hold.
  bool check_free_name(const toml::key& key) {
    auto name = key.str();
    auto is_good = !name.empty() && name.size() <= longest_amqp_name
                   && std::ranges::none_of(name, [](char c) {
                        return static_cast<unsigned char>(c) < ' ' || c == 127;
                      });
    if (is_good) return true;
    auto& fault = reading_.add_fault(
      "E0104", "`" + std::string{name} + "` is not a name", key.source());
    fault.label = "bad name";
    fault.help = "names of users and vhosts are 1 to 255 bytes of text without "
                 "control characters";
    return false;
  }

  read_result& out_;
  reading reading_;
};

void add_deep_key(
  const source_text& source, const text_position& where, read_result& out) {
  auto start = toml::source_position{where.line, where.column};
  auto& fault = out.faults.emplace_back(make_fault(
    "E0002", "this key nests too deep", source.at({start, start, nullptr})));
  fault.label = "the dot number " + std::to_string(most_dots + 1);
  fault.help = "put a name that has dots into quotes";
}

void read_text(
  const named_text& input, const environment& lookup, read_result& out) {
  auto source = source_text{input.file, input.text};
  if (auto where = find_deep_key(input.text))
    return add_deep_key(source, *where, out);
  try {
    auto root = toml::parse(std::string_view{input.text});
    file_reader{source, lookup, out}.read(root);
  } catch (const toml::parse_error& e) {
    auto& fault = out.faults.emplace_back(make_fault(
      "E0002", "this is not TOML: " + std::string{e.description()},
      source.at(e.source())));
    fault.label = "here";
    fault.help = "nothing after this place was looked at";
  }
}

// Who runs an etcd where the file does not say.
void finish(cluster_config& cluster) {
  auto* etcd = std::get_if<managed_etcd_config>(&cluster.etcd);
  if (etcd != nullptr && etcd->members.empty())
    etcd->members = etcds_at(seeds_with_etcd(cluster.seeds));
}

// Settles what depends on more than one option.
void finish(read_result& out) {
  for (auto& [name, handler] : out.config.handlers)
    if (handler.class_name.empty()) handler.class_name = name;
  if (out.config.cluster) finish(*out.config.cluster);
  sort_faults(out.faults);
}

fault unreadable(const std::filesystem::path& file, const std::string& why) {
  auto out = make_fault(
    "E0001", "cannot read the configuration: " + why,
    {file.string(), 0, 0, 0, {}});
  out.help = "check the path given with -c and who may read the file";
  return out;
}

// Returns why the file cannot be read; an empty text if it was.
std::string load(const std::filesystem::path& file, std::string& out) {
  auto fault = std::error_code{};
  if (!std::filesystem::exists(file, fault)) return "there is no such file";
  if (std::filesystem::is_directory(file, fault)) return "this is a folder";
  auto in = std::ifstream{file, std::ios::binary};
  out.resize(largest_file + 1);
  in.read(out.data(), static_cast<std::streamsize>(out.size()));
  out.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad() || (!in.eof() && out.empty())) return "the system refused";
  if (out.size() > largest_file) return "it is larger than 16 MiB";
  return {};
}

} // namespace

read_result
read_texts(const std::vector<named_text>& texts, const environment& lookup) {
  auto out = read_result{};
  for (const auto& text : texts) read_text(text, lookup, out);
  finish(out);
  return out;
}

read_result read_config(
  const std::vector<std::filesystem::path>& files, const environment& lookup) {
  auto texts = std::vector<named_text>{};
  auto faults = std::vector<fault>{};
  for (const auto& file : files) {
    auto text = named_text{file.string(), {}};
    auto why = load(file, text.text);
    if (why.empty())
      texts.push_back(std::move(text));
    else
      faults.push_back(unreadable(file, why));
  }
  auto out = read_texts(texts, lookup);
  out.faults.insert(out.faults.end(), faults.begin(), faults.end());
  sort_faults(out.faults);
  return out;
}

} // namespace troupe
