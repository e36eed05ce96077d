#include "parley/knowledge/extractor.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>

#include "extract_lines.hpp"
#include "extractor_exit.hpp"
#include "media_type.hpp"
#include "parsers.hpp"
#include "sandbox.hpp"

namespace parley::knowledge {

namespace {

bool read_all(int descriptor, std::string& out) {
  std::array<char, 64u << 10> chunk;
  while (true) {
    auto count = read(descriptor, chunk.data(), chunk.size());
    if (count == 0) return true;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    out.append(chunk.data(), static_cast<std::size_t>(count));
  }
}

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    auto count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// Becomes pdftotext with its rights already gone. Returns only when that fails.
int become_pdftotext(const SandboxLimits& limits) {
  const char* program = "/usr/bin/pdftotext";
  const char* const arguments[] = {"pdftotext", "-layout", "-enc", "UTF-8", "-eol",
                                   "unix",      "-",       "-",    nullptr};
  const char* const environment[] = {"LC_ALL=C.UTF-8", nullptr};
  if (access(program, X_OK) != 0) return no_program;
  // The memory limit last: sanitizers could not even make the filter below it.
  if (!hide_files() || !deny_effects() || !limit_memory(limits)) return no_sandbox;
  execve(program, const_cast<char* const*>(arguments), const_cast<char* const*>(environment));
  return no_program;
}

std::string lines_of(std::string_view media_type, const std::string& document) {
  try {
    auto extracted = parse_document(media_type, document, ParseLimits{});
    return extracted ? to_lines(*extracted) : to_line(extracted.error());
  } catch (const std::bad_alloc&) {
    return to_line(Error{Errc::too_large, "The document needs more memory than it is allowed"});
  }
}

int parse_here(std::string_view media_type, const SandboxLimits& limits) {
  std::string document;
  if (!read_all(STDIN_FILENO, document)) return cannot_write;
#ifndef PARLEY_SANITIZED
  if (!limit_memory(limits)) return no_sandbox;
#else
  (void)limits;
#endif
  if (!allow_only_computing()) return no_sandbox;
  return write_all(STDOUT_FILENO, lines_of(media_type, document)) ? done : cannot_write;
}

template <class Number>
bool parse_number(std::string_view text, Number& out) {
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
  return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() && out > 0;
}

}  // namespace

int run_extractor(int argc, char** argv) {
  // Leaves by _exit: destroying what a hostile document made is work the sandbox need not do.
  if (argc < 4) _exit(bad_usage);
  std::string_view media_type(argv[argc - 3]);
  SandboxLimits limits;
  if (!parse_number(argv[argc - 2], limits.cpu_seconds)) _exit(bad_usage);
  if (!parse_number(argv[argc - 1], limits.parent)) _exit(bad_usage);
  if (!enter_limits(limits)) _exit(no_sandbox);
  _exit(media_type == media::pdf ? become_pdftotext(limits) : parse_here(media_type, limits));
}

}  // namespace parley::knowledge
