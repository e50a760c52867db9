#pragma once

#include "config/option_visitor.hpp"
#include "config/place_map.hpp"
#include "config/source_text.hpp"
#include "config/toml.hpp"
#include "config/variables.hpp"

#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// What the readers of all tables of one file share.
struct reading {
  const source_text& source;
  const environment& lookup;
  place_map& places;
  std::vector<fault>& faults;

  /// Adds a fault and returns it, so that the caller can add help to it.
  fault& add_fault(
    const std::string& id,
    const std::string& message,
    const toml::source_region& where);
};

/// Fills the options of one component from a TOML table. What is wrong becomes
/// a fault, and the option keeps its default.
class table_reader final : public option_visitor {
public:
  /// `path` is the component's: "handlers/charge". The table must outlive it.
  table_reader(reading& reading, const toml::table& table, std::string path);

  /// Faults the keys that no option has taken. Call it last.
  void finish();

  void text(const option& option, std::string& value) override;
  void path(const option& option, std::filesystem::path& value) override;
  void time(const option& option, duration& value, duration least) override;
  void size(
    const option& option, std::uint64_t& bytes, std::uint64_t least) override;
  void
  count(const option& option, std::uint64_t& value, count_range range) override;
  void number(const option& option, double& value, number_range range) override;
  void choice(
    const option& option,
    std::size_t& index,
    std::span<const std::string_view> words) override;
  void names(const option& option, std::vector<std::string>& value) override;
  void scalars(
    const option& option, std::map<std::string, std::string>& value) override;
  void pairs(
    const option& option,
    std::vector<std::pair<std::string, std::string>>& value) override;
  bool enter(const option& option, bool is_there) override;
  void leave() override;
  std::optional<std::vector<std::string>>
  enter_keys(const option& option, std::vector<std::string> keys) override;

private:
  struct frame {
    const toml::table* table;
    std::string path;
    std::vector<std::string> known; // keys the options have
  };

  const toml::node* take(const option& option);
  const toml::table* take_table(const option& option);
  std::optional<std::string> text_of(const toml::node& node);
  std::optional<std::string>
  filled_text_of(const toml::node& node, std::string_view key);
  std::optional<std::string>
  any_text_of(const toml::node& node, std::string_view key);
  std::optional<std::string> scalar_text(const toml::node& node);
  void name_at_least_one(const option& option, const toml::node& node);
  void hide_text(const option& option, std::size_t first);
  void wrong_type(
    const toml::node& node,
    const std::string& key,
    const std::string& expected);
  void out_of_range(
    const toml::node& node, std::string_view key, const std::string& range);
  void needs_unit(const toml::node& node, std::string_view key, bool is_time);
  void check_keys(const frame& here);
  void unknown_key(const frame& here, const toml::key& key);

  reading& reading_;
  std::vector<frame> frames_;
  // With a wrong `type` or `coordinator` nobody can say which keys belong.
  bool has_wrong_type_ = false;
};

} // namespace troupe
