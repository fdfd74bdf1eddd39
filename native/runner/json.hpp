// JSON values, a parser and a one-line writer: just what the runner's protocol needs. Numbers are doubles (exact up to 2^53).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace json {

class value;
using array = std::vector<value>;
using object = std::vector<std::pair<std::string, value>>;  // keeps the order it was written in

struct error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class value {
 public:
  enum class kind { null, boolean, number, string, array, object };
  value() = default;
  value(std::nullptr_t) {}
  value(bool b) : kind_(kind::boolean), number_(b ? 1 : 0) {}
  value(double d) : kind_(kind::number), number_(d) {}
  value(int i) : value(static_cast<double>(i)) {}
  value(unsigned i) : value(static_cast<double>(i)) {}
  value(int64_t i) : value(static_cast<double>(i)) {}
  value(uint64_t i) : value(static_cast<double>(i)) {}
  value(const char* s) : kind_(kind::string), string_(s) {}
  value(std::string s) : kind_(kind::string), string_(std::move(s)) {}
  value(array a) : kind_(kind::array), array_(std::move(a)) {}
  value(object o) : kind_(kind::object), object_(std::move(o)) {}

  kind type() const { return kind_; }
  bool is_null() const { return kind_ == kind::null; }
  bool as_bool() const { return need(kind::boolean, "a boolean"), number_ != 0; }
  double as_number() const { return need(kind::number, "a number"), number_; }
  int64_t as_int() const { return static_cast<int64_t>(as_number()); }
  const std::string& as_string() const { return need(kind::string, "a string"), string_; }
  const array& items() const { return need(kind::array, "an array"), array_; }
  const object& members() const { return need(kind::object, "an object"), object_; }

  // The member called `key`, or null.
  const value& operator[](const char* key) const {
    static const value none;
    if (kind_ == kind::object)
      for (const auto& m : object_)
        if (m.first == key) return m.second;
    return none;
  }
  double number_or(const char* key, double otherwise) const {
    const value& v = (*this)[key];
    return v.is_null() ? otherwise : v.as_number();
  }
  int64_t int_or(const char* key, int64_t otherwise) const { return static_cast<int64_t>(number_or(key, static_cast<double>(otherwise))); }
  bool bool_or(const char* key, bool otherwise) const {
    const value& v = (*this)[key];
    return v.is_null() ? otherwise : v.as_bool();
  }
  std::string string_or(const char* key, const std::string& otherwise) const {
    const value& v = (*this)[key];
    return v.is_null() ? otherwise : v.as_string();
  }
  void push(value v) { array_.push_back(std::move(v)), kind_ = kind::array; }
  void set(const char* key, value v) { object_.emplace_back(key, std::move(v)), kind_ = kind::object; }

  std::string dump() const {
    std::string out;
    write(out);
    return out;
  }

 private:
  void need(kind k, const char* what) const {
    if (kind_ != k) throw error(std::string("expected ") + what);
  }
  void write(std::string& out) const;

  kind kind_ = kind::null;
  double number_ = 0;
  std::string string_;
  array array_;
  object object_;
};

inline void write_string(const std::string& s, std::string& out) {
  out += '"';
  for (const char c : s) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (u < 0x20 || u == 0x7f) {
      char buffer[8];
      std::snprintf(buffer, sizeof buffer, "\\u%04x", u);
      out += buffer;
    } else {
      out += c;
    }
  }
  out += '"';
}

