#include "http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <stdexcept>

#include "parley/base/strings.hpp"

namespace parley::api::testing {

namespace {

std::string unpack(std::string_view packed) {
  z_stream stream{};
  if (::inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) throw std::runtime_error("zlib");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK) {
    char piece[16384];
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    state = ::inflate(&stream, Z_NO_FLUSH);
    out.append(piece, sizeof piece - stream.avail_out);
  }
  ::inflateEnd(&stream);
  if (state != Z_STREAM_END) throw std::runtime_error("broken gzip");
  return out;
}

}  // namespace

std::string Answer::header(std::string_view name) const {
  for (auto& [field, value] : headers)
    if (iequals(field, name)) return value;
  return "";
}

bool Answer::has(std::string_view name) const {
  return std::ranges::any_of(headers, [&](auto& field) { return iequals(field.first, name); });
}

json::object Answer::json() const {
  boost::system::error_code ec;
  auto value = json::parse(body, ec);
  if (ec || !value.is_object()) throw std::runtime_error("no JSON object: " + body.substr(0, 300));
  return value.get_object();
}

std::string Answer::code() const {
  auto object = json();
  return object.contains("code") ? std::string(object.at("code").as_string()) : "";
}

json::value Answer::data() const {
  auto object = json();
  if (!object.contains("data")) throw std::runtime_error("no data: " + body.substr(0, 500));
  return object.at("data");
}

std::vector<std::string> Answer::wrong_fields() const {
  std::vector<std::string> fields;
  auto object = json();
  if (auto* details = object.if_contains("details"))
    for (auto& detail : details->as_array()) fields.emplace_back(detail.at("field").as_string());
  std::ranges::sort(fields);
  return fields;
}

Connection::Connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  timeval patience{20, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("cannot connect");
}

Connection::~Connection() { ::close(socket_); }

void Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server has answered and closed
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void Connection::finish_sending() { ::shutdown(socket_, SHUT_WR); }

bool Connection::read_more(std::string& into) {
  char buffer[16384];
  auto count = ::recv(socket_, buffer, sizeof buffer, 0);
  if (count <= 0) return false;
  into.append(buffer, static_cast<std::size_t>(count));
  return true;
}

bool Connection::read_until(std::string& into, std::string_view mark) {
  while (into.find(mark) == std::string::npos)
    if (!read_more(into)) return false;
  return true;
}

Answer Connection::read_answer() {
  std::string text;
  while (read_more(text)) {
  }
  auto head_end = text.find("\r\n\r\n");
  if (head_end == std::string::npos) throw std::runtime_error("no answer: " + text);
  Answer answer;
  auto lines = split(text.substr(0, head_end), '\n');
  answer.status = std::stoi(lines.at(0).substr(9, 3));
  for (std::size_t i = 1; i < lines.size(); ++i) {
    auto colon = lines[i].find(':');
    answer.headers.emplace_back(lines[i].substr(0, colon),
                                trim(std::string_view(lines[i]).substr(colon + 1)));
  }
  answer.body = text.substr(head_end + 4);
  if (answer.header("Content-Encoding") == "gzip") {
    answer.packed_bytes = answer.body.size();
    answer.body = unpack(answer.body);
  }
  return answer;
}

}  // namespace parley::api::testing
