#include <troupe/troupe.hpp>

#include <boost/crc.hpp>
#include <boost/json.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace {

namespace json = boost::json;

/// Says what is wrong with a row, or nothing where it is a flight.
std::optional<std::string> fault_in(const json::value& row) {
  auto fields = row.if_object();
  if (!fields) return "the row is not an object";
  auto origin = fields->if_contains("origin");
  if (!origin) return "origin is missing";
  if (!origin->is_string() || origin->get_string().empty())
    return "origin is not an airport's code";
  auto delay = fields->if_contains("delay");
  if (!delay) return "delay is missing";
  if (!delay->is_int64()) return "delay is not a whole number of minutes";
  return {};
}

/// Returns true for one row in 997, the same ones on every run.
bool is_unlucky(std::string_view row) {
  auto sum = boost::crc_32_type{};
  sum.process_bytes(row.data(), row.size());
  return sum.checksum() % 997 == 0;
}

void add(troupe::state& state, std::string_view name, std::int64_t amount) {
  auto sum = std::stoll(state.get(name).value_or("0")) + amount;
  state.put(name, std::to_string(sum));
}

/// Counts flights and sums up their delays for each airport (the order key, so
/// each has a state of its own), and passes on the late ones.
class measure final : public troupe::handler {
public:
  explicit measure(const troupe::settings& given)
    : pause_{std::stoll(given.at("pause_us"))} {}

  troupe::outcome
  handle(const troupe::message& message, troupe::context& context) override {
    std::this_thread::sleep_for(pause_);
    auto bad_json = boost::system::error_code{};
    auto row = json::parse(message.body(), bad_json);
    if (bad_json) return troupe::dead_letter("the row is not JSON");
    if (auto fault = fault_in(row)) return troupe::dead_letter(*fault);

    add(context.state(), "count", 1);
    add(context.state(), "delay_sum", row.at("delay").as_int64());
    if (is_unlucky(message.body())) crash_once(context);
    if (row.at("delay").as_int64() > 120)
      context.emit("alerts", {.body = std::string{message.body()}});
    return troupe::ack();
  }

private:
  /// Crashes the consumer at the first attempt. What the row added until then
  /// is dropped; the second attempt adds it again.
  static void crash_once(troupe::context& context) {
    if (context.attempt() == 1) throw std::runtime_error{"an unlucky row"};
    add(context.state(), "crashes", 1);
  }

  std::chrono::microseconds pause_; // a slower run is easier to interrupt
};

} // namespace

TROUPE_HANDLER("measure", measure)

int main(int argc, char** argv) { return troupe::main(argc, argv); }