// NaN and infinities have no JSON form: they are written as strings, as everywhere in the project's JSON.
inline void write_number(double d, std::string& out) {
  if (std::isnan(d) || std::isinf(d)) {
    out += std::isnan(d) ? "\"NaN\"" : d > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  char buffer[40];
  const bool whole = d == std::floor(d) && std::fabs(d) < 9007199254740992.0;
  std::snprintf(buffer, sizeof buffer, whole ? "%.0f" : "%.9g", d);
  out += buffer;
}

inline void value::write(std::string& out) const {
  switch (kind_) {
    case kind::null:
      out += "null";
      return;
    case kind::boolean:
      out += number_ != 0 ? "true" : "false";
      return;
    case kind::number:
      return write_number(number_, out);
    case kind::string:
      return write_string(string_, out);
    case kind::array:
      out += '[';
      for (size_t i = 0; i < array_.size(); i++) {
        if (i > 0) out += ',';
        array_[i].write(out);
      }
      out += ']';
      return;
    case kind::object:
      out += '{';
      for (size_t i = 0; i < object_.size(); i++) {
        if (i > 0) out += ',';
        write_string(object_[i].first, out);
        out += ':';
        object_[i].second.write(out);
      }
      out += '}';
      return;
  }
}

class parser {
 public:
  static value parse(const std::string& text) {
    parser p(text);
    value v = p.element(0);
    p.space();
    if (p.at_ != p.end_) p.fail("text after the value");
    return v;
  }

 private:
  explicit parser(const std::string& text) : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}
  [[noreturn]] void fail(const char* what) const { throw error(std::string(what) + " at byte " + std::to_string(at_ - begin_)); }
  void space() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) at_++;
  }
  bool take(char c) {
    space();
    if (at_ >= end_ || *at_ != c) return false;
    at_++;
    return true;
  }
  void word(const char* w) {
    for (; *w != 0; w++)
      if (at_ >= end_ || *at_++ != *w) fail("unknown word");
  }
  value element(int depth) {
    if (depth > 64) fail("nested too deeply");
    space();
    if (at_ >= end_) fail("the text ends early");
    switch (*at_) {
      case '{':
        return read_object(depth);
      case '[':
        return read_array(depth);
      case '"':
        return read_string();
      case 't':
        return word("true"), value(true);
      case 'f':
        return word("false"), value(false);
      case 'n':
        return word("null"), value();
      default:
        return read_number();
    }
  }
  value read_object(int depth) {
    object o;
    at_++;
    if (take('}')) return o;
    do {
      space();
      if (at_ >= end_ || *at_ != '"') fail("expected a key");
      std::string key = read_string();
      if (!take(':')) fail("expected ':'");
      o.emplace_back(std::move(key), element(depth + 1));
    } while (take(','));
    if (!take('}')) fail("expected '}'");
    return o;
  }
  value read_array(int depth) {
    array a;
    at_++;
    if (take(']')) return a;
    do a.push_back(element(depth + 1));
    while (take(','));
    if (!take(']')) fail("expected ']'");
    return a;
  }
  value read_number() {
    char* stop = nullptr;
    const double d = std::strtod(at_, &stop);
    if (stop == at_ || stop > end_) fail("unexpected character");
    at_ = stop;
    return d;
  }
  unsigned hex4() {
    unsigned u = 0;
    for (int i = 0; i < 4; i++) {
      if (at_ >= end_) fail("the text ends early");
      const char c = *at_++;
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (digit < 0) fail("bad \\u escape");
      u = u * 16 + static_cast<unsigned>(digit);
    }
    return u;
  }
  static void utf8(unsigned u, std::string& out) {
    if (u < 0x80) {
      out += static_cast<char>(u);
    } else if (u < 0x800) {
      out += static_cast<char>(0xc0 | (u >> 6));
      out += static_cast<char>(0x80 | (u & 63));
    } else if (u < 0x10000) {
      out += static_cast<char>(0xe0 | (u >> 12));
      out += static_cast<char>(0x80 | ((u >> 6) & 63));
      out += static_cast<char>(0x80 | (u & 63));
    } else {
      out += static_cast<char>(0xf0 | (u >> 18));
      out += static_cast<char>(0x80 | ((u >> 12) & 63));
      out += static_cast<char>(0x80 | ((u >> 6) & 63));
      out += static_cast<char>(0x80 | (u & 63));
    }
  }
  std::string read_string() {
    std::string out;
    at_++;
    while (true) {
      if (at_ >= end_) fail("the text ends inside a string");
      const char c = *at_++;
      if (c == '"') return out;
      if (c != '\\') {
        out += c;
        continue;
      }
      if (at_ >= end_) fail("the text ends inside a string");
      const char e = *at_++;
      static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
      const char* known = e == 0 ? nullptr : std::char_traits<char>::find(from, 8, e);
      if (known != nullptr) {
        out += to[known - from];
      } else if (e == 'u') {
        unsigned u = hex4();
        if (u >= 0xd800 && u < 0xdc00 && end_ - at_ >= 6 && at_[0] == '\\' && at_[1] == 'u') {
          at_ += 2;
          u = 0x10000 + ((u - 0xd800) << 10) + (hex4() - 0xdc00);
        }
        utf8(u, out);
      } else {
        fail("unknown escape");
      }
    }
  }

  const char* begin_;
  const char* at_;
  const char* end_;
};

}  // namespace json
