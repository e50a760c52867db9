// A program with handlers that behave as the system tests want them to.

#include <troupe/troupe.hpp>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;

std::uint64_t number_of(const troupe::settings& given, const char* name) {
  auto found = given.find(name);
  return found == given.end() ? 0 : std::stoull(found->second);
}

std::string text_of(const troupe::settings& given, const char* name) {
  auto found = given.find(name);
  return found == given.end() ? "" : found->second;
}

/// Counts the messages of each key and insists on their order: bodies are
/// JSON objects that end in `"number":N}`, N counting from 1 for each key.
class tally final : public troupe::handler {
public:
  explicit tally(const troupe::settings& given)
    : pause_{number_of(given, "pause_us")},
      throw_every_{number_of(given, "throw_every")},
      output_{text_of(given, "output")} {}

private:
  troupe::outcome
  handle(const troupe::message& message, troupe::context& context) override {
    if (pause_.count() > 0) std::this_thread::sleep_for(pause_);
    auto body = std::string{message.body()};
    auto number = std::stoull(body.substr(body.rfind(':') + 1));
    auto is_nth = throw_every_ > 0 && number % throw_every_ == 0;
    if (is_nth && context.attempt() == 1)
      throw std::runtime_error{"thrown on purpose at " + body};
    auto last = read(context.state(), "last");
    if (number != last + 1)
      return troupe::dead_letter(
        "out of order: " + body + " follows " + std::to_string(last));
    auto count = read(context.state(), "count") + 1;
    context.state().put("last", std::to_string(number));
    context.state().put("count", std::to_string(count));
    context.emit(output_, {.body = body});
    return troupe::ack();
  }

  static std::uint64_t read(troupe::state& from, std::string_view name) {
    return std::stoull(from.get(name).value_or("0"));
  }

  std::chrono::microseconds pause_;
  std::uint64_t throw_every_; // 0: never
  std::string output_;
};

/// Sleeps for minutes at the first attempt of messages that say "hang", having
/// appended their body to the file that the setting `mark` names.
class hang final : public troupe::handler {
public:
  explicit hang(const troupe::settings& given)
    : mark_{text_of(given, "mark")} {}

private:
  troupe::outcome
  handle(const troupe::message& message, troupe::context& context) override {
    auto body = std::string{message.body()};
    if (body.find("hang") != body.npos && context.attempt() == 1) {
      std::ofstream{mark_, std::ios::app} << body << std::endl;
      std::this_thread::sleep_for(10min);
    }
    context.emit({.body = body});
    return troupe::ack();
  }

  std::string mark_;
};

/// Throws always, unless the setting `is_sound` says "true".
class thrower final : public troupe::handler {
public:
  explicit thrower(const troupe::settings& given)
    : is_sound_{text_of(given, "is_sound") == "true"} {}

private:
  troupe::outcome
  handle(const troupe::message& message, troupe::context& context) override {
    auto body = std::string{message.body()};
    if (!is_sound_) throw std::runtime_error{"cannot stand " + body};
    context.emit({.body = body});
    return troupe::ack();
  }

  bool is_sound_;
};

/// Refuses to be made unless the setting `mode` says "good".
class refuser final : public troupe::handler {
public:
  explicit refuser(const troupe::settings& given) {
    auto mode = text_of(given, "mode");
    if (mode != "good")
      throw std::invalid_argument{
        "the setting `mode` is '" + mode + "'; write mode = \"good\""};
  }

private:
  troupe::outcome
  handle(const troupe::message& message, troupe::context& context) override {
    context.emit({.body = std::string{message.body()}});
    return troupe::ack();
  }
};

} // namespace

TROUPE_HANDLER("tally", tally)
TROUPE_HANDLER("hang", hang)
TROUPE_HANDLER("thrower", thrower)
TROUPE_HANDLER("refuser", refuser)

int main(int argc, char** argv) { return troupe::main(argc, argv); }
