#include "engine/amqp/methods.hpp"
#include "engine/message/field_table.hpp"
#include "engine/message/wire.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <initializer_list>

namespace troupe::amqp {

namespace {

constexpr std::size_t most_text = 80;   // bytes of a string that are shown
constexpr std::size_t most_fields = 16; // of a table

void put_escaped(std::string& out, char c) {
  auto octet = static_cast<unsigned char>(c);
  if (octet >= ' ' && octet < 127 && c != '\'' && c != '\\') {
    out += c;
    return;
  }
  constexpr auto digits = std::string_view{"0123456789abcdef"};
  out += "\\x";
  out += digits[octet >> 4];
  out += digits[octet & 15];
}

void put_quoted(std::string& out, std::string_view text) {
  out += '\'';
  for (auto c : text.substr(0, most_text)) put_escaped(out, c);
  out += text.size() > most_text ? "...'" : "'";
}

/// Prints the fields of a method, as their description says.
class field_printer {
public:
  explicit field_printer(std::string& to) : to_{to} {}

  void integer(std::string_view name, std::unsigned_integral auto value) {
    begin(name) += std::to_string(value);
  }

  void short_string(std::string_view name, std::string_view text) {
    put_quoted(begin(name), text);
  }

  void long_string(std::string_view name, std::string_view text) {
    begin(name) += "(" + std::to_string(text.size()) + " bytes)";
  }

  void table(std::string_view name, std::string_view encoded) {
    auto from = byte_reader{encoded};
    from = byte_reader{take_long_string(from)};
    begin(name) += '{';
    for (std::size_t i = 0; !from.at_end(); ++i) {
      auto field = take_field(from);
      if (!from.ok() || i == most_fields) {
        to_ += i == 0 ? "..." : " ...";
        break;
      }
      if (i > 0) to_ += ' ';
      put_field(field);
    }
    to_ += '}';
  }

  template <class... Bits>
  void bits(std::initializer_list<std::string_view> names, Bits... bits) {
    auto name = names.begin();
    auto put_name = [&](bool is_set) {
      if (is_set) (to_ += ' ') += *name;
      ++name;
    };
    (put_name(bits), ...);
  }

  void reserved_octet() {}
  void reserved_short() {}
  void reserved_short_string() {}
  void reserved_long_string() {}

private:
  std::string& begin(std::string_view name) {
    return ((to_ += ' ') += name) += '=';
  }

  void put_field(const encoded_field& field) {
    for (auto c : field.name.substr(0, most_text)) put_escaped(to_, c);
    to_ += '=';
    auto is_text = field.code == 'S' || field.code == 'x';
    if (is_text) return put_quoted(to_, field.value);
    auto scalar = to_text(field);
    to_ += scalar ? *scalar : std::string{"("} + field.code + ")";
  }

  std::string& to_;
};

} // namespace

std::string to_string(const method& of) {
  return std::visit(
    [](const auto& m) {
      using kind = std::decay_t<decltype(m)>;
      auto line = std::string{kind::name};
      auto to = field_printer{line};
      kind::fields(to, m);
      return line;
    },
    of);
}

} // namespace troupe::amqp
