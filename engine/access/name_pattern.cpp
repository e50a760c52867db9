#include "engine/access/name_pattern.hpp"

#include <boost/regex.hpp>

#include <algorithm>
#include <exception>

namespace troupe {

namespace {

constexpr std::size_t longest_pattern = 4096;
constexpr std::size_t longest_name = 255; // AMQP 0-9-1's shortstr

error bad_pattern(std::string_view text, const std::string& why) {
  return {
    errc::bad_config, "'" + std::string{text.substr(0, 100)}
                        + "' is no regular expression: " + why
                        + "; `.*` finds every name, an empty text none"};
}

// Boost's message repeats the expression with a mark in it.
std::string reason(const boost::regex_error& fault) {
  auto text = std::string{fault.what()};
  auto end = text.find("  The error occurred");
  if (end != std::string::npos) text.resize(end);
  while (!text.empty() && (text.back() == '.' || text.back() == ' '))
    text.pop_back();
  return text + ", at character " + std::to_string(fault.position() + 1);
}

} // namespace

// Boost.Regex rather than std::regex: it keeps its states on the heap, where
// std::regex recurses for every character, and it gives up a search that
// explodes. Rather than RE2, since expressions come from RabbitMQ, which takes
// Perl's: with back references and looking around.
struct name_pattern::compiled {
  boost::regex expression;
};

result<name_pattern> name_pattern::parse(std::string_view text) {
  auto out = name_pattern{};
  out.text_ = text;
  if (text.empty() || text == "^$" || text == ".*") return out;
  if (text.size() > longest_pattern)
    return bad_pattern(text, "it is longer than 4096 characters");
  try {
    out.compiled_ = std::make_shared<const compiled>(
      compiled{boost::regex{text.begin(), text.end(), boost::regex::perl}});
  } catch (const boost::regex_error& fault) {
    return bad_pattern(text, reason(fault));
  } catch (const std::exception& fault) {
    return bad_pattern(text, fault.what());
  }
  return out;
}

bool name_pattern::finds(std::string_view name) const {
  if (!compiled_) return text_ == ".*" || (text_ == "^$" && name.empty());
  if (name.size() > longest_name) return false;
  // As PCRE has it: `^` is the start of the name, not of a line in it.
  const auto flags = boost::match_default | boost::match_single_line
                     | boost::match_not_dot_newline | boost::match_any;
  try {
    return boost::regex_search(
      name.begin(), name.end(), compiled_->expression, flags);
  } catch (const std::exception&) { // an explosion of ways to match
    return false;
  }
}

} // namespace troupe
