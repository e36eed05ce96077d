#include "parley/store/owed_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>

namespace parley::store {

namespace {

/// A file's descriptor, closed at the end.
struct Opened {
  explicit Opened(const std::filesystem::path& file)
      : handle(::open(file.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600)) {}
  ~Opened() {
    if (handle >= 0) ::close(handle);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  int handle;
};

}  // namespace

bool may_pass(Errc code) noexcept {
  return code == Errc::unavailable || code == Errc::timeout || code == Errc::outcome_unknown ||
         code == Errc::rate_limited || code == Errc::resource_exhausted;
}

OwedFile::OwedFile(std::filesystem::path file) : file_(std::move(file)) {
  std::error_code ec;
  owes_ = std::filesystem::exists(file_, ec);
}

Result<void> OwedFile::append(const json::object& line, std::uintmax_t most_bytes) {
  std::lock_guard lock(mutex_);
  std::error_code ec;
  auto there = std::filesystem::file_size(file_, ec);
  if (ec) there = 0;
  auto text = json::serialize(line) + "\n";
  if (there + text.size() > most_bytes)
    return fail(Errc::resource_exhausted, "what is owed has reached its limit");
  Opened file(file_);
  if (file.handle < 0) return fail(Errc::unavailable, "what is owed cannot be kept");
  char last = '\n';
  // A crash may have cut the last line off: it ends here.
  if (there > 0 && ::pread(file.handle, &last, 1, static_cast<off_t>(there - 1)) == 1 &&
      last != '\n')
    text.insert(0, "\n");
  auto wrote = ::write(file.handle, text.data(), text.size());
  if (wrote == static_cast<ssize_t>(text.size()) && ::fdatasync(file.handle) == 0) {
    owes_ = true;
    return {};
  }
  // A half line that cannot be taken back either is one that read() leaves out.
  [[maybe_unused]] auto cut = ::ftruncate(file.handle, static_cast<off_t>(there));
  return fail(Errc::resource_exhausted, "the disk does not take what is owed");
}

OwedFile::Lines OwedFile::read() const {
  std::lock_guard lock(mutex_);
  return read_locked();
}

OwedFile::Lines OwedFile::read_locked() const {
  Lines found;
  std::ifstream in(file_, std::ios::binary);
  for (std::string text; std::getline(in, text);) {
    if (in.eof()) break;
    found.size_bytes += text.size() + 1;
    auto line = parse_json(text);
    if (line && line->is_object()) found.lines.push_back(std::move(line->get_object()));
  }
  return found;
}

void OwedFile::remove_paid(const Lines& paid) {
  std::lock_guard lock(mutex_);
  if (read_locked().size_bytes > paid.size_bytes) return;
  std::error_code ec;
  std::filesystem::remove(file_, ec);
  owes_ = false;
}

void OwedFile::set_aside() const {
  std::lock_guard lock(mutex_);
  std::error_code ec;
  auto aside = file_;
  std::filesystem::copy_file(file_, aside += ".refused",
                             std::filesystem::copy_options::overwrite_existing, ec);
}

}  // namespace parley::store
